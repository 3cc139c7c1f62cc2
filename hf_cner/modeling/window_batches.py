"""Documents as windows of ids, and batches of windows of similar length."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .characters import CharacterTable
from .windows import Window, make_windows

IGNORED = -100


@dataclass(slots=True)
class EncodedWindow:
    """A slice of a document as ids.

    Attributes:
        document: number of the document in the call.
        window: where the slice stands, and which characters it owns.
        input_ids: prefix, one id for each character, suffix.
        labels: gold as the model's `encode_targets` gives it: tagging, one for each id, -100 where none stands; span
            decoders, `[start, end, type number]` for each span, in units of the window. None without gold.
    """

    document: int
    window: Window
    input_ids: list[int]
    labels: list[int] | list[list[int]] | None = None


@dataclass(slots=True)
class WindowBatch:
    """Windows and the model's inputs, each `(batch, width)` but for the labels of span decoders `(batch, m, 3)`."""

    windows: list[EncodedWindow]
    inputs: dict[str, torch.Tensor]


def encode_windows(
    texts: Sequence[str], table: CharacterTable, windows: Mapping[str, Any], first_document: int = 0
) -> list[EncodedWindow]:
    """The windows of texts as ids; an empty text has none.

    Args:
        texts: raw texts.
        table: the checkpoint's character table.
        windows: keyword options of `make_windows` (`config.windows`).
        first_document: number of the first text.
    """
    encoded: list[EncodedWindow] = []
    for document, text in enumerate(texts, first_document):
        ids = table.ids(text)
        for window in make_windows(text, **windows):
            framed = [*table.prefix, *ids[window.start : window.end], *table.suffix]
            encoded.append(EncodedWindow(document, window, framed))
    return encoded


def token_batches(group: Sequence[EncodedWindow], table: CharacterTable, max_tokens: int) -> Iterator[WindowBatch]:
    """Batches of windows of similar length, of at most `max_tokens` padded tokens; a longer window goes alone.

    The longest come first, so that memory is at its highest at the start.
    """
    ordered = sorted(group, key=lambda item: len(item.input_ids), reverse=True)
    first = 0
    while first < len(ordered):
        width = len(ordered[first].input_ids)
        last = first + max(1, max_tokens // width)
        yield _collate(ordered[first:last], width, table)
        first = last


def _collate(windows: list[EncodedWindow], width: int, table: CharacterTable) -> WindowBatch:
    """Pad to `width` on the tokenizer's side: ids, attention mask, unit mask, token types and labels."""
    left = table.padding_side == "left"
    sizes = np.array([len(item.input_ids) for item in windows])[:, None]
    first = width - sizes if left else np.zeros_like(sizes)  # column of each row's first token
    columns = np.arange(width)[None, :]
    attended = (columns >= first) & (columns < first + sizes)
    units = (columns >= first + len(table.prefix)) & (columns < first + sizes - len(table.suffix))

    def padded(rows: list[list[int]], filler: int) -> np.ndarray:
        array = np.full((len(rows), width), filler, dtype=np.int64)
        for number, row in enumerate(rows):
            array[number, width - len(row) if left else 0 : width if left else len(row)] = row
        return array

    arrays = {
        "input_ids": padded([item.input_ids for item in windows], table.pad_token_id),
        "attention_mask": attended.astype(np.int64),
        "unit_mask": units,
    }
    if table.token_types is not None:
        prefix, text, suffix = table.token_types
        counts = sizes[:, 0] - len(prefix) - len(suffix)
        arrays["token_type_ids"] = padded([prefix + [text] * int(count) + suffix for count in counts], 0)
    gold: list[list[Any]] = [item.labels for item in windows if item.labels is not None]
    if gold and all(labels and np.isscalar(labels[0]) for labels in gold):
        arrays["labels"] = padded(gold, IGNORED)
    elif gold:  # span decoders: (batch, most spans, 3)
        arrays["labels"] = np.full((len(gold), max(1, *map(len, gold)), 3), IGNORED, dtype=np.int64)
        for number, spans in enumerate(gold):
            arrays["labels"][number, : len(spans)] = np.array(spans, dtype=np.int64).reshape(-1, 3)
    return WindowBatch(windows, {name: torch.from_numpy(array) for name, array in arrays.items()})
