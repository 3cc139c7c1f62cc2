"""The objective `mlm`: masked language modelling, with or without next-sentence prediction, on any encoder."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from torch.nn import functional
from transformers import AutoConfig, AutoModelForMaskedLM, AutoModelForPreTraining, PreTrainedTokenizerBase

from ..encoders.published import OpenEncoder
from ..modeling.characters import CharacterTable
from ..modeling.encoder_pretrained import positions_of
from ..modeling.labels import IGNORED
from ..modeling.weight_files import open_to_readers
from ..settings.pretraining import EncoderSource, PretrainingSettings
from .entities import Entities
from .masking import PAIR_LABELS, MaskingCollator
from .tokenizers import id_count
from .windows import NothingToPredict

LEARNING_RATES = (5e-4, 5e-5)
OF_TRANSFORMERS = True
NOT_TAKEN: dict[str, str] = {}
SPECIAL_IDS = ("pad", "unk", "cls", "sep", "mask", "bos", "eos")


def build(
    settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, *, opened: OpenEncoder | None = None
) -> object:
    """The encoder with its heads: from a checkpoint, or from a configuration without weights.

    Args:
        settings: `encoder`, `next_sentence` and `max_length` are read.
        tokenizer: a character tokenizer with the encoder's ids.
        opened: the checkpoint that `encoder.name_or_path` names; None from scratch.

    Raises:
        ValueError: an encoder without the heads or without token types for two texts, too few positions, or ids that it
        does not have.
    """
    auto: Any = AutoModelForPreTraining if settings.next_sentence else AutoModelForMaskedLM
    config = opened.config if opened is not None else configuration(settings.encoder, tokenizer)
    model_class = auto._model_mapping.get(type(config), None)
    if type(config) not in AutoModelForMaskedLM._model_mapping or model_class is None:
        raise ValueError(
            f"transformers has no head for masked language modelling on encoders of type {config.model_type!r}; choose "
            "another, as bert, albert, roberta, electra or ernie, or for an xlnet the objective plm."
        )
    if settings.next_sentence:
        _check_pairs(model_class, config)
    # In single precision whatever the checkpoint has: in half, updates smaller than a weight's spacing are lost.
    model = opened.load(auto) if opened is not None else auto.from_config(config)
    check_vocabulary(model.config, tokenizer)
    _check_room(model, tokenizer, settings)
    return model


def collator(settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, entities: Entities) -> MaskingCollator:
    """Hides as many characters or entities as the settings say."""
    return MaskingCollator(
        tokenizer,
        rate=settings.mask_rate,
        whole_entities=settings.masking == "entity",
        words=entities.words,
        entity_rate=settings.entity_rate,
        top_up=settings.top_up,
    )


def configuration(slot: EncoderSource, tokenizer: PreTrainedTokenizerBase) -> Any:
    """The configuration of a new encoder: `model_type` and sizes in `config`, with the tokenizer's ids.

    Raises:
        ValueError: a type or size that transformers does not have.
    """
    given: dict[str, object] = dict(slot.config or {})
    model_type = given.pop("model_type", None)
    if not isinstance(model_type, str) or not model_type:
        raise ValueError(
            "Say which encoder: encoder.name_or_path, or encoder.config with model_type (as bert) and sizes."
        )
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id", None) for name in SPECIAL_IDS}
    known = {name: number for name, number in ids.items() if number is not None}
    try:
        config = AutoConfig.for_model(model_type)
        unknown = sorted(name for name in given if not hasattr(config, name))
        if unknown:
            raise ValueError(f"its configuration has no {unknown[0]}")
        return AutoConfig.for_model(model_type, **{**known, "vocab_size": id_count(tokenizer), **given})
    except (ValueError, TypeError, StrictDataclassError) as error:
        found = str(error).splitlines()[0]
        raise ValueError(f"No encoder of type {model_type!r} can be made with {given}: {found}.") from error


def pair_label(model: Any) -> str | None:
    """Name under which a model takes the label of a sentence pair; None when it has no head for that."""
    parameters = inspect.signature(model.forward).parameters
    return next((name for name in PAIR_LABELS if name in parameters), None)


def _check_pairs(model_class: object, config: Any) -> None:
    if pair_label(model_class) is None or getattr(config, "type_vocab_size", 0) < 2:
        raise ValueError(
            f"Encoders of type {config.model_type!r} have no head for sentence pairs, or no token types to tell two "
            "texts apart; leave next_sentence out, or choose another, as bert or albert."
        )


def check_vocabulary(config: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise ValueError if the tokenizer has ids that the encoder does not have."""
    if id_count(tokenizer) > config.vocab_size:
        raise ValueError(
            f"The tokenizer has {id_count(tokenizer)} ids, the encoder {config.vocab_size}; use the encoder's own "
            "tokenizer."
        )


def _check_room(model: Any, tokenizer: PreTrainedTokenizerBase, settings: PretrainingSettings) -> None:
    table = CharacterTable(tokenizer)
    around = len(table.prefix) + len(table.suffix) + (len(table.suffix) if settings.next_sentence else 0)
    positions = positions_of(model)[1]
    length = settings.max_length
    if positions is not None and length + around > positions:
        raise ValueError(
            f"max_length is {length}, but the encoder has room for {positions - around} characters; set it to "
            f"{positions - around} or less, or encoder.config.max_position_embeddings to more."
        )


def save(model: Any, tokenizer: PreTrainedTokenizerBase, folder: str | os.PathLike[str]) -> None:
    """Write encoder, heads and character tokenizer, as `AutoModel` and `AutoTokenizer` read them."""
    model.save_pretrained(folder)
    open_to_readers(Path(folder))
    tokenizer.save_pretrained(folder)


@torch.no_grad()
def measure(
    model: Any,
    features: Sequence[Mapping[str, object]],
    collate: Callable[[Sequence[Mapping[str, object]]], dict[str, torch.Tensor]],
    *,
    batch_size: int = 32,
) -> dict[str, float]:
    """How well hidden characters are predicted, over all of them: `loss` (nats), `perplexity`, `accuracy`.

    With sentence pairs also `next_sentence_accuracy`, over all pairs.

    Raises:
        NothingToPredict: none of the hidden characters is in the vocabulary.
    """
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    nats, hits, count, pair_hits, pairs = 0.0, 0, 0, 0, 0
    for first in range(0, len(features), batch_size):
        batch = collate(features[first : first + batch_size])
        moved = {name: value.to(device) for name, value in batch.items()}
        labels = moved.pop("labels")
        pair_labels = next((moved.pop(name) for name in PAIR_LABELS if name in moved), None)
        output = model(**moved)
        logits = output.logits if "logits" in output else output.prediction_logits
        chosen = labels != IGNORED
        predicted, wanted = logits[chosen].float(), labels[chosen]
        nats += float(functional.cross_entropy(predicted, wanted, reduction="sum"))
        hits, count = hits + int((predicted.argmax(dim=-1) == wanted).sum()), count + len(wanted)
        if pair_labels is not None:
            scores = output.sop_logits if "sop_logits" in output else output.seq_relationship_logits
            pair_hits, pairs = pair_hits + int((scores.argmax(dim=-1) == pair_labels).sum()), pairs + len(pair_labels)
    model.train(was_training)
    if not count:
        raise NothingToPredict(
            "There is nothing to predict: the tokenizer knows none of the characters that are hidden."
        )
    found = {"loss": nats / count, "perplexity": math.exp(nats / count), "accuracy": hits / count}
    return found | ({"next_sentence_accuracy": pair_hits / pairs} if pairs else {})
