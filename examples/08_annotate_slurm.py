"""Annotate on Slurm, or any other executor of datatrove: a pipeline step that runs its part of a plan of shards.

    pip install hf-cner datatrove
    python examples/08_annotate_slurm.py notes/ OUT --model MODEL --tasks 100 --workers 10 [--slurm PARTITION]

The shards know themselves whether they are complete, so nothing is lost or doubled, whatever datatrove thinks of its
tasks: a rank that is killed is started again, and another number of `--tasks` only deals the same shards otherwise.
"""

from __future__ import annotations

import argparse

from datatrove.executor import LocalPipelineExecutor, SlurmPipelineExecutor
from datatrove.pipeline.base import PipelineStep

from hf_cner.scale.plan import make_plan
from hf_cner.scale.worker import Settings, Worker


class Annotate(PipelineStep):
    """The shards of an input whose number, modulo the number of ranks, is this rank's."""

    name = "annotate"

    def __init__(self, source: str, out: str, model: str, shard_rows: int = 10_000) -> None:
        super().__init__()
        self.source, self.out, self.shard_rows = source, out, shard_rows
        self.settings = Settings(model)

    def run(self, data: object = None, rank: int = 0, world_size: int = 1) -> None:
        """Annotate, with one model; an error says which shards could not be done."""
        tasks = make_plan(self.source, self.out, shard_rows=self.shard_rows).tasks[rank::world_size]
        if not tasks:
            return
        worker = Worker(self.settings)
        outcomes = [worker.annotate(task) for task in tasks]
        self.stat_update("rows", value=sum(outcome.report.rows for outcome in outcomes if outcome.report))
        if faults := [outcome.fault for outcome in outcomes if outcome.fault]:
            raise RuntimeError("\n".join(faults))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("out")
    parser.add_argument("--model", required=True)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slurm", metavar="PARTITION", help="without it, processes of this machine")
    options = parser.parse_args()
    common = {"pipeline": [Annotate(options.source, options.out, options.model)], "tasks": options.tasks}
    common |= {"workers": options.workers, "logging_dir": f"{options.out}-logs", "skip_completed": False}
    if options.slurm:
        SlurmPipelineExecutor(**common, partition=options.slurm, time="24:00:00").run()
    else:
        LocalPipelineExecutor(**common).run()


if __name__ == "__main__":
    main()
