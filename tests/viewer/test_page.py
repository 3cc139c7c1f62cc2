"""The page as a file: whole in itself, and no text can end the element that holds the data."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span
from hf_cner.data.shown import printable
from hf_cner.viewer import page as module
from hf_cner.viewer.page import framed, rows_of, write_page

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>&lt;&amp;</SCRIPT >",
    "a\u2028b\u2029c\ufeffd",
    "\x00\x1b[2J\x7f\x9b\r\n\t",
    "\u202e)痛头(\u2066",
    "𬌗面😀e\u0301\U000e0041",
    '"\\u003c',
    "$data $policy ${x}",
]


class Elements(HTMLParser):
    """The text of each element that has one, by its name and id."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[tuple[str, str], str] = {}
        self.now = ("", "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.now = (tag, dict(attrs).get("id") or "")
        assert not [name for name, _ in attrs if name.startswith("on")], "no handler in HTML"
        self.found.setdefault(self.now, "")
        if tag == "meta" and dict(attrs).get("http-equiv"):
            self.found["policy", ""] = dict(attrs)["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self.now = ("", "")

    def handle_data(self, data: str) -> None:
        if self.now in self.found:
            self.found[self.now] += data


def written(*documents: Document, title: str = "notes") -> str:
    stream = io.StringIO()
    assert write_page(stream, rows_of(documents), title=title) == len(documents)
    return stream.getvalue()


def parsed(text: str) -> dict[tuple[str, str], str]:
    parser = Elements()
    parser.feed(text)
    parser.close()
    return parser.found


def data_of(text: str) -> dict[str, object]:
    return dict(json.loads(parsed(text)["script", "data"]))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_text_stays_data(text: str) -> None:
    html = written(Document(text, (Span(0, 1, text),), id=text, record=text), title=text)
    found = data_of(html)
    row = found["documents"][0]  # type: ignore[index]
    assert (row["id"], row["text"], row["spans"]) == (text, text, [[0, 1, text, None]])
    assert html.count("</script") == 2 and parsed(html)["title", ""] == printable(text)
    data = html[html.index('id="data">') : html.index("</script>")]
    assert not set(data[len('id="data">') :]) & set("<>&\u2028\u2029\x00\x1b\u202e\ufeff")


@given(st.text(max_size=30))
def test_every_text_comes_back(text: str) -> None:
    row = data_of(written(Document(text)))["documents"][0]  # type: ignore[index]
    assert row["text"] == text


def test_half_a_surrogate_pair_is_one_sign() -> None:
    html = written(Document("a\ud83d\ude00b", (Span(3, 4, "x"),)), title="\ud83d")
    assert data_of(html)["documents"][0]["text"] == "a\ufffd\ufffdb"  # type: ignore[index]
    html.encode()


def test_the_policy_lets_only_the_pages_own_script_and_style_act() -> None:
    found = parsed(written(Document("头痛")))
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        digest = base64.b64encode(hashlib.sha256(found[element, ""].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in found["policy", ""]
    assert "default-src 'none'" in found["policy", ""] and "unsafe" not in found["policy", ""]
    assert not re.search(r"https?://", written(Document("头痛")))


def test_equal_documents_give_equal_pages_and_other_ones_another_digest() -> None:
    one, same, other = (written(Document(text)) for text in ("头痛", "头痛", "头疼"))
    assert one == same
    assert data_of(one)["about"]["digest"] != data_of(other)["about"]["digest"]  # type: ignore[index]


def test_a_frame_holds_the_page() -> None:
    class Frame(HTMLParser):
        source = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.source = dict(attrs)["srcdoc"] or ""

    frame = Frame()
    frame.feed(framed([Document('头"痛', (Span(0, 1, "部位"),))], types=["部位"]))
    assert data_of(frame.source)["documents"][0]["text"] == '头"痛'  # type: ignore[index]


def test_the_page_stays_small() -> None:
    lengths = {}
    for path in sorted((Path(module.__file__).parent / "assets").iterdir()):
        lines = path.read_text(encoding="utf-8").splitlines()
        lengths[path.name] = len(lines)
        assert len(lines) <= 300 and (path.suffix != ".js" or max(map(len, lines)) <= 230), path.name
    assert sum(lengths.values()) < 900, lengths


def test_both_languages_say_the_same_things() -> None:
    folder = Path(module.__file__).parent / "assets"
    words = (folder / "words.js").read_text(encoding="utf-8")
    english, chinese = words.split("  zh: {")
    keys = [re.findall(r'(?:^|[{,]\s*|\n\s+)("?[\w ]+"?): (?="|\()', part) for part in (english, chinese)]
    assert keys[0] == keys[1] and len(keys[0]) > 60
    used = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()))
    named = set(re.findall(r'(?:word\(|data-word=|data-label=|data-hint=|notice\()"(\w+)"', used))
    assert named <= {key.strip('"') for key in keys[0]}


@pytest.mark.parametrize(("name", "ground"), [("LIGHT", "ffffff"), ("DARK", "1a1d21")])
def test_colours_stay_apart_from_each_other_and_from_the_ground(name: str, ground: str) -> None:
    code = (Path(module.__file__).parent / "assets" / "draw.js").read_text(encoding="utf-8")
    match = re.search(rf'const {name} = "([\w,]+)"', code)
    assert match is not None
    colours = match[1].split(",")
    assert len(colours) >= 25
    assert min(distance(*pair) for pair in combinations(colours, 2)) > 0.1
    assert min(contrast(colour, ground) for colour in colours) >= 3


def linear(colour: str) -> list[float]:
    values = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    light = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05 for r, g, b in map(linear, (one, other)))
    return light[1] / light[0]


def distance(one: str, other: str) -> float:
    """In OKLab (Ottosson 2020), where 0.02 is just noticeable."""

    def lab(colour: str) -> tuple[float, float, float]:
        r, g, b = linear(colour)
        long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
        middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
        short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
        return (
            0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
            1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
            0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
        )

    return float(sum((a - b) ** 2 for a, b in zip(lab(one), lab(other), strict=True)) ** 0.5)
