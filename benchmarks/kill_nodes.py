"""Kill nodes of a Ray cluster under a job again and again, and compare the output with an unbroken run, byte by byte.

    python benchmarks/kill_nodes.py [--kills 30] [--rows 6000] [--shard-rows 50]      # pip install '.[ray]'

The cluster is `ray.cluster_utils.Cluster` on this machine: a head, and two nodes with one worker each. At a random
moment all processes of one node are killed, its worker among them, and a new node joins.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from kill_annotate import MODEL, contents, write_notes
from ray.cluster_utils import Cluster

from hf_cner.scale import local, ray_actors
from hf_cner.scale.engines import Run, run_job
from hf_cner.scale.plan import Plan, make_plan
from hf_cner.scale.worker import Settings


def run(plan: Plan, settings: Settings, engine: Run) -> None:
    """Run a job without kills."""
    *_, progress = run_job(plan, settings, engine=engine, workers=2)
    assert not progress.faults, progress.faults


def run_and_kill(plan: Plan, settings: Settings, cluster: Any, *, kills: int, rng: random.Random) -> int:
    """Run a job, and kill nodes until it ends, at most `kills`; returns how many."""
    killed, next_at = 0, time.monotonic() + rng.uniform(2, 6)
    for progress in run_job(plan, settings, engine=ray_actors.run, workers=2):
        if killed < kills and time.monotonic() >= next_at and progress.left:
            nodes = [node for node in cluster.list_all_nodes() if node is not cluster.head_node]
            cluster.remove_node(rng.choice(nodes), allow_graceful=False)
            cluster.add_node(num_cpus=1)
            killed, next_at = killed + 1, time.monotonic() + rng.uniform(2, 6)
    assert not progress.faults, progress.faults
    return killed


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(MODEL))
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--shard-rows", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    settings, rng = Settings(options.model, {"device": "cpu"}), random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder, notes = Path(name), Path(name, "notes.jsonl")
        write_notes(notes, options.rows)
        run(make_plan(str(notes), str(folder / "unbroken"), shard_rows=options.shard_rows), settings, local.run)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        killed, jobs, began = 0, 0, time.monotonic()
        while killed < options.kills:
            out = folder / f"killed{jobs}"
            plan = make_plan(str(notes), str(out), shard_rows=options.shard_rows)
            killed += run_and_kill(plan, settings, cluster, kills=options.kills - killed, rng=rng)
            jobs += 1
            same = contents(folder / "unbroken") == contents(out)
            print(f"{jobs} jobs, {killed} nodes, byte-identical: {same}, {time.monotonic() - began:.0f} s", flush=True)
            if not same:
                sys.exit("the output differs from that of the unbroken run")
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
