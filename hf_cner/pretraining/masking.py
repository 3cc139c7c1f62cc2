"""Masked language modelling over characters, or over whole medical entities: a data collator for any `Trainer`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.collator import CnerDataCollator
from ..modeling.labels import IGNORED
from .tokenizers import id_count

PAIR_LABELS = ("next_sentence_label", "sentence_order_label")

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]


class MaskingCollator:
    """Chooses the characters that a model has to predict, hides them, and pads; each call chooses anew.

    Random masking chooses every character with probability `rate`, as transformers' own collator does. Entity masking
    (P5) chooses whole entities: they are drawn in random order until `rate` of the text's characters is reached; an
    entity that would exceed it is drawn with the probability that keeps `rate` the mean, and is the last. P5 masks
    15 % of the medical words, and a text may have too few or none. With `top_up` random characters outside the entities
    complete `rate`, so that both kinds of masking learn from as many characters. P5 itself is `rate=1,
    entity_rate=0.15, top_up=False`.

    Of what is chosen, 80 % is hidden behind the mask token, 10 % replaced, 10 % left as it is; this is decided once for
    an entity, and for each of the other characters. An entity is replaced by another of `words` that is as long (P5:
    "another word"), or by random characters where there is none; a character by a random one of the vocabulary.

    Features are dicts with `input_ids`, special tokens included, and for entity masking `entities`: pairs of first
    column and the column behind the last, which do not overlap (`TextWindows` makes them). A plain `Trainer` drops that
    key unless it is told `remove_unused_columns=False`. With a key `draw`, a sequence of whole numbers, what is chosen
    depends on these alone; otherwise on torch's random state.

    Args:
        tokenizer: of the model; special tokens are never chosen, and unknown characters never have to be predicted.
        rate: share of the characters that are chosen.
        whole_entities: entity masking in place of random masking.
        words: lexicon from which an entity is replaced.
        entity_rate: probability that an entity may be drawn at all.
        top_up: choose random characters if the entities are too few.
        hidden, replaced: shares of what is chosen; the rest stays as it is.
        pad_to_multiple_of: pad to a multiple of this, which some hardware computes faster.

    Returns:
        `input_ids`, `attention_mask`, `labels` `(batch, length)`, the labels -100 where nothing was chosen;
        `token_type_ids` `(batch, length)` and the label of sentence pairs `(batch,)` where the features have them.

    Raises:
        ValueError: a tokenizer without mask or padding token, impossible shares, or features without `entities`.
    """

    def __init__(
        self,
        tokenizer: Any,
        *,
        rate: float = 0.15,
        whole_entities: bool = False,
        words: Iterable[str] = (),
        entity_rate: float = 1.0,
        top_up: bool = True,
        hidden: float = 0.8,
        replaced: float = 0.1,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        for name in ("mask_token", "pad_token"):
            if getattr(tokenizer, name) is None:
                raise ValueError(f"The tokenizer has no {name}, which masked language modelling needs; add one.")
        for name, share in {"rate": rate, "entity_rate": entity_rate, "hidden": hidden, "replaced": replaced}.items():
            if not 0 <= share <= 1 or (name == "rate" and share == 0):
                raise ValueError(f"{name} is {share}; it is a share between 0 and 1.")
        if hidden + replaced > 1:
            raise ValueError(f"hidden {hidden} and replaced {replaced} are more than everything; lower one of them.")
        self.rate, self.entity_rate, self.top_up = rate, entity_rate, top_up
        self.hidden, self.replaced = hidden, replaced
        self.whole_entities = whole_entities
        self.mask_id = int(tokenizer.mask_token_id)
        self.unknown_id = tokenizer.unk_token_id
        self._special = special = special_ids(tokenizer)
        self._ordinary = _ordinary(tokenizer, special)
        self._words = _by_length(tokenizer, words, special)
        self._pad = CnerDataCollator(
            pad_token_id=tokenizer.pad_token_id,
            padding_side=tokenizer.padding_side,
            pad_to_multiple_of=pad_to_multiple_of,
        )

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        if self.whole_entities and not any("entities" in feature for feature in features):
            raise ValueError(
                "Entity masking needs the key 'entities' in the features; make them with TextWindows, and keep a "
                "Trainer from dropping it: remove_unused_columns=False."
            )
        one = None if "draw" in features[0] else np.random.default_rng(int(torch.randint(2**62, ())))
        rows = []
        for feature in features:
            chance = np.random.default_rng(feature["draw"]) if one is None else one
            ids = np.asarray(feature["input_ids"], dtype=np.int64)
            inputs, labels = self._hide(ids, feature.get("entities", ()), chance)
            rows.append({**feature, "input_ids": inputs, "labels": labels})
        self._at_least_one(features, rows)
        batch = self._pad(rows)
        for name in PAIR_LABELS:
            if name in features[0]:
                batch[name] = torch.tensor([int(feature[name]) for feature in features])
        return batch

    def _hide(self, ids: Ids, entities: Sequence[tuple[int, int]], chance: np.random.Generator) -> tuple[Ids, Ids]:
        """Ids as the model sees them, and labels: `(n,)` each."""
        inputs, labels = ids.copy(), np.full_like(ids, IGNORED)
        single = ~self._special[ids]  # what may be chosen singly
        if self.whole_entities:
            single = self._hide_entities(inputs, labels, ids, entities, single, chance)
        else:
            single &= chance.random(len(ids)) < self.rate
        labels[single] = ids[single]
        fate = chance.random(len(ids))
        inputs[single & (fate < self.hidden)] = self.mask_id
        other = single & (fate >= self.hidden) & (fate < self.hidden + self.replaced)
        inputs[other] = chance.choice(self._ordinary, int(other.sum()))
        return inputs, labels

    def _hide_entities(
        self,
        inputs: Ids,
        labels: Ids,
        ids: Ids,
        entities: Sequence[tuple[int, int]],
        free: Mask,
        chance: np.random.Generator,
    ) -> Mask:
        """Hide whole entities in `inputs` and `labels`; returns the characters that are chosen singly, `(n,)` bool."""
        left = self.rate * float(free.sum())
        outside = free.copy()
        for start, end in entities:
            outside[start:end] = False
        for number in chance.permutation(len(entities)):
            start, end = entities[number]
            known = int(free[start:end].sum())
            if not known or (self.entity_rate < 1 and chance.random() >= self.entity_rate):
                continue
            if known > left and chance.random() >= left / known:
                left = 0.0
                break
            self._hide_one(inputs, labels, ids, slice(start, end), chance)
            left = max(0.0, left - known)
            if not left:
                break
        single = np.zeros_like(free)
        places = np.flatnonzero(outside)
        if self.top_up and left and len(places):
            count = min(len(places), int(left + chance.random()))  # rounded so that the mean is right
            single[chance.choice(places, count, replace=False)] = True
        return single

    def _hide_one(self, inputs: Ids, labels: Ids, ids: Ids, place: slice, chance: np.random.Generator) -> None:
        original = ids[place]
        labels[place] = np.where(original == self.unknown_id, IGNORED, original)
        fate = chance.random()
        if fate < self.hidden:
            inputs[place] = self.mask_id
        elif fate < self.hidden + self.replaced:
            inputs[place] = self._another(original, chance)

    def _another(self, original: Ids, chance: np.random.Generator) -> Ids:
        """Another word of the same length, or random characters if the lexicon has none."""
        words = self._words.get(len(original))
        if words is not None:
            first = int(chance.integers(len(words)))
            second = int(chance.integers(max(1, len(words) - 1)))
            for word in (words[first], words[(second + (second >= first)) % len(words)]):  # not the same word
                if not np.array_equal(word, original):
                    return word
        return chance.choice(self._ordinary, len(original))

    def _at_least_one(self, features: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
        """A batch without anything to predict would have no loss: then its first character or entity is hidden."""
        if any((row["labels"] != IGNORED).any() for row in rows):
            return
        for feature, row in zip(features, rows, strict=True):
            ids = np.asarray(feature["input_ids"], dtype=np.int64)
            places = np.flatnonzero(~self._special[ids])
            if len(places):
                inside = [(s, e) for s, e in feature.get("entities", ()) if s <= places[0] < e]
                start, end = inside[0] if inside and self.whole_entities else (places[0], places[0] + 1)
                row["labels"][start:end] = np.where(ids[start:end] == self.unknown_id, IGNORED, ids[start:end])
                row["input_ids"][start:end] = self.mask_id
                return


def special_ids(tokenizer: Any) -> Mask:
    """Whether an id is a special token: `(ids,)`."""
    special = np.zeros(id_count(tokenizer), dtype=bool)
    special[tokenizer.all_special_ids] = True
    return special


def _ordinary(tokenizer: Any, special: Mask) -> Ids:
    """Ids of single characters; if the vocabulary has none, of all tokens but special ones."""
    names = tokenizer.convert_ids_to_tokens(list(range(len(special))))
    single = [number for number, name in enumerate(names) if len(name or "") == 1 and not special[number]]
    return np.array(single or np.flatnonzero(~special), dtype=np.int64)


def _by_length(tokenizer: Any, words: Iterable[str], special: Mask) -> dict[int, Ids]:
    """Length to the ids of the words of that length, `(words, length)`; words with an unknown character left out."""
    found: dict[int, dict[tuple[int, ...], None]] = {}
    listed = list(words)
    for ids in tokenizer(listed, add_special_tokens=False)["input_ids"] if listed else []:
        if ids and not special[ids].any():
            found.setdefault(len(ids), {})[tuple(ids)] = None
    return {length: np.array(list(same), dtype=np.int64) for length, same in found.items()}
