"""Next-sentence prediction: the true next sentences of a document against sentences of another document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from ..data.documents import Document
from ..modeling.characters import CharacterTable
from ..modeling.windows import Window, make_windows
from .windows import SENTENCE_ENDS, SpanIndex, Spans, entities_of

NEXT, OTHER = 0, 1  # as the heads of transformers' models number them


class Frame(NamedTuple):
    """The ids that a tokenizer puts before, between and behind two texts, and their token types."""

    before: list[int]
    between: list[int]
    behind: list[int]
    types: tuple[list[int], int, list[int], int, list[int]]


class SentencePairs(Dataset[dict[str, Any]]):
    """Pairs of neighbouring sentences of one document, and pairs whose second half stands in another document.

    Each document is cut into pieces of whole sentences, as many as fit into half of `max_length`, but two pieces at
    least where there are two sentences. An item begins with one piece; the second is drawn again in each epoch: the
    next piece (label 0) or, with the same probability, any piece of any other document (label 1). A document of one
    sentence is only such another document. Used like `TextWindows`: without `set_epoch` each access draws a pair from
    torch's random state.

    Args:
        documents: their texts are read; their spans are the entities unless `find` is given.
        tokenizer: a character tokenizer that gives two texts two token types.
        max_length: longest pair in characters, special tokens not counted.
        find: from a text to the entities in it, as `Lexicon.find`.
        seed: for drawing and masking.
        label: name under which the model takes the label.

    Raises:
        ValueError: the tokenizer gives both texts the same token type, or there are no two documents to draw from.
    """

    def __init__(
        self,
        documents: Iterable[Document],
        tokenizer: Any,
        *,
        max_length: int = 256,
        find: Callable[[str], Spans] | None = None,
        seed: int = 0,
        label: str = "next_sentence_label",
    ) -> None:
        self.seed, self.label = seed, label
        self.epoch: int | None = None
        self.frame = pair_frame(tokenizer)
        table = CharacterTable(tokenizer)
        self.pieces: list[tuple[Any, Spans]] = []
        self.firsts: list[int] = []  # pieces that begin a pair
        self.others: list[tuple[int, int]] = []  # for each of them: the pieces of its own document
        for document in documents:
            spans = SpanIndex(entities_of(document, find))
            begin = len(self.pieces)
            for window in _pieces(document.text, max(1, max_length // 2)):
                ids = table.ids(document.text[window.start : window.end])
                self.pieces.append((np.array(ids, dtype=np.int32), spans.within(window.start, window.end)))
            count = len(self.pieces) - begin
            starts = sorted({*range(0, count - 1, 2), *([count - 2] if count > 1 else [])})  # every piece in some pair
            self.firsts += [begin + start for start in starts]
            self.others += [(begin, begin + count)] * len(starts)
        if not self.firsts or max(end - begin for begin, end in self.others) == len(self.pieces):
            raise ValueError(
                "Next-sentence prediction needs two documents, of which one has two sentences; give more texts, tell "
                "what a document is (--unit), or leave next_sentence out."
            )
        self.characters = sum(len(self.pieces[first][0]) + len(self.pieces[first + 1][0]) for first in self.firsts)

    def __len__(self) -> int:
        return len(self.firsts)

    def __getitem__(self, index: int) -> dict[str, object]:
        draw = None if self.epoch is None else (self.seed, self.epoch, index)
        chance = np.random.default_rng(int(torch.randint(2**62, ())) if draw is None else (*draw, 1))
        first, (begin, end) = self.firsts[index], self.others[index]
        label = int(chance.integers(2))
        second = first + 1
        if label == OTHER:
            second = int(chance.integers(len(self.pieces) - (end - begin)))
            second += end - begin if second >= begin else 0
        (left, left_spans), (right, right_spans) = self.pieces[first], self.pieces[second]
        before, between, behind, types = self.frame
        shift = len(before) + len(left) + len(between)
        entities = [(s + len(before), e + len(before)) for s, e in left_spans]
        entities += [(s + shift, e + shift) for s, e in right_spans]
        return {
            "input_ids": np.concatenate([before, left, between, right, behind]).astype(np.int32),
            "token_type_ids": [*types[0], *[types[1]] * len(left), *types[2], *[types[3]] * len(right), *types[4]],
            "entities": entities,
            self.label: label,
            **({} if draw is None else {"draw": draw}),
        }

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, with other pairs and another masking."""
        self.epoch = epoch

    @property
    def lengths(self) -> list[int]:
        """Tokens of each true pair; a pair with another document is about as long."""
        frame = sum(len(part) for part in self.frame[:3])
        return [len(self.pieces[first][0]) + len(self.pieces[first + 1][0]) + frame for first in self.firsts]


def can_pair(documents: Iterable[Document], max_length: int) -> bool:
    """Whether `SentencePairs` has two documents to draw from, of which one has two sentences."""
    counts = [len(_pieces(document.text, max(1, max_length // 2))) for document in documents]
    return sum(map(bool, counts)) > 1 and max(counts) > 1


def pair_frame(tokenizer: Any) -> Frame:
    """How a character tokenizer joins two texts.

    Raises:
        ValueError: it gives both texts the same token type, so that a model could not tell them apart.
    """
    built = tokenizer("痛", "痛", return_token_type_ids=True)
    ids, types = list(built["input_ids"]), list(built["token_type_ids"])
    first, second = (built.sequence_ids(0).index(number) for number in (0, 1))
    if types[first] == types[second]:
        raise ValueError(
            "The tokenizer gives the first and the second text the same token type, so that the encoder cannot tell "
            "them apart; leave next_sentence out, or choose an encoder with token types, as BERT."
        )
    return Frame(
        ids[:first],
        ids[first + 1 : second],
        ids[second + 1 :],
        (types[:first], types[first], types[first + 1 : second], types[second], types[second + 1 :]),
    )


def _pieces(text: str, longest: int) -> list[Window]:
    """Whole sentences as long as they fit; in two where all of them would make one piece. Blank pieces left out."""
    options: dict[str, Any] = {"overlap": 0, "sentence_ends": SENTENCE_ENDS}
    pieces = make_windows(text, max_length=longest, **options)
    if len(pieces) == 1:
        ends = [window.end for window in make_windows(text, max_length=longest, merge=False, **options)]
        cuts = [end for end in ends if text[:end].strip() and text[end:].strip()]
        if cuts:
            first, last = len(text) - len(text.lstrip()), len(text.rstrip())
            middle = min(cuts, key=lambda cut: abs(2 * cut - first - last))
            pieces = [Window(0, middle, 0, middle), Window(middle, len(text), middle, len(text))]
    return [window for window in pieces if text[window.start : window.end].strip()]
