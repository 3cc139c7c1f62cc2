"""What a model and its tokenizer make of documents: training features, items of an evaluation, batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from ..data.collator import CnerDataCollator
from ..data.documents import Document, from_row
from ..data.features import EntityReport, build_features, encode_documents
from ..modeling.characters import CharacterTable
from ..modeling.entity_model import EntityModel, check_model
from ..modeling.labels import IGNORED
from ..modeling.window_batches import EncodedWindow, Feature
from ..modeling.windows import Window


class FeatureDataset(Dataset[Feature]):
    """Training features in memory, and behind the last one a filler, from which nothing is learnt.

    Several processes must get batches of one size. Fillers complete the last ones, so that no window is trained twice
    and two processes learn what one learns.
    """

    def __init__(self, features: Sequence[Feature], filler: Feature) -> None:
        self.features = list(features)
        self.filler = filler

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: int) -> Feature:
        return self.filler if index == len(self.features) else self.features[index]


class DocumentDataset(Dataset[int]):
    """Documents with their windows as ids and labels; an item is the document's own number.

    Args:
        documents: with gold spans, or without any.
        encoded: the windows of each document.
    """

    def __init__(self, documents: Sequence[Document], encoded: Sequence[Sequence[EncodedWindow]]) -> None:
        self.documents = list(documents)
        self._encoded = list(encoded)

    def __len__(self) -> int:
        return len(self.documents)

    def __getitem__(self, index: int) -> int:
        return index

    def lengths(self) -> list[int]:
        """Characters of each document."""
        return [len(document.text) for document in self.documents]

    def windows(self, indices: Sequence[int]) -> list[EncodedWindow]:
        """The windows of some documents, which are numbered as they stand in `indices`."""
        return [replace(item, document=number) for number, index in enumerate(indices) for item in self._encoded[index]]


class DocumentEncoder:
    """Encodes documents for one model.

    Args:
        model: a model of this package, possibly wrapped (PEFT).
        tokenizer: its character tokenizer.

    Raises:
        ValueError: the model is none of this package's code.
    """

    def __init__(self, model: EntityModel, tokenizer: PreTrainedTokenizerBase) -> None:
        check_model(model)
        self.model = model
        self.config = model.config
        self.tokenizer = tokenizer
        self.table = CharacterTable(tokenizer)

    def features(self, documents: Sequence[Document]) -> tuple[FeatureDataset, EntityReport]:
        """Training features, and what became of the gold entities on the way."""
        report = EntityReport()
        names = [document.id or str(number) for number, document in enumerate(documents)]
        features = build_features(self._encode(documents, report), self.table, names)
        ids = self.table.encode("")
        (filler,) = build_features([[EncodedWindow(0, Window(0, 0, 0, 0), ids)]], self.table, ["filler"])
        filler["labels"] = [IGNORED] * len(ids) if self.model.gives_tags else []
        return FeatureDataset(features, filler), report

    def dataset(self, documents: Sequence[Document]) -> DocumentDataset:
        """Documents to be evaluated."""
        return DocumentDataset(documents, self._encode(documents, EntityReport()))

    def collator(self) -> CnerDataCollator:
        """Makes batches of features; checks their gold where it is tags."""
        tags = [self.config.id2label[number] for number in range(self.config.num_labels)]
        return CnerDataCollator(
            pad_token_id=self.table.pad_token_id,
            padding_side=self.table.padding_side,
            tags=tags if self.model.gives_tags else None,
            scheme=self.config.span_decoder.get("scheme", "BIOES") if self.model.gives_tags else None,
            span_labels=not self.model.gives_tags,
        )

    def _encode(self, documents: Sequence[Document], report: EntityReport) -> list[list[EncodedWindow]]:
        return list(
            encode_documents(
                documents,
                self.table,
                windows=self.config.windows,
                entity_types=self.config.entity_types,
                encode_targets=self.model.encode_targets,
                tagging=self.model.gives_tags,
                inexpressible=self.model.inexpressible,
                report=report,
            )
        )


def as_documents(dataset: Any) -> list[Document] | None:
    """The documents of a list, or of a dataset with the columns `text` and `entities`; None for anything else."""
    if isinstance(dataset, (list, tuple)) and dataset and all(isinstance(item, Document) for item in dataset):
        return list(dataset)
    if {"text", "entities"} <= set(getattr(dataset, "column_names", None) or ()):
        return [from_row(row) for row in dataset]
    return None


def documents_to_evaluate(dataset: object) -> list[Document] | None:
    """As `as_documents`; ValueError for an empty list, of which there are no figures."""
    if isinstance(dataset, (list, tuple)) and not dataset:
        raise ValueError("There are no documents to evaluate: the list is empty; give at least one.")
    return as_documents(dataset)


def lengths_of(dataset: Any, column: str) -> list[int]:
    """Length in ids of every item of a training dataset, from its column of lengths where it has one."""
    if column in (getattr(dataset, "column_names", None) or ()):
        return list(dataset[column])
    items = dataset.features if isinstance(dataset, FeatureDataset) else dataset
    return [item[column] if column in item else len(item["input_ids"]) for item in items]
