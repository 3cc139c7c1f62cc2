"""Prediction with an exported graph: windows, batches, stitching and spans, as `Predictor` does it, without torch."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.documents import Document, Span
from ..modeling.characters import CharacterTable
from ..modeling.schemes import decode
from ..modeling.window_batches import (
    DECODED_CHARACTERS,
    EncodedWindow,
    WindowBatch,
    document_groups,
    encode_windows,
    token_batches,
)
from .engines import INPUTS, Engine, open_engine
from .finder import EntityFinder
from .manifest import GRAPHS, GraphError, Manifest, read_manifest
from .tokens import Tokens

BATCH_TOKENS = 1024  # padded tokens in a batch: larger batches do not fit in the cache of a core
FEWEST_COLUMNS = 3  # torch's exported programs need as many


class GraphPredictor(EntityFinder):
    """Finds the entities of texts with a graph that `hf-cner export` wrote; the same spans as `Predictor`.

    A document of one window is decoded in the graph of the model. The windows of a longer document are joined, and its
    emissions are decoded by the second graph, which holds the decoder alone.

    Args:
        folder: of the graph.
        backend: the backend that the graph must be for; None takes any.
        threads: number of threads; None leaves it to the backend.
        batch_tokens: padded tokens in one pass of the model.
        scores: give each span its exact probability; False is faster.
        windows: options of `make_windows` that replace the model's.

    Raises:
        GraphError: the graph is missing or wrong; one sentence says how.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        backend: str | None = None,
        threads: int | None = None,
        batch_tokens: int | None = None,
        scores: bool = True,
        windows: Mapping[str, Any] | None = None,
    ) -> None:
        self.manifest: Manifest = read_manifest(folder, backend=backend)
        self.tokenizer = Tokens(folder)
        self.table = CharacterTable(self.tokenizer)
        self.windows = {**self.manifest.windows, **(windows or {})}
        self.batch_tokens = BATCH_TOKENS if batch_tokens is None else batch_tokens
        if self.batch_tokens < 1:
            raise ValueError(f"batch_tokens is {batch_tokens}; it must be at least 1.")
        self.scores = scores
        self._check_length()
        engines = [
            open_engine(self.manifest.backend, Path(folder) / name, threads=threads)
            for name in GRAPHS[self.manifest.backend]
        ]
        self._model, self._decoder = engines
        for name, engine in zip(GRAPHS[self.manifest.backend], engines, strict=True):
            self._check_labels(Path(folder) / name, engine)

    @property
    def weights(self) -> str:
        """A text that differs between models and between backends."""
        return f"{self.manifest.weights} {self.manifest.backend} {self.manifest.precision}"

    @property
    def entity_types(self) -> list[str]:
        """The types that the model knows, in their order."""
        return list(self.manifest.entity_types)

    def _check_length(self) -> None:
        longest = self.windows.get("max_length", 0) + len(self.table.prefix) + len(self.table.suffix)
        if self.manifest.positions is not None and longest > self.manifest.positions:
            raise GraphError(
                f"Windows of {self.windows['max_length']} characters make {longest} tokens, which are too long for "
                f"this graph: its encoder has {self.manifest.positions} positions; give shorter windows (max_length)."
            )

    def _check_labels(self, path: Path, engine: Engine) -> None:
        if engine.last_axis not in (None, len(self.manifest.labels)):
            raise GraphError(
                f"{path} is a graph of another set of labels: it scores {engine.last_axis}, and the manifest names "
                f"{len(self.manifest.labels)}; export the model again."
            )

    def _extract(self, chunk: list[Document], progress: Callable[[int], None] | None) -> Iterator[Document]:
        encoded = encode_windows([document.text for document in chunk], self.table, self.windows)
        spans: dict[int, list[Span]] = {}
        for group in document_groups(encoded):
            windows_of = Counter(item.document for item in group)
            alone = [item for item in group if windows_of[item.document] == 1]
            spans.update(self._of_windows(alone, progress))
            spans.update(self._of_documents([item for item in group if windows_of[item.document] > 1], progress))
        for number, document in enumerate(chunk):
            yield document.with_spans(spans.get(number, ()))

    def _of_windows(
        self, group: Sequence[EncodedWindow], progress: Callable[[int], None] | None
    ) -> Iterator[tuple[int, list[Span]]]:
        """Number and spans of documents of one window each."""
        wanted = ["emissions", "tags", "log_parts"] if self.scores else ["emissions", "tags"]
        for batch in token_batches(group, self.table, self.batch_tokens):
            emissions, tags, *parts = self._run_model(batch, wanted)
            for row, item in enumerate(batch.windows):
                units = item.window.end - item.window.start
                _check_numbers(emissions[row, :units])
                yield item.document, self._spans(tags[row, :units], parts[0][row, :units] if parts else None)
            _report(batch.windows, progress)

    def _of_documents(
        self, group: Sequence[EncodedWindow], progress: Callable[[int], None] | None
    ) -> Iterator[tuple[int, list[Span]]]:
        """Number and spans of documents of several windows: their emissions are joined, then decoded."""
        pieces: dict[int, list[tuple[int, np.ndarray]]] = {}
        for batch in token_batches(group, self.table, self.batch_tokens):
            [emissions] = self._run_model(batch, ["emissions"])
            for row, item in zip(emissions, batch.windows, strict=True):
                start, _, own_start, own_end = item.window
                own = row[own_start - start : own_end - start]
                _check_numbers(own)
                pieces.setdefault(item.document, []).append((own_start, own.copy()))
            _report(batch.windows, progress)
        documents = {
            number: np.concatenate([piece for _, piece in sorted(parts, key=lambda part: part[0])])
            for number, parts in pieces.items()
        }
        ordered = sorted(documents, key=lambda number: len(documents[number]), reverse=True)
        while ordered:
            together = max(1, DECODED_CHARACTERS // len(documents[ordered[0]]))
            numbers, ordered = ordered[:together], ordered[together:]
            yield from self._decoded({number: documents.pop(number) for number in numbers})

    def _decoded(self, documents: Mapping[int, np.ndarray]) -> Iterator[tuple[int, list[Span]]]:
        lengths = np.array([len(emissions) for emissions in documents.values()])
        padded = np.zeros((len(lengths), max(FEWEST_COLUMNS, lengths.max()), len(self.manifest.labels)), np.float32)
        for row, emissions in zip(padded, documents.values(), strict=True):
            row[: len(emissions)] = emissions
        inputs = dict(zip(INPUTS["decoder"], (padded, lengths), strict=True))
        tags, *parts = self._decoder.run(inputs, ["tags", "log_parts"] if self.scores else ["tags"])
        for row, (number, units) in enumerate(zip(documents, lengths, strict=True)):
            yield number, self._spans(tags[row, :units], parts[0][row, :units] if parts else None)

    def _run_model(self, batch: WindowBatch, wanted: Sequence[str]) -> list[np.ndarray]:
        longest = batch.inputs["input_ids"].shape[1]
        names = INPUTS["model"] + (("token_type_ids",) if self.manifest.token_types else ())
        fillers = {"input_ids": self.table.pad_token_id}
        missing = ((0, 0), (0, max(0, FEWEST_COLUMNS - longest)))
        arrays = {
            name: np.pad(batch.inputs[name], missing, constant_values=fillers.get(name, 0))
            if longest < FEWEST_COLUMNS
            else batch.inputs[name]
            for name in names
        }
        return self._model.run(arrays, wanted)

    def _spans(self, tags: np.ndarray, log_parts: np.ndarray | None) -> list[Span]:
        """The entities of a document's tags `(units,)`, and their scores from `(units, 3)`, see `export.chain`."""
        found = decode([self.manifest.labels[tag] for tag in tags.tolist()], self.manifest.scheme)
        if log_parts is None:
            return [Span(*triple) for triple in found]
        first, step, leave = log_parts.astype(np.float64).T
        logs = [first[s] + step[s + 1 : e].sum() + leave[e - 1] for s, e, _ in found]
        return [Span(*triple, min(1.0, float(np.exp(log)))) for triple, log in zip(found, logs, strict=True)]


def open_graph(
    folder: str | os.PathLike[str],
    *,
    backend: str | None = None,
    device: str | None = None,
    chosen: Mapping[str, object] | None = None,
    batch_tokens: int | None = None,
    scores: bool = True,
    windows: Mapping[str, Any] | None = None,
) -> GraphPredictor:
    """A graph, with the arguments of `Predictor.from_pretrained`.

    Args:
        folder, backend, batch_tokens, scores, windows: as `GraphPredictor` takes them.
        device: only the CPU.
        chosen: options that a graph does not have; all must be None.

    Raises:
        GraphError: another device, an option that a graph does not have, or an error of `GraphPredictor`.
    """
    if device not in (None, "cpu"):
        raise GraphError(f"An exported graph runs on the CPU, not on {device}; leave the device out.")
    if given := [name for name, value in (chosen or {}).items() if value is not None]:
        raise GraphError(
            f"An exported graph has its precision, and gives tags, so it takes no {', '.join(given)}; leave it out, or "
            "give the model's own folder."
        )
    return GraphPredictor(folder, backend=backend, batch_tokens=batch_tokens, scores=scores, windows=windows)


def _check_numbers(emissions: np.ndarray) -> None:
    """Raise FloatingPointError for scores that are NaN or infinite."""
    if not np.isfinite(emissions).all():
        raise FloatingPointError(
            "The graph's scores are not numbers (NaN or infinity), so nothing can be said about these texts: its "
            "weights are broken; train the model again, and export it."
        )


def _report(windows: Iterable[EncodedWindow], progress: Callable[[int], None] | None) -> None:
    if progress is not None:
        progress(sum(item.window.own_end - item.window.own_start for item in windows))
