"""From settings and training documents to a tokenizer and a model that has not learnt anything yet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from ..data.documents import Document
from ..data.tokenizer import build_character_tokenizer, character_tokenizer_from, count_characters
from ..data.vectors import read_word2vec
from ..encoders.fetch import local_folder
from ..encoders.published import is_ours, open_encoder
from ..modeling.bigrams import MULTIPLIER, frequent_bigrams
from ..modeling.characters import CharacterTable
from ..modeling.configuration_cner import CnerConfig
from ..modeling.configuration_cner_mrc import CnerMrcConfig
from ..modeling.modeling_cner import CnerForTokenClassification
from ..modeling.modeling_cner_mrc import CnerForQuestionAnswering
from ..modeling.windows import make_windows
from .elmo import check_elmo, check_is_elmo
from .lexicon import WordList, rows_of, word_list
from .questions import queries_of

BIGRAM_LIMIT = 100_000  # rows; the default where a preset only gives the size of a bigram's vector
BIGRAM_MIN_COUNT = 2  # of rarer ones the shared vector of unknown bigrams learns


Model = CnerForTokenClassification | CnerForQuestionAnswering


def build(
    settings: Mapping[str, Any],
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
        settings: the sections `model`, `tokenizer`, `vectors`, `lexicon` and `data` of a run's settings.
        documents: the training documents, and no others: what stands in the test part must stay unknown.
        entity_types: in the order of their labels.
        notes: what is worth writing down beside the results is added to it: of a lexicon how many words it has, of a
            published encoder what was found in its files.

    Raises:
        ValueError: an encoder that is not there, an empty lexicon, vectors of another size than the encoder's, windows
            or questions that are longer than the encoder can read, or a type without a question.
    """
    queries = queries_of(settings, entity_types)
    model_settings = dict(settings["model"])
    model_settings.pop("queries", None)
    if queries is None:
        model_settings.pop("interaction", None)
    slot = dict(model_settings.pop("encoder"))
    if slot.get("kind") == "elmo":
        check_elmo(slot)
    if slot.get("kind") in ("pretrained", "elmo") and slot.get("name_or_path"):
        model, tokenizer = _pretrained(slot, model_settings, entity_types, notes)
    else:
        found = _from_characters(settings, slot, model_settings, entity_types, documents, queries or {})
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


def _classes(model_settings: Mapping[str, Any]) -> tuple[type[CnerConfig | CnerMrcConfig], type[Model]]:
    if "interaction" in model_settings:
        return CnerMrcConfig, CnerForQuestionAnswering
    return CnerConfig, CnerForTokenClassification


def _config(model_settings: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase, **more: Any) -> Any:
    return _classes(model_settings)[0](
        **{key: value for key, value in model_settings.items() if value is not None},
        non_unit_ids=CharacterTable(tokenizer).non_unit_ids,
        pad_token_id=tokenizer.pad_token_id,
        **more,
    )


def _pretrained(
    slot: dict[str, Any],
    model_settings: Mapping[str, Any],
    entity_types: Sequence[str],
    notes: dict[str, Any] | None,
) -> tuple[Any, PreTrainedTokenizerBase]:
    name, model_type = slot.pop("name_or_path"), slot.pop("model_type", None)
    folder = local_folder(name)
    if slot["kind"] == "elmo":
        check_is_elmo(folder)
    opened = None if is_ours(folder) else open_encoder(folder, model_type=model_type, source=name)
    tokenizer = character_tokenizer_from(folder) if opened is None else opened.tokenizer
    sizes = {"vocab_size": len(tokenizer)}  # until the checkpoint's own configuration takes its place
    config = _config(model_settings, tokenizer, encoder=slot | {"config": sizes}, entity_types=list(entity_types))
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
    settings: Mapping[str, Any],
    slot: dict[str, Any],
    model_settings: Mapping[str, Any],
    entity_types: Sequence[str],
    documents: Sequence[Document],
    queries: Mapping[str, str],
) -> tuple[Any, PreTrainedTokenizerBase, WordList | None]:
    texts = [document.text for document in documents]
    options = settings.get("tokenizer") or {}
    lower_case = bool(options.get("lower_case", True))
    files = settings.get("vectors") or {}
    vectors = _read_vectors(files.get("path"), lower_case, length=1)
    bigram_vectors = _read_vectors(files.get("bigram_path"), lower_case, length=2)
    characters = count_characters(texts, min_count=int(options.get("min_count", 1)), lower_case=lower_case)
    asked = count_characters(queries.values(), lower_case=lower_case)  # a question must not be read as unknown
    known = set(characters)
    characters += sorted({*asked, *vectors} - known)
    if " " in vectors:  # training them, all white space was one blank
        vectors |= {character: vectors[" "] for character in characters if character.isspace()} | vectors
    tokenizer = build_character_tokenizer(characters, lower_case=lower_case)
    keys: list[int] = []
    words: WordList | None = None
    if slot.get("kind") == "pretrained":
        slot.pop("name_or_path", None)  # a preset's, set to null
        slot["config"] = {**slot.get("config", {}), "vocab_size": len(tokenizer), "pad_token_id": 0}
    else:
        slot["vocab_size"] = len(tokenizer)
        _set_size(slot, "embedding_size", vectors, "vectors.path")
        if slot.get("kind") == "lattice":
            words = _words(settings, slot, documents, tokenizer, lower_case)
        if _has_bigrams(slot, bigram_vectors):
            _set_size(slot, "bigram_size", bigram_vectors, "vectors.bigram_path")
            keys = _bigrams(slot, tokenizer, texts, model_settings.get("windows") or {})
            slot["bigram_vocab_size"] = len(keys) + 1
    config = _config(model_settings, tokenizer, encoder=slot, entity_types=list(entity_types))
    model = _classes(model_settings)[1](config)
    encoder: Any = model.cner.encoder
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in vectors}
    if ids:
        encoder.load_vectors(list(ids.values()), torch.from_numpy(np.stack([vectors[token] for token in ids])))
    if keys:
        rows = _bigram_rows(keys, tokenizer, bigram_vectors, slot["bigram_size"]) if bigram_vectors else None
        encoder.set_bigrams(keys, rows)
    if words is not None:
        encoder.set_lexicon(words.words, rows_of(words, encoder.words.weight.detach().numpy()))
    return model, tokenizer, words


def _read_vectors(path: str | None, lower_case: bool, *, length: int | None = None) -> dict[str, np.ndarray]:
    """Token to vector; with case folded, a token in lower case wins over the same one in capitals.

    With `length` only tokens of so many characters are held: a published file of words may have millions of others.
    """
    if path is None:
        return {}
    tokens, rows = read_word2vec(path, keep=None if length is None else lambda token: len(token) == length)
    if not tokens:
        raise ValueError(
            f"{path} holds no vector of {length} character{'s' if length != 1 else ''}; give another file."
        )
    found = dict(zip(tokens, rows, strict=True))
    if not lower_case:
        return found
    folded = {token: row for token, row in found.items() if token == token.lower()}
    for token, row in found.items():
        if len(token.lower()) == len(token):
            folded.setdefault(token.lower(), row)
    return folded


def _set_size(slot: dict[str, Any], option: str, vectors: Mapping[str, np.ndarray], source: str) -> None:
    """Take the size of an embedding from the vectors; raise when the settings ask for another one."""
    if not vectors:
        return
    size = len(next(iter(vectors.values())))
    if slot.get(option) not in (None, size):
        raise ValueError(
            f"model.encoder.{option} is {slot[option]}, but {source} holds vectors of size {size}; make them equal."
        )
    slot[option] = size


def _words(
    settings: Mapping[str, Any],
    slot: dict[str, Any],
    documents: Sequence[Document],
    tokenizer: PreTrainedTokenizerBase,
    lower_case: bool,
) -> WordList:
    """The words of a lattice encoder, whose options are set to what they need."""
    options = settings.get("lexicon") or {}
    vectors = _read_vectors(options.get("vectors"), lower_case)
    _set_size(slot, "word_size", vectors, "lexicon.vectors")
    words = word_list(options, documents, vectors, tokenizer)
    slot.update(words.slot())
    return words


def _has_bigrams(slot: dict[str, Any], vectors: Mapping[str, np.ndarray]) -> bool:
    """Whether a static encoder gets bigrams; a `bigram_vocab_size` of 0 says that it gets none."""
    wanted = slot.get("bigram_vocab_size")
    if wanted is None:
        return bool(slot.get("bigram_size") or vectors)
    if isinstance(wanted, int) and wanted < 0:
        raise ValueError(f"model.encoder.bigram_vocab_size is {wanted}; it must be at least 0.")
    if not wanted:
        slot.pop("bigram_size", None)
        if vectors:
            raise ValueError(
                "model.encoder.bigram_vocab_size is 0, no bigrams, but vectors.bigram_path is given; leave one out."
            )
    return bool(wanted)


def _bigrams(
    slot: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], windows: Mapping[str, Any]
) -> list[int]:
    table = CharacterTable(tokenizer)
    sequences = (
        table.ids(text)[window.start : window.end] for text in texts for window in make_windows(text, **windows)
    )
    limit = int(slot.get("bigram_vocab_size") or BIGRAM_LIMIT) - 1
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
