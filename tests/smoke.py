"""A trial of the installed wheel, run by `make smoke` in an environment without the development tools.

It checks that nothing is taken from the repository, that the data files are there, and that the two ways in, the
command line and transformers' Auto classes, work from training to prediction.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

QUICK = (
    "model.encoder={kind: static, embedding_size: 16, bigram_size: 8}",
    "model.context.hidden_size=16",
    "training.num_train_epochs=1",
    "training.disable_tqdm=true",
)
LOAD = """
import sys, transformers, hf_cner
model = transformers.AutoModelForTokenClassification.from_pretrained(sys.argv[1])
tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
text = "患者3天前出现头痛。"
assert len(tokenizer(text)["input_ids"]) == len(text)
assert type(model).__name__ == "CnerForTokenClassification", type(model)
document = hf_cner.Predictor(model, tokenizer)(text)[0]
assert document.text == text
"""


def call(*command: object, folder: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_files(repository: Path) -> None:
    """Everything that the package needs at run time is in the wheel, and is imported from there."""
    import hf_cner

    package = Path(hf_cner.__file__).parent
    assert repository / "hf_cner" != package, f"hf_cner comes from the repository: {package}"
    assert Path(sys.prefix) in package.parents, f"hf_cner comes from {package}"
    ours = [path for path in (repository / "hf_cner").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    missing = [
        str(p) for p in (path.relative_to(repository / "hf_cner") for path in ours) if not (package / p).is_file()
    ]
    assert not missing, f"not in the wheel: {missing}"
    metadata = distribution("hf-cner").metadata
    assert metadata["Name"] == "hf-cner" and metadata["Version"] == hf_cner.__version__, metadata
    assert metadata["License-Expression"] == "Apache-2.0", metadata["License-Expression"]
    leaked = [name for name in ("pytest", "mypy", "ruff") if shutil.which(name, path=str(Path(sys.executable).parent))]
    assert not leaked, f"this environment holds development tools: {leaked}"


def check_commands(folder: Path) -> None:
    """Train, evaluate and predict with the installed command."""
    command = Path(sys.executable).with_name("hf-cner")
    assert "predict" in call(command, "--help", folder=folder)
    os.environ.pop("LC_ALL", None)
    os.environ |= {"LANG": "C.UTF-8", "LANGUAGE": "zh_CN"}
    assert "用法" in call(command, "--help", folder=folder)
    os.environ["LANGUAGE"] = "en"
    assert "bilstm-mha-crf" in call(command, "presets", folder=folder)
    assert "p4-table2" in call(command, "reproduce", folder=folder)
    assert "mentions" in call(command, "inspect", "sample", folder=folder)
    sets = [part for assignment in QUICK for part in ("--set", assignment)]
    model = folder / "model"
    call(
        command,
        "train",
        "--preset",
        "bilstm-mha-crf",
        "--corpus",
        "sample",
        "--output-dir",
        model,
        *sets,
        folder=folder,
    )
    call(command, "convert", "sample", "--to", "jsonl", "--output", "gold.jsonl", folder=folder)
    assert "micro average" in call(command, "evaluate", "--model", model, "--data", "gold.jsonl", folder=folder)
    call(command, "predict", "--model", model, "gold.jsonl", "--output", "out.jsonl", folder=folder)
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    gold = [json.loads(line) for line in (folder / "gold.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert [row["text"] for row in rows] == [row["text"] for row in gold]
    call(command, "review", "out.jsonl", "--output", "review.html", folder=folder)
    assert (folder / "review.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    call(sys.executable, "-I", "-c", LOAD, model, folder=folder)


def main() -> None:
    repository = Path(__file__).resolve().parents[1]
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    check_files(repository)
    with tempfile.TemporaryDirectory() as folder:
        check_commands(Path(folder))
    print("The installed wheel works: commands, Auto classes, and every data file.")


if __name__ == "__main__":
    main()
