"""The page: one HTML file that holds its style, code and data, and needs no network and no server.

The files of `assets/` are joined unchanged. The data are JSON in an element that no browser runs, escaped so that no
text can end it. A content security policy allows one script and one style, by their hashes, and no request to any
address.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import StringIO
from string import Template
from typing import IO, Literal

from ..data.documents import Document
from ..data.fingerprint import text_hash
from ..data.json_text import SURROGATE
from ..data.shown import ACTING, printable

Mode = Literal["view", "review", "errors"]
Row = dict[str, object]

_SCRIPTS = ("words.js", "text.js", "draw.js", "view.js", "review.js")
_UNSAFE = re.compile(
    f"[<>&\u2028\u2029\ufeff\ufffe\uffff]|{ACTING.pattern}"
)  # characters that end an element, a line or a direction


def row_of(document: Document) -> Row:
    """A document as a row of the page; each span is `[start, end, type, score or null]`, in code points.

    Half a surrogate pair becomes U+FFFD, since no file in UTF-8 can hold it; offsets do not change.
    """
    return {
        "id": document.id,
        "record": document.record,
        "hash": text_hash(document.text),
        "text": SURROGATE.sub("\ufffd", document.text),
        "spans": [[span.start, span.end, span.type, span.score] for span in document.spans],
    }


def write_page(
    stream: IO[str],
    rows: Iterable[Row],
    *,
    title: str,
    mode: Mode = "view",
    types: Sequence[str] = (),
    about: Mapping[str, object] | None = None,
) -> int:
    """Write the page of documents, one at a time; returns their number.

    Args:
        rows: see `row_of`; those of `errors` also have kind, side and partner of each span, see `errors.error_rows`.
        title: shown on the page; in a review also the name of the corrected file.
        mode: `view` shows, `review` also corrects, `errors` compares gold with predictions.
        types: all types in their order, so that each has one colour; other types that occur follow.
        about: further data for the page, see `draw.js`.
    """
    begin, end = _frame(title)
    stream.write(begin)
    stream.write('{"documents":[')
    digest, number = hashlib.sha256(), 0
    for row in rows:
        line = _embedded(row)
        digest.update(line.encode())
        stream.write((",\n" if number else "\n") + line)
        number += 1
    told = {"mode": mode, "title": title, "types": list(types), "digest": digest.hexdigest(), **(about or {})}
    stream.write(f'\n],\n"about":{_embedded(told)}}}')
    stream.write(end)
    return number


def framed(documents: Iterable[Document], *, types: Sequence[str] = (), height: int = 420) -> str:
    """The page inside a frame of `height` pixels, as a fragment of HTML for a notebook: `HTML(framed(documents))`."""
    stream = StringIO()
    write_page(stream, rows_of(documents), title="hf_cner", types=types)
    style = f"width:100%;height:{height}px;border:1px solid #8888;border-radius:8px"
    return f'<iframe title="hf_cner" style="{style}" srcdoc="{html.escape(stream.getvalue())}"></iframe>'


def rows_of(documents: Iterable[Document]) -> Iterator[Row]:
    """`row_of` for each document."""
    return map(row_of, documents)


def _embedded(value: object) -> str:
    """JSON for a script element: characters that could end the element, or hide text, are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda match: _escape(match.group()), text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


@cache
def _parts() -> dict[str, str]:
    folder = files(__package__).joinpath("assets")
    style = folder.joinpath("style.css").read_text(encoding="utf-8")
    script = "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS) + "\nbegin();\n"
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    frame = folder.joinpath("page.html").read_text(encoding="utf-8")
    return {"frame": frame, "style": style, "script": script, "policy": policy}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _frame(title: str) -> tuple[str, str]:
    """The page before and after its data."""
    parts = _parts()
    before, behind = parts["frame"].split("$data")
    return Template(before).substitute(parts, title=html.escape(printable(title))), Template(behind).substitute(parts)
