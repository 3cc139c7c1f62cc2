"""Several workers under uvicorn's supervisor, which sees the death of each at once."""

from __future__ import annotations

from uvicorn import Config
from uvicorn.supervisors import multiprocess


class Worker(multiprocess.Process):
    """uvicorn keeps the worker's end of their pipe open in the supervisor. So a worker that is killed while it is asked
    whether it lives would be waited for as long as a health check may take, and SIGTERM with it."""

    def start(self) -> None:
        """Start the worker; its end of the pipe is then its own."""
        super().start()
        self.child_conn.close()


def run_workers(config: Config) -> None:
    """Run the workers of a configuration until SIGTERM or SIGINT."""
    multiprocess.Process = Worker  # type: ignore[misc]  # the supervisor takes its class from there
    multiprocess.Multiprocess(config, sockets=[config.bind_socket()]).run()
