"""`hf-cner push` over real HTTP: what arrives is what `--no-push` writes, and every refusal is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants
from runs import write_run
from server import Hub

from hf_cner.cli.main import main

# The library's own way to send a large file by LFS.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def push(run: Path, *options: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["push", "--model", str(run), "--repo", "ward3/notes", *options])
    return int(stopped.value.code or 0)


def refused(capsys: pytest.CaptureFixture[str], run: Path, *options: str) -> str:
    capsys.readouterr()
    assert push(run, *options) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ") and message.count("\n") == 1
    return message


def test_the_hub_gets_what_no_push_writes(hub: Hub, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert push(run, "--no-push") == 0
    written = {path.name: path.read_bytes() for path in (run.parent / "run-hub").iterdir()}
    assert not hub.requests, "no network without a push"
    capsys.readouterr()
    assert push(run) == 0
    assert capsys.readouterr().out == f"{hub.endpoint}/ward3/notes\n"
    assert hub.files("ward3/notes") == written
    assert hub.repos["model", "ward3/notes"].private and len(hub.repos["model", "ward3/notes"].commits) == 2


def test_without_token_or_network(
    hub: Hub, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "does not know the token" in refused(capsys, run, "--token", "hf_wrong")
    with monkeypatch.context() as changed:
        changed.delenv("HF_TOKEN")
        changed.setattr(constants, "HF_TOKEN_PATH", str(run / "no-token"))
        assert "There is no token for the Hub; log in by `hf auth login`" in refused(capsys, run)
    with monkeypatch.context() as changed:
        changed.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
        assert "http://127.0.0.1:9 cannot be reached" in refused(capsys, run)
    assert not hub.repos


def test_other_content_and_an_invalid_card(hub: Hub, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert push(run) == 0
    repo = hub.repos["model", "ward3/notes"]
    repo.commit(repo.commits[-1][1] | {"crf.py": b"CRF = 2\n", "theirs.txt": b"x"})
    assert "exists with other content (crf.py, theirs.txt)" in refused(capsys, run)
    assert hub.files("ward3/notes")["theirs.txt"] == b"x"
    assert push(run, "--overwrite") == 0
    assert "theirs.txt" not in hub.files("ward3/notes")
    (run / "README.md").write_text("---\nlicense: mit\nmodel-index:\n- name: a\n---\n", encoding="utf-8")
    before = len(hub.requests)
    assert "The metadata of the card (README.md) are invalid" in refused(capsys, run)
    assert len(hub.requests) == before, "found out before anything is sent"
