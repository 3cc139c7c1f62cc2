"""The two metrics that are both called "relaxed".

`boundary`: matching boundaries suffice, whatever the type (P2, "RM").
`overlap`: an overlapping span of the same type suffices (the organisers of the CCKS tasks).
Both match one to one: a long prediction over three gold mentions finds one of them, not three.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from .counts import Counts, Key, SpanSource, align, types_of


def relaxed_boundary_counts(gold: Sequence[SpanSource], predicted: Sequence[SpanSource]) -> dict[str, Counts]:
    """Count spans whose boundaries match, types ignored, one to one.

    A hit is credited to the type of the gold span, a false alarm to the type of the prediction: the sums over types are
    exact, and so is each type's recall. Where several types have the same boundaries, equal types are paired first, the
    others in alphabetical order.
    """
    pairs = align(gold, predicted)
    hits: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
    misses: Counter[str] = Counter()
    for gold_keys, predicted_keys in pairs:
        matched = match_boundaries(gold_keys, predicted_keys)
        hits.update(g[2] for g, _ in matched)
        misses.update(key[2] for key in gold_keys - {g for g, _ in matched})
        alarms.update(key[2] for key in predicted_keys - {p for _, p in matched})
    return {name: Counts(hits[name], alarms[name], misses[name]) for name in types_of(pairs)}


def relaxed_overlap_counts(gold: Sequence[SpanSource], predicted: Sequence[SpanSource]) -> dict[str, Counts]:
    """Count gold spans that share a character with a prediction of the same type, one to one.

    The matching is a maximum matching per document and type, so the result does not depend on the order of spans.
    """
    pairs = align(gold, predicted)
    hits: Counter[str] = Counter()
    sizes_gold: Counter[str] = Counter()
    sizes_predicted: Counter[str] = Counter()
    for gold_keys, predicted_keys in pairs:
        sizes_gold.update(key[2] for key in gold_keys)
        sizes_predicted.update(key[2] for key in predicted_keys)
        gold_by_type, predicted_by_type = _by_type(gold_keys), _by_type(predicted_keys)
        for name in gold_by_type.keys() & predicted_by_type.keys():
            hits[name] += len(match_overlaps(gold_by_type[name], predicted_by_type[name]))
    return {
        name: Counts(hits[name], sizes_predicted[name] - hits[name], sizes_gold[name] - hits[name])
        for name in types_of(pairs)
    }


def match_boundaries(gold: Iterable[Key], predicted: Iterable[Key]) -> list[tuple[Key, Key]]:
    """Pair gold with predicted spans on the same boundaries, one to one and as many as possible, equal types first."""
    gold, predicted = set(gold), set(predicted)
    same = [(key, key) for key in sorted(gold & predicted)]
    waiting: dict[tuple[int, int], list[Key]] = defaultdict(list)
    for key in sorted(gold - predicted, reverse=True):
        waiting[key[:2]].append(key)
    others = [(waiting[key[:2]].pop(), key) for key in sorted(predicted - gold) if waiting.get(key[:2])]
    return same + others


def match_overlaps(gold: Iterable[Key], predicted: Iterable[Key]) -> list[tuple[Key, Key]]:
    """Pair gold with predicted spans that share a character, one to one and as many as possible, types ignored.

    Spans of both sides are visited by their ends. Each is paired with the free span of the other side that overlaps it
        and ends first. This is a maximum matching. Let x end first of all spans that are left: every span that overlaps
        x holds x's last character. Let y and y' be two of them, end(y) ≤ end(y'). A later span that overlaps y ends
        after x's last character and begins before end(y), so it overlaps y' too. Hence y can replace y' in any
        matching.
    """
    nodes = sorted([(key, 0) for key in set(gold)] + [(key, 1) for key in set(predicted)], key=_end_first)
    longest = max((key[1] - key[0] for key, _ in nodes), default=0)
    used = [False] * len(nodes)
    matched: list[tuple[Key, Key]] = []
    for index, (key, side) in enumerate(nodes):
        if used[index]:
            continue
        for other in range(index + 1, len(nodes)):
            candidate, other_side = nodes[other]
            if candidate[1] - longest >= key[1]:  # all later spans begin after this span
                break
            if other_side != side and not used[other] and candidate[0] < key[1]:
                used[index] = used[other] = True
                matched.append((key, candidate) if side == 0 else (candidate, key))
                break
    return matched


def _end_first(node: tuple[Key, int]) -> tuple[int, int, str, int]:
    (start, end, name), side = node
    return end, start, name, side


def _by_type(keys: Iterable[Key]) -> dict[str, list[Key]]:
    groups: dict[str, list[Key]] = defaultdict(list)
    for key in keys:
        groups[key[2]].append(key)
    return groups
