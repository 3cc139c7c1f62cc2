"""What `predict` writes: every format, whole or not at all, and resumed without predicting twice."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas
import pytest

from hf_cner.cli.outputs import output_format, write_predictions
from hf_cner.data.documents import Document, Span
from hf_cner.data.locks import Held
from hf_cner.data.problems import DataError

TEXTS = ["头痛3天。", "", '他说“a,b"c”\n发热。']
INPUTS = [Document(text, id=f"n{number}") for number, text in enumerate(TEXTS)]


def first_two(documents: Iterable[Document]) -> Iterator[Document]:
    """A predictor that finds the first two characters of every text."""
    for document in documents:
        spans = [Span(0, 2, "症状", 0.25)] if len(document.text) > 1 else []
        yield document.with_spans(spans)


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "out.jsonl"
    assert write_predictions(first_two, INPUTS, path, "jsonl") == 3
    rows = rows_of(path)
    assert [row["text"] for row in rows] == TEXTS
    assert [row["id"] for row in rows] == ["n0", "n1", "n2"]
    assert rows[0]["entities"] == [{"start": 0, "end": 2, "type": "症状", "text": "头痛", "score": 0.25}]
    assert rows[1]["entities"] == []
    assert list(path.parent.iterdir()) == [path]


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_predictions(first_two, [Document(TEXTS[2]), Document('",\n')], path, "csv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["document", "record", "start", "end", "type", "text", "score"],
        ["1", "", "0", "2", "症状", "他说", "0.25"],
        ["2", "", "0", "2", "症状", '",', "0.25"],
    ]


def test_marked_text_and_html(tmp_path: Path) -> None:
    write_predictions(first_two, INPUTS, tmp_path / "out.txt", "text")
    assert "[头痛]症状3天。" in (tmp_path / "out.txt").read_text(encoding="utf-8")
    write_predictions(first_two, INPUTS, tmp_path / "out.html", "html")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert '"text":"头痛3天。","spans":[[0,2,"症状",0.25]]' in page and "<title>out.html</title>" in page


def test_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    write_predictions(first_two, INPUTS[:1], None, "jsonl")
    assert json.loads(capsys.readouterr().out)["text"] == TEXTS[0]


@pytest.mark.parametrize("form", ["csv", "text", "html", "jsonl"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    path.write_text("old", encoding="utf-8")

    def failing(documents: Iterable[Document]) -> Iterator[Document]:
        yield from list(first_two(documents))[:2]
        raise RuntimeError("no more memory")

    with pytest.raises(RuntimeError, match="no more memory"):
        write_predictions(failing, INPUTS, path, form)
    assert path.read_text(encoding="utf-8") == "old"
    partial = tmp_path / "out.partial"
    assert partial.exists() == (form == "jsonl")


def test_resume_goes_on_where_it_was_cut_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, path = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    write_predictions(first_two, INPUTS, whole, "jsonl")
    content = whole.read_bytes()
    predicted: list[str] = []

    def counting(documents: Iterable[Document]) -> Iterator[Document]:
        for document in first_two(documents):
            predicted.append(document.id)
            yield document

    lines = content.split(b"\n")
    for kept, missing in ((lines[0] + b"\n" + lines[1][:-9], ["n1", "n2"]), (content, []), (b"", ["n0", "n1", "n2"])):
        predicted.clear()
        (tmp_path / "out.jsonl.partial").write_bytes(kept)
        assert write_predictions(counting, iter(INPUTS), path, "jsonl", resume=True) == 3
        assert predicted == missing
        assert path.read_bytes() == content
        assert ("found no such file to take up; everything is predicted" in capsys.readouterr().err) == (not kept)
        assert not (tmp_path / "out.jsonl.partial").exists()


def test_without_resume_a_partial_file_is_not_lost(tmp_path: Path) -> None:
    partial = tmp_path / "out.jsonl.partial"
    partial.write_text('{"text": "x", "entities": []}\n' * 3, encoding="utf-8")
    with pytest.raises(
        DataError, match=r"out\.jsonl\.partial: found 3 documents of a run that was cut off; .*--resume"
    ):
        write_predictions(never, INPUTS, tmp_path / "out.jsonl", "jsonl")
    assert partial.read_text(encoding="utf-8").count("\n") == 3 and list(tmp_path.iterdir()) == [partial]
    partial.write_bytes(b"")  # of a run that was killed before its first document
    assert write_predictions(first_two, INPUTS, tmp_path / "out.jsonl", "jsonl") == 3
    assert list(tmp_path.iterdir()) == [tmp_path / "out.jsonl"]


def test_a_run_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nothing is to be predicted"):
        write_predictions(never, INPUTS, tmp_path / "out.jsonl", "jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage", [b"\x00\x00\xfe\xff\n", b"[1]\n", b'{"id": "n0"}\n', b"[" * 99_999 + b"\n", b"\xff\n"]
)
def test_a_damaged_partial_file_is_one_sentence(tmp_path: Path, damage: bytes) -> None:
    partial = tmp_path / "out.jsonl.partial"
    partial.write_bytes(damage)
    with pytest.raises(DataError, match=r"out\.jsonl\.partial:1: found a damaged line, expected a document"):
        write_predictions(never, INPUTS, tmp_path / "out.jsonl", "jsonl", resume=True)
    assert partial.read_bytes() == damage
    for text in ("[]", "{", "\x00"):
        (tmp_path / "out.jsonl.partial.json").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"out\.jsonl\.partial\.json: found a damaged file"):
            write_predictions(never, INPUTS, tmp_path / "out.jsonl", "jsonl", resume=True)


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"

    def second(documents: Iterable[Document]) -> Iterator[Document]:
        for form in ("jsonl", "csv"):
            with pytest.raises(Held, match=rf"out\.jsonl is being written by this process \({os.getpid()}\); wait"):
                write_predictions(never, INPUTS, path, form)
        yield from first_two(documents)

    assert write_predictions(second, INPUTS, path, "jsonl") == 3
    assert len(rows_of(path)) == 3 and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_keeps_what_was_predicted(tmp_path: Path) -> None:
    def full(documents: Iterable[Document]) -> Iterator[Document]:
        yield next(iter(first_two(documents)))
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(
        OSError, match=r"could not be written \(No space left on device\); what was predicted stands in"
    ):
        write_predictions(full, INPUTS, tmp_path / "out.jsonl", "jsonl")
    assert write_predictions(first_two, INPUTS, tmp_path / "out.jsonl", "jsonl", resume=True) == 3


def test_what_csv_gives_meaning_to_is_quoted(tmp_path: Path) -> None:
    mentions = ["a\rb", "a\nb", "a\r\nb", 'a"b', "a,b", "\r", " a ", "'a", "a;b", "a\tb", "\u2028a", "=1+1"]

    def whole(documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            yield document.with_spans([Span(0, len(document.text), "症\r状", 0.5)])

    inputs = [Document(text, id=f"{text}") for text in mentions]
    write_predictions(whole, inputs, tmp_path / "out.csv", "csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    shown = [f"'{text}" if text[0] in "\r=" else text for text in mentions]  # a spreadsheet would run it
    assert [row["text"] for row in rows] == shown == [row["document"] for row in rows]
    assert {row["type"] for row in rows} == {"症\r状"} and {row["score"] for row in rows} == {"0.5"}
    read = pandas.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert list(read["text"]) == shown and list(read["score"]) == ["0.5"] * len(mentions)


@pytest.mark.parametrize("inputs", [[Document("别的")], []])
def test_resume_with_another_input_is_refused(tmp_path: Path, inputs: list[Document]) -> None:
    (tmp_path / "out.jsonl.partial").write_text('{"text": "头痛3天。", "entities": []}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"out\.jsonl\.partial:1: found another text than in the input"):
        write_predictions(first_two, inputs, tmp_path / "out.jsonl", "jsonl", resume=True)


@pytest.mark.parametrize(("path", "form"), [("out.csv", "csv"), (None, "jsonl")])
def test_resume_needs_a_file_of_json_lines(tmp_path: Path, path: str | None, form: str) -> None:
    with pytest.raises(ValueError, match="--resume continues an --output file of JSON lines"):
        write_predictions(first_two, INPUTS, tmp_path / path if path else None, form, resume=True)


def test_format_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        "a.jsonl": "jsonl",
        "a.csv": "table",
        "a.xlsx": "table",
        "a.TXT": "text",
        "a.html": "html",
        "a": "jsonl",
        "a.json": "jsonl",
    }
    assert {name: output_format(None, Path(name)) for name in named} == named
    assert output_format("csv", Path("a.html")) == "csv"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert output_format(None, None) == "text"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert output_format(None, None) == "jsonl"
    with pytest.raises(ValueError, match="The output format is 'xml'; choose one of jsonl, csv, text, html"):
        output_format("xml", None)


@pytest.mark.parametrize("ending", ["ann", "docx", "DOCX", "parquet.gz", "xml", "rtf", "v2"])
def test_a_name_that_promises_another_form_is_refused(tmp_path: Path, ending: str) -> None:
    said = rf"ends in \.{ending.removesuffix('.gz').lower()}, which .* expected one of \.jsonl, .*\.csv.* --format"
    with pytest.raises(DataError, match=said):
        output_format(None, tmp_path / f"out.{ending}")
    if ending == "v2":  # no form of its own: who names the format knows
        assert output_format("csv", tmp_path / f"out.{ending}") == "csv"
    else:
        with pytest.raises(DataError, match="is not a form that can be written here"):
            output_format("csv", tmp_path / f"out.{ending}")


@pytest.mark.parametrize("name", ["a.NDJSON", "ward.3", "notes.2024-05-01", "tmp.Xy12345678", "患者.病历", ".hidden"])
def test_what_is_no_ending_says_nothing(name: str) -> None:
    assert output_format(None, Path(name)) == "jsonl"


def never(documents: Iterable[Document]) -> Iterator[Document]:
    raise AssertionError("nothing is to be predicted")


def test_a_folder_is_refused_before_anything_is_predicted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found a folder; expected the name of a file to be written"):
        write_predictions(never, INPUTS, tmp_path, "jsonl")


def test_packed_files_are_packed_and_their_format_is_that_before_the_gz(tmp_path: Path) -> None:
    assert output_format(None, Path("a.csv.gz")) == "table" and output_format(None, Path("a.jsonl.gz")) == "jsonl"
    write_predictions(first_two, INPUTS, tmp_path / "out.jsonl.gz", "jsonl")
    with gzip.open(tmp_path / "out.jsonl.gz", "rt", encoding="utf-8") as stream:
        assert [json.loads(line)["text"] for line in stream.read().splitlines()] == TEXTS
    with pytest.raises(ValueError, match="--resume continues an --output file of JSON lines"):
        write_predictions(never, INPUTS, tmp_path / "out.jsonl.gz", "jsonl", resume=True)


def test_behind_a_link_the_file_is_replaced_and_a_device_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "real.jsonl").write_text("old", encoding="utf-8")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "real.jsonl")
    write_predictions(first_two, INPUTS, tmp_path / "link.jsonl", "jsonl")
    assert (tmp_path / "link.jsonl").is_symlink() and len(rows_of(tmp_path / "real.jsonl")) == 3
    assert write_predictions(first_two, INPUTS, Path("/dev/null"), "jsonl") == 3
    assert Path("/dev/null").is_char_device()


def test_resume_with_another_model_or_other_names_is_refused(tmp_path: Path) -> None:
    def cut_off(documents: Iterable[Document]) -> Iterator[Document]:
        yield next(iter(first_two(documents)))
        raise KeyboardInterrupt

    path, about = tmp_path / "out.jsonl", {"weights": "a", "scores": True}
    with pytest.raises(KeyboardInterrupt):
        write_predictions(cut_off, INPUTS, path, "jsonl", about=about)
    with pytest.raises(DataError, match=r"predicted with other settings \(weights\), expected one run's"):
        write_predictions(never, INPUTS, path, "jsonl", about={**about, "weights": "b"}, resume=True)
    renamed = [Document(text, id=f"m{number}") for number, text in enumerate(TEXTS)]
    with pytest.raises(DataError, match="found another text than in the input"):
        write_predictions(never, renamed, path, "jsonl", about=about, resume=True)
    assert write_predictions(first_two, INPUTS, path, "jsonl", about=about, resume=True) == 3
    assert list(tmp_path.iterdir()) == [path]


def test_standard_output_is_utf_8_whatever_the_terminal_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n"))
    write_predictions(first_two, [Document("头痛😀")], None, "jsonl")
    sys.stdout.flush()
    assert raw.getvalue().endswith(b"\n") and b"\r" not in raw.getvalue()
    assert json.loads(raw.getvalue().decode("utf-8"))["text"] == "头痛😀"
