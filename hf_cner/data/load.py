"""Corpora as ``datasets`` objects, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING

from .corpora import read_splits
from .documents import Document, from_row, to_row
from .problems import Problems
from .registry import entry

if TYPE_CHECKING:  # datasets needs a second for its import
    from datasets import DatasetDict, DatasetInfo, Features

_ENTITY_KEYS = ("start", "end", "type", "text")


def load_corpus(
    name: str,
    data_dir: str | PathLike[str] | None = None,
    *,
    on_error: str = "stop",
    problems: Problems | None = None,
) -> DatasetDict:
    """Read a corpus into a ``DatasetDict`` with the features id, record, text and entities (start, end, type, text).

    Its splits are the published ones that the folder holds (``train``, ``validation``, ``test``), without empty ones;
    if the files name no splits, or ``data_dir`` is a file, everything is ``train``. ``split_by_record`` splits labelled
    data for training. ``hf-cner dataset`` writes the same as Parquet with a card.

    Raises:
        DataError: as ``read_corpus``.
    """
    from datasets import Dataset, DatasetDict

    info = corpus_info(name)
    parts = {}
    for split, documents in read_splits(name, data_dir, on_error=on_error, problems=problems).items():
        rows = [dataset_row(document) for document in documents]
        parts[split] = Dataset.from_list(rows, features=corpus_features(), info=info, split=split)
    return DatasetDict(parts)


def corpus_info(name: str) -> DatasetInfo:
    """The ``DatasetInfo`` of a corpus: description, licence, citation, features."""
    from datasets import DatasetInfo

    found = entry(name)
    return DatasetInfo(
        description=found.description, license=found.licence, citation=found.citation, features=corpus_features()
    )


def corpus_features() -> Features:
    """The features of every corpus: offsets are half-open and count code points of the unchanged text."""
    from datasets import Features, List, Value

    entity = {"start": Value("int32"), "end": Value("int32"), "type": Value("string"), "text": Value("string")}
    return Features(
        {"id": Value("string"), "record": Value("string"), "text": Value("string"), "entities": List(entity)}
    )


def dataset_row(document: Document) -> dict[str, object]:
    """The row of one document: gold has no scores, so none is written."""
    row = to_row(document)
    entities = [{key: entity[key] for key in _ENTITY_KEYS} for entity in row["entities"]]
    return {"id": row["id"], "record": row["record"], "text": row["text"], "entities": entities}


def documents_from_dataset(dataset: Iterable[Mapping[str, object]]) -> list[Document]:
    """The documents of one split of ``load_corpus``, or of any data set with such rows (streamed or not)."""
    return [from_row(row, gold="required") for row in dataset]
