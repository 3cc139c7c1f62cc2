"""Hostile rows of every reader: a fault of that row, named shortly and at once, which `skip` leaves out."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document
from hf_cner.data.json_text import LONGEST_NUMBER
from hf_cner.data.numbers import whole_number
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.registry import entry
from hf_cner.data.vectors import read_word2vec

TEXT = "患者头痛，查胸部CT。"
MANY = "9" * 5000  # more digits than Python makes a number of
GOOD: dict[str, dict[str, Any]] = {
    "ccks2019": {"originalText": TEXT, "entities": []},
    "cblue-cmeee": {"text": TEXT, "entities": []},
    "tcm-formulas": {"text": TEXT, "label": []},
    "tcm-leaflets": {"text": TEXT, "labels": []},
    "jsonl": {"text": TEXT, "entities": []},
}
NAMES = {"tcm-formulas": "dataset1.json", "ccks2019": "a_training_part1.txt", "jsonl": "a.jsonl"}


def write(folder: Path, corpus: str, rows: list[str], *, array: bool) -> None:
    text = f"[{', '.join(rows)}]" if array else "\n".join(rows)
    (folder / NAMES.get(corpus, "train.json")).write_text(text, encoding="utf-8")


def read(corpus: str, folder: Path) -> tuple[list[Document], Problems]:
    problems = Problems("skip")
    begin = time.process_time()
    documents = read_corpus(corpus, folder, problems=problems)
    assert time.process_time() - begin < 2
    assert all(len(str(problem)) < 1300 + len(problem.path) for problem in problems.items)
    return documents, problems


@pytest.mark.parametrize("corpus", GOOD)
@pytest.mark.parametrize("array", [True, False])
@pytest.mark.parametrize(
    ("bad", "found"),
    [
        ("[" * 2000 + "]" * 2000, "JSON nested more than 100 deep"),
        ('{"a":' * 2000 + "1" + "}" * 2000, "JSON nested more than 100 deep"),
        (f'{{"a": {MANY}}}', "a number of 5,000 characters"),
        ('{"a": NaN}', "NaN, which is no JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' twice in one JSON object"),
        ('{"id": "\\ud83d"}', r"half a surrogate pair, '\ud83d', at position 0 of 'id'"),
        ('{"a": "\\ud83d"}', r"half a surrogate pair, '\ud83d', at position 0 of 'a'"),
    ],
    ids=lambda text: text[:20],
)
def test_a_row_that_is_not_taken(tmp_path: Path, corpus: str, array: bool, bad: str, found: str) -> None:
    good = json.dumps(GOOD[corpus], ensure_ascii=False)
    if corpus == "jsonl" and array:
        return  # is read by lines alone
    write(tmp_path, corpus, [good, bad, good], array=array)
    documents, problems = read(corpus, tmp_path)
    assert [document.text for document in documents] == [TEXT, TEXT]
    assert [problem.found for problem in problems.items] == [found]
    with pytest.raises(DataError, match="found"):
        read_corpus(corpus, tmp_path)


@pytest.mark.parametrize(
    ("corpus", "key", "entity"),
    [
        ("ccks2019", "entities", {"label_type": "手术", "start_pos": MANY, "end_pos": "4"}),
        ("cblue-cmeee", "entities", {"type": "sym", "start_idx": MANY, "end_idx": 3}),
        ("tcm-formulas", "label", {"start": 1, "end": MANY, "text": "x" * 10**6, "labels": ["主治"]}),
        ("tcm-leaflets", "labels", ["T1", "FOOD", MANY, 3, "x" * 10**6]),
        ("cblue-cmeee", "entities", {"type": "x" * 10**6, "start_idx": 2, "end_idx": 3}),
        ("cblue-cmeee", "entities", {"type": "sym", "start_idx": 2, "end_idx": 3, "entity": "x" * 10**6}),
        ("ccks2019", "entities", {"label_type": "手术", "start_pos": 10 ** (LONGEST_NUMBER - 1), "end_pos": 4}),
    ],
)
def test_an_entity_that_is_not_taken(tmp_path: Path, corpus: str, key: str, entity: Any) -> None:
    write(tmp_path, corpus, [json.dumps({**GOOD[corpus], key: [entity]})], array=False)
    documents, problems = read(corpus, tmp_path)
    assert documents[0].spans == () and len(problems.items) == 1 and "xxxx" * 25 not in str(problems.items[0])


@pytest.mark.parametrize(
    "line", [f"{TEXT}|||{MANY} 3 sym|||", f"{TEXT}|||1 {MANY} sym|||", f"{TEXT}|||{'1 ' * 50_000}|||"]
)
def test_cmeee(tmp_path: Path, line: str) -> None:
    (tmp_path / "chip.train").write_text(f"{line}\n{TEXT}|||2 3 sym|||\n", encoding="utf-8")
    documents, problems = read("cmeee", tmp_path)
    assert len(documents) == 2 and len(problems.items) == 1 and "the entry '" in problems.items[0].found


@pytest.mark.parametrize(
    "row",
    [
        "1" * 20_000 + "x,一般项目,",
        "1" * 20_000 + ",一般项目,",
        f"301,一般项目,头痛 {MANY} 3 症状和体征;",
        "301,一般项目," + "1 " * 50_000,
        "301,一般项目," + " " * 100_000 + "x",
        "301,一般项目," + "头痛 1 1" + " " * 100_000 + "x y",
        "301,一般项目," + "1" * 100_000,
        "301,一般项目," + "a 1 1 " * 20_000,
        "301,一般项目," + ";" * 100_000,
        "301," + "1" * 100_000 + "x一般项目,",
    ],
    ids=lambda row: row[:24],
)
def test_the_csv_gold_is_read_in_linear_time(tmp_path: Path, row: str) -> None:
    (tmp_path / "一般项目-301.txtoriginal.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "一般项目-302.txtoriginal.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "gold.csv").write_text(f"302,一般项目,头痛 2 3 症状和体征;\n{row}\n", encoding="utf-8")
    documents, problems = read("ccks2017-csv", tmp_path)
    assert documents[0].mention(documents[0].spans[0]) == "头痛" and problems.items


@pytest.mark.parametrize(
    "line", [f"头痛\t{MANY}\t3\t症状和体征", "头痛\t2\t3\t" + "x" * 10**6, "x" * 10**6, "x" + "\t" * 10**5]
)
def test_annotation_lines(tmp_path: Path, line: str) -> None:
    (tmp_path / "一般项目-1.txtoriginal.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "一般项目-1.txt").write_text(f"{line}\n头痛\t2\t3\t症状和体征\n", encoding="utf-8")
    documents, problems = read("ccks2017", tmp_path)
    assert len(documents[0].spans) == 1 and len(problems.items) == 1


@pytest.mark.parametrize("name", ["conll", "mrc"])
@pytest.mark.parametrize(
    "text", ["x" * 10**6 + "\n", "[" * 10**5 + "\n", "头 " + "B-" * 10**5 + "\n", '{"type": "\\ud800"}\n']
)
def test_formats(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    problems, begin = Problems("skip"), time.process_time()
    documents = list(entry(name).read(path, problems=problems))
    assert time.process_time() - begin < 2 and (documents or problems.items)
    assert all(len(str(problem)) < 1300 + len(problem.path) for problem in problems.items)


@pytest.mark.parametrize("head", [f"{MANY} 2", f"2 {MANY}", "2 999999999999999999", "9" * 18 + " " + "9" * 18])
def test_vectors_with_a_header_of_many_digits(tmp_path: Path, head: str) -> None:
    path = tmp_path / "v.txt"
    path.write_text(f"{head}\n头 1 2\n痛 1 {'1' * 100_000}\n", encoding="utf-8")
    problems, begin = Problems("skip"), time.process_time()
    with pytest.warns(UserWarning) if len(head) < 100 else _nothing():
        tokens, _ = read_word2vec(path, problems=problems)
    assert "头" in tokens and "痛" not in tokens and time.process_time() - begin < 2


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("12", 12),
        ("-3", -3),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("", None),
        ("-", None),
        ("--1", None),
        ("１", None),
    ],
)
def test_whole_numbers(digits: str, number: int | None) -> None:
    assert whole_number(digits) == number


@pytest.mark.parametrize("where", ["id", "record", "type"])
def test_half_a_surrogate_pair_is_the_fault_of_its_row(tmp_path: Path, where: str) -> None:
    row: dict[str, Any] = {"id": "a", "record": "r", "text": TEXT, "entities": [{"start": 2, "end": 4, "type": "症状"}]}
    bad = json.loads(json.dumps(row))
    (bad["entities"][0] if where == "type" else bad)[where] = "头\ud83d"
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, (row, bad, row))))
    documents, problems = read("jsonl", tmp_path)
    assert len(documents) == 2 and len(problems.items) == 1
    assert problems.items[0].line == 2 and "half a surrogate pair, '\\ud83d', at position 1" in problems.items[0].found
