"""Makespan and lost work of a job against the size of its shards, simulated from measured rates and failure rates.

    python benchmarks/simulate_scale.py [--notes 1e8] [--rate 46] [--workers 1000] [--mtbf-hours 500] [--starts 60]

Each worker takes the next shard from one queue. A shard takes `--fixed` seconds and its rows at a speed that differs
from shard to shard (log-normal, `--spread`). A worker fails after an exponential time; its shard goes back to the
queue, what was done of it is lost, and the worker is back after `--starts` seconds. A small part of the workers is slow
all the time (`--slow`, a third of the speed), as machines are that others use too. The makespan is given against the
ideal: all notes at full rate, on all workers to the end, without a failure.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


@dataclass(frozen=True)
class Cluster:
    """Workers and what becomes of them; times in seconds, rates in notes per second."""

    workers: int
    rate: float
    fixed: float
    starts: float
    mtbf: float
    spread: float
    slow: float


@dataclass(frozen=True)
class Result:
    """Of one job: seconds until its end, seconds of work that was lost, failures, and what the ideal would take."""

    makespan: float
    lost: float
    failures: int
    ideal: float


def simulate(notes: int, size: int, cluster: Cluster, seed: int = 0) -> Result:
    """Run a job of `notes` in shards of `size` once."""
    rng = random.Random(seed)
    left = [size] * (notes // size) + [notes % size] * (notes % size > 0)
    speed = [cluster.rate * (1 / 3 if rng.random() < cluster.slow else 1) for _ in range(cluster.workers)]
    fails = [rng.expovariate(1 / cluster.mtbf) for _ in range(cluster.workers)]
    free = [(cluster.starts, worker) for worker in range(cluster.workers)]  # when a worker is free
    returned: list[tuple[float, int]] = []  # when a lost shard is back, and its rows
    makespan = lost = 0.0
    failures = 0
    while left or returned:
        now, worker = heapq.heappop(free)
        if returned and returned[0][0] <= now:
            _, rows = heapq.heappop(returned)
        elif left:
            rows = left.pop()
        else:  # it waits for a shard that another one may lose
            heapq.heappush(free, (returned[0][0], worker))
            continue
        took = cluster.fixed + rows / speed[worker] * rng.lognormvariate(0, cluster.spread)
        if now + took > fails[worker]:
            end = max(now, fails[worker])
            failures += 1
            lost += end - now
            heapq.heappush(returned, (end, rows))
            fails[worker] = end + cluster.starts + rng.expovariate(1 / cluster.mtbf)
            heapq.heappush(free, (end + cluster.starts, worker))
        else:
            makespan = max(makespan, now + took)
            heapq.heappush(free, (now + took, worker))
    return Result(makespan, lost, failures, notes / (cluster.rate * cluster.workers))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=float, default=1e8)
    parser.add_argument("--rate", type=float, default=46.0, help="notes a second of one worker")
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--fixed", type=float, default=0.1, help="seconds that a shard takes beside its rows")
    parser.add_argument("--starts", type=float, default=60.0, help="seconds until a worker is there (again)")
    parser.add_argument("--mtbf-hours", type=float, default=500.0, help="of one worker")
    parser.add_argument("--spread", type=float, default=0.2, help="of the time per shard, as a standard deviation")
    parser.add_argument("--slow", type=float, default=0.01, help="part of the workers that is slow all the time")
    options = parser.parse_args(arguments)
    cluster = Cluster(options.workers, options.rate, options.fixed, options.starts, options.mtbf_hours * 3600,
                      options.spread, options.slow)  # fmt: skip
    print("shard rows      shards s a shard makespan h of ideal    lost failures")
    best: tuple[float, int] | None = None
    for size in SIZES:
        shards = -(-int(options.notes) // size)
        if shards > 5_000_000:
            continue
        found = simulate(int(options.notes), size, cluster)
        ratio, lost = found.makespan / found.ideal, found.lost / (found.ideal * cluster.workers)
        print(f"{size:10,} {shards:11,} {size / cluster.rate:9,.0f} {found.makespan / 3600:10.2f} {ratio:8.3f} "
              f"{lost:7.3%} {found.failures:8,}")  # fmt: skip
        best = min(best, (ratio, size)) if best else (ratio, size)
    if best:
        print(f"shortest with shards of {best[1]:,} rows")


if __name__ == "__main__":
    main()
