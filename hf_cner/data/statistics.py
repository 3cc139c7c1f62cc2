"""Statistics of a corpus before training, as one plain dictionary.

Everything is linear in the text and near-linear in the spans. Lengths are counted in characters (code points).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..modeling.schemes import SCHEMES, check_scheme, inexpressible
from ..modeling.windows import cut_spans, make_windows
from .characters import BLANKS, notable_characters
from .consistency import EXAMPLES, inconsistent_mentions, unmarked_mentions
from .documents import Document, Span
from .overlaps import Overlaps, count_overlaps

HISTOGRAM_EDGES = (0, 32, 64, 128, 256, 512, 1024, 2048, 4096)

Windows = Mapping[str, Any]


def inspect(
    documents: Iterable[Document],
    *,
    entity_types: Sequence[str] = (),
    schemes: Sequence[str] = SCHEMES,
    windows: Sequence[Windows] = ({"policy": "sentence"}, {"policy": "stride"}),
) -> dict[str, object]:
    """Describe a corpus.

    Args:
        documents: the corpus.
        entity_types: the types to list, in order; other types are added at the end.
        schemes: tag schemes whose losses are counted.
        windows: options of ``make_windows``, one mapping for each way of cutting.

    Returns:
        ``documents, records, characters, length, mentions, distinct_mentions, types`` (per type), ``mention_length``,
        ``overlaps``, ``schemes`` (what each loses), ``windows`` (what each cuts), ``equal_texts``,
        ``inconsistent_mentions``, ``unmarked_mentions``, ``characters_of_note``; made of dicts, lists, strings and
        numbers only.
    """
    corpus = list(documents)
    spans = [(document, span) for document in corpus for span in document.spans]
    lengths = [len(document.text) for document in corpus]
    return {
        "documents": len(corpus),
        "documents_without_entities": sum(not document.spans for document in corpus),
        "records": len({document.record or document.id or str(place) for place, document in enumerate(corpus)}),
        "characters": sum(lengths),
        "length": {**quantiles(lengths), "histogram": histogram(lengths)},
        "mentions": len(spans),
        "distinct_mentions": len({(document.mention(span), span.type) for document, span in spans}),
        "types": _types(spans, entity_types),
        "mention_length": quantiles([span.end - span.start for _, span in spans]),
        "overlaps": sum((count_overlaps(document.spans) for document in corpus), Overlaps())._asdict(),
        "schemes": _scheme_losses(corpus, schemes),
        "windows": [window_losses(corpus, options) for options in windows],
        "equal_texts": equal_texts(corpus),
        "inconsistent_mentions": inconsistent_mentions(corpus),
        "unmarked_mentions": unmarked_mentions(corpus),
        "characters_of_note": notable_characters(corpus),
        "spans_with_outer_blanks": sum(_has_outer_blank(document.mention(span)) for document, span in spans),
    }


def quantiles(values: Iterable[int]) -> dict[str, float]:
    """Minimum, quartiles, 95th percentile, maximum (nearest rank, so each is a value that occurs) and mean."""
    ordered = sorted(values)
    if not ordered:
        return {}
    shares = {"min": 0.0, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "max": 1.0}
    # Nearest rank: the smallest value that at least this share of the values does not exceed.
    ranks = {name: max(0, -int(-share * len(ordered) // 1) - 1) for name, share in shares.items()}
    return {**{name: ordered[rank] for name, rank in ranks.items()}, "mean": sum(ordered) / len(ordered)}


def histogram(values: Iterable[int], edges: Sequence[int] = HISTOGRAM_EDGES) -> list[dict[str, int | None]]:
    """Counts per half-open bin ``from ≤ value < to``; the last bin has no upper edge (``to`` None)."""
    counts = Counter(bisect_right(edges, value) - 1 for value in values)
    uppers = [*edges[1:], None]
    bins = enumerate(zip(edges, uppers, strict=True))
    return [{"from": low, "to": high, "count": counts[place]} for place, (low, high) in bins]


def window_losses(documents: Iterable[Document], options: Windows) -> dict[str, object]:
    """The number and lengths of windows, and the entities that no window holds whole."""
    lengths: list[int] = []
    characters = 0
    types: Counter[str] = Counter()
    examples: list[dict[str, object]] = []
    for document in documents:
        windows = make_windows(document.text, **options)
        characters += len(document.text)
        lengths.extend(window.end - window.start for window in windows)
        for start, end, type_ in cut_spans(windows, _triples(document)):
            types[type_] += 1
            if len(examples) < EXAMPLES:
                examples.append(_example(document, Span(start, end, type_)))
    return {
        "options": dict(options),
        "windows": len(lengths),
        "length": quantiles(lengths),
        "characters_read_per_character": sum(lengths) / characters if characters else 0.0,
        "cut": types.total(),
        "cut_per_type": dict(types.most_common()),
        "examples": examples,
    }


def equal_texts(documents: Iterable[Document]) -> dict[str, object]:
    """Groups of documents with the same text: their number, extra copies, and copies with other annotations."""
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        groups[document.text].append(document)
    repeated = [group for group in groups.values() if len(group) > 1]
    unlike = [group for group in repeated if len({frozenset(document.spans) for document in group}) > 1]
    across = [group for group in repeated if len({document.record or document.id for document in group}) > 1]
    return {
        "groups": len(repeated),
        "surplus_copies": sum(len(group) - 1 for group in repeated),
        "groups_annotated_unlike": len(unlike),
        "groups_across_records": len(across),
        "examples_annotated_unlike": [[document.id for document in group] for group in unlike[:EXAMPLES]],
    }


def _types(spans: Sequence[tuple[Document, Span]], entity_types: Sequence[str]) -> dict[str, dict[str, object]]:
    lengths: dict[str, list[int]] = {type_: [] for type_ in entity_types}
    strings: dict[str, set[str]] = defaultdict(set)
    for document, span in spans:
        lengths.setdefault(span.type, []).append(span.end - span.start)
        strings[span.type].add(document.mention(span))
    return {
        type_: {"mentions": len(values), "distinct": len(strings[type_]), "length": quantiles(values)}
        for type_, values in lengths.items()
    }


def _scheme_losses(documents: Sequence[Document], schemes: Sequence[str]) -> dict[str, dict[str, object]]:
    """Flat tags of any scheme hold one entity per character, so all schemes lose the same entities."""
    for scheme in schemes:
        check_scheme(scheme)
    reasons: Counter[str] = Counter()
    types: Counter[str] = Counter()
    examples: list[dict[str, object]] = []
    for document in documents:
        for (start, end, type_), reason in inexpressible(_triples(document)):
            reasons[reason] += 1
            types[type_] += 1
            if len(examples) < EXAMPLES:
                examples.append({**_example(document, Span(start, end, type_)), "reason": reason})
    losses = {"lost": reasons.total(), "reasons": dict(reasons), "lost_per_type": dict(types.most_common())}
    return {scheme: {**losses, "examples": examples} for scheme in schemes}


def _triples(document: Document) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.type) for span in document.spans]


def _example(document: Document, span: Span) -> dict[str, object]:
    entity = {"start": span.start, "end": span.end, "type": span.type, "text": document.mention(span)}
    return {"document": document.id, **entity}


def _has_outer_blank(mention: str) -> bool:
    return mention[0] in BLANKS or mention[-1] in BLANKS
