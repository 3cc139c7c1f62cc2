"""The bidirectional language model of ELMo (Peters et al. 2018, 3.1): one direction reads rightward, one leftward."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerBase

from ..encoders.configuration import read_settings
from ..encoders.fetch import local_folder
from ..encoders.published import OpenEncoder, is_ours
from ..modeling.characters import CharacterTable
from ..modeling.labels import IGNORED
from ..settings.pretraining import PretrainingSettings
from .entities import Entities
from .tokenizers import SETTING, id_count
from .windows import NothingToPredict

LEARNING_RATES = (4e-3, 4e-4)
"""After 250 steps from scratch at 5e-4 a small model knows only how frequent characters are (perplexity 235 on
CCKS-2019's unlabelled text); at 4e-3 its perplexity is 35."""
OF_TRANSFORMERS = False
NOT_TAKEN = {"gradient_checkpointing": "recurrent layers have none"}

Batch = dict[str, Tensor]


class BidirectionalLanguageModel(nn.Module):
    """Predicts each character from those before it, and from those behind it.

    The rightward states of the encoder's last layer predict the next character, the leftward ones the one before. Both
    softmaxes are over the whole vocabulary and score a state by its product with each character's vector, which input
    and output thus share, plus a bias of their own direction.

    A plain transformers `Trainer` trains it: give it `neighbours(…)`.

    Args:
        encoder: a `CnerEncoderModel` of the kind `elmo`. The weights of its layers are not trained here.
    """

    accepts_loss_kwargs = True  # forward takes num_items_in_batch: Trainer then weighs every prediction alike

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        encoder.requires_grad_(True)
        encoder.encoder.mix.requires_grad_(False)
        rows = encoder.get_input_embeddings().weight.shape[0]
        self.next_bias = nn.Parameter(torch.zeros(rows))
        self.previous_bias = nn.Parameter(torch.zeros(rows))

    def losses(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Sums of the cross-entropies, in nats, of the next and of the previous characters.

        Args:
            input_ids, attention_mask: `(b, n)`.
            labels: `(b, n)`: the next id, where the next column holds a character as well; else -100. Each such pair of
                neighbours is predicted once to the right and once to the left.
        """
        layers = self.encoder(input_ids, attention_mask, output_hidden_states=True).hidden_states
        rightward, leftward = layers[-1].chunk(2, dim=-1)
        rows, columns = (labels != IGNORED).nonzero(as_tuple=True)
        characters = self.encoder.get_input_embeddings().weight
        following = functional.linear(rightward[rows, columns], characters, self.next_bias)
        preceding = functional.linear(leftward[rows, columns + 1], characters, self.previous_bias)
        return (
            functional.cross_entropy(following.float(), labels[rows, columns], reduction="sum"),
            functional.cross_entropy(preceding.float(), input_ids[rows, columns], reduction="sum"),
        )

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        labels: Tensor,
        num_items_in_batch: Tensor | int | None = None,
    ) -> dict[str, Tensor]:
        """`loss`: nats per character, the average of both directions; arguments as in `losses`.

        `num_items_in_batch` is the number of pairs to divide by, where several batches make a step.
        """
        following, preceding = self.losses(input_ids, attention_mask, labels)
        pairs = (labels != IGNORED).sum() if num_items_in_batch is None else torch.as_tensor(num_items_in_batch)
        return {"loss": (following + preceding) / 2 / pairs.to(following.device).clamp(min=1)}


def build(
    settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, *, opened: OpenEncoder | None = None
) -> BidirectionalLanguageModel:
    """The model of a run: from scratch, or from an encoder that was pretrained before.

    Args:
        settings: those of `encoder` are read: `config` with options of the encoder kind elmo, or `name_or_path`.
        tokenizer: a character tokenizer.
        opened: not used; every objective has this argument.

    Raises:
        ValueError: an option that the kind does not take, a checkpoint of another kind, or one of other characters.
    """
    name = settings.encoder.name_or_path
    if name is None:
        options = {key: value for key, value in (settings.encoder.config or {}).items() if key != "kind"}
        special = CharacterTable(tokenizer).non_unit_ids
        made = {"kind": "elmo", "vocab_size": id_count(tokenizer), "non_unit_ids": special, **options}
        encoder = AutoModel.from_config(AutoConfig.for_model("cner-encoder", encoder=made))
        return BidirectionalLanguageModel(encoder)
    folder = local_folder(name, setting=SETTING)
    if not is_ours(folder):
        found: object = read_settings(folder)[0].get("model_type") or "of another make"
    else:
        config = AutoConfig.from_pretrained(folder)
        found = (getattr(config, "encoder", None) or {}).get("kind")
    if found != "elmo":
        raise ValueError(
            f"{os.fspath(name)} holds an encoder of kind {found!r}; the objective bilm continues from one of kind "
            "'elmo', or starts from scratch when encoder.name_or_path is left out."
        )
    if config.vocab_size != id_count(tokenizer):
        raise ValueError(
            f"The encoder in {os.fspath(name)} has {config.vocab_size} characters, the tokenizer "
            f"{id_count(tokenizer)}; use the tokenizer of that folder."
        )
    return BidirectionalLanguageModel(AutoModel.from_pretrained(folder, dtype=torch.float32))  # as in `mlm.py`


def collator(
    settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, entities: Entities
) -> Callable[[Sequence[Mapping[str, Any]]], Batch]:
    """Batches of pairs of neighbours; no setting is used."""
    return neighbours(tokenizer)


def neighbours(tokenizer: PreTrainedTokenizerBase) -> Callable[[Sequence[Mapping[str, Any]]], Batch]:
    """Function that makes a batch of features `{"input_ids": […]}`: padded, with the labels that `losses` describes.

    Special tokens of the tokenizer are neither predicted nor predicted from; unknown and mask stand for characters.
    """
    table = CharacterTable(tokenizer)
    special, padding = torch.tensor(table.non_unit_ids), table.pad_token_id

    def collate(features: Sequence[Mapping[str, object]]) -> Batch:
        rows = [torch.as_tensor(feature["input_ids"], dtype=torch.long) for feature in features]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=padding)
        units = ~torch.isin(ids, special)
        labels = torch.full_like(ids, IGNORED)
        pairs = units[:, :-1] & units[:, 1:]
        labels[:, :-1] = torch.where(pairs, ids[:, 1:], IGNORED)
        return {"input_ids": ids, "attention_mask": (ids != padding).long(), "labels": labels}

    return collate


def save(model: BidirectionalLanguageModel, tokenizer: PreTrainedTokenizerBase, folder: str | os.PathLike[str]) -> None:
    """Write the encoder, its code and its tokenizer: what `AutoModel.from_pretrained(folder)` reads.

    A tagger takes it with `--preset elmo-bilstm-crf --set model.encoder.name_or_path=folder`. The biases of the two
    softmaxes are not saved.
    """
    model.encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@torch.no_grad()
def measure(
    model: BidirectionalLanguageModel,
    features: Sequence[Mapping[str, object]],
    collate: Callable[[Sequence[Mapping[str, object]]], Batch],
    *,
    batch_size: int = 32,
) -> dict[str, float]:
    """Perplexity per character of both directions: `forward_perplexity`, `backward_perplexity`.

    Raises:
        NothingToPredict: no feature holds two neighbouring characters.
    """
    device = model.next_bias.device
    was_training = model.training
    model.eval()
    sums, pairs = [0.0, 0.0], 0
    for first in range(0, len(features), batch_size):
        batch = {name: value.to(device) for name, value in collate(features[first : first + batch_size]).items()}
        pairs += int((batch["labels"] != IGNORED).sum())
        sums = [total + float(loss) for total, loss in zip(sums, model.losses(**batch), strict=True)]
    model.train(was_training)
    if not pairs:
        raise NothingToPredict("There is nothing to predict: none of the texts has two characters; give longer ones.")
    return {
        f"{name}_perplexity": math.exp(total / pairs) for name, total in zip(("forward", "backward"), sums, strict=True)
    }
