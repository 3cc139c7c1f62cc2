"""Documents as windows of ids, with the entities that entity masking hides."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from ..data.documents import Document
from ..modeling.characters import CharacterTable
from ..modeling.windows import make_windows

SENTENCE_ENDS = "。；！？!?;\n"

Spans = list[tuple[int, int]]


class NothingToPredict(ValueError):
    """The texts hold no character that could be predicted."""


class TextWindows(Dataset[dict[str, Any]]):
    """Windows of texts: neighbouring sentences joined while they fit, longer sentences cut.

    An item is a dict with `input_ids` `(n,)`, special tokens included, `entities`, pairs of columns, and
    `token_type_ids` where the tokenizer gives any but 0 (XLNet). Once `set_epoch` was called it also has `draw`, from
    which a `MaskingCollator` draws: seed, epoch and index, so that a resumed run continues as an unbroken one would.
    Before that the collator draws from torch's random state: not every version of a plain `Trainer` sets the epoch of
    its dataset.

    Args:
        documents: their texts are read; their spans are the entities unless `find` is given.
        tokenizer: a character tokenizer.
        max_length: longest window in characters, special tokens not counted.
        find: from a text to the entities in it, as `Lexicon.find`.
        seed: of the masking.
        min_length: shorter windows are left out, unless they are a whole text.

    Attributes:
        lengths: tokens of each window.
        characters: of all windows.
        epoch: set by `set_epoch`; None before.
    """

    def __init__(
        self,
        documents: Iterable[Document],
        tokenizer: Any,
        *,
        max_length: int = 256,
        find: Callable[[str], Spans] | None = None,
        seed: int = 0,
        min_length: int = 8,
    ) -> None:
        self.seed = seed
        self.epoch: int | None = None
        table = CharacterTable(tokenizer)
        self._token_types = table.token_types
        self.windows: list[tuple[Any, Spans]] = []
        self.characters = 0
        begin = len(table.prefix)
        for document in documents:
            spans = SpanIndex(entities_of(document, find))
            for window in make_windows(document.text, max_length=max_length, overlap=0, sentence_ends=SENTENCE_ENDS):
                text = document.text[window.start : window.end]
                if len(text) < min(min_length, max_length, len(document.text)) or not text.strip():
                    continue
                ids = np.array(table.encode(text), dtype=np.int32)
                self.windows.append((ids, spans.within(window.start, window.end, begin)))
                self.characters += len(text)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> dict[str, object]:
        ids, entities = self.windows[index]
        found: dict[str, Any] = {"input_ids": ids, "entities": entities}
        if (types := self._token_types) is not None:
            characters = len(ids) - len(types.prefix) - len(types.suffix)
            found["token_type_ids"] = [*types.prefix, *[types.text] * characters, *types.suffix]
        return found if self.epoch is None else {**found, "draw": (self.seed, self.epoch, index)}

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, with another masking."""
        self.epoch = epoch

    @property
    def lengths(self) -> list[int]:
        return [len(ids) for ids, _ in self.windows]


class SpanIndex:
    """Finds the entities of a window among those of its text, which are in order and do not overlap."""

    def __init__(self, spans: Spans) -> None:
        self.spans = spans
        self._starts = [start for start, _ in spans]

    def within(self, start: int, end: int, shift: int = 0) -> Spans:
        """The entities within `start` to `end`, counted from `start`, plus `shift`."""
        found = self.spans[bisect_left(self._starts, start) : bisect_left(self._starts, end)]
        return [(s - start + shift, e - start + shift) for s, e in found if e <= end]


def entities_of(document: Document, find: Callable[[str], Spans] | None) -> Spans:
    """The entities that are masked, in text order and without overlap: of nested ones the longest."""
    if find is not None:
        return find(document.text)
    return outermost([(span.start, span.end) for span in document.spans])


def outermost(spans: Sequence[tuple[int, int]]) -> Spans:
    """Spans without overlap, in text order; of overlapping ones the longest stays, then the first."""
    kept: Spans = []
    for start, end in sorted(set(spans), key=lambda span: (span[0] - span[1], span[0])):
        place = bisect_left(kept, (start, end))
        if (not place or kept[place - 1][1] <= start) and (place == len(kept) or end <= kept[place][0]):
            kept.insert(place, (start, end))
    return kept
