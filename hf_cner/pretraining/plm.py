"""The objective `plm`: permutation language modelling, which is how XLNet is pretrained (Yang et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForPreTraining, PreTrainedTokenizerBase, XLNetLMHeadModel

from ..data.collator import CnerDataCollator
from ..encoders.published import OpenEncoder
from ..modeling.labels import IGNORED
from ..settings.pretraining import PretrainingSettings
from .entities import Entities
from .masking import special_ids
from .mlm import LEARNING_RATES, NOT_TAKEN, OF_TRANSFORMERS, check_vocabulary, configuration, measure, save

__all__ = ["LEARNING_RATES", "NOT_TAKEN", "OF_TRANSFORMERS", "build", "collator", "measure", "save"]


class PermutationCollator:
    """Chooses spans of characters that an XLNet has to predict, and the order of prediction.

    A span has 1 to `longest` characters and lies at random in a piece of text that is `1 / rate` times as long; the
    pieces follow one another (section 2.3 of the paper, where `rate` is 1/6 or 1/7). Each chosen character is
    predicted from those that were not chosen and from the chosen ones before it in a random order. The ids are not
    changed. transformers' own collator puts the mask token in their place, so there no chosen character helps to
    predict another one.

    Features are dicts with `input_ids`, special tokens included. With a key `draw`, a sequence of whole numbers, what
    is chosen depends on these alone; otherwise on torch's random state.

    Args:
        tokenizer: of the model; special tokens and unknown characters are never chosen.
        rate: share of the characters that are chosen.
        longest: longest span.

    Returns:
        `input_ids`, `attention_mask` and, where the features have them, `token_type_ids` `(b, n)`; `perm_mask`
        `(b, n, n)`, 1 where row may not see column; `target_mapping` `(b, k, n)`, 1 at the place of the k-th
        prediction; and its `labels` `(b, k)`, -100 where a text has fewer than k.

    Raises:
        ValueError: a rate that is no share, or spans without a character.
    """

    def __init__(self, tokenizer: Any, *, rate: float = 0.15, longest: int = 5) -> None:
        if not 0 < rate <= 1:
            raise ValueError(f"rate is {rate}; it is a share above 0, of at most 1.")
        if longest < 1:
            raise ValueError(f"longest is {longest}; a span has at least one character.")
        self.rate, self.longest = rate, longest
        self._special = special_ids(tokenizer)
        self._pad = CnerDataCollator(pad_token_id=tokenizer.pad_token_id, padding_side=tokenizer.padding_side)

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        one = None if "draw" in features[0] else np.random.default_rng(int(torch.randint(2**62, ())))
        rows = []
        for feature in features:
            ids = np.asarray(feature["input_ids"], dtype=np.int64)
            chance = np.random.default_rng(feature["draw"]) if one is None else one
            types = {key: feature[key] for key in ("token_type_ids",) if key in feature}
            rows.append({"input_ids": ids, **types, "labels": self._ranks(ids, chance)})
        if all((row["labels"] == IGNORED).all() for row in rows):  # a batch without a prediction would have no loss
            for row in rows:
                row["labels"][np.flatnonzero(~self._special[row["input_ids"]])[:1]] = 0
        batch = self._pad(rows)
        ranks = batch.pop("labels")
        chosen = ranks != IGNORED  # the others have the lowest rank: they do not see what is chosen
        hidden = chosen[:, None, :] & (ranks[:, :, None] <= ranks[:, None, :])
        most = max(1, int(chosen.sum(dim=1).max()))
        columns = chosen.int().argsort(dim=1, descending=True, stable=True)[:, :most]
        real = chosen.gather(1, columns)
        places = torch.nn.functional.one_hot(columns, ranks.shape[1]) * real[:, :, None]
        labels = torch.where(real, batch["input_ids"].gather(1, columns), IGNORED)
        return {**batch, "perm_mask": hidden.float(), "target_mapping": places.float(), "labels": labels}

    def _ranks(self, ids: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
        """Place of each chosen character in the order of predictions, -100 for the others: `(n,)`."""
        ranks = np.full_like(ids, IGNORED)
        first = -int(chance.integers(int(2 * self.longest / self.rate)))  # far enough before the text for even edges
        while first < len(ids):
            length = int(chance.integers(1, self.longest + 1))
            piece = int(length / self.rate + chance.random())  # rounded so that the mean is right
            start = first + int(chance.integers(piece - length + 1))
            ranks[max(0, start) : max(0, start + length)] = 0
            first += piece
        ranks[self._special[ids]] = IGNORED
        chosen = np.flatnonzero(ranks != IGNORED)
        ranks[chosen] = chance.permutation(len(chosen))
        return ranks


def build(
    settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, *, opened: OpenEncoder | None = None
) -> object:
    """An XLNet with its head: from a checkpoint, or from a configuration without weights.

    Args:
        settings: `encoder` is read: `name_or_path`, or `config` with `model_type: xlnet`.
        tokenizer: a character tokenizer with the encoder's ids.
        opened: the checkpoint that `encoder.name_or_path` names; None from scratch.

    Raises:
        ValueError: an encoder of another type, or ids that it does not have.
    """
    config: Any = opened.config if opened is not None else configuration(settings.encoder, tokenizer)
    if config.model_type != "xlnet":
        raise ValueError(
            f"Only an xlnet predicts in any order, found an encoder of type {config.model_type!r}; leave the objective "
            "plm out."
        )
    model: Any = opened.load(AutoModelForPreTraining) if opened is not None else XLNetLMHeadModel(config)
    check_vocabulary(model.config, tokenizer)
    return model


def collator(
    settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, entities: Entities
) -> PermutationCollator:
    """Chooses as many characters as the settings say."""
    return PermutationCollator(tokenizer, rate=settings.mask_rate)
