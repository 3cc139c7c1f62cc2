"""From settings and training documents to a tokenizer and a model that has not learnt anything yet."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from ..data.documents import Document
from ..data.tokenizer import build_character_tokenizer, character_tokenizer_from, count_characters
from ..encoders.fetch import local_folder
from ..encoders.published import is_ours, open_encoder
from ..modeling.bigrams import MULTIPLIER, frequent_bigrams
from ..modeling.characters import CharacterTable
from ..modeling.configuration_cner import CnerConfig
from ..modeling.configuration_cner_mrc import CnerMrcConfig
from ..modeling.modeling_cner import CnerForTokenClassification
from ..modeling.modeling_cner_mrc import CnerForQuestionAnswering
from ..modeling.windows import make_windows
from ..settings.section import Plain
from ..settings.training import EncoderSlot, ModelSettings, TrainSettings, Windows
from .elmo import check_elmo, check_is_elmo
from .given_vectors import size_of, vectors_of
from .lexicon import WordList, rows_of, word_list
from .questions import queries_of

BIGRAM_LIMIT = 100_000  # rows; the default where a preset only gives the size of a bigram's vector
BIGRAM_MIN_COUNT = 2  # of rarer ones the shared vector of unknown bigrams learns


Model = CnerForTokenClassification | CnerForQuestionAnswering


def build(
    settings: TrainSettings | Mapping[str, object],
    documents: Sequence[Document],
    entity_types: Sequence[str],
    *,
    notes: dict[str, Any] | None = None,
) -> tuple[Model, PreTrainedTokenizerBase]:
    """Build tokenizer and model of a run.

    A static encoder gets its vocabulary, and its bigrams, from the training texts (and the questions), and its vectors
    from the files that `vectors` names; a lattice encoder also its words, from where `lexicon` says. A pretrained
    encoder is read from `model.encoder.name_or_path`, in any shape that `open_encoder` takes, or built without weights
    from `model.encoder.config`. With `model.interaction` it is a question-answering model, with one question per type.
    The random state decides the initial weights: set a seed before.

    Args:
        settings: of a run; those of the sections `model`, `tokenizer`, `vectors`, `lexicon` and `data` are read. Plain
            values are checked first.
        documents: the training documents, and no others: what stands in the test part must stay unknown.
        entity_types: in the order of their labels.
        notes: what is worth writing down beside the results is added to it: of a lexicon how many words it has, of a
            published encoder what was found in its files.

    Raises:
        ValueError: an encoder that is not there, an empty lexicon, vectors of another size than the encoder's, windows
            or questions that are longer than the encoder can read, or a type without a question.
    """
    settings = settings if isinstance(settings, TrainSettings) else TrainSettings.of(settings)
    queries = queries_of(settings, entity_types)
    slot = settings.model.encoder
    if slot.kind == "elmo":
        check_elmo(slot)
    if slot.kind in ("pretrained", "elmo") and slot.name_or_path:
        model, tokenizer = _pretrained(slot, settings.model, entity_types, notes)
    else:
        found = _from_characters(settings, entity_types, documents, queries or {})
        model, tokenizer = found[:2]
        if notes is not None and found[2] is not None:
            notes["lexicon"] = found[2].about()
    if queries is not None:
        model.set_queries(queries, tokenizer)
    _check_room(model, tokenizer)
    return model, tokenizer


def _check_room(model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise when a window, with what stands around it, is longer than the encoder can read."""
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
) -> Any:
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
    if slot.kind == "elmo":
        check_is_elmo(folder)
    opened = None if is_ours(folder) else open_encoder(folder, model_type=slot.model_type, source=name)
    tokenizer = character_tokenizer_from(folder) if opened is None else opened.tokenizer
    sizes: Plain = {"vocab_size": len(tokenizer)}  # until the checkpoint's own configuration takes its place
    config = _config(model_settings, slot.own() | {"config": sizes}, entity_types, tokenizer)
    model_class: Any = _classes(model_settings)[1]
    model: Any
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
) -> tuple[Any, PreTrainedTokenizerBase, WordList | None]:
    texts = [document.text for document in documents]
    slot, lower_case = settings.model.encoder, settings.tokenizer.lower_case
    vectors = vectors_of(settings.vectors.path, lower_case, length=1)
    bigram_vectors = vectors_of(settings.vectors.bigram_path, lower_case, length=2)
    characters = count_characters(texts, min_count=settings.tokenizer.min_count, lower_case=lower_case)
    asked = count_characters(queries.values(), lower_case=lower_case)  # a question must not be read as unknown
    known = set(characters)
    characters += sorted({*asked, *vectors} - known)
    if " " in vectors:  # training them, all white space was one blank
        vectors |= {character: vectors[" "] for character in characters if character.isspace()} | vectors
    tokenizer = build_character_tokenizer(characters, lower_case=lower_case)
    keys: list[int] = []
    words: WordList | None = None
    made = slot.own()
    if slot.kind == "pretrained":
        made["config"] = {**(slot.config or {}), "vocab_size": len(tokenizer), "pad_token_id": 0}
    else:
        made["vocab_size"] = len(tokenizer)
        made |= size_of("embedding_size", slot.embedding_size, vectors, "vectors.path")
        if slot.kind == "lattice":
            words, more = _words(settings, documents, tokenizer)
            made |= more
        if _has_bigrams(slot, bigram_vectors):
            made |= size_of("bigram_size", slot.bigram_size, bigram_vectors, "vectors.bigram_path")
            keys = _bigrams(slot, tokenizer, texts, settings.model.windows)
            made["bigram_vocab_size"] = len(keys) + 1
        elif slot.bigram_vocab_size == 0:
            made.pop("bigram_size", None)
    config = _config(settings.model, made, entity_types, tokenizer)
    model = _classes(settings.model)[1](config)
    encoder: Any = model.cner.encoder
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in vectors}
    if ids:
        encoder.load_vectors(list(ids.values()), torch.from_numpy(np.stack([vectors[token] for token in ids])))
    if keys:
        rows = (
            _bigram_rows(keys, tokenizer, bigram_vectors, encoder.bigrams.weight.shape[1]) if bigram_vectors else None
        )
        encoder.set_bigrams(keys, rows)
    if words is not None:
        encoder.set_lexicon(words.words, rows_of(words, encoder.words.weight.detach().numpy()))
    return model, tokenizer, words


def _words(
    settings: TrainSettings, documents: Sequence[Document], tokenizer: PreTrainedTokenizerBase
) -> tuple[WordList, Plain]:
    """The words of a lattice encoder, and what its options must be for them."""
    vectors = vectors_of(settings.lexicon.vectors, settings.tokenizer.lower_case)
    size = size_of("word_size", settings.model.encoder.word_size, vectors, "lexicon.vectors")
    words = word_list(settings.lexicon, documents, vectors, tokenizer)
    return words, {**size, **words.slot()}


def _has_bigrams(slot: EncoderSlot, vectors: Mapping[str, np.ndarray]) -> bool:
    """Whether a static encoder gets bigrams; a `bigram_vocab_size` of 0 says that it gets none."""
    wanted = slot.bigram_vocab_size
    if wanted is None:
        return bool(slot.bigram_size or vectors)
    if wanted < 0:
        raise ValueError(f"model.encoder.bigram_vocab_size is {wanted}; it must be at least 0.")
    if not wanted and vectors:
        raise ValueError(
            "model.encoder.bigram_vocab_size is 0, no bigrams, but vectors.bigram_path is given; leave one out."
        )
    return bool(wanted)


def _bigrams(
    slot: EncoderSlot, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], windows: Windows
) -> list[int]:
    table = CharacterTable(tokenizer)
    cut = functools.partial(
        make_windows,
        policy=windows.policy,
        max_length=windows.max_length,
        overlap=windows.overlap,
        sentence_ends=windows.sentence_ends,
        merge=windows.merge,
    )
    sequences = (table.ids(text)[window.start : window.end] for text in texts for window in cut(text))
    limit = (slot.bigram_vocab_size or BIGRAM_LIMIT) - 1
    return frequent_bigrams(sequences, limit=limit, min_count=BIGRAM_MIN_COUNT)


def _bigram_rows(
    keys: Sequence[int], tokenizer: PreTrainedTokenizerBase, vectors: Mapping[str, np.ndarray], size: int
) -> torch.Tensor:
    """`(len(keys), size)`: the vector of each bigram, random (as the encoder begins) where the file has none."""
    bound = math.sqrt(3.0 / size)
    rows = torch.empty(len(keys), size).uniform_(-bound, bound)
    names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    for row, key in enumerate(keys):
        left, right = divmod(key, MULTIPLIER)
        if left < len(names) and right < len(names):
            vector = vectors.get(names[left] + names[right])
            if vector is not None:
                rows[row] = torch.from_numpy(vector)
    return rows
