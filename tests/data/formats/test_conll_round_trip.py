"""CoNLL files, written and read back: everything that is claimed to come back exactly, on random documents."""

from __future__ import annotations

import gzip
import re
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span
from hf_cner.data.formats.conll import read, write
from hf_cner.data.formats.tags import DIALECTS, SEPARATORS
from hf_cner.modeling.schemes import SCHEMES, inexpressible

# Blanks of all kinds, the separators, what other programs take for line ends, marks, signs of the file itself.
ALPHABET = "甲乙。 \t,\u3000\xa0\u2028\x0b\x0c\x85\x1c\ufeff-ODCSTAR\U0001f600e\u0301"
TYPES = ["症状", "lab-test", "a_b"]


@st.composite
def documents(draw: st.DrawFn, alphabet: str = ALPHABET, records: str = "") -> Document:
    text = draw(st.text(alphabet, max_size=12))
    starts = draw(st.lists(st.integers(0, len(text) - 1), max_size=4)) if text else []
    spans = [Span(s, draw(st.integers(s + 1, len(text))), draw(st.sampled_from(TYPES))) for s in starts]
    record = draw(st.sampled_from(records)) if records else ""
    return Document(text, tuple(spans), draw(st.sampled_from(["", "a", "b"])), record)


def flat(document: Document) -> tuple[Span, ...]:
    """The entities that are kept, worked out in another way than the writer does."""
    spans = [s for s in document.spans if not set("\r\n") & set(document.mention(s))]
    lost = [span for span, _ in inexpressible([(s.start, s.end, s.type) for s in spans])]
    for span in lost:
        spans.remove(Span(*span))
    return tuple(spans)


layouts = st.fixed_dictionaries(
    {"scheme": st.sampled_from(SCHEMES), "dialect": st.sampled_from(DIALECTS), "separator": st.sampled_from(SEPARATORS)}
)


@given(st.lists(documents(), max_size=5), layouts)
def test_texts_without_line_ends_come_back_with_their_flat_entities(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[Document], layout: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("conll") / "a.conll"
    written = write(corpus, path, **layout)
    again = list(read(path))  # spelling, scheme and separator are found out
    whole = [document for document in corpus if document.text]
    assert [d.text for d in again] == [d.text for d in whole]
    assert [d.spans for d in again] == [flat(d) for d in whole]
    assert written.documents == len(corpus)
    assert written.entities - len(written.lost) == sum(len(d.spans) for d in again)


@given(st.lists(documents(ALPHABET + "\r\n\n", records="123"), max_size=6), layouts)
def test_line_by_line_and_record_by_record_everything_comes_back(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[Document], layout: dict[str, str]
) -> None:
    corpus.sort(key=lambda document: document.record)
    path = tmp_path_factory.mktemp("conll") / "a.conll"
    write(corpus, path, **layout)
    expected = []
    for _, group in groupby(corpus, key=lambda document: document.record):
        lines = [
            (m[0], tuple(Span(s.start - m.start(), s.end - m.start(), s.type) for s in flat(d) if within(s, m)))
            for d in group
            for m in re.finditer(r"[^\r\n]+", d.text)
        ]
        expected += [lines] if lines else []
    again = [list(group) for _, group in groupby(read(path), key=lambda document: document.record)]
    assert [[(d.text, d.spans) for d in group] for group in again] == expected


def within(span: Span, match: re.Match[str]) -> bool:
    return match.start() <= span.start and span.end <= match.end()


def test_what_is_written_looks_as_others_write_it(tmp_path: Path) -> None:
    document = Document("头 痛,热", (Span(0, 1, "x"), Span(2, 5, "y")))
    shapes = {
        ("BIO", "B-X", " "): "头 B-x\n  O\n痛 B-y\n, I-y\n热 I-y\n\n",
        ("BIOE", "B_X", "\t"): "头\tB_x\n \tO\n痛\tB_y\n,\tI_y\n热\tE_y\n\n",
        ("BIOES", "X-B", ","): "头,x-S\n ,O\n痛,y-B\n,,y-I\n热,y-E\n\n",
    }
    for (scheme, dialect, separator), text in shapes.items():
        write([document], tmp_path / "a", scheme=scheme, dialect=dialect, separator=separator)
        assert (tmp_path / "a").read_bytes().decode() == text


def test_records_are_marked_only_where_it_is_needed(tmp_path: Path) -> None:
    alone = [Document("甲", id="1", record="1"), Document("乙", id="2"), Document("丙")]
    write(alone, tmp_path / "a.txt")
    assert "DOCSTART" not in (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert [d.record for d in read(tmp_path / "a.txt")] == ["a-1", "a-2", "a-3"]
    write([Document("甲", id="1"), Document("乙\r\n丙", id="2"), Document("丁"), Document("戊")], tmp_path / "a.txt")
    assert [(d.id, d.record) for d in read(tmp_path / "a.txt")] == [
        ("a-1", "a-1"),
        ("a-2", "a-2"),
        ("a-3", "a-2"),
        ("a-4", "a-4"),
        ("a-5", "a-5"),
    ]


def test_what_cannot_be_written_is_counted_and_named(tmp_path: Path) -> None:
    corpus = [
        Document(
            "头痛\n发热",
            (Span(0, 2, "x"), Span(1, 2, "x"), Span(1, 4, "x"), Span(3, 5, "x"), Span(3, 5, "x")),
            "a",
            "r",
        ),
        Document("\r\n", id="b", record="s"),
        Document("甲", id="c", record="r"),
        Document("乙", id="d", record="s"),
        Document("丙", id="e", record="r"),
    ]
    written = write(corpus, tmp_path / "a")
    assert [(item.document, item.mention, item.reason) for item in written.lost] == [
        ("a", "痛", "nested"),
        ("a", "痛\n发", "line end inside"),
        ("a", "发热", "duplicate"),
    ]
    assert written.notes == {
        "line ends that are not written": 2,
        "documents without a character, which are not written": 1,
        "records whose documents do not stand together, written as several": 1,
    }
    assert [d.text for d in read(tmp_path / "a")] == ["头痛", "发热", "甲", "乙", "丙"]


def test_a_packed_file_is_written_and_read(tmp_path: Path) -> None:
    write([Document("甲", (Span(0, 1, "x"),))], tmp_path / "a.conll.gz")
    assert gzip.decompress((tmp_path / "a.conll.gz").read_bytes()).decode() == "甲 B-x\n\n"
    assert list(read(tmp_path / "a.conll.gz")) == [Document("甲", (Span(0, 1, "x"),), "a-1", "a-1")]
