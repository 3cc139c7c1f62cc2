"""Documents as windows of ids, and batches of windows of similar length."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    rows: dict[str, list[list[int]]] = {}

    def add(name: str, values: list[int], filler: int) -> None:
        padding = [filler] * (width - len(values))
        rows.setdefault(name, []).append(padding + values if table.padding_side == "left" else values + padding)

    gold: list[list[Any]] = [item.labels for item in windows if item.labels is not None]
    tagging = all(labels and isinstance(labels[0], int) for labels in gold)
    for item in windows:
        size = len(item.input_ids)
        units = size - len(table.prefix) - len(table.suffix)
        add("input_ids", item.input_ids, table.pad_token_id)
        add("attention_mask", [1] * size, 0)
        add("unit_mask", [0] * len(table.prefix) + [1] * units + [0] * len(table.suffix), 0)
        if table.token_types is not None:
            prefix, text, suffix = table.token_types
            add("token_type_ids", prefix + [text] * units + suffix, 0)
        if gold and tagging:
            add("labels", gold[len(rows.get("labels", ()))], IGNORED)
    inputs = {name: torch.tensor(values) for name, values in rows.items()}
    if gold and not tagging:  # (batch, most spans, 3)
        most = max(map(len, gold))
        inputs["labels"] = torch.tensor([spans + [[IGNORED] * 3] * (max(most, 1) - len(spans)) for spans in gold])
    return WindowBatch(windows, inputs)
