"""From settings and training documents to a tokenizer and a model that has not learnt anything yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from ..data.documents import Document
from ..data.tokenizer import build_character_tokenizer, character_tokenizer_from, count_characters
from ..encoders.fetch import local_folder
from ..encoders.published import is_ours, open_encoder
from ..modeling.characters import CharacterTable
from ..modeling.configuration_cner import CnerConfig
from ..modeling.configuration_cner_mrc import CnerMrcConfig
from ..modeling.encoders import ENCODERS
from ..modeling.modeling_cner import CnerForTokenClassification
from ..modeling.modeling_cner_mrc import CnerForQuestionAnswering
from ..settings.section import Plain
from ..settings.training import EncoderSlot, ModelSettings, TrainSettings
from .from_checkpoint import check_folder, check_slot
from .given_vectors import vectors_of
from .needs import Source, check_files, meet
from .questions import queries_of

Model = CnerForTokenClassification | CnerForQuestionAnswering


def build(
    settings: TrainSettings | Mapping[str, object],
    documents: Sequence[Document],
    entity_types: Sequence[str],
    *,
    notes: dict[str, Any] | None = None,
) -> tuple[Model, PreTrainedTokenizerBase]:
    """Build tokenizer and model of a run.

    `Encoder.needs` names what a kind of encoder needs from the training texts and from files; `needs.py` makes it. An
    encoder from a checkpoint is read from `model.encoder.name_or_path`, in any form that `open_encoder` takes. With
    `model.interaction` the model answers questions, one for each type. Set a seed before: it decides the first weights.

    Args:
        settings: of a run; the sections `model`, `tokenizer`, `vectors`, `lexicon` and `data` are read. Plain values
            are checked first.
        documents: the training documents only: a character that only the test part has must stay unknown.
        entity_types: in the order of their labels.
        notes: gets facts for the results: the number of words in a lexicon, what was found in the files of a published
            encoder.

    Raises:
        ValueError: an encoder that is not there, an empty lexicon, vectors of another size than the encoder's, windows
            or questions that are longer than the encoder can read, or a type without a question.
    """
    settings = settings if isinstance(settings, TrainSettings) else TrainSettings.of(settings)
    queries = queries_of(settings, entity_types)
    slot = settings.model.encoder
    check_slot(slot)
    if ENCODERS[slot.kind].has_checkpoints and slot.name_or_path:
        model, tokenizer = _pretrained(slot, settings.model, entity_types, notes)
    else:
        model, tokenizer = _from_characters(settings, entity_types, documents, queries or {}, notes)
    if queries is not None:
        model.set_queries(queries, tokenizer)
    _check_room(model, tokenizer)
    return model, tokenizer


def _check_room(model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise ValueError if a window with its special tokens or question is longer than the encoder can read."""
    longest = model.cner.encoder.max_length
    if longest is None:
        return
    table = CharacterTable(tokenizer)
    room, beside = longest - len(table.prefix) - len(table.suffix), "its special tokens"
    if getattr(getattr(model, "interaction", None), "joint", False):
        room, beside = longest - max(map(len, model.query_ids)) - len(table.suffix), "the longest query"
    length = model.config.windows["max_length"]
    if length > room:
        raise ValueError(
            f"model.windows.max_length is {length}, but the encoder reads at most {room} characters beside {beside}; "
            f"set it to {room} or less."
        )


def _classes(model_settings: ModelSettings) -> tuple[type[CnerConfig | CnerMrcConfig], type[Model]]:
    if model_settings.interaction is not None:
        return CnerMrcConfig, CnerForQuestionAnswering
    return CnerConfig, CnerForTokenClassification


def _config(
    model_settings: ModelSettings, encoder: Plain, entity_types: Sequence[str], tokenizer: PreTrainedTokenizerBase
) -> object:
    asked: dict[str, Any] = {
        name: value
        for name, value in model_settings.to_dict().items()
        if name not in ("encoder", "queries") and value is not None
    }
    return _classes(model_settings)[0](
        **asked,
        encoder=encoder,
        entity_types=list(entity_types),
        non_unit_ids=CharacterTable(tokenizer).non_unit_ids,
        pad_token_id=tokenizer.pad_token_id,
    )


def _pretrained(
    slot: EncoderSlot, model_settings: ModelSettings, entity_types: Sequence[str], notes: dict[str, Any] | None
) -> tuple[Any, PreTrainedTokenizerBase]:
    name = str(slot.name_or_path)
    folder = local_folder(name)
    check_folder(folder, slot)
    opened = None if is_ours(folder) else open_encoder(folder, model_type=slot.model_type, source=name)
    tokenizer = character_tokenizer_from(folder) if opened is None else opened.tokenizer
    sizes: Plain = {"vocab_size": len(tokenizer)}  # until the checkpoint's own configuration takes its place
    config = _config(model_settings, slot.own() | {"config": sizes}, entity_types, tokenizer)
    model_class: Any = _classes(model_settings)[1]
    model: object
    if opened is None:
        model = model_class.from_encoder_pretrained(folder, config)
    else:
        model = model_class.from_encoder(opened.load(), config)
        if notes is not None:
            notes["encoder"] = opened.findings.to_dict()
    return model, tokenizer


def _from_characters(
    settings: TrainSettings,
    entity_types: Sequence[str],
    documents: Sequence[Document],
    queries: Mapping[str, str],
    notes: dict[str, Any] | None,
) -> tuple[Any, PreTrainedTokenizerBase]:
    """A model with the vocabulary of the training texts; the kind of its encoder says what else it needs."""
    check_files(settings)
    texts = [document.text for document in documents]
    lower_case = settings.tokenizer.lower_case
    vectors = vectors_of(settings.vectors.path, lower_case, length=1)
    characters = count_characters(texts, min_count=settings.tokenizer.min_count, lower_case=lower_case)
    asked = count_characters(queries.values(), lower_case=lower_case)  # a question must not be read as unknown
    known = set(characters)
    characters += sorted({*asked, *vectors} - known)
    if " " in vectors:  # training them, all white space was one blank
        vectors |= {character: vectors[" "] for character in characters if character.isspace()} | vectors
    tokenizer = build_character_tokenizer(characters, lower_case=lower_case)
    source, made = Source(settings, documents, tokenizer, vectors), settings.model.encoder.own()
    fills = meet(source, made)
    config = _config(settings.model, made, entity_types, tokenizer)
    model: Any = _classes(settings.model)[1](config)
    for fill in fills:
        fill(model.cner.encoder)
    if notes is not None:
        notes |= source.notes
    return model, tokenizer
