"""Each script writes a folder that `load_dataset` reads, equal to `load_corpus`, and nothing where it fails."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from huggingface_hub import DatasetCard
from registered import make

from hf_cner import load_corpus
from hf_cner.cli.main import main
from hf_cner.data.corpora import read_corpus
from hf_cner.data.fingerprint import fingerprint
from hf_cner.data.load import corpus_features, documents_from_dataset
from hf_cner.data.registry import REGISTRY, entries, entry
from hf_cner.hub.dataset import CorpusBuilder

SCRIPTS = Path(__file__).parents[2] / "dataset_scripts"
WITH_A_SCRIPT = [name for name in REGISTRY if (SCRIPTS / name.replace("-", "_")).is_dir()]


def builder_of(corpus: str) -> type[CorpusBuilder]:
    """The class in the corpus's script."""
    name = corpus.replace("-", "_")
    spec = importlib.util.spec_from_file_location(f"script_{name}", SCRIPTS / name / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a builder looks for its own module
    path = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = path
    (found,) = (v for v in vars(module).values() if isinstance(v, type) and issubclass(v, CorpusBuilder) and v.CORPUS)
    return found


def write(corpus: str, *arguments: str) -> None:
    """`hf-cner dataset`, which every script runs."""
    with pytest.raises(SystemExit) as stopped:
        main(["dataset", corpus, *arguments])
    assert not stopped.value.code


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Any]:
    def load(folder: Path, **options: Any) -> Any:
        return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"), **options)

    return load


@pytest.mark.parametrize("corpus", [found.name for found in entries() if found.reads])
def test_written_loaded_and_equal_to_load_corpus(corpus: str, tmp_path: Path, read: Callable[..., Any]) -> None:
    raw = make(corpus, tmp_path / "raw")
    out = tmp_path / "out"
    data = [] if raw is None else ["--data-dir", str(raw)]
    write(corpus, *data, "--out", str(out))
    expected = load_corpus(corpus, data_dir=raw)
    loaded = read(out)
    assert list(loaded) == list(expected)
    for split, part in expected.items():
        assert loaded[split].features == part.features
        assert loaded[split].to_list() == part.to_list()
        streamed = read(out, streaming=True, split=split)
        assert documents_from_dataset(streamed) == documents_from_dataset(part)
    card = DatasetCard.load(out / "README.md")
    sizes = {split["name"]: split for split in card.data.dataset_info["splits"]}
    assert {name: split["num_examples"] for name, split in sizes.items()} == {s: len(p) for s, p in expected.items()}
    assert {name: split["num_bytes"] for name, split in sizes.items()} == {s: p.data.nbytes for s, p in loaded.items()}
    files = sum(path.stat().st_size for path in (out / "data").iterdir())
    assert card.data.dataset_info["download_size"] == files
    everything = [document for part in expected.values() for document in documents_from_dataset(part)]
    assert fingerprint(everything) in card.text
    info = expected["train"].info
    assert info.description in card.text and info.license in card.text and info.citation in card.text
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["cache", "out", *(["raw"] if raw else [])])


@pytest.mark.parametrize("corpus", WITH_A_SCRIPT)
def test_each_script_has_the_builder_of_its_corpus(corpus: str, tmp_path: Path) -> None:
    builder = builder_of(corpus)
    assert corpus == builder.CORPUS
    info = builder(cache_dir=str(tmp_path)).info
    assert info.features == corpus_features() and info.description == entry(corpus).description


def test_run_as_a_script(tmp_path: Path) -> None:
    script = SCRIPTS / "jsonl" / "jsonl.py"
    raw = make("jsonl", tmp_path / "raw")
    assert raw is not None
    for part in ("dev", "test"):
        (raw / f"{part}.jsonl").write_bytes((raw / "notes.jsonl").read_bytes())
    command = [sys.executable, str(script), "--data-dir", str(raw), "--out", str(tmp_path / "jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("jsonl: train 1, validation 1, test 1 documents\n")


def test_an_empty_split_is_left_out(tmp_path: Path, read: Callable[..., Any]) -> None:
    raw = make("tcm-literature", tmp_path / "raw")
    assert raw is not None
    (raw / "medical.dev").write_text("\n", encoding="utf-8")
    write("tcm-literature", "--data-dir", str(raw), "--out", str(tmp_path / "out"))
    assert list(read(tmp_path / "out")) == list(load_corpus("tcm-literature", data_dir=raw)) == ["train"]


@pytest.fixture
def failing(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(corpus: str, *arguments: str) -> str:
        with pytest.raises(SystemExit) as stopped:
            main(["dataset", corpus, *arguments])
        assert stopped.value.code == 2
        message = capsys.readouterr().err
        assert message.count("\n") == 1, "one sentence"
        return message

    return run


def test_bad_input_is_one_sentence_and_leaves_nothing(tmp_path: Path, failing: Callable[..., str]) -> None:
    raw, out = make("cmeee", tmp_path / "raw"), tmp_path / "out"
    assert raw is not None
    other = failing("ccks2017", "--data-dir", str(raw), "--out", str(out))
    assert "look like cmeee; expected those of ccks2017" in other
    absent = failing("ccks2017", "--data-dir", str(tmp_path / "no"), "--out", str(out))
    assert "there is no such folder" in absent
    (raw / "chip.dev").write_text("头痛|||1    0    sym|||\n", encoding="utf-8")
    assert "chip.dev:1: " in failing("cmeee", "--data-dir", str(raw), "--out", str(out))
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]
    with pytest.raises(ValueError, match="look like cmeee"):
        load_corpus("ccks2017", data_dir=raw)


def test_faults_that_were_skipped_are_counted_in_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, out = make("cmeee", tmp_path / "raw"), tmp_path / "out"
    assert raw is not None
    (raw / "chip.dev").write_text("头痛|||1    0    sym|||0    1    sym|||\n", encoding="utf-8")
    write("cmeee", "--data-dir", str(raw), "--out", str(out), "--on-error", "skip")
    assert "1 faulty place was left out" in (out / "README.md").read_text(encoding="utf-8")
    assert "chip.dev" in capsys.readouterr().err


def test_only_an_earlier_result_is_replaced(tmp_path: Path, failing: Callable[..., str]) -> None:
    arguments = ["--out", str(tmp_path / "out")]
    write("sample", *arguments)
    before = (tmp_path / "out" / "data" / "train-00000-of-00001.parquet").read_bytes()
    assert "found an earlier result" in failing("sample", *arguments)
    write("sample", *arguments, "--overwrite")
    assert (tmp_path / "out" / "data" / "train-00000-of-00001.parquet").read_bytes() == before
    (tmp_path / "out" / "out.py").touch()
    assert "found out.py" in failing("sample", *arguments, "--overwrite"), "load_dataset would refuse the folder"


def test_no_open_licence_is_never_public(tmp_path: Path, failing: Callable[..., str]) -> None:
    raw = make("ccks2018", tmp_path / "raw")
    message = failing(
        "ccks2018", "--data-dir", str(raw), "--out", str(tmp_path / "out"), "--push-to-hub", "a/b", "--public"
    )
    assert "no open licence" in message and "leave out --public" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.data
def test_ccks2017(data_dir: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    raw = data_dir / "ccks2017" / "train"
    write("ccks2017", "--data-dir", str(raw), "--out", str(tmp_path / "out"))
    loaded = read(tmp_path / "out")["train"]
    assert loaded.to_list() == load_corpus("ccks2017", data_dir=raw)["train"].to_list()
    documents = documents_from_dataset(read(tmp_path / "out", streaming=True, split="train"))
    assert documents == read_corpus("ccks2017", raw) and len(documents) == 1198
    assert sum(len(document.spans) for document in documents) == 29866
    assert fingerprint(documents) in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
