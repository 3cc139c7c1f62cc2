"""What is special to doccano's rows and to brat's folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.formats import brat, doccano
from hf_cner.data.problems import DataError, Problems

TEXT = "患者头痛，双肩痛。"
FIRST = (Span(2, 4, "症状"),)


def rows(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_relations_and_comments_are_counted(tmp_path: Path) -> None:
    entity = {"id": 5, "label": "症状", "start_offset": 2, "end_offset": 4}
    row = {"id": 1, "text": TEXT, "entities": [entity, entity], "relations": [{"id": 1}] * 2, "Comments": [{"id": 1}]}
    problems = Problems()
    assert read_corpus("doccano", rows(tmp_path / "a.jsonl", row), problems=problems) == [Document(TEXT, FIRST, "1")]
    assert "comments × 1, relations × 2, repeated entities × 1." in " ".join(problems.notes.values())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": TEXT, "label": [[2, 4]]}, r"the label \[2, 4\]; expected a text with label"),
        ({"text": TEXT, "label": [[2, "x", "症状"]]}, "the label"),
        ({"text": TEXT, "label": [[4, 2, "症状"]]}, r"offsets 4 to 2 \(症状\).*an exclusive end after the start"),
        ({"text": TEXT, "label": [[2, 99, "症状"]]}, "offsets inside the text of 9 characters"),
        ({"text": TEXT, "entities": [{"start_offset": 2, "end_offset": 4}]}, "the label"),
        ({"text": TEXT}, "no 'label', but 'text'"),
    ],
)
def test_rows_that_cannot_be_are_faults(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = rows(tmp_path / "a.jsonl", row)
    with pytest.raises(DataError, match=f"a.jsonl:1: found .*{said}"):
        read_corpus("doccano", path)


def test_each_annotator_has_a_file(tmp_path: Path) -> None:
    rows(
        tmp_path / "anna.jsonl",
        {"id": 1, "text": TEXT, "label": [[2, 4, "症状"]]},
        {"id": 2, "text": "无", "label": []},
    )
    rows(tmp_path / "bao.jsonl", {"id": 1, "text": TEXT, "label": []}, {"id": 2, "text": "无", "label": []})
    with pytest.raises(
        DataError, match=r"bao.jsonl: found document 1 of anna.jsonl once more, with other entities; .*=NAME"
    ):
        read_corpus("doccano", tmp_path)
    problems = Problems()
    found = read_corpus("doccano", tmp_path, options={"annotator": "anna"}, problems=problems)
    assert [document.spans for document in found] == [FIRST, ()]
    problems = Problems("skip")
    assert len(read_corpus("doccano", tmp_path, problems=problems)) == 2 and problems.count == 1
    assert "documents that anna.jsonl has as well × 1" in " ".join(problems.notes.values())


def test_overlapping_spans_scores_and_empty_texts_are_counted(tmp_path: Path) -> None:
    nested = Document("头痛", (Span(0, 2, "x", 0.5), Span(0, 1, "x")), "1")
    written = doccano.write([nested, Document("")], tmp_path / "a.jsonl", count="graphemes")
    assert sorted(written.notes.values()) == [1, 1, 1] and not written.lost
    cluster = Document("e\u0301头", (Span(0, 1, "x"), Span(0, 3, "x")), "1")
    assert [str(item) for item in doccano.write([cluster], tmp_path / "a.jsonl", count="graphemes").lost] == [
        "1: 'e' (0, 1, x): part of one of the graphemes"
    ]


def brat_file(folder: Path, annotations: str, text: str = TEXT) -> Path:
    (folder / "n.txt").write_text(text, encoding="utf-8", newline="")
    (folder / "n.ann").write_text(annotations, encoding="utf-8")
    return folder


def test_what_brat_knows_beside_entities_is_counted_and_named(tmp_path: Path) -> None:
    lines = [
        "T1\tSymptom 2 4\t头痛",
        "T2\tSymptom 2 3;5 8\t头 双肩痛",
        "R1\tPART_OF Arg1:T1 Arg2:T2",
        "A1\tNegated T1",
        "M1\tNegated T2",
        "#1\tAnnotatorNotes T1\tsee above",
        "N1\tReference T1 ICD:1\tx",
        "*\tEquiv T1 T2",
        "E1\tEvent:T1",
    ]
    problems = Problems()
    found = read_corpus("brat", brat_file(tmp_path, "\n".join(lines) + "\n"), problems=problems)
    assert found == [Document(TEXT, (Span(2, 4, "Symptom"),), "n")]
    said = " ".join(problems.notes.values())
    for part in ("relations ('PART_OF') × 1", "normal", "events", "attributes ('Negated') × 2", "AnnotatorNotes",
                 "entities in several pieces, as T2 of line 2 ('头 双肩痛') × 1", "equivalences"):  # fmt: skip
        assert part in said


def test_pieces_that_only_a_line_end_parts_are_one(tmp_path: Path) -> None:
    for text, places in (("头\n痛", "0 1;2 3"), ("头\r\n痛", "0 1;3 4"), ("头\r\n痛", "0 1;2 3")):
        (document,) = read_corpus("brat", brat_file(tmp_path, f"T1\tx {places}\t头 痛\n", text))
        assert document.spans == (Span(0, len(text), "x"),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("T1\tSymptom 2\t头痛", "n.ann:1: found 'T1.tSymptom 2.t头痛'; expected T and a number, TAB"),
        ("T1 Symptom 2 4 头痛", "expected T and a number"),
        ("X1\tSymptom 2 4\t头痛", "expected T and a number"),
        ("T1\tSymptom 2 5\t头痛", "found the mention '头痛' at 2 to 5"),
        ("T1\tSymptom 2 5000\t头痛", "inside the text of 9 characters"),
    ],
)
def test_lines_that_cannot_be_are_faults(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(DataError, match=said.replace(".t", r"\\t")):
        read_corpus("brat", brat_file(tmp_path, line + "\n"))


def test_a_text_or_its_annotations_are_missing(tmp_path: Path) -> None:
    brat_file(tmp_path, "")
    (tmp_path / "n.txt").unlink()
    with pytest.raises(DataError, match=r"annotations without their text; expected n\.txt beside them"):
        read_corpus("brat", tmp_path)
    (tmp_path / "n.txt").write_text(TEXT, encoding="utf-8")
    assert read_corpus("brat", tmp_path / "n.txt") == [Document(TEXT, (), "n")]


def test_types_of_a_brat_project_keep_their_names_and_ours_come_back(tmp_path: Path) -> None:
    folder = brat_file(tmp_path, "T1\tSymptom 2 4\t头痛\nT2\tBody 5 7\t双肩\n")
    (folder / "visual.conf").write_text(
        "[labels]\nSymptom | 症状 | 症\nBody | Body part\n[drawing]\nBody bgColor:red\n"
    )
    assert [span.type for span in read_corpus("brat", folder)[0].spans] == ["症状", "Body"]
    types = ("Body part", "a|b", "Type1", "症状", "Type2")
    document = Document("头痛双肩痛", tuple(Span(n, n + 1, kind) for n, kind in enumerate(types)), "a/b", "r")
    written = brat.write([document], tmp_path / "out")
    assert set(written.notes) == {"ids that are no file names, and are not written", "records that are not written"}
    assert [span.type for span in read_corpus("brat", tmp_path / "out")[0].spans] == list(types)
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if not p.name.startswith(".")) == [
        "000001.ann", "000001.txt", "annotation.conf", "visual.conf",
    ]  # fmt: skip
    with pytest.raises(DataError, match="found an earlier result; expected a new folder"):
        brat.write([document], tmp_path / "out")


def test_equal_ids_and_those_of_another_case_have_files_of_their_own(tmp_path: Path) -> None:
    corpus = [Document("甲", (), "a"), Document("乙", (), "A"), Document("丙", (), "a"), Document("丁", (), "000002")]
    brat.write(corpus, tmp_path / "out")
    assert {document.text for document in read_corpus("brat", tmp_path / "out")} == {"甲", "乙", "丙", "丁"}
