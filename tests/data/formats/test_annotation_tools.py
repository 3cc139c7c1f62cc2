"""doccano, Label Studio and brat: hostile texts come back as they were, and offsets are converted however counted."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.registry import entry

TOOLS = ("doccano", "label-studio", "brat")
# Line ends of all kinds, blanks, what takes two UTF-16 units, clusters, marks of other programs' files, HTML.
ALPHABET = "头痛e\u0301\u200d🧠👩⚕𠀀\r\n\t \u3000\u2028\u0085\ufeff<b>&;#\\\"'{}[]|\x00"
TEXT = "👩\u200d⚕e\u0301患者头痛🧠。\r\n查胸部CT。"  # 头痛 at 7, 胸部 at 14


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    """Documents with spans that may nest, cross and share a place."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        text = draw(
            st.text(st.sampled_from(ALPHABET) | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
        )
        bounds = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).filter(lambda pair: pair[0] < pair[1])
        spans = draw(st.sets(st.tuples(bounds, st.sampled_from(["症状", "Body", "a b", "T1"])), max_size=4))
        found.append(Document(text, tuple(Span(*pair, kind) for pair, kind in spans), f"n{number}", f"n{number}"))
    return found


@pytest.mark.parametrize("name", TOOLS)
@given(corpus=documents(), options=st.data())
def test_hostile_texts_come_back(
    name: str, corpus: list[Document], options: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tools") / ("a" if name == "brat" else "a.json")
    how: dict[str, Any] = {}
    if name == "doccano":
        how = {"count": options.draw(st.sampled_from(["utf-16", "code-points", "graphemes", "utf-8"]))}
    written = entry(name).write(corpus, path, options=how)
    problems = Problems()
    again = read_corpus(name, path, problems=problems)
    lost = {(item.document, item.span) for item in written.lost}
    assert not lost or how["count"] == "graphemes"
    expected = [d.with_spans(s for s in d.spans if (d.id, s) not in lost) for d in corpus]
    assert [(d.text, d.spans, d.id) for d in again] == [(d.text, d.spans, d.id) for d in expected]
    assert not [note for place, note in problems.notes.items() if place.endswith(", left out")]


def rows(name: str, path: Path, text: str, spans: list[tuple[int, int, str]], *, mentions: bool = True) -> Path:
    """An export of one document, with offsets as they are given."""
    if name == "doccano":
        path.write_text(json.dumps({"text": text, "label": spans}) + "\n", encoding="utf-8")
        return path
    if name == "brat":
        path = path.with_suffix(".ann")
        path.with_suffix(".txt").write_text(text, encoding="utf-8", newline="")
        lines = [f"T{n}\t症状 {start} {end}\t{said}\n" for n, (start, end, said) in enumerate(spans)]
        path.write_text("".join(lines), encoding="utf-8")
        return path
    result = [
        {
            "type": "labels",
            "value": {"start": start, "end": end, "labels": ["症状"], **({"text": said} if mentions else {})},
        }
        for start, end, said in spans
    ]
    path.write_text(json.dumps([{"data": {"text": text}, "annotations": [{"result": result}]}]), encoding="utf-8")
    return path


COUNTS: dict[str, Callable[[str], int]] = {
    "": len,
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "graphemes": lambda text: len(regex.findall(r"\X", text)),
    "utf-8": lambda text: len(text.encode()),
    "crlf": lambda text: len(text.replace("\r\n", "\n")),
}
PLACES = ((7, 9, "头痛"), (14, 16, "胸部"))


def counted(unit: str) -> list[tuple[int, int, str]]:
    count = COUNTS[unit]
    return [(count(TEXT[:start]), count(TEXT[:end]), said) for start, end, said in PLACES]


@pytest.mark.parametrize(
    ("name", "unit", "said"),
    [
        ("label-studio", "", "counted in code points, as 2 of 2 mentions say."),
        ("label-studio", "utf-16", "counted in UTF-16 units, as 2 of 2 mentions say; converted to code points."),
        ("brat", "", "counted in code points, as 2 of 2"),
        ("brat", "crlf", "counted with CRLF as one character, as 2 of 2 mentions say; converted"),
        ("brat", "utf-16", "counted in UTF-16 units, as 2 of 2 mentions say; converted"),
    ],
)
def test_mentions_say_how_offsets_are_counted(tmp_path: Path, name: str, unit: str, said: str) -> None:
    problems = Problems()
    (document,) = read_corpus(name, rows(name, tmp_path / "a.json", TEXT, counted(unit)), problems=problems)
    assert [(s.start, s.end, document.mention(s)) for s in document.spans] == list(PLACES)
    assert said in " ".join(problems.notes.values())


@pytest.mark.parametrize("unit", ["", "utf-16", "graphemes"])
def test_doccano_counts_as_it_is_told_or_as_it_does_by_default(tmp_path: Path, unit: str) -> None:
    path = rows("doccano", tmp_path / "a.jsonl", TEXT, [(s, e, "症状") for s, e, _ in counted(unit)])
    name = unit or "code-points"
    (document,) = read_corpus("doccano", path, options={"count": name})
    assert [document.mention(span) for span in document.spans] == ["头痛", "胸部"]
    problems = Problems()
    (document,) = read_corpus("doccano", path, problems=problems)
    assert ([document.mention(span) for span in document.spans] == ["头痛", "胸部"]) == (unit == "utf-16")
    said = " ".join(problems.notes.values())
    assert "taken as counted in UTF-16 units, as this tool does by default" in said
    assert "say which with --reading count=" in said


def test_what_cannot_be_in_one_unit_is_counted_in_another(tmp_path: Path) -> None:
    """Offset 1 lies inside 🧠 for whoever counts UTF-16 units."""
    path = rows("doccano", tmp_path / "a.jsonl", "🧠头痛", [(1, 3, "症状")])
    problems = Problems()
    (document,) = read_corpus("doccano", path, problems=problems)
    assert document.spans == (Span(1, 3, "症状"),)
    assert "counted in code points, as 1 of 1 entities say." in " ".join(problems.notes.values())


def test_what_cannot_be_in_the_tools_own_unit_but_in_two_others(tmp_path: Path) -> None:
    path = rows("doccano", tmp_path / "a.jsonl", "😀e\u0301e\u0301头痛咳", [(1, 3, "症状")])
    problems = Problems()
    read_corpus("doccano", path, problems=problems)
    said = " ".join(problems.notes.values())
    assert "taken as counted in code points, since counted in UTF-16 units 1 entities would not fit the text" in said
    assert "counted in grapheme clusters, which no mention rules out, 1 of 1 entities would be others" in said


def test_mentions_that_fit_nowhere_say_nothing_of_a_unit(tmp_path: Path) -> None:
    problems = Problems("skip")
    path = rows("label-studio", tmp_path / "a.json", TEXT, [(2, 4, "发热")])
    read_corpus("label-studio", path, problems=problems)
    assert problems.count == 1 and "was the text edited" in str(problems.items[0])
    assert not any("counted" in note for note in problems.notes.values())


def test_the_way_that_would_fit_is_named_as_the_option_that_takes_it(tmp_path: Path) -> None:
    path = rows("label-studio", tmp_path / "a.json", TEXT, counted("utf-8"))
    with pytest.raises(DataError, match="in UTF-8 bytes all 2 mentions would fit: read it with --reading count=utf-8"):
        read_corpus("label-studio", path)
    path = rows("doccano", tmp_path / "a.jsonl", TEXT, counted("utf-8"))
    with pytest.raises(DataError, match="correct the offsets, or say what they count with --reading count="):
        read_corpus("doccano", path)


def test_many_files_of_a_folder_are_one_note(tmp_path: Path) -> None:
    """Five files alike would be ten lines; three texts without CRLF, whose ways to count agree, say nothing."""
    for number in range(8):
        end = "\r\n" if number < 5 else "\n"
        (tmp_path / f"n{number}.txt").write_bytes(f"头痛{end}发热".encode())
        (tmp_path / f"n{number}.ann").write_text("T1\tx 3 5\t发热\nA1\tNegated T1\n", encoding="utf-8")
    problems = Problems()
    assert len(read_corpus("brat", tmp_path, problems=problems)) == 8
    assert [note.removeprefix(f"{tmp_path}") for note in problems.notes.values()] == [
        ", 8 files: left out: attributes ('Negated') × 8.",
        ": the offsets of 5 files are counted with CRLF as one character, as their mentions say; converted to code "
        "points.",
    ]


def test_the_rows_of_a_table_are_read_as_those_of_an_export(tmp_path: Path) -> None:
    """Label Studio's CSV; and doccano's rows as a table."""
    label = json.dumps([{"start": 2, "end": 4, "text": "头痛", "labels": ["症状"]}], ensure_ascii=False)
    paths = {"label-studio": tmp_path / "a.csv", "doccano": tmp_path / "b.tsv"}
    with paths["label-studio"].open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [["text", "id", "label", "annotator"], ["患者头痛", 7, label, 1], ["无", 8, "", 1]]
        )
    with paths["doccano"].open("w", encoding="utf-8", newline="") as stream:
        rows_ = [["id", "text", "label"], [7, "患者头痛", '[[2, 4, "症状"]]'], [8, "无", "[]"]]
        csv.writer(stream, delimiter="\t").writerows(rows_)
    expected = [Document("患者头痛", (Span(2, 4, "症状"),), "7"), Document("无", (), "8")]
    for name, path in paths.items():
        assert read_corpus(name, path) == expected
        with pytest.raises(DataError, match=f"found no column 'entities', but .*export.*: read it as {name}"):
            read_corpus("table", path)
    with pytest.raises(DataError, match=r"a.csv:2: found .*Label Studio's short export .*: read it as label-studio\)"):
        read_corpus("doccano", paths["label-studio"])
    with pytest.raises(DataError, match=r"b.tsv:2: found no task, but .*doccano's export: read it as doccano"):
        read_corpus("label-studio", paths["doccano"])


def test_what_stands_under_a_key_is_named_where_it_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "头痛", "label": null}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"a.jsonl:1: found 'label' with None; expected a text with label"):
        read_corpus("doccano", path)
    path = rows("doccano", path, "头痛", [(0, 2, "")])
    with pytest.raises(DataError, match=r"found the type '' .*, which has no character; expected a name; correct"):
        read_corpus("doccano", path)


def test_an_annotator_who_is_not_there_is_named_with_those_who_are(tmp_path: Path) -> None:
    path = rows("label-studio", tmp_path / "a.json", TEXT, [])
    path.write_text(
        path.read_text(encoding="utf-8").replace('"result"', '"completed_by": 1, "result"'), encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"\(left out: tasks without an annotation by ma \(but by 1\) × 1\)"):
        read_corpus("label-studio", path, options={"annotator": "ma"})


def test_nothing_is_said_where_all_ways_agree(tmp_path: Path) -> None:
    for name in TOOLS:
        problems = Problems()
        read_corpus(name, rows(name, tmp_path / "a.json", "患者头痛", [(2, 4, "头痛")]), problems=problems)
        assert not problems.notes
    with pytest.raises(
        DataError, match="Offsets cannot be counted in 'bytes'; choose one of code-points, utf-16, graph"
    ):
        read_corpus("doccano", tmp_path / "a.json", options={"count": "bytes"})


@pytest.mark.parametrize("name", ["label-studio", "brat"])
def test_bytes_and_edited_texts_are_named(tmp_path: Path, name: str) -> None:
    path = rows(name, tmp_path / "a.json", TEXT, counted("utf-8"))
    with pytest.raises(DataError, match="counted in UTF-8 bytes all 2 mentions would fit"):
        read_corpus(name, path)
    path = rows(name, tmp_path / "b.json", "病人" + TEXT, counted(""))
    with pytest.raises(DataError, match=r"found the mention '头痛' at 7 to 9 .*was the text edited after it was annot"):
        read_corpus(name, path)
    problems = Problems("skip")
    assert read_corpus(name, path, problems=problems)[0].spans == () and problems.count == 2


@pytest.mark.parametrize("name", TOOLS)
def test_an_empty_export_and_no_text(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.json"
    path.write_text("[]" if name == "label-studio" else "", encoding="utf-8")
    (tmp_path / "a.ann").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=f"found no document of {name}|annotations without their text"):
        read_corpus(name, path if name != "brat" else tmp_path / "a.ann")


FOREIGN = [
    (
        "doccano",
        [{"data": {"text": "头痛"}, "annotations": [{"result": []}]}],
        "this is Label Studio's export: read it as",
    ),
    (
        "doccano",
        [{"text": "头痛", "entities": [{"start": 0, "end": 2, "type": "症状"}]}],
        r"label .*or entities \(label",
    ),
    ("doccano", [{"text": "头痛", "label": ["negative"]}], "the label 'negative', which is one of a whole text"),
    ("label-studio", [{"text": "头痛", "label": [[0, 2, "症状"]]}], "this is doccano's export: read it as doccano"),
    ("label-studio", [{"tokens": ["头"], "ner_tags": ["O"]}], "this is a data set of tokens and tags"),
]


@pytest.mark.parametrize(("name", "content", "said"), FOREIGN)
def test_the_file_of_another_tool_is_named(tmp_path: Path, name: str, content: Any, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_corpus(name, path)
