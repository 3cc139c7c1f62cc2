"""Features to batches: padded to the longest of the batch, on the tokenizer's side; illegal gold is refused with the
document's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ..modeling.labels import IGNORED
from ..modeling.schemes import allowed_transitions
from ..modeling.window_batches import batch_arrays, row_name


class CnerDataCollator:
    """Make a batch of features for a `DataLoader`.

    Keys that a model does not take (`length`, `document`) are left out.

    Args:
        pad_token_id: fills up `input_ids`.
        padding_side: "right" or "left", as the tokenizer pads.
        tags: the tags in the order of their numbers; with them every batch's gold is checked against `scheme`.
        scheme: BIO, BIOE or BIOES; needed with `tags`.
        pad_to_multiple_of: pad to a multiple of this, which some hardware needs.
        span_labels: the labels are spans, as span scorers take them, and not tags.

    Returns:
        `input_ids`, `attention_mask`, `labels` and, where the features have them, `token_type_ids`: `(batch, length)`;
        `labels` of span scorers: `(batch, most spans, 3)`, padded with -100.

    Raises:
        ValueError: labels of another length than the ids or of the other kind, a label that is no tag, or a tag
            sequence that the scheme forbids; the document is named.
    """

    def __init__(
        self,
        *,
        pad_token_id: int,
        padding_side: str = "right",
        tags: Sequence[str] | None = None,
        scheme: str | None = None,
        pad_to_multiple_of: int | None = None,
        span_labels: bool = False,
    ) -> None:
        if padding_side not in ("left", "right"):
            raise ValueError(f"padding_side is {padding_side!r}; choose 'left' or 'right'.")
        if tags is not None and scheme is None:
            raise ValueError("Tags can only be checked against a scheme; give one of BIO, BIOE, BIOES.")
        self.pad_token_id = pad_token_id
        self.padding_side = padding_side
        self.pad_to_multiple_of = pad_to_multiple_of
        self.span_labels = span_labels
        self.tags = None if tags is None else list(tags)
        self.scheme = scheme
        if self.tags is not None and scheme is not None:
            start, matrix, end = allowed_transitions(scheme, self.tags)
            # One table for all three: row -1 comes before the first tag, column -1 after the last.
            table = np.ones((len(self.tags) + 1, len(self.tags) + 1), dtype=bool)
            table[:-1, :-1], table[-1, :-1], table[:-1, -1] = matrix, start, end
            self._legal = table

    def __call__(self, features: Sequence[Mapping[str, object]]) -> dict[str, torch.Tensor]:
        arrays = batch_arrays(
            features,
            pad_token_id=self.pad_token_id,
            padding_side=self.padding_side,
            multiple=self.pad_to_multiple_of or 1,
            span_labels=self.span_labels,
        )
        if "labels" in arrays and self.tags is not None:
            self._check(arrays["labels"], features)
        return {key: torch.from_numpy(array) for key, array in arrays.items()}

    def _check(self, labels: np.ndarray, features: Sequence[Mapping[str, object]]) -> None:
        """Raise on the first gold sequence that its scheme forbids; positions without a label are left out."""
        assert self.tags is not None
        rows, columns = np.nonzero(labels != IGNORED)
        if len(rows) == 0:
            return
        packed = labels[rows, columns]
        strange = (packed < 0) | (packed >= len(self.tags))
        if strange.any():
            where = int(strange.argmax())
            raise ValueError(
                f"{row_name(features[rows[where]], int(rows[where]))} has the label {packed[where]}, but the model has "
                f"{len(self.tags)} tags; the features were made for another model."
            )
        begins = np.append(True, rows[1:] != rows[:-1])
        ends = np.append(begins[1:], True)
        left = np.where(begins, -1, np.append(-1, packed[:-1]))
        illegal = ~self._legal[left, packed] | (ends & ~self._legal[packed, -1])
        if illegal.any():
            where = int(illegal.argmax())
            tag, before = self.tags[packed[where]], "the start" if begins[where] else self.tags[left[where]]
            found = f"ends with {tag}" if self._legal[left[where], packed[where]] else f"has {tag} after {before}"
            name = row_name(features[rows[where]], int(rows[where]))
            raise ValueError(
                f"{name} {found} (column {columns[where]}), which the scheme {self.scheme} forbids; "
                "convert the gold with schemes.convert, or choose the scheme it is written in."
            )
