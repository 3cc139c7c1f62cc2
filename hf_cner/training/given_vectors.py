"""Vectors that a run is given in a file, and the sizes that follow from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..data.vectors import read_word2vec
from ..settings.section import Plain


def vectors_of(path: str | None, lower_case: bool, *, length: int | None = None) -> dict[str, np.ndarray]:
    """Token to vector; with case folded, the vector of a lower-case token wins over that of its capitals.

    With `length` only tokens of so many characters are kept: a published file may have millions of others.
    """
    if path is None:
        return {}
    tokens, rows = read_word2vec(path, keep=None if length is None else lambda token: len(token) == length)
    if not tokens:
        raise ValueError(
            f"{path} holds no vector of {length} character{'s' if length != 1 else ''}; give another file."
        )
    found = dict(zip(tokens, rows, strict=True))
    if not lower_case:
        return found
    folded = {token: row for token, row in found.items() if token == token.lower()}
    for token, row in found.items():
        if len(token.lower()) == len(token):
            folded.setdefault(token.lower(), row)
    return folded


def size_of(option: str, asked: int | None, vectors: Mapping[str, np.ndarray], source: str) -> Plain:
    """The size of an embedding as an option of the encoder, if vectors decide it.

    Raises:
        ValueError: the settings ask for another size than that of the vectors.
    """
    if not vectors:
        return {}
    size = len(next(iter(vectors.values())))
    if asked not in (None, size):
        raise ValueError(
            f"model.encoder.{option} is {asked}, but {source} holds vectors of size {size}; make them equal."
        )
    return {option: size}
