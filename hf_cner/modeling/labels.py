"""Labels: what stands where there is none, and whether labels are tags, of which scheme and types. Free of torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .schemes import SCHEMES, allowed_transitions, tag_names

IGNORED = -100  # torch's and transformers' own: cross-entropy and the collators of transformers leave it out


def labels_in_order(id2label: Mapping[int, str] | Mapping[str, str]) -> list[str]:
    """The labels in the order of their numbers.

    Raises:
        ValueError: the numbers are not 0, 1, 2, …, or two numbers have one label.
    """
    numbered = sorted((int(number), name) for number, name in id2label.items())
    labels = [name for _, name in numbered]
    if [number for number, _ in numbered] != list(range(len(labels))):
        raise ValueError(
            f"id2label has the numbers {[number for number, _ in numbered]}; they must be 0 to {len(labels) - 1}, each "
            "once."
        )
    if repeated := twice(labels):
        raise ValueError(f"id2label names {repeated} more than once; each label must occur once.")
    return labels


def twice(names: Sequence[str]) -> list[str]:
    """The names that occur more than once, sorted."""
    return sorted(name for name, times in Counter(names).items() if times > 1)


def placeholders(count: int) -> list[str]:
    """The labels that transformers fills in where only their number is known."""
    return [f"LABEL_{number}" for number in range(count)]


def types_of_tags(tags: Sequence[str]) -> list[str]:
    """Entity types in the order of their first tag: `["O", "B-body"]` gives `["body"]`."""
    return list(dict.fromkeys(tag[2:] for tag in tags if tag[:2] in ("B-", "I-", "E-", "S-") and len(tag) > 2))


def are_tags(labels: Sequence[str], scheme: str) -> bool:
    """Whether each label is `O` or a tag of the scheme; not all of the scheme's tags have to be there."""
    return set(labels) <= set(tag_names(scheme, types_of_tags(labels)))


def scheme_of_tags(labels: Sequence[str]) -> str | None:
    """The scheme of a set of tags; None where the labels are no tags, or tags that no legal sequence can hold.

    Data in which some tags do not occur give an incomplete set. With S- tags it is BIOES; without them, but with E-
    tags, BIOE, for whatever is legal in BIOES without S- is legal in BIOE as well; else BIO.
    """
    if not types_of_tags(labels):
        return None
    schemes = (scheme for scheme in SCHEMES if are_tags(labels, scheme))
    return next((scheme for scheme in schemes if _can_stand(labels, scheme)), None)


def _can_stand(labels: Sequence[str], scheme: str) -> bool:
    """Whether each label is part of some legal sequence of these labels."""
    start, matrix, end = allowed_transitions(scheme, labels)
    backward = [list(column) for column in zip(*matrix, strict=True)]
    return all(_reached(start, matrix)) and all(_reached(end, backward))


def _reached(first: Sequence[bool], follows: Sequence[Sequence[bool]]) -> list[bool]:
    reached = list(first)
    todo = [number for number, begins in enumerate(first) if begins]
    while todo:
        for number, allowed in enumerate(follows[todo.pop()]):
            if allowed and not reached[number]:
                reached[number] = True
                todo.append(number)
    return reached
