"""Reading by name: types, parts, what a folder looks like, and what is refused before anything is read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hf_cner.data.corpora import entity_types, read_corpus, splits, types_in
from hf_cner.data.documents import Document, Span
from hf_cner.data.problems import DataError
from hf_cner.data.reading.detect import guess


def test_numbers_of_types() -> None:
    expected = {"ccks2017": 5, "ccks2018": 5, "ccks2019": 6, "cmeee": 9, "tcm-literature": 10, "tcm-literature5": 5}
    assert {name: len(entity_types(name)) for name in expected} == expected
    assert entity_types("sample") == entity_types("CCKS2017_early") == entity_types("ccks2017")
    assert len(entity_types("tcm-formulas")) == 6 and len(entity_types("tcm-leaflets")) == 13


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such folder or file; check the path"):
        read_corpus("ccks2019", tmp_path / "none")
    with pytest.raises(DataError, match=r"ccks2018 needs data_dir, the folder that holds .*入院记录现病史"):
        read_corpus("ccks2018")


def test_nothing_readable_says_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"originalText": "', encoding="utf-8")
    message = r"found no document of ccks2019 \(left out: 1, the first .*a\.json:1: found broken JSON.*\); expected"
    with pytest.raises(DataError, match=message):
        read_corpus("ccks2019", tmp_path, on_error="skip")


def test_corpora_without_published_splits_say_so(tmp_path: Path, write_section) -> None:
    write_section("一般项目", 1, "双肩痛", [("双肩", 0, 1, "身体部位")])
    assert splits("ccks2017", tmp_path) == ("train",)
    assert len(read_corpus("ccks2017", tmp_path, split="train")) == 1
    with pytest.raises(DataError, match="ccks2017 is not published in splits"):
        read_corpus("ccks2017", tmp_path, split="test")


LOOKS = {
    "ccks2019": ("a.json", '{"originalText": "双肩痛", "entities": []}'),
    "cblue-cmeee": ("a.json", '[{"text": "双肩痛", "entities": [{"start_idx": 0, "end_idx": 1, "type": "bod"}]}]'),
    "tcm-formulas": ("a.json", '[{"text": "双肩痛", "label": [{"start": 0, "end": 2, "labels": ["主治"]}]}]'),
    "tcm-leaflets": ("a.json", '[{"text": "双肩痛", "labels": [["T1", "SYMPTOM", 0, 3, "双肩痛"]]}]'),
    "cmeee": ("chip.train", "双肩痛|||0    1    bod|||\r\n"),
    "tcm-literature": ("medical.train", "双 B-临床表现\r\n肩 I-临床表现\r\n痛 I-临床表现\r\n\r\n"),
    "conll": ("a.bio", "双 B-BODY\n肩 I-BODY\n痛 O\n\n"),
    "jsonl": ("a.jsonl", '{"text": "双肩痛", "entities": [{"start": 0, "end": 2, "type": "身体部位"}]}\n'),
    "ccks2017-csv": ("gold.csv", "301,一般项目,双肩 0 1 身体部位;"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_what_a_folder_looks_like(tmp_path: Path, name: str) -> None:
    file, content = LOOKS[name]
    (tmp_path / file).write_text(content, encoding="utf-8")
    assert guess(tmp_path) == guess(tmp_path / file) == {name}


def test_an_unfamiliar_folder_looks_like_nothing(tmp_path: Path, write_section) -> None:
    (tmp_path / "notes.txt").write_text("双肩痛。\n", encoding="utf-8")
    (tmp_path / "x.json.gz").write_bytes(b"\x1f\x8b broken")
    assert guess(tmp_path) == set()
    write_section("记录", 1, "双肩痛", [("双肩", 0, 2, "BODY")])
    assert guess(tmp_path) == set()


def test_jsonl_file_and_folder(tmp_path: Path) -> None:
    row = {"text": "双肩痛", "entities": [{"start": 0, "end": 2, "type": "身体部位"}], "id": "x"}
    for name in ("a.jsonl", "b.jsonl", "test.jsonl"):
        (tmp_path / name).write_text(json.dumps(row) + "\n", encoding="utf-8")
    documents = read_corpus("jsonl", tmp_path)
    assert documents == [Document("双肩痛", (Span(0, 2, "身体部位"),), "x")] * 2
    assert read_corpus("jsonl", tmp_path / "test.jsonl") == documents[:1]
    assert types_in(documents) == ("身体部位",)


def test_a_named_corpus_read_as_jsonl_is_recognised(tmp_path: Path) -> None:
    file, content = LOOKS["ccks2019"]
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json:1: found no string 'text'.* It looks like ccks2019\."):
        read_corpus("jsonl", tmp_path / file)


def test_an_unlabelled_part_is_not_taken_for_another_corpus(tmp_path: Path) -> None:
    (tmp_path / "CMeEE_test.json").write_text('[{"text": "双肩痛", "entities": []}]', encoding="utf-8")
    assert guess(tmp_path) == set()
    assert read_corpus("cblue-cmeee", tmp_path) == [Document("双肩痛", (), "CMeEE_test-1")]


def test_annotated_texts_and_a_csv_file_look_like_both(tmp_path: Path, write_section) -> None:
    write_section("一般项目", 301, "双肩痛", [("双肩", 0, 1, "身体部位")])
    (tmp_path / "gold.csv").write_text("301,一般项目,双肩 0 1 身体部位;", encoding="utf-8")
    assert guess(tmp_path) == {"ccks2017", "ccks2017-csv"}
    assert read_corpus("ccks2017", tmp_path) == read_corpus("ccks2017-csv", tmp_path)


def test_the_bundled_sample() -> None:
    documents = read_corpus("sample")
    assert len(documents) >= 200
    assert types_in(documents) == tuple(sorted(entity_types("sample")))


def test_the_bundled_sample_is_read_from_nowhere_else(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"for the corpus sample, which is bundled.*name the corpus that lies there"):
        read_corpus("sample", tmp_path)


def test_a_split_is_one_of_three_and_no_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"text": "头痛"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="There is no split 'tset'; choose one of train, validation, test"):
        read_corpus("jsonl", path, split="tset")
    with pytest.raises(ValueError, match="a file is no folder with splits; leave out split='test'"):
        read_corpus("jsonl", path, split="test")
    with pytest.raises(ValueError, match="The bundled sample has no splits"):
        read_corpus("sample", split="test")


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="found a pipe or a device; expected a file"):
        read_corpus("jsonl", tmp_path / "pipe")
