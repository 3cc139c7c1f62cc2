"""Possible disagreements of annotators: strings with several types, and strings that are marked in one place and not in
another.

Places are named with document and offset. The lists are bounded, the totals count everything. The time is linear in the
text and near-linear in the spans.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from .documents import Document, Span
from .lexicon import Lexicon

EXAMPLES = 10  # how many cases a list of examples names
PLACES = 5  # how many places a case names
SHORTEST = 2  # characters: a single character is part of too many words

Places = list[dict[str, object]]


def inconsistent_mentions(documents: Iterable[Document]) -> dict[str, object]:
    """Mentions (strings) that carry more than one type somewhere in the corpus, the most frequent first.

    Returns:
        ``distinct``, ``mentions``, ``minority`` and ``examples`` with text, types and, for each type, ``places``.
    """
    types: dict[str, Counter[str]] = defaultdict(Counter)
    places: dict[tuple[str, str], Places] = defaultdict(list)
    for number, document in enumerate(documents, 1):
        for span in document.spans:
            mention = document.mention(span)
            types[mention][span.type] += 1
            _note(places[mention, span.type], document, number, span.start, span.end)
    several = [(mention, counts) for mention, counts in types.items() if len(counts) > 1]
    several.sort(key=lambda item: (-item[1].total(), item[0]))
    return {
        "distinct": len(several),
        "mentions": sum(counts.total() for _, counts in several),
        # Errors of a model that knows the most frequent type of every string.
        "minority": sum(counts.total() - max(counts.values()) for _, counts in several),
        "examples": [
            {
                "text": mention,
                "types": dict(counts.most_common()),
                "places": {type_: places[mention, type_] for type_, _ in counts.most_common()},
            }
            for mention, counts in several[:EXAMPLES]
        ],
    }


def unmarked_mentions(documents: Iterable[Document]) -> dict[str, object]:
    """Strings that are marked in one place and unmarked in another.

    Strings of one character are left out. Of nested strings only the longest counts: an unmarked 偏头痛 counts once
    where 头痛 and 偏头痛 are marked elsewhere.

    Returns:
        ``distinct`` and ``unmarked``, the numbers of strings and of their unmarked places, and ``examples``: text,
        types, how often it is marked and unmarked, and the unmarked ``places``; first what is nearly always marked.
    """
    corpus = list(documents)
    types: dict[str, Counter[str]] = defaultdict(Counter)
    for document in corpus:
        for span in document.spans:
            mention = document.mention(span)
            if len(mention) >= SHORTEST and not mention.isspace():
                types[mention][span.type] += 1
    unmarked: Counter[str] = Counter()
    places: dict[str, Places] = defaultdict(list)
    find = Lexicon(types).find if types else lambda text: []
    for number, document in enumerate(corpus, 1):
        for begin, end in _gaps(document):
            for start, stop in find(document.text[begin:end]):
                mention = document.text[begin + start : begin + stop]
                unmarked[mention] += 1
                _note(places[mention], document, number, begin + start, begin + stop)
    marked = {mention: types[mention].total() for mention in unmarked}
    ordered = sorted(unmarked, key=lambda m: (-marked[m] / (marked[m] + unmarked[m]), -marked[m], m))
    return {
        "distinct": len(unmarked),
        "unmarked": unmarked.total(),
        "examples": [
            {
                **{"text": mention, "types": dict(types[mention].most_common())},
                **{"marked": marked[mention], "unmarked": unmarked[mention], "places": places[mention]},
            }
            for mention in ordered[:EXAMPLES]
        ],
    }


def _gaps(document: Document) -> Iterator[tuple[int, int]]:
    """The parts of the text without a span."""
    begin = 0
    for span in (*document.spans, Span(len(document.text), len(document.text), "")):
        if begin < span.start:
            yield begin, span.start
        begin = max(begin, span.end)


def _note(places: Places, document: Document, number: int, start: int, end: int) -> None:
    """Keep a place, under the document's id or its number in the corpus, while there are few."""
    if len(places) < PLACES:
        places.append({"document": document.id or f"number {number}", "start": start, "end": end})
