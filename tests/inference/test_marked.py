"""Marked text: every span is shown where it stands, and nothing in a text acts on the terminal."""

from __future__ import annotations

import io
import re
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from hf_cner.data.documents import Document, Span
from hf_cner.inference.marked import (
    PALETTE,
    PALETTE_OF_16,
    colours,
    legend,
    marked_text,
    pieces,
    print_marked,
    table,
    visible,
)

NOTE = Document("心肺检查无异常，头痛。", (Span(0, 4, "检查"), Span(0, 2, "部位"), Span(8, 10, "症状", 0.875)))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(st.text(st.sampled_from("心肺<b>&\"'[]\n\r\t\x1b😀\u0301。"), min_size=1, max_size=20))
    places = st.tuples(
        st.integers(0, len(text) - 1), st.integers(1, len(text)), st.sampled_from(["检查", "<i>", "部位"])
    )
    spans = {Span(*place) for place in draw(st.lists(places, max_size=6)) if place[0] < place[1]}
    return Document(text, tuple(spans))


@settings(max_examples=200, deadline=None)
@given(documents())
def test_pieces_tile_the_text_and_open_and_close_every_span(document: Document) -> None:
    found = list(pieces(document))
    assert "".join(document.text[piece.start : piece.end] for piece in found) == document.text
    assert sorted(span for piece in found for span in piece.opened) == sorted(document.spans)
    assert sorted(span for piece in found for span in piece.closed) == sorted(document.spans)
    for piece in found:
        covering = [span for span in document.spans if span.start <= piece.start and piece.end <= span.end]
        assert sorted(piece.active) == sorted(covering)


def test_brackets_show_nesting_without_colour() -> None:
    assert marked_text(NOTE, brackets=True).plain == "[[心肺]部位检查]检查无异常，[头痛]症状。"
    assert marked_text(NOTE).plain == NOTE.text


def test_crossing_spans_are_numbered() -> None:
    crossing = Document("右侧上肢麻木", (Span(0, 4, "部位"), Span(2, 6, "症状"), Span(0, 2, "方位")))
    assert marked_text(crossing, brackets=True).plain == "[₁[右侧]方位[₂上肢]₁部位麻木]₂症状"


def test_colours_mark_the_spans_and_underline_the_inner_ones() -> None:
    text = marked_text(NOTE, types=["检查", "部位", "症状"])
    colour_of = colours(["检查", "部位", "症状"])
    styles = {NOTE.text[span.start : span.end]: str(span.style) for span in text.spans if str(span.style)}
    assert colour_of["部位"] in styles["心肺"] and "underline" in styles["心肺"]
    assert colour_of["检查"] in styles["检查"] and "underline" not in styles["检查"]
    assert colour_of["症状"] in styles["头痛"]


def test_a_type_keeps_its_colour() -> None:
    names = [f"类型{number}" for number in range(len(PALETTE))]
    assert len(set(colours(names).values())) == len(PALETTE)
    assert colours(names) == colours(names[::-1])
    assert colours(["症状"])["症状"] == colours(["症状", "症状"])["症状"]
    assert set(colours([*names, "一个", "更多"]).values()) == set(PALETTE)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\r\nb", "a\nb"),
        ("a\rb", "a␍b"),
        ("\x1b[31m", "␛[31m"),
        ("\x7f", "␡"),
        ("a\u202eb", "a\ufffdb"),
        ("a\u061c\u200e\u2066\x9b\U000e0041b", "a\ufffd\ufffd\ufffd\ufffd\ufffdb"),
        ("👩\u200d⚕️\ue000", "👩\u200d⚕️\ue000"),
        ("\t\n", "\t\n"),
    ],
)
def test_control_characters_are_shown_and_not_sent(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def printed(*documents: Document, colour: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=colour, color_system="truecolor" if colour else None)
    print_marked(documents, console=console)
    return stream.getvalue()


def test_a_terminal_gets_colours_and_everything_else_brackets() -> None:
    assert printed(NOTE, colour=False) == "[[心肺]部位检查]检查无异常，[头痛]症状。\n"
    coloured = printed(NOTE, colour=True)
    assert "\x1b[" in coloured and "[[心肺" not in coloured
    assert "症状" in coloured.splitlines()[-1]  # the legend
    named = Document("头痛", (Span(0, 2, "症状"),), id="病历1")
    assert printed(named, colour=False).splitlines()[0].startswith("病历1 ")


def test_a_text_is_no_markup_and_sends_no_escapes() -> None:
    sly = Document("[red]头痛[/red]\x1b[2J", (Span(5, 7, "[b]症状"),))
    out = printed(sly, colour=False)
    assert out == "[red][头痛][b]症状[/red]␛[2J\n"
    stream = io.StringIO()
    Console(file=stream, width=80, color_system=None).print(table([sly]))
    assert "[b]症状" in stream.getvalue()


def test_the_legend_names_the_types() -> None:
    assert legend(["检查", "症状"]).plain == " 检查   症状 "


def test_the_table_has_a_row_for_each_span() -> None:
    plain = table([NOTE])
    assert [str(column.header) for column in plain.columns] == ["start", "end", "type", "mention", "score"]
    assert [[str(cell) for cell in column.cells] for column in plain.columns] == [
        ["0", "0", "8"],
        ["2", "4", "10"],
        ["部位", "检查", "症状"],
        ["心肺", "心肺检查", "头痛"],
        ["", "", "0.875"],
    ]
    named = table([Document("头\n痛", (Span(0, 3, "症状"),), id="7"), NOTE])
    assert [str(cell) for cell in named.columns[0].cells] == ["7", "", "", ""]
    assert str(next(iter(named.columns[4].cells))) == "头⏎痛"


@pytest.mark.parametrize("number", [2, 10, 12, 25, 40])
@pytest.mark.parametrize("system", ["truecolor", "256", "standard", None])
def test_types_stay_apart_by_colour_or_by_name(number: int, system: Literal["truecolor", "256", "standard"]) -> None:
    types = [f"type{k}" for k in range(number)]
    text = "".join(f"{k:02d}" for k in range(number))
    document = Document(text, tuple(Span(2 * k, 2 * k + 2, name) for k, name in enumerate(types)))
    stream = io.StringIO()
    print_marked(
        [document], types=types, console=Console(file=stream, width=500, force_terminal=True, color_system=system)
    )
    out = stream.getvalue()
    shown, escapes = re.sub(r"\x1b\[[\d;]*m", "", out), re.findall(r"\x1b\[([\d;]+)m(\d\d)\x1b", out)
    enough = {"truecolor": len(PALETTE), "256": len(PALETTE), "standard": len(PALETTE_OF_16), None: 0}[system]
    if number <= enough:
        assert shown.splitlines()[0] == text and all(f" {name} " in shown.splitlines()[1] for name in types)
        assert len(escapes) == number == len({style for style, _ in escapes})  # what the terminal is sent
    else:
        assert shown == "".join(f"[{k:02d}]{name}" for k, name in enumerate(types)) + "\n"


def test_types_that_come_later_change_no_colour() -> None:
    """Each keeps its colour to the end; where brackets begin, a legend says whose the colours above are."""
    documents = [Document("头", (Span(0, 1, f"类型{n}"),), id=f"n{n}") for n in (*range(12), 3, 12)]
    stream = io.StringIO()
    print_marked(documents, console=Console(file=stream, width=500, force_terminal=True, color_system="256"))
    lines = [line for line in stream.getvalue().splitlines() if ";48;" in line]
    grounds = [re.findall(r";(48;[0-9;]+)m", line) for line in lines]  # rich keeps a style's codes of its first system
    assert len({ground for (ground,) in grounds[:12]}) == 12 and grounds[12] == grounds[3]
    assert "类型3" in lines[13] and set(grounds[13]) == {ground for (ground,) in grounds[:12]}
    assert "]" in lines[14] and "类型12" in lines[14]
