"""Gold of a file or folder, and the figures of a model on it as one JSON object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..data.corpora import read_corpus
from ..data.documents import Document
from ..data.fingerprint import fingerprint
from ..data.problems import DataError, Problems
from ..data.reading.detect import exports, guess
from ..data.reading.names import suffix_of
from ..data.registry import Options, by_ending, entry
from .intervals import bootstrap_f1


def read_gold(
    data: Path, *, corpus: str | None, split: str | None, options: Options, problems: Problems
) -> list[Document]:
    """The documents of a file or folder.

    Raises:
        DataError: a name from which the format cannot be known, without `corpus`; and the errors of reading.
    """
    if corpus is None and data.exists():
        named = by_ending(suffix_of(data.name))
        corpus = named.name if named else None
        if corpus is None:
            likely = sorted(guess(data)) or sorted(exports(data))
            looks = f" (it looks like {' or '.join(likely)})" if likely else ""
            raise DataError(
                f"{data}: the name does not tell what this is{looks}; say --corpus NAME (`hf-cner corpora` lists them)."
            )
    gold = read_corpus(corpus or "jsonl", data, problems=problems, split=split, options=options)
    if corpus is not None and entry(corpus).published and not any(document.spans for document in gold):
        raise DataError(
            f"{data}: found no entities in {len(gold):,} documents, expected gold; name the annotated part."
        )
    return gold


def check_types(gold: Sequence[Document], known: Sequence[str], data: Path) -> None:
    """Raise DataError when the gold has types that are not among the model's."""
    counts = Counter(span.type for document in gold for span in document.spans)
    unknown = {name: count for name, count in counts.items() if name not in known}
    if unknown:
        found = ", ".join(f"{name} ({count} mentions)" for name, count in unknown.items())
        raise DataError(
            f"{data}: found the entity type {found}, expected those that the model knows: {', '.join(known)}; "
            "evaluate a model that was trained on these types, or rename them in the data."
        )


def evaluation_row(
    model: str,
    data: Path,
    gold: Sequence[Document],
    predicted: Sequence[Document],
    report: Mapping[str, Any],
    *,
    resamples: int,
) -> dict[str, Any]:
    """The figures, and the inputs that they depend on."""
    return {
        "model": str(model),
        "data": str(data),
        "fingerprint": fingerprint(gold),
        "documents": len(gold),
        "mentions": _counted(gold),
        "predicted": _counted(predicted),
        "metrics": dict(report),
        "strict_f1_interval": asdict(bootstrap_f1(gold, predicted, resamples=resamples)),
    }


def _counted(documents: Sequence[Document]) -> int:
    """Entities as the figures count them: one that stands twice is one."""
    return sum(len({(span.start, span.end, span.type) for span in document.spans}) for document in documents)


def interval_sentence(row: Mapping[str, Any]) -> str:
    """Strict F1 with its interval, in words."""
    interval = row["strict_f1_interval"]
    return (
        f"strict F1 {interval['estimate']:.4f}, {interval['confidence']:.0%} interval {interval['low']:.4f} to "
        f"{interval['high']:.4f} (bootstrap over {interval['records']} records); {row['mentions']:,} gold mentions, "
        f"{row['predicted']:,} predicted, in {row['documents']:,} documents"
    )
