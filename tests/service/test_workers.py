"""The command as a process: load, a killed worker, and what it says before it starts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hf_cner.service.settings import TOKEN, Limits, ServiceSettings, read_token

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "fixtures" / "checkpoints" / "tagging-bilstm-crf"


def bench(*options: str) -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_service.py"), "--model", str(MODEL), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_nothing_is_lost_or_mixed_up_under_load() -> None:
    pytest.importorskip("fastapi")
    said = bench("--requests", "1000", "--texts", "300", "--clients", "1", "32", "--port", "8771")
    assert len(re.findall(r"\| 0 \| 0 \|$", said, flags=re.MULTILINE)) == 2


@pytest.mark.slow
def test_a_killed_worker_loses_only_its_requests() -> None:
    pytest.importorskip("fastapi")
    said = bench("--requests", "2000", "--workers", "2", "--kill", "--port", "8772")
    assert re.search(r"killed 1 of 2 workers .* 0 wrong; started again", said)


def test_settings_travel_to_a_worker() -> None:
    settings = ServiceSettings(model="OUT", chosen={"threshold": 0.5}, workers=2, limits=Limits(texts=7))
    assert ServiceSettings.from_json(settings.to_json()) == settings


def test_a_token_is_read_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN, "sixteen-letters-")
    assert read_token(None) == "sixteen-letters-"
    file = tmp_path / "token"
    for content in ("short", "头" * 20, "a b" * 20):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=rf"found a token of {len(content)} characters") as fault:
            read_token(file)
        assert content not in str(fault.value)
    file.write_text("another-token-of-these\n")
    assert read_token(file) == "another-token-of-these"
    with pytest.raises(ValueError, match=r"nowhere: could not be read \(FileNotFoundError\)"):
        read_token(tmp_path / "nowhere")
