"""Tag schemes BIO, BIOE and BIOES: legality, encoding, decoding. Free of torch.

A sequence is legal exactly if `encode` writes it for its own entities: every inside tag belongs to an entity that has
begun, and every entity that needs an end has an end. In BIOE (P1) a one-character entity is B alone, so O, another B or
nothing may follow a B.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Triple = tuple[int, int, str]

SCHEMES = ("BIO", "BIOE", "BIOES")

# The letters of each scheme, in the order in which the tags of a type are numbered.
_LETTERS = {"BIO": "BI", "BIOE": "BIE", "BIOES": "BIES"}
# Which letters may follow inside an entity, and after which letters an entity may be over.
_INSIDE = {
    "BIO": {"B": "I", "I": "I"},
    "BIOE": {"B": "IE", "I": "IE", "E": ""},
    "BIOES": {"B": "IE", "I": "IE", "E": "", "S": ""},
}
_CLOSED_AFTER = {"BIO": "OBI", "BIOE": "OBE", "BIOES": "OES"}
_OPENS = {"BIO": "B", "BIOE": "B", "BIOES": "BS"}


def check_scheme(scheme: str) -> None:
    """Raise ValueError for a scheme that does not exist."""
    if scheme not in SCHEMES:
        raise ValueError(f"Unknown tag scheme {scheme!r}; choose one of {list(SCHEMES)}.")


def tag_names(scheme: str, entity_types: Iterable[str]) -> list[str]:
    """All tags of a scheme: O, then B-, I-, (E-, S-) of each type in turn."""
    check_scheme(scheme)
    types = [entity_types] if isinstance(entity_types, str) else list(entity_types)
    if "" in types or len(set(types)) < len(types):
        raise ValueError(f"The entity types are {types}; give each one once, and none that is empty.")
    return ["O", *(f"{letter}-{name}" for name in types for letter in _LETTERS[scheme])]


def _belongs(tag: str, scheme: str) -> bool:
    return tag == "O" or (tag[1:2] == "-" and tag[0] in _LETTERS[scheme] and len(tag) > 2)


def _split(tag: str) -> tuple[str, str]:
    return (tag, "") if tag == "O" else (tag[0], tag[2:])


def _may_follow(before: str, after: str, scheme: str) -> bool:
    letter, name = _split(before)
    next_letter, next_name = _split(after)
    if next_letter in "IE":
        return name == next_name and next_letter in _INSIDE[scheme].get(letter, "")
    return letter in _CLOSED_AFTER[scheme]


def allowed_transitions(scheme: str, tags: Sequence[str]) -> tuple[list[bool], list[list[bool]], list[bool]]:
    """Which tags may begin a text, which may follow which (`matrix[i][j]`: i, then j), and which may end a text.

    Raises ValueError for a tag of another scheme.
    """
    check_scheme(scheme)
    for tag in tags:
        if not _belongs(tag, scheme):
            raise ValueError(f"{tag!r} is no tag of the scheme {scheme}; it has O and {_forms(scheme)}.")
    start = [_split(tag)[0] not in "IE" for tag in tags]
    matrix = [[_may_follow(before, after, scheme) for after in tags] for before in tags]
    end = [_split(tag)[0] in _CLOSED_AFTER[scheme] for tag in tags]
    return start, matrix, end


def _forms(scheme: str) -> str:
    return ", ".join(f"{letter}-TYPE" for letter in _LETTERS[scheme])


def encode(spans: Iterable[Triple], length: int, scheme: str) -> list[str]:
    """Tags of a text of `length` units; raises ValueError for spans that overlap or lie outside."""
    check_scheme(scheme)
    tags = ["O"] * length
    for start, end, name in spans:
        if not 0 <= start < end <= length:
            raise ValueError(f"The span ({start}, {end}, {name!r}) does not lie in a text of {length} characters.")
        if not name:
            raise ValueError(f"The span ({start}, {end}, {name!r}) has no type; a tag needs one.")
        if any(tag != "O" for tag in tags[start:end]):
            raise ValueError(
                f"The span ({start}, {end}, {name!r}) overlaps another; the scheme {scheme} cannot hold both."
            )
        tags[start:end] = [f"I-{name}"] * (end - start)
        tags[start] = f"B-{name}"
        if end - start == 1:
            tags[start] = f"S-{name}" if scheme == "BIOES" else tags[start]
        elif scheme != "BIO":
            tags[end - 1] = f"E-{name}"
    return tags


def pattern(length: int, name: str, scheme: str) -> tuple[list[str], frozenset[str]]:
    """Tags of an entity of `length` units, and the tags that would make it another entity if they followed.

    `decode` gives an entity exactly where its tags occur and none of these tags follows.
    """
    tags = encode([(0, length, name)], length, scheme)
    return tags, frozenset(f"{letter}-{name}" for letter in _INSIDE[scheme].get(tags[-1][0], ""))


def decode(tags: Sequence[str], scheme: str) -> list[Triple]:
    """Entities of a tag sequence; a fragment that the scheme forbids gives nothing.

    So `B-x I-y` gives the entity x in BIO and BIOE, where B alone is whole, and nothing in BIOES.
    """
    check_scheme(scheme)
    spans: list[Triple] = []
    closed, opens, inside = _CLOSED_AFTER[scheme], _OPENS[scheme], _INSIDE[scheme]
    begin, before, name = -1, "O", ""  # the open entity, if begin >= 0
    for place, tag in enumerate([*tags, "O"]):
        letter = tag[0] if _belongs(tag, scheme) else "O"
        if begin >= 0 and letter in inside[before] and tag[2:] == name:
            before = letter
            continue
        if begin >= 0:
            if before in closed:
                spans.append((begin, place, name))
            begin = -1
        if letter in opens:
            begin, before, name = place, letter, tag[2:]
    return spans


def illegal_position(tags: Sequence[str], scheme: str) -> int | None:
    """The first index at which a sequence breaks its scheme; `len(tags)` if it ends inside an entity."""
    places = illegal_positions(tags, scheme)
    return places[0] if places else None


def illegal_positions(tags: Sequence[str], scheme: str) -> list[int]:
    """Every index at which a sequence breaks its scheme, one for each fragment; empty when it is legal."""
    check_scheme(scheme)
    places: list[int] = []
    before, astray = "O", False  # astray: in a fragment without a beginning that is already recorded
    for place, tag in enumerate(tags):
        belongs = _belongs(tag, scheme)
        inside = belongs and tag[0] in "IE"
        if not belongs or not (_may_follow(before, tag, scheme) or (astray and not inside)):
            places.append(place)
            astray = inside
        astray = astray and inside
        before = tag if belongs else "O"
    if not astray and _split(before)[0] not in _CLOSED_AFTER[scheme]:
        places.append(len(tags))
    return places


def convert(tags: Sequence[str], source: str, target: str) -> list[str]:
    """The same entities in another scheme; raises ValueError when the tags are illegal in their own."""
    place = illegal_position(tags, source)
    if place is not None:
        found = repr(tags[place]) if place < len(tags) else "the end"
        raise ValueError(
            f"Tag {place}: {found} cannot stand there in the scheme {source}; correct the tags or the scheme."
        )
    return encode(decode(tags, source), len(tags), target)


def inexpressible(spans: Iterable[Triple]) -> list[tuple[Triple, str]]:
    """The spans that tags cannot hold beside the others, with the reason.

    The longest span is kept first, then the earliest, then the type that sorts first: so the outer entity stays and
    the inner one is lost. Reasons: `duplicate`, `same span, other type`, `nested`, `crossing`.
    """
    # The kept span of each character. Kept spans are at least as long as later spans, so a kept span that overlaps a
    # later span covers its first or last character.
    owner: dict[int, Triple] = {}
    lost: list[tuple[Triple, str]] = []
    for span in sorted(spans, key=lambda s: (s[0] - s[1], s[0], s[2])):
        start, end, name = span[0], span[1], span[2]
        left, right = owner.get(start), owner.get(end - 1)
        other = left or right
        if other is None:
            owner.update(dict.fromkeys(range(start, end), span))
        elif (start, end) == (other[0], other[1]):
            lost.append((span, "duplicate" if name == other[2] else "same span, other type"))
        else:
            # Kept spans are disjoint: a span whose two ends are in the same kept span lies inside it.
            lost.append((span, "nested" if left is right else "crossing"))
    return lost
