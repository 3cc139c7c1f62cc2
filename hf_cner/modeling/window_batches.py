"""Windows as ids, and features padded to batches: the one batch maker of training and prediction. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .characters import CharacterTable
from .labels import IGNORED
from .windows import Window, make_windows

Feature = dict[str, Any]

GROUP_CHARACTERS = 1 << 18  # characters of documents whose emissions are held at the same time
DECODED_CHARACTERS = 1 << 14  # padded characters of documents that are decoded in one call


@dataclass(slots=True)
class EncodedWindow:
    """A slice of a document as ids.

    Attributes:
        document: number of the document in the call.
        window: where the slice stands, and which characters it owns.
        input_ids: prefix, one id for each character, suffix.
        labels: gold from the model's `encode_targets`. Tagging decoder: one for each id, -100 where there is none. Span
            scorer: `[start, end, type number]` for each span, in units of the window. None without gold.
    """

    document: int
    window: Window
    input_ids: list[int]
    labels: list[int] | list[list[int]] | None = None


@dataclass(slots=True)
class WindowBatch:
    """Windows and the model's inputs, each `(batch, width)`; the labels of span scorers are `(batch, m, 3)`."""

    windows: list[EncodedWindow]
    inputs: dict[str, np.ndarray]


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


def feature_of(window: EncodedWindow, table: CharacterTable) -> Feature:
    """A window as the inputs of one row: `input_ids`, and `token_type_ids` and `labels` if there are any."""
    feature: Feature = {"input_ids": window.input_ids}
    if table.token_types is not None:
        prefix, text, suffix = table.token_types
        characters = len(window.input_ids) - len(prefix) - len(suffix)
        feature["token_type_ids"] = [*prefix, *[text] * characters, *suffix]
    if window.labels is not None:
        feature["labels"] = window.labels
    return feature


def document_groups(encoded: Sequence[EncodedWindow]) -> Iterator[list[EncodedWindow]]:
    """Whole documents, in order, until a group holds `GROUP_CHARACTERS`."""
    group: list[EncodedWindow] = []
    size = 0
    ordered = sorted(encoded, key=lambda item: (item.document, item.window.start))
    for item in ordered:
        if size >= GROUP_CHARACTERS and item.document != group[-1].document:
            yield group
            group, size = [], 0
        group.append(item)
        size += item.window.own_end - item.window.own_start
    if group:
        yield group


def token_batches(
    group: Sequence[EncodedWindow], table: CharacterTable, max_tokens: int, *, span_labels: bool = False
) -> Iterator[WindowBatch]:
    """Batches of windows of similar length, of at most `max_tokens` padded tokens; a longer window goes alone.

    The longest come first, so that memory is at its highest at the start. `span_labels`: see `batch_arrays`.
    """
    ordered = sorted(group, key=lambda item: len(item.input_ids), reverse=True)
    first = 0
    while first < len(ordered):
        width = len(ordered[first].input_ids)
        windows = ordered[first : first + max(1, max_tokens // width)]
        inputs = batch_arrays(
            [feature_of(window, table) for window in windows],
            pad_token_id=table.pad_token_id,
            padding_side=table.padding_side,
            span_labels=span_labels,
        )
        inputs["unit_mask"] = inputs["attention_mask"].astype(bool)
        for row, framed in zip(inputs["unit_mask"], windows, strict=True):  # without prefix and suffix
            begin = width - len(framed.input_ids) if table.padding_side == "left" else 0
            row[begin : begin + len(table.prefix)] = False
            end = begin + len(framed.input_ids)
            row[end - len(table.suffix) : end] = False
        yield WindowBatch(windows, inputs)
        first += len(windows)


def batch_arrays(
    features: Sequence[Mapping[str, Any]],
    *,
    pad_token_id: int,
    padding_side: str,
    multiple: int = 1,
    span_labels: bool = False,
) -> dict[str, np.ndarray]:
    """Features as arrays `(batch, width)`, padded to the longest.

    Args:
        features: rows with `input_ids` and, all of them or none, `attention_mask`, `token_type_ids` and `labels`.
        pad_token_id: fills up `input_ids`; labels are filled up with -100, everything else with 0.
        padding_side: "right" or "left".
        multiple: the width is a multiple of this.
        span_labels: the labels are spans `[start, end, type number]`, as span scorers take them; they become
            `(batch, most spans, 3)`.

    Raises:
        ValueError: labels of the other kind, or of another number than the ids; the document is named.
    """
    left = padding_side == "left"
    sizes = np.array([len(feature["input_ids"]) for feature in features])[:, None]
    width = max(1, int(sizes.max()))
    width += -width % multiple
    fillers = {"input_ids": pad_token_id, "attention_mask": 0, "token_type_ids": 0}
    arrays = {
        key: padded([feature[key] for feature in features], width, filler, left=left)
        for key, filler in fillers.items()
        if key in features[0]
    }
    if "attention_mask" not in arrays:
        columns = np.arange(width)[None, :]
        arrays["attention_mask"] = (columns >= width - sizes if left else columns < sizes).astype(np.int64)
    if "labels" in features[0]:
        for number, feature in enumerate(features):
            _check_labels(feature, number, span_labels)
        gold = [feature["labels"] for feature in features]
        arrays["labels"] = _spans(gold) if span_labels else padded(gold, width, IGNORED, left=left)
    return arrays


def padded(rows: Sequence[Sequence[int]], width: int, filler: int, *, left: bool) -> np.ndarray:
    """Rows of at most `width` numbers as an array `(rows, width)`, filled up on one side."""
    array = np.full((len(rows), width), filler, dtype=np.int64)
    for number, row in enumerate(rows):
        array[number, width - len(row) if left else 0 : width if left else len(row)] = row
    return array


def row_name(feature: Mapping[str, object], number: int) -> str:
    """What an error calls a row of a batch."""
    return f"Document {feature['document']!r}" if "document" in feature else f"Row {number} of the batch"


def _spans(gold: Sequence[Sequence[Sequence[int]]]) -> np.ndarray:
    array = np.full((len(gold), max(1, *map(len, gold)), 3), IGNORED, dtype=np.int64)
    for number, spans in enumerate(gold):
        array[number, : len(spans)] = np.array(spans, dtype=np.int64).reshape(-1, 3)
    return array


def _check_labels(feature: Mapping[str, Any], number: int, span_labels: bool) -> None:
    labels, ids = feature["labels"], feature["input_ids"]
    are_spans = len(labels) > 0 and not np.isscalar(labels[0])
    if span_labels and len(labels) and not are_spans:
        raise ValueError(
            f"{row_name(feature, number)} has numbers as labels, but the model's decoder takes spans, each "
            "[start, end, type number]; the features were made for another model."
        )
    if not span_labels and are_spans:
        raise ValueError(
            f"{row_name(feature, number)} has spans as labels, but one tag number for each id is wanted; the features "
            "were made for another model, or the collator needs span_labels=True."
        )
    if not span_labels and len(labels) != len(ids):
        raise ValueError(
            f"{row_name(feature, number)} has {len(labels)} labels for {len(ids)} ids; a label, or -100, must stand "
            "for every id."
        )
