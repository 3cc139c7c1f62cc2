"""Entities shown in their text for a terminal (rich), and as a table; `viewer.page` shows them in a browser.

Spans may nest and cross. Nothing in a text can act on the terminal: control characters are shown, not sent.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data.documents import Document, Span
from ..data.shown import ACTING

# Dark text is legible on these, and they differ for most kinds of colour blindness too. All are among a terminal's 256.
PALETTE = (
    "#afd7ff", "#ffaf5f", "#afd787", "#ff8787", "#d7afff", "#ffff87",
    "#87d7d7", "#d7af87", "#ff87d7", "#c6c6c6", "#87afff", "#d7ff5f",
)  # fmt: skip
PALETTE_OF_16 = (
    "bright_red", "bright_green", "bright_yellow", "bright_blue", "bright_magenta", "bright_cyan",
    "green", "yellow", "cyan", "white",
)  # fmt: skip
_INK = "#1a1a1a"
_KEPT = (ord("\n"), ord("\t"))
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Piece(NamedTuple):
    """The text between two span boundaries, and the spans that begin with it, cover it, and end with it."""

    start: int
    end: int
    opened: tuple[Span, ...]  # outermost first
    active: tuple[Span, ...]
    closed: tuple[Span, ...]  # innermost first


def pieces(document: Document) -> Iterator[Piece]:
    """The text of a document, cut at every span boundary, in order; linear in the spans."""
    spans = sorted(document.spans, key=lambda span: (span.start, -span.end, span.type))
    cuts = sorted({0, len(document.text)}.union(*({span.start, span.end} for span in spans)))
    active: list[Span] = []
    first = 0
    for start, end in pairwise(cuts):
        last = first
        while last < len(spans) and spans[last].start == start:
            last += 1
        active += spans[first:last]
        closed = [span for span in reversed(active) if span.end == end]
        yield Piece(start, end, tuple(spans[first:last]), tuple(active), tuple(closed))
        active = [span for span in active if span.end != end]
        first = last


def palette_of(console: Console) -> Sequence[str]:
    """The background colours that stay apart on a console: none where it shows no colours."""
    if console.no_color or console.color_system is None:
        return ()
    return PALETTE if console.color_system in ("truecolor", "256") else PALETTE_OF_16


def colours(
    types: Iterable[str], palette: Sequence[str] = PALETTE, kept: Mapping[str, str] | None = None
) -> dict[str, str]:
    """A background colour for each type. It depends on the name alone, unless two names would share a colour.

    Args:
        kept: colours that are given already.
    """
    chosen = dict(kept or {})
    for name in sorted(set(types) - chosen.keys()):
        first = zlib.crc32(name.encode("utf-8", "replace"))
        order = [palette[(first + step) % len(palette)] for step in range(len(palette))]
        chosen[name] = next((colour for colour in order if colour not in chosen.values()), order[0])
    return chosen


def visible(text: str) -> str:
    """The text as it can be shown: line breaks stay line breaks, other control characters become visible signs."""

    def sign(match: re.Match[str]) -> str:
        code = ord(match.group())
        if code < 0x20:
            return match.group() if code in _KEPT else chr(0x2400 + code)
        return "\u2421" if code == 0x7F else "\ufffd"

    return ACTING.sub(sign, text.replace("\r\n", "\n"))


def _shown(document: Document, piece: Piece) -> str:
    """A piece as it can be shown, also where a span ends between CR and LF."""
    text = document.text[piece.start : piece.end]
    cut = text.endswith("\r") and document.text[piece.end : piece.end + 1] == "\n"
    return visible(text[:-1] if cut else text)


def marked_text(
    document: Document,
    *,
    brackets: bool = False,
    types: Sequence[str] | None = None,
    palette: Sequence[str] = PALETTE,
    kept: Mapping[str, str] | None = None,
) -> Text:
    """A document for the terminal: entities on coloured ground, inner ones underlined.

    Args:
        document: text and spans.
        brackets: also write `[mention]type` around each, which needs no colour. Crossing spans are numbered, since
            brackets alone would read as nested: `[₁…[₂…]₁a…]₂b`.
        types: all the types there are, so that their colours are the same in every document.
        palette: the background colours, as `palette_of` gives them; at least one.
        kept: colours that types have already.
    """
    colour_of = colours([*(types or ()), *(span.type for span in document.spans)], palette, kept)
    crossing = _crossing(document.spans) if brackets else {}
    text = Text()
    for piece in pieces(document):
        # A nested mention has the colour of the innermost span, underlined once it is inside another.
        innermost = min(piece.active, key=lambda span: (span.end - span.start, span.start), default=None)
        style = ""
        if innermost is not None:
            style = f"{_INK} on {colour_of[innermost.type]}" + (" underline bold" if len(piece.active) > 1 else "")
        if brackets:
            for span in piece.opened:
                text.append("[" + crossing.get(span, ""), style="bold")
        text.append(_shown(document, piece), style=style)
        if brackets:
            for span in piece.closed:
                text.append(f"]{crossing.get(span, '')}{visible(span.type)}", style="bold")
    return text


def legend(types: Sequence[str], palette: Sequence[str] = PALETTE, kept: Mapping[str, str] | None = None) -> Text:
    """The colours of the types, in one line."""
    colour_of = colours(types, palette, kept)
    return Text(" ").join(Text(f" {visible(name)} ", style=f"{_INK} on {colour_of[name]}") for name in types)


def print_marked(
    documents: Iterable[Document], *, console: Console | None = None, types: Sequence[str] | None = None
) -> None:
    """Print documents: in colour with a legend where the console has a colour for each type, else with brackets.

    With more types than colours some types share one; the brackets then name the type.
    """
    console = Console() if console is None else console
    palette = palette_of(console)
    shown: dict[str, None] = dict.fromkeys(types or ())
    kept: dict[str, str] = {}  # types that come later change no colour
    for document in documents:
        if document.id:
            console.rule(Text(visible(document.id)), align="left")
        before = list(shown)
        shown.update(dict.fromkeys(span.type for span in document.spans))
        if before and len(before) <= len(palette) < len(shown):  # from here on brackets name the types
            console.print(legend(before, palette, kept))
        kept = colours(shown, palette or PALETTE, kept)
        brackets = len(shown) > len(palette)
        text = marked_text(document, brackets=brackets, palette=palette or PALETTE, kept=kept)
        console.print(text, soft_wrap=True)
    if shown and len(shown) <= len(palette):
        console.print(legend(list(shown), palette, kept))


def table(documents: Iterable[Document]) -> Table:
    """Entities as a table: document (where it has an id), start, end, type, mention, probability."""
    documents = list(documents)
    named = any(document.id for document in documents)
    result = Table(*(["document"] if named else []), "start", "end", "type", "mention", "score")
    for document in documents:
        for span in document.spans:
            cells = [document.id] if named else []
            score = "" if span.score is None else f"{span.score:.3f}"
            mention = document.text[span.start : span.end].replace("\n", "\u23ce")
            cells += [str(span.start), str(span.end), span.type, mention, score]
            result.add_row(*(Text(visible(cell)) for cell in cells))  # Text: a bracket in a mention is no markup
    return result


def _crossing(spans: Sequence[Span]) -> dict[Span, str]:
    """A subscript number for each span that crosses another, in the order of the text."""
    crossed: dict[Span, None] = {}
    active: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, span.type)):
        active = [other for other in active if other.end > span.start]
        crossed.update(
            {
                pair: None
                for other in active
                if other.start < span.start and other.end < span.end
                for pair in (other, span)
            }
        )
        active.append(span)
    return {span: str(number).translate(_SUBSCRIPTS) for number, span in enumerate(sorted(crossed), 1)}
