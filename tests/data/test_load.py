"""Corpora as data sets and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.load import corpus_features, dataset_row, documents_from_dataset, load_corpus
from hf_cner.data.problems import DataError, Problems

ITEMS = [
    {
        "text": " 双肩痛😀。",
        "entities": [
            {"start_idx": 1, "end_idx": 2, "type": "bod"},
            {"start_idx": 1, "end_idx": 3, "type": "sym"},
        ],
    },
    {"text": "无特殊。", "entities": []},
]


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text(json.dumps(ITEMS, ensure_ascii=False), encoding="utf-8")
    return folder


def test_published_splits_features_and_round_trip(tmp_path: Path) -> None:
    write(tmp_path, "CMeEE_train.json", "CMeEE_dev.json")
    corpus = load_corpus("cblue-cmeee", data_dir=tmp_path)
    assert list(corpus) == ["train", "validation"]
    assert corpus["train"].features == corpus_features()
    assert corpus["train"][0] == {
        "id": "CMeEE_train-1",
        "record": "",
        "text": " 双肩痛😀。",
        "entities": [
            {"start": 1, "end": 3, "type": "bod", "text": "双肩"},
            {"start": 1, "end": 4, "type": "sym", "text": "双肩痛"},
        ],
    }
    assert documents_from_dataset(corpus["train"]) == read_corpus("cblue-cmeee", tmp_path)
    streamed = corpus["train"].to_iterable_dataset()
    assert documents_from_dataset(streamed) == read_corpus("cblue-cmeee", tmp_path)
    assert "CBLUE" in corpus["train"].info.description and corpus["train"].info.license


def test_without_splits_everything_is_train(tmp_path: Path) -> None:
    write(tmp_path, "some.json")
    assert list(load_corpus("cblue-cmeee", tmp_path)) == ["train"]
    assert list(load_corpus("cblue-cmeee", tmp_path / "some.json")) == ["train"]


def test_a_test_file_alone_is_test(tmp_path: Path) -> None:
    write(tmp_path, "CMeEE_test.json")
    assert list(load_corpus("cblue-cmeee", tmp_path)) == ["test"]


def test_an_entity_free_corpus_keeps_its_features(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"text": "无特殊。"}]', encoding="utf-8")
    assert load_corpus("cblue-cmeee", tmp_path)["train"].features == corpus_features()


def test_faults_stop_or_are_collected(tmp_path: Path) -> None:
    write(tmp_path, "train.json")
    bad = [*ITEMS, {"text": "x", "entities": [{"start_idx": 1, "end_idx": 0, "type": "bod"}]}]
    (tmp_path / "train.json").write_text(json.dumps(bad), encoding="utf-8")
    with pytest.raises(DataError, match="offsets 1 to 0"):
        load_corpus("cblue-cmeee", tmp_path)
    problems = Problems("skip")
    assert len(load_corpus("cblue-cmeee", tmp_path, problems=problems)["train"]) == 3
    assert len(problems.items) == 1
    assert len(load_corpus("cblue-cmeee", tmp_path, on_error="skip")["train"]) == 3
    with pytest.raises(DataError, match="look like cblue-cmeee"):
        load_corpus("ccks2019", tmp_path)


def test_scores_are_not_part_of_a_corpus() -> None:
    row = dataset_row(Document("双肩痛", (Span(0, 2, "bod", score=0.5),)))
    assert row["entities"] == [{"start": 0, "end": 2, "type": "bod", "text": "双肩"}]


@pytest.mark.data
def test_published_literature(data_dir: Path) -> None:
    corpus = load_corpus("tcm-literature", data_dir=data_dir / "tcm" / "literature")
    assert {split: len(part) for split, part in corpus.items()} == {"train": 5259, "validation": 657}
    assert [sum(map(len, part["entities"])) for part in corpus.values()] == [12634, 1620]
    documents = documents_from_dataset(corpus["validation"])
    assert documents == read_corpus("tcm-literature", data_dir / "tcm" / "literature", split="validation")
