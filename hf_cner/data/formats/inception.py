"""INCEpTION and WebAnno: their TSV 3, a file for each text, a token per line with the annotations that cover it.

    #FORMAT=WebAnno TSV 3.3
    #T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value


    #Text=患者头痛。
    1-1	0-1	患	_	_
    1-3	2-3	头	*[1]	症状[1]
    1-4	3-4	痛	*[1]	症状[1]

Offsets count UTF-16 units of the whole text, which is put together from its sentences; what stands between two of them
is not in the file, and is taken for a line end and blanks. An annotation of several tokens, or one that shares a token,
has a number in brackets, which holds it together also over the end of a sentence. Annotations of other layers, and
relations, chains and further features, are counted and left out.

Each character is written as a token, so that any of them can be marked on the page; blanks are tokens where an entity
begins or ends with one. A sentence ends with a line and holds the line end, so that the text comes back whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import PurePosixPath

from ..documents import Document, check_characters
from ..folders import new_folder
from ..reading.offsets import positions
from .inception_reader import NAMED_ENTITY, read
from .written import Written, file_name

__all__ = ["DESCRIPTION", "EXAMPLE", "FOLDER", "LAYOUT", "NAME", "PATTERNS", "read", "write"]

NAME = "inception"
DESCRIPTION = "INCEpTION's and WebAnno's TSV 3: a text per file, its entities in the layer of named entities."
LAYOUT = "*.tsv as INCEpTION exports it (WebAnno TSV v3.3), a token per line below #FORMAT=WebAnno TSV 3.3"
EXAMPLE = {
    "note-1.tsv": f"#FORMAT=WebAnno TSV 3.3\n#T_SP={NAMED_ENTITY}|identifier|value\n\n\n#Text=患者头痛，查胸部CT。\n"
    "1-1\t0-2\t患者\t_\t_\t\n1-2\t2-3\t头\t*[1]\t症状[1]\t\n1-3\t3-4\t痛\t*[1]\t症状[1]\t\n1-4\t4-5\t，\t_\t_\t\n"
    "1-5\t5-6\t查\t_\t_\t\n1-6\t6-8\t胸部\t*\t身体部位\t\n1-7\t8-10\tCT\t_\t_\t\n1-8\t10-11\t。\t_\t_\t\n"
}
PATTERNS = ("*.tsv",)
FOLDER = True

_SENTENCE = re.compile(r"\s*\S[^\n]*(?:\n\s*)?|\s+")
_OF_VALUES = re.compile(r"[\\\[\]|_;*]|->")
_OF_TEXT = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def write(documents: Iterable[Document], path: str | PathLike[str]) -> Written:
    """Write a new folder: a file for each document, named after its id, or its number if the id is no file name."""
    written = Written()
    taken: set[str] = set()
    with new_folder(path, writes=_written_here) as folder:
        for number, document in enumerate(documents, 1):
            check_characters(document)
            name = file_name(document, number, taken)
            content = "".join(f"{line}\n" for line in _lines(document))
            (folder / f"{name}.tsv").write_text(content, encoding="utf-8", newline="")
            written.documents += 1
            written.entities += len(document.spans)
            written.note("ids that are no file names, and are not written", name != document.id)
            written.note("records that are not written", document.record not in ("", document.id))
            written.note("scores that are not written", sum(span.score is not None for span in document.spans))
    return written


def _written_here(name: PurePosixPath) -> bool:
    return name.suffix == ".tsv"


def _lines(document: Document) -> Iterator[str]:
    yield "#FORMAT=WebAnno TSV 3.3"
    yield f"#T_SP={NAMED_ENTITY}|identifier|value"
    yield ""
    text, spans = document.text, sorted(document.spans, key=lambda span: (span.start, -span.end, span.type))
    at = positions(text, "utf-16") or range(len(text) + 1)
    edges = {place for span in spans for place in (span.start, span.end - 1)}
    sentences = list(_SENTENCE.finditer(text))
    begins = {sentence.start() for sentence in sentences}
    tokens = [place for place, sign in enumerate(text) if not sign.isspace() or place in edges | begins]
    covering: dict[int, list[int]] = {place: [] for place in tokens}
    for number, span in enumerate(spans):
        for place in range(span.start, span.end):
            if place in covering:
                covering[place].append(number)
    alone = {n for n, many in Counter(n for numbers in covering.values() for n in numbers).items() if many == 1}
    stacked = {n for numbers in covering.values() if len(numbers) > 1 for n in numbers}
    for row, sentence in enumerate(sentences, 1):
        yield ""
        yield f"#Text={''.join(_OF_TEXT.get(sign, sign) for sign in sentence[0])}"
        own = (place for place in range(sentence.start(), sentence.end()) if place in covering)
        for column, place in enumerate(own, 1):
            numbers = covering[place]
            marks = [f"[{n + 1}]" if n not in alone or n in stacked else "" for n in numbers]
            values = [_OF_VALUES.sub(r"\\\g<0>", spans[n].type) for n in numbers]
            cells = ["|".join(f"*{mark}" for mark in marks) or "_"]
            cells += ["|".join(value + mark for value, mark in zip(values, marks, strict=True)) or "_"]
            shown = _OF_TEXT.get(text[place], text[place])
            yield "\t".join([f"{row}-{column}", f"{at[place]}-{at[place + 1]}", shown, *cells, ""])
