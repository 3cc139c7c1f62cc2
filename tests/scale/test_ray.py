"""The engine for clusters, on a real cluster of several nodes on this machine; skipped where Ray is not installed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shards import MODEL, content, rows_of_sample, write_rows

from hf_cner.scale import local
from hf_cner.scale.engines import run_job
from hf_cner.scale.plan import make_plan
from hf_cner.scale.worker import Settings

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
pytestmark = pytest.mark.slow


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without a CPU for actors, and two nodes with one each."""
    from ray.cluster_utils import Cluster

    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(2):
        found.add_node(num_cpus=1)
    ray.init(address=found.address, log_to_driver=False)
    yield found
    ray.shutdown()
    found.shutdown()


def test_nodes_that_are_killed_under_load_change_no_byte(cluster: Any, tmp_path: Path) -> None:
    from hf_cner.scale import ray_actors

    source = write_rows(rows_of_sample(6000), tmp_path / "notes.jsonl")
    settings = Settings(str(MODEL), {"device": "cpu"})
    unbroken = make_plan(str(source), str(tmp_path / "a"), shard_rows=200)
    *_, expected = run_job(unbroken, settings, engine=local.run, workers=2)
    plan = make_plan(str(source), str(tmp_path / "b"), shard_rows=200)
    rng = random.Random(0)
    for progress in run_job(plan, settings, engine=ray_actors.run, workers=2):
        if progress.shards in (5, 12, 20):  # the other node has a shard at work
            nodes = [node for node in cluster.list_all_nodes() if node is not cluster.head_node]
            cluster.remove_node(rng.choice(nodes), allow_graceful=False)
            cluster.add_node(num_cpus=1)
    assert not progress.faults
    assert (progress.rows, progress.entities) == (expected.rows, expected.entities)
    assert content(tmp_path / "a") == content(tmp_path / "b")
