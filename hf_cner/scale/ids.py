"""Ids of rows that occur twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from ..data.problems import DataError
from ..data.shown import brief
from .rows import Row
from .source import Shard

_BLOCK = 1 << 14


class Seen:
    """Ids that were seen, 8 bytes each: their hashes in sorted runs, which are merged when they are equally long.

    Two different ids have the same hash with a probability of 2 ** -64: for 10 ** 8 ids, in one of 3,700 corpora.
    """

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []
        self._new: dict[int, str] = {}

    def add(self, rows: Iterable[Row], shard: Shard) -> None:
        """Add ids of rows; empty ids are ignored.

        Raises:
            DataError: an id that was added before.
        """
        for row in rows:
            if not row.id:
                continue
            value = int.from_bytes(
                hashlib.blake2b(row.id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
            )
            if value in self._new:
                raise _twice(row.id, shard)
            self._new[value] = row.id
            if len(self._new) >= _BLOCK:
                self.settle(shard)

    def settle(self, shard: Shard) -> None:
        """Compare the last ids with all earlier ids."""
        new = np.sort(np.fromiter(self._new, dtype=np.uint64, count=len(self._new)))
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, new), len(run) - 1)
            if (again := new[run[places] == new]).size:
                raise _twice(self._new[int(again[0])], shard)
        self._new.clear()
        self._runs.append(new)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            self._runs[-2:] = [np.sort(np.concatenate(self._runs[-2:]), kind="stable")]


class DuplicateId(DataError):
    """A repeated id."""


def _twice(name: str, shard: Shard) -> DuplicateId:
    return DuplicateId(
        f"{shard}: found the id {brief(name)} a second time; expected each id once; correct them, or allow them "
        "(--allow-duplicate-ids)."
    )
