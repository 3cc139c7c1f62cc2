"""File names: numeric order, published splits, what is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.data.problems import DataError
from hf_cner.data.reading.folders import walk
from hf_cner.data.reading.locate import by_split, choose_split, matching, split_of, stem
from hf_cner.data.reading.names import natural_key


def test_numbers_sort_as_numbers() -> None:
    names = ["a-10.txt", "a-2.txt", "b-1.txt", "a-1.txt", "1", "x²-3"]
    assert sorted(names, key=natural_key) == ["1", "a-1.txt", "a-2.txt", "a-10.txt", "b-1.txt", "x²-3"]


def test_hidden_files_and_archive_leftovers_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.txt", ".b.txt", "__MACOSX/a.txt", "._a.txt", "sub/c.txt", ".git/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [path.relative_to(tmp_path).as_posix() for path in walk(tmp_path)] == ["a.txt", "sub/c.txt"]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("chip.train", "train"),
        ("medical.dev", "validation"),
        ("CMeEE_test.json.gz", "test"),
        ("subtask1_training_part1.txt", "train"),
        ("subtask1_test_set_with_answer.json", "test"),
        ("dataset1.json", "train"),
        ("latest.json", "train"),
    ],
)
def test_split_of(name: str, split: str) -> None:
    assert split_of(Path(name)) == split


def test_stem() -> None:
    assert stem(Path("x/chip.train")) == "chip.train"
    assert stem(Path("part1.TXT.gz")) == "part1"


def test_matching_takes_gz_and_single_files(tmp_path: Path) -> None:
    for name in ("a.json", "b.JSON.gz", "c.txt"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in matching(tmp_path, ["*.json"])] == ["a.json", "b.JSON.gz"]
    assert matching(tmp_path / "c.txt", ["*.json"]) == [tmp_path / "c.txt"]


def test_choosing_a_split() -> None:
    train, dev, test = Path("a.train"), Path("a.dev"), Path("a.test")
    groups = by_split([test, dev, train])
    assert list(groups) == ["train", "validation", "test"]
    assert choose_split(Path("d"), groups, None) == [train]
    assert choose_split(Path("d"), groups, "test") == [test]
    assert choose_split(Path("d"), by_split([test]), None) == [test]
    assert choose_split(Path("d"), {}, None) == []
    with pytest.raises(DataError, match=r"found the splits validation, test; expected train among them"):
        choose_split(Path("d"), by_split([dev, test]), None)
    with pytest.raises(DataError, match=r"found the splits test; expected 'train'"):
        choose_split(Path("d"), by_split([test]), "train")


def test_folders_speak_of_splits_where_names_do_not(tmp_path: Path) -> None:
    for name in ("train/docs.jsonl", "test/docs.jsonl", "devset/a/docs.jsonl", "test/train.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    found = by_split(matching(tmp_path, ["*.jsonl"]), tmp_path)
    named = {split: [path.relative_to(tmp_path).as_posix() for path in files] for split, files in found.items()}
    assert named == {
        "train": ["test/train.jsonl", "train/docs.jsonl"],
        "validation": ["devset/a/docs.jsonl"],
        "test": ["test/docs.jsonl"],
    }


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("CMeEE_testA.json", "test"), ("testset.txt", "test"), ("devset.txt", "validation"), ("testing.csv", "test"),
        ("latest.txt", "train"), ("device.txt", "train"), ("contest_notes.txt", "train"), ("validb.json", "validation"),
    ],
)  # fmt: skip
def test_forms_of_the_words(name: str, split: str) -> None:
    assert split_of(Path(name)) == split


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("test.jsonl", "test"), ("dev.txt", "validation"), ("TEST.jsonl.gz", "test"), ("testA.jsonl", "test"),
        ("devset.jsonl", "validation"), ("medical.dev", "validation"), ("notes.test.jsonl", "test"),
        ("blood-test.jsonl", "train"), ("val_fluid.jsonl", "train"), ("test_of_blood.jsonl", "train"),
        ("CMeEE_test.jsonl", "train"), ("train.jsonl", "train"),
    ],
)  # fmt: skip
def test_of_anybodys_files_only_whole_names_count(name: str, split: str) -> None:
    assert split_of(Path(name), words=False) == split


def test_folders_count_by_their_whole_names(tmp_path: Path) -> None:
    for words in (True, False):
        for name, split in (
            ("blood-test/a.jsonl", "train"),
            ("test/a.jsonl", "test"),
            ("devset/b/a.jsonl", "validation"),
        ):
            assert split_of(tmp_path / name, tmp_path, words=words) == split


def test_names_that_differ_in_the_part_alone_are_parts() -> None:
    names = ("ner_train.jsonl", "ner_test.jsonl", "ner_dev.jsonl", "blood_test.jsonl", "x/ner_test.jsonl")
    groups = by_split(map(Path, names), words=False)
    assert {split: [file.as_posix() for file in files] for split, files in groups.items()} == {
        "train": ["ner_train.jsonl", "blood_test.jsonl", "x/ner_test.jsonl"],
        "validation": ["ner_dev.jsonl"],
        "test": ["ner_test.jsonl"],
    }
