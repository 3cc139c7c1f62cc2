"""From a training to a Hub and back, over real HTTP: published here, loaded where the package is not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard, ModelCard
from server import TOKEN, Hub

HERE = Path(__file__).parent
WAYS = ["ward3/by-command", "ward3/by-model", "ward3/by-trainer"]


def run(script: str, *arguments: str, hub: Hub, home: Path) -> Any:
    """What a script prints in its last line; it has a home, and so a cache, of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    own = {
        "HF_ENDPOINT": hub.endpoint,
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(HERE.parents[1]),
    }
    command = [sys.executable, str(HERE / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=kept | own, cwd=home, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_published_in_three_ways_and_loaded_by_a_stranger(hub: Hub, tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("here", "there")]
    for home in homes:
        home.mkdir()
    expected = run("publisher.py", str(tmp_path), hub=hub, home=homes[0])
    found = run("stranger.py", expected["text"], *WAYS, hub=hub, home=homes[1])
    answer = {"spans": expected["spans"], "logits": pytest.approx(expected["logits"], rel=1e-9)}
    assert found == dict.fromkeys(WAYS, answer)

    needed = {"config.json", "model.safetensors", "tokenizer.json", "modeling_cner.py", "pipeline_cner.py", "README.md"}
    for name in WAYS:
        assert needed <= set(hub.files(name)), name
        assert hub.repos["model", name].private
        assert "model.safetensors" in hub.repos["model", name].lfs
    assert "training_args.bin" not in hub.files(WAYS[0]) and "results.json" in hub.files(WAYS[0])

    results = json.loads(hub.files(WAYS[0])["results.json"])
    card = ModelCard(hub.files(WAYS[0])["README.md"].decode())
    strict = results["metrics"]["test"]["strict"]["micro"]["f1"]
    assert {r.metric_name: r.metric_value for r in card.data.eval_results}["F1 (strict, micro average)"] == strict
    assert results["data"]["fingerprint"] in card.text and f'"{WAYS[0]}"' in card.text
    assert "- dev: 10 documents" in ModelCard(hub.files(WAYS[2])["README.md"].decode()).text
    for name in WAYS[::2]:
        for path, content in hub.files(name).items():
            assert str(tmp_path).encode() not in content or path == "training_args.bin", (name, path)

    files = hub.files("ward3/data", "dataset")
    assert set(files) == {"README.md", "data/train-00000-of-00001.parquet"}
    assert hub.repos["dataset", "ward3/data"].private
    assert DatasetCard(files["README.md"].decode()).data.dataset_info["splits"][0]["num_examples"] == 30
