"""Several workers under uvicorn's supervisor, which notices at once that one ended."""

from __future__ import annotations

from uvicorn import Config
from uvicorn.supervisors import multiprocess


class Worker(multiprocess.Process):
    """A worker whose death ends a health check at once.

    uvicorn's supervisor keeps the worker's end of their pipe open. If a worker is killed during a health check, the
    supervisor then waits until the check times out, and handles no SIGTERM.
    """

    def start(self) -> None:
        """Start the worker, and close its end of the pipe in the supervisor."""
        super().start()
        self.child_conn.close()


def run_workers(config: Config) -> None:
    """Run the workers of a configuration until SIGTERM or SIGINT."""
    multiprocess.Process = Worker  # type: ignore[misc]  # the supervisor takes its class from there
    multiprocess.Multiprocess(config, sockets=[config.bind_socket()]).run()
