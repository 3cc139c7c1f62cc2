"""A table of single characters in the form of the tokenizers library's `Precompiled` normaliser.

A thousand `Replace` steps cost 0.3 ms for each text, even a short one; this table is one step. It is SentencePiece's
format: the size of a double-array trie in bytes, the trie over UTF-8 (Yata's darts-clone: 32-bit units with label, leaf
bit and offset), and the replacements, each ended by a zero byte. `sentencepiece` could write it, but prints to standard
error, and its calls differ between versions.

The library looks at clusters of up to five bytes first, and replaces a whole cluster by the replacement of its first
character: a combining mark after it would be lost. So `steps` puts a noncharacter before every character of two bytes
that may be such a mark, except the first of a text, and removes it afterwards. No other character shares a cluster of
that size with a character of three bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from tokenizers import Regex, normalizers

_LEAF, _VALUE = 1 << 8, 1 << 31
_BLOCK = 256  # labels are bytes, so a node's children are in the block of their base
_APART = "\U000ffffe"  # a noncharacter: Unicode promises that it never gets a meaning
_MARKS = "[\u0300-\u07ff]"  # characters of two bytes that can join the character before
_TWO_BYTES, _THREE_BYTES = "\x80", "\u0800"  # the first characters that UTF-8 writes with two bytes
_Node = dict[int, "int | _Node"]


def steps(mapping: Mapping[str, str]) -> list[normalizers.Normalizer]:
    """Normalisers that replace single characters by single characters, all others untouched.

    Args:
        mapping: character to character; no target is itself replaced.
    """
    # Pairs of few bytes are replaced by single steps: there are few, and the table cannot hold them.
    small = {
        source: target
        for source, target in mapping.items()
        if source < _THREE_BYTES or _TWO_BYTES <= target < _THREE_BYTES
    }
    large = {source: target for source, target in mapping.items() if source not in small}
    found: list[normalizers.Normalizer] = []
    if large:
        found = [
            normalizers.Replace(Regex(rf"(?<=[\s\S])(?={_MARKS})"), _APART),
            normalizers.Precompiled(charsmap(large)),
            normalizers.Replace(Regex(f"{_APART}(?={_MARKS})"), ""),
        ]
    return [*found, *(normalizers.Replace(source, target) for source, target in small.items())]


def charsmap(mapping: Mapping[str, str]) -> bytes:
    """The table of `mapping` as bytes.

    Args:
        mapping: from characters to their replacements; no NUL on either side.
    """
    places: dict[str, int] = {}
    texts = b""
    trie: _Node = {}
    for source, target in mapping.items():
        if target not in places:
            places[target] = len(texts)
            texts += target.encode() + b"\0"
        node = trie
        for byte in source.encode():
            child = node.setdefault(byte, {})
            assert isinstance(child, dict)
            node = child
        node[0] = places[target]
    units = _double_array(trie)
    return struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + texts


def _double_array(trie: _Node) -> list[int]:
    """Units of the trie: a child with label c of the node at i lies at i ^ offset ^ c."""
    units = [0] * _BLOCK
    taken, bases = {0}, {0}
    waiting: list[tuple[int, _Node]] = [(0, trie)]
    last: dict[int, int] = {}  # by number of children: places below were searched before
    for place, node in waiting:
        base = last[len(node)] = _free_base(node, taken, bases, last.get(len(node), 1))
        bases.add(base)
        units += [0] * _BLOCK * (base // _BLOCK + 1 - len(units) // _BLOCK)
        units[place] |= (place ^ base) << 10 | (_LEAF if 0 in node else 0)
        for label, child in node.items():
            taken.add(base ^ label)
            if isinstance(child, dict):
                units[base ^ label] = label
                waiting.append((base ^ label, child))
            else:
                units[base] = _VALUE | child
    return units


def _free_base(node: _Node, taken: set[int], bases: set[int], base: int) -> int:
    """The first unused base, from `base` on, with a free place for every child."""
    while base in bases or any(base ^ label in taken for label in node):
        base += 1
    return base
