"""The examples say how they are called, use public names only, and run."""

from __future__ import annotations

import ast
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hf_cner import read_corpus
from hf_cner.data.documents import read_jsonl, write_jsonl

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("0*.py"))
NOTEBOOKS = sorted((EXAMPLES / "notebooks").glob("*.ipynb"))
ROOTS = {
    "hf_cner",
    "transformers",
    "datasets",
    "evaluate",
    "huggingface_hub",
    "matplotlib",
    "numpy",
    "pandas",
    "IPython",
    "datatrove",
    "pyspark",
    "torch",
}
TINY = [
    *("--set", "model.encoder={kind: static, embedding_size: 16}", "--set", "model.context.hidden_size=16"),
    *("--set", "training.num_train_epochs=1", "--set", "training.disable_tqdm=true"),
]
HELP = """
import contextlib, io, runpy, sys

for path in sys.argv[1:]:
    sys.argv = [path, "--help"]
    printed = io.StringIO()
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(printed):
        runpy.run_path(path, run_name="__main__")
    assert printed.getvalue().startswith("usage: "), path
assert not {"torch", "transformers"} & set(sys.modules), "--help is slow"
"""


def main_of(name: str) -> Callable[[list[str]], None]:
    (script,) = EXAMPLES.glob(f"{name}*.py")
    main: Callable[[list[str]], None] = runpy.run_path(str(script))["main"]
    return main


def code_of(path: Path) -> Iterator[str]:
    if path.suffix == ".py":
        yield path.read_text(encoding="utf-8")
        return
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


def test_readme_lists_every_example() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\]\(([\w./]+\.(?:py|ipynb))\)", readme))
    assert listed == {path.relative_to(EXAMPLES).as_posix() for path in [*EXAMPLES.glob("*.py"), *NOTEBOOKS]}


def test_help_answers_without_loading_torch() -> None:
    done = subprocess.run([sys.executable, "-c", HELP, *map(str, SCRIPTS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_is_short_and_says_how_it_is_called(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < 80
    assert f"python examples/{path.name} --" in (ast.get_docstring(ast.parse(text)) or "")


@pytest.mark.parametrize("path", [*SCRIPTS, *NOTEBOOKS], ids=lambda path: path.name)
def test_example_uses_public_names_only(path: Path) -> None:
    for code in code_of(path):
        for node in ast.walk(ast.parse(code)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
            for module in modules:
                assert module.split(".")[0] in ROOTS | sys.stdlib_module_names, module
            if not set(modules) & {"__future__"}:
                assert not [n for n in [*modules, *names] if re.search(r"(^|\.)_", n)], "only public names"
            if isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_"), f"{node.attr} is private"


@pytest.fixture(scope="module")
def few_documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "few.jsonl"
    write_jsonl(read_corpus("sample")[:40], path)
    return path


@pytest.mark.slow
def test_fine_tune_then_predict_a_folder_then_write_what_would_be_pushed(
    few_documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    main_of("01")(["--corpus", "jsonl", "--data-dir", str(few_documents), "--output-dir", str(model), *TINY])
    assert "micro average" in capsys.readouterr().out
    assert json.loads((model / "test_results.json").read_text(encoding="utf-8"))["strict"]["micro"]["support"] > 0

    notes = tmp_path / "notes"
    (notes / "ward").mkdir(parents=True)
    texts = {"a.txt": "患者3天前出现头痛。\r\n", "ward/b.txt": "查体：BP120/80mmHg，腹软，无压痛。"}
    for name, text in texts.items():
        (notes / name).write_text(text, encoding="utf-8", newline="")
    output, page = tmp_path / "out.jsonl", tmp_path / "out.html"
    main_of("05")([str(notes), "--model", str(model), "--output", str(output), "--html", str(page), "--below", "0.9"])
    assert {document.id: document.text for document in read_jsonl(output)} == texts
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")

    main_of("06")(["--model", str(model), "--repo", "ward3/notes-ner"])
    published = {path.name for path in (tmp_path / "model-hub").iterdir()}
    assert {"README.md", "config.json", "model.safetensors", "modeling_cner.py", "tokenizer.json"} <= published
    assert not {"training_args.bin", "test_results.json"} & published
    assert "Nothing was sent" in capsys.readouterr().out


@pytest.mark.slow
def test_own_encoder(few_documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = ["--corpus", "jsonl", "--data-dir", str(few_documents), "--epochs", "1"]
    main_of("02")([*corpus, "--output-dir", str(tmp_path / "model")])
    assert "micro average" in capsys.readouterr().out
    assert (tmp_path / "model" / "encoder" / "model.safetensors").is_file()  # the tiny BERT, made on the spot
    main_of("02")([*corpus, "--encoder", str(tmp_path / "model" / "encoder"), "--output-dir", str(tmp_path / "other")])
    assert (tmp_path / "other" / "model.safetensors").is_file()


@pytest.mark.slow
def test_questions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    smaller = ["model.interaction.hidden_size=16", "model.interaction.layers=0", "model.span_decoder.size=16"]
    sets = [part for assignment in smaller for part in ("--set", assignment)]
    main_of("03")(["--epochs", "1", "--output-dir", str(tmp_path), *TINY, *sets])
    printed = capsys.readouterr().out
    assert "身体部位: 电子病历中的身体部位有哪些？" in printed and "micro average" in printed
    assert printed.splitlines()[-1].startswith("[")


@pytest.mark.slow
def test_domain_pretraining(few_documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = ["--corpus", "jsonl", "--data-dir", str(few_documents), "--epochs", "1"]
    main_of("04")([*corpus, "--output-dir", str(tmp_path / "first")])
    printed = capsys.readouterr().out
    assert "perplexity of hidden characters on texts held out" in printed and "micro average" in printed
    encoder, lexicon = tmp_path / "first" / "encoder", tmp_path / "terms.txt"
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in encoder.iterdir()}
    document = next(document for document in read_jsonl(tmp_path / "first" / "train.jsonl") if document.spans)
    lexicon.write_text(document.mention(document.spans[0]), encoding="utf-8")
    more = ["--encoder", str(encoder), "--lexicon", str(lexicon), "--output-dir", str(tmp_path / "second")]
    main_of("04")([*corpus, *more])
    assert (tmp_path / "second" / "model" / "results.json").is_file()
    texts = tmp_path / "notes.txt"  # a text of the test part
    texts.write_text(next(read_jsonl(tmp_path / "first" / "test.jsonl")).text.replace("\n", " "), encoding="utf-8")
    with pytest.raises(ValueError, match="that is held out for the test"):
        main_of("04")([*corpus, "--texts", str(texts), "--output-dir", str(tmp_path / "third")])


@pytest.mark.slow
def test_annotation_on_spark_and_by_datatrove(tmp_path: Path) -> None:
    from datasets import load_dataset

    from hf_cner import Predictor

    model = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "tagging-bilstm-crf"
    texts = [document.text for document in read_corpus("sample")[:40]]
    expected = [[span.start for span in document.spans] for document in Predictor.from_pretrained(model)(texts)]

    def check(source: Path, number: str, package: str, *options: str) -> None:
        pytest.importorskip(package)
        main_of(number)(["--model", str(model), str(source), str(tmp_path / number), *options])
        found = load_dataset(source.suffix[1:], data_files=f"{tmp_path}/{number}/[!_.]*", split="train")
        assert sorted([span["start"] for span in row["entities"]] for row in found) == sorted(expected)

    notes = tmp_path / "notes"
    import pandas as pd

    frame = pd.DataFrame({"text": texts})
    notes.mkdir()
    for part in range(4):
        frame[part * 10 : part * 10 + 10].to_parquet(notes / f"{part}.parquet")
    frame.to_parquet(tmp_path / "all.parquet")
    check(tmp_path / "all.parquet", "07", "pyspark")
    check(notes.rename(tmp_path / "notes.parquet"), "08", "datatrove", "--tasks", "3", "--workers", "1")
