"""Texts in, documents with spans out: the base of all predictors. Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..data.documents import Document
from ..modeling.characters import CharacterTable

Input = str | Document | Mapping[str, Any]

READ_AHEAD = 50_000  # characters: 2 % of each batch is padding, and workers can share a few hundred notes


class EntityFinder(ABC):
    """Finds the entities of texts of any length, in any number."""

    tokenizer: Any
    table: CharacterTable
    windows: dict[str, Any]

    @property
    @abstractmethod
    def weights(self) -> str:
        """A text that differs between models."""

    @property
    @abstractmethod
    def entity_types(self) -> list[str]:
        """The types that the model finds, in their order."""

    @abstractmethod
    def _extract(self, chunk: list[Document], progress: Callable[[int], None] | None) -> Iterator[Document]:
        """The documents with their spans, in order."""

    def __call__(self, texts: Input | Iterable[Input]) -> list[Document]:
        """Documents with spans, one for each text, in order; a single text gives a list of one."""
        return list(self.predict([texts] if isinstance(texts, (str, Document, Mapping)) else texts))

    def predict(
        self,
        texts: Iterable[Input],
        *,
        read_ahead: int = READ_AHEAD,
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[Document]:
        """Lazily, one document with predicted spans for each input, in order.

        Args:
            texts: raw texts, documents (text, id and record are kept, spans replaced), or rows with the key "text"
                (and "id", "record").
            read_ahead: number of characters that are read and processed together, at least one text. It bounds the
                memory and the delay of the first result, and never changes a result.
            progress: called with the number of characters done since the last call.

        Raises:
            TypeError: an input is none of these.
            ValueError: `read_ahead` below 1.
        """
        if read_ahead < 1:
            raise ValueError(f"read_ahead is {read_ahead}; it counts characters and must be at least 1.")
        if isinstance(texts, (str, Document, Mapping)):
            raise TypeError(f"predict takes several texts, found one {type(texts).__name__}; give it in a list.")
        return self._predict(texts, read_ahead, progress)

    def _predict(
        self, texts: Iterable[Input], read_ahead: int, progress: Callable[[int], None] | None
    ) -> Iterator[Document]:
        for chunk in chunks(texts, read_ahead):
            yield from self._extract(chunk, progress)


def chunks(texts: Iterable[Input], read_ahead: int) -> Iterator[list[Document]]:
    """Inputs as documents without spans, in lists of at least `read_ahead` characters but for the last."""
    chunk: list[Document] = []
    size = 0
    for number, item in enumerate(texts):
        chunk.append(_document(item, number))
        size += max(1, len(chunk[-1].text))  # many empty texts also end a chunk
        if size >= read_ahead:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _document(item: Input, number: int) -> Document:
    """An input as a document without gold spans."""
    if isinstance(item, Document):
        return item.with_spans(())
    if isinstance(item, str):
        return Document(item)
    if isinstance(item, Mapping) and isinstance(item.get("text"), str):
        name, record = ("" if item.get(key) is None else str(item[key]) for key in ("id", "record"))
        return Document(item["text"], id=name, record=record)
    found = f"a row with the keys {sorted(map(str, item))}" if isinstance(item, Mapping) else type(item).__name__
    raise TypeError(f'Input {number + 1} is {found}; give texts (str), documents, or rows with the key "text".')
