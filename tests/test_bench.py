"""The runner of `make bench`: what it takes from a benchmark's output, and what becomes of one that fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    import bench

    yield bench
    sys.path.remove(str(BENCHMARKS))


def test_tables_in_what_a_benchmark_prints(bench: ModuleType) -> None:
    printed = "first\n| | a | ratio | ratio |\n|---|---|---|---|\n| x | 1 | 2 | 3 |\ntext\n| b |\n|---|\n| 4 |\n"
    assert bench.tables(printed) == [[{"row": "x", "a": "1", "ratio": "2", "ratio 2": "3"}], [{"b": "4"}]]


def test_one_that_is_missing_fails_or_hangs(bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, code in (("fails", "raise SystemExit('no: such figure')"), ("hangs", "import time; time.sleep(60)")):
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.setattr(bench, "HERE", tmp_path)
    assert bench.run(bench.Benchmark("", ("none.py",), 9), tmp_path) == {
        "missing": "there is no none.py in this version"
    }
    assert bench.run(bench.Benchmark("", ("fails.py",), 30), tmp_path)["error"] == "no: such figure"
    assert bench.run(bench.Benchmark("", ("hangs.py",), 1), tmp_path)["error"] == "stopped after 1 s"


def test_why_a_peer_does_not_install(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "The conflict is caused by:\n    gliner 0.2.29 depends on transformers<5.17.0\nERROR: ResolutionImpossible"
    given = {"returncode": 1, "stdout": "", "stderr": said}
    monkeypatch.setattr(
        bench.subprocess, "run", lambda *command, **options: subprocess.CompletedProcess(command, **given)
    )
    assert bench.install("gliner==0.2.29") == "gliner 0.2.29 depends on transformers<5.17.0"
    given |= {"returncode": 0}
    assert bench.install("gliner==0.2.29") == ""


def test_the_report(bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bench_crf.py").write_text("print('| a |\\n|---|\\n| 1 |')")
    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["bench.py", "--output-dir", str(tmp_path / "out"), "--only", "crf", "--no-install"]
    )
    bench.main()
    report = json.loads((tmp_path / "out" / "bench.json").read_text(encoding="utf-8"))
    assert report["benchmarks"]["crf"]["tables"] == [[{"a": "1"}]] and report["machine"]["torch"]
    text = (tmp_path / "out" / "bench.md").read_text(encoding="utf-8")
    assert "## The CRF against pytorch-crf" in text and "| 1 |" in text


def test_the_picture_of_growth(bench: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    import bench_growth

    points = [{"seconds": 0.2 * size, "MiB": 500.0 + size} for size in (1, 3, 10)]
    bench_growth.draw(dict.fromkeys(bench_growth.CURVES, points), tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
