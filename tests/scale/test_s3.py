"""From S3 to S3, on a server of this machine; skipped where s3fs and moto are not installed (`make servers`)."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shards import MODEL, content, rows_of_sample, write_rows

from hf_cner.cli.main import main
from hf_cner.scale.engines import engine_of, run_job
from hf_cner.scale.plan import JOB, make_plan
from hf_cner.scale.worker import Settings

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: make servers")
moto = pytest.importorskip("moto.server", reason="moto is not installed: make servers")
pytestmark = pytest.mark.slow

SETTINGS = Settings(str(MODEL), {"device": "cpu"})


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A file system on a bucket called `ward` of a server of its own."""
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "key")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    found = s3fs.S3FileSystem()
    found.mkdir("ward")
    yield found
    found.rm("ward", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def notes(folder: Path) -> Path:
    """The same rows in every form, in partitions, packed and not."""
    rows = rows_of_sample(400)
    for ending in (".parquet", ".jsonl", ".csv"):
        write_rows(rows, folder / "year=2024" / f"n{ending}", group=100)
    packed = (folder / "year=2024" / "n.jsonl").read_bytes()
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(packed))
    return folder


def annotate(source: str, out: str) -> None:
    plan = make_plan(source, out, shard_rows=100)
    *_, last = run_job(plan, SETTINGS, engine=engine_of("local"), workers=2)
    assert not last.faults


def fetched(store: Any, name: str, into: Path) -> dict[str, bytes]:
    store.get(f"ward/{name}", str(into), recursive=True)
    return content(into)


def test_the_bytes_are_those_of_a_job_on_a_disk(store: Any, tmp_path: Path) -> None:
    source = notes(tmp_path / "in")
    store.put(str(source), "ward/in", recursive=True)
    annotate(str(source), str(tmp_path / "out"))
    annotate("s3://ward/in", "s3://ward/out")
    expected = content(tmp_path / "out")
    assert len(expected) == 20  # ten shards and their manifests
    assert fetched(store, "out", tmp_path / "fetched") == expected


def test_a_killed_job_goes_on_and_gives_the_same_bytes(store: Any, tmp_path: Path) -> None:
    source = write_rows(rows_of_sample(3000), tmp_path / "n.jsonl")
    store.put(str(source), "ward/n.jsonl")
    command = [sys.executable, "-m", "hf_cner.cli.main", "annotate", "s3://ward/n.jsonl", "s3://ward/out"]
    command += ["--model", str(MODEL), "--workers", "1", "--shard-rows", "100"]
    broken = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    while not any(name.endswith(".jsonl") for name in fresh(store)):
        assert broken.poll() is None
        time.sleep(0.05)
    broken.kill()
    broken.wait()
    whole = {name for name in fresh(store) if name.endswith(".jsonl")}
    assert 0 < len(whole) < 30
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, capture_output=True)
    annotate(str(source), str(tmp_path / "out"))
    found = fetched(store, "out", tmp_path / "fetched")
    of_shards = {name: data for name, data in found.items() if name != JOB and not name.endswith(".tmp")}
    assert of_shards == content(tmp_path / "out")


def fresh(store: Any) -> list[str]:
    """The names in the output, asked anew."""
    store.invalidate_cache()
    return [os.path.basename(path) for path in store.find("ward/out") if not os.path.basename(path).startswith(".")]


@pytest.mark.parametrize(
    ("environment", "source", "said"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "s3://ward/in", "a store that cannot be used (EndpointConnection"),
        ({}, "s3://ward/nothing", "found no such file or folder; expected the texts"),
        ({}, "s3://nowhere/in", "found no such file or folder; expected the texts"),
    ],
)
def test_a_store_that_does_not_answer_is_one_sentence(
    environment: dict[str, str],
    source: str,
    said: str,
    store: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(SystemExit) as stop:
        main(["annotate", source, "s3://ward/out", "--model", str(MODEL)])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1 and said in error
