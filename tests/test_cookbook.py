"""The eight steps of docs/cookbook.md run as they stand there, on the sample corpus, with a smaller model."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from hf_cner.cli.main import main

ROOT = Path(__file__).parents[1]
SMALLER = (
    "--set training.num_train_epochs=1 --set model.context.hidden_size=16 --set model.encoder.embedding_size=16 "
    "--set training.per_device_train_batch_size=32"
)


def run(command: str) -> None:
    """A command, which must end with 0."""
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command.removeprefix("hf-cner ")))
    assert ended.value.code == 0, command


@pytest.mark.slow
def test_the_cookbook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 13 and len(re.findall(r"^\*\*\d\. ", text, re.MULTILINE)) == 8
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "hf_cner" / "data" / "sample" / "notes", "notes")
    for command in commands:
        if " apply " in command:
            decide()
        run(f"{command} {SMALLER}" if " train " in command else command)
    assert Path("tonight.jsonl").read_text(encoding="utf-8").count("\n") == 3
    before, after = (Path(name).read_text(encoding="utf-8").count("\n") for name in ("gold.jsonl", "gold2.jsonl"))
    assert after == before + 1, "the reviewed note is in the training data"


def decide() -> None:
    """What the page saves when a person has seen the first note: it is done."""
    first = json.loads(Path("entities.jsonl").read_text(encoding="utf-8").splitlines()[0])
    digest = hashlib.sha256(first["text"].encode()).hexdigest()
    decision = {"document": first["id"], "text_sha256": digest, "action": "done", "by": "王医生"}
    line = json.dumps(decision | {"at": "2026-11-30T08:00:00.000Z"}, ensure_ascii=False)
    Path("entities.corrections.jsonl").write_text(line + "\n", encoding="utf-8")
