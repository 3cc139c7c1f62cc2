"""Annotate on Slurm, or any other executor of datatrove: a pipeline of one step, which runs its part of the shards.

    pip install . datatrove         # in the source folder
    python examples/08_annotate_slurm.py --model MODEL notes/ OUT --tasks 100 --workers 10 [--slurm PARTITION]

The shards know themselves whether they are complete, so nothing is lost or doubled, whatever datatrove thinks of its
tasks: a rank that is killed is started again, and another number of `--tasks` only deals the same shards otherwise.
"""

from __future__ import annotations

import argparse
from functools import partial


def annotate(data: object, rank: int, world_size: int, *, source: str, out: str, model: str) -> None:
    """Annotate every shard whose number, modulo the number of ranks, is this rank's; an error says what failed."""
    from hf_cner.scale.plan import make_plan
    from hf_cner.scale.worker import Settings, Worker

    if not (tasks := make_plan(source, out).tasks[rank::world_size]):
        return
    worker = Worker(Settings(model))
    if faults := [outcome.fault for outcome in map(worker.annotate, tasks) if outcome.fault]:
        raise RuntimeError("\n".join(faults))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="file or folder of .parquet, .jsonl or .csv")
    parser.add_argument("out", help="folder for the shards")
    parser.add_argument("--model", required=True, help="folder of a checkpoint, the same on every machine")
    parser.add_argument("--tasks", type=int, default=10, help="ranks among which the shards are dealt")
    parser.add_argument("--workers", type=int, default=2, help="ranks at the same time")
    parser.add_argument("--slurm", metavar="PARTITION", help="without it, processes of this machine")
    options = parser.parse_args(arguments)
    from datatrove.executor import LocalPipelineExecutor, SlurmPipelineExecutor

    pipeline = [partial(annotate, source=options.source, out=options.out, model=options.model)]
    logs = f"{options.out.rstrip('/')}-logs"
    if options.slurm:
        SlurmPipelineExecutor(
            pipeline,
            tasks=options.tasks,
            time="24:00:00",
            partition=options.slurm,
            workers=options.workers,
            logging_dir=logs,
            skip_completed=False,  # the shards know it themselves
        ).run()
    else:
        LocalPipelineExecutor(
            pipeline, tasks=options.tasks, workers=options.workers, logging_dir=logs, skip_completed=False
        ).run()


if __name__ == "__main__":
    main()
