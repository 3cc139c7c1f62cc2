"""The documents on which a table is trained and reported, and the sentence about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data.corpora import entity_types as types_of_corpus
from ..data.corpora import read_corpus, splits, types_in
from ..data.documents import Document
from ..data.fingerprint import fingerprint
from ..data.problems import DataError, Problems
from ..data.reading.detect import guess
from ..data.splits import join, shared_texts, split_by_record, split_hash
from ..settings.training import CorpusReading
from ..training.parts import Parts
from .tables import Table

COUNTED = "counted over whole documents against the original gold, strict"


@dataclass(frozen=True)
class Protocol:
    """The data of a table.

    Attributes:
        parts: train, and test or dev or both.
        reported: the part whose figures are reported.
        types: of the entities, in the order of their labels.
        sentence: the protocol in words.
        data: the section `data` of the runs' settings.
    """

    corpus: str
    parts: Parts
    reported: str
    types: tuple[str, ...]
    sentence: str
    data: dict[str, object]

    def about(self) -> dict[str, object]:
        """Fingerprint, hash of the split and sizes, for the report."""
        return {
            "corpus": self.corpus,
            "sentence": self.sentence,
            "reported": self.reported,
            "fingerprint": fingerprint(join(self.parts.values())),
            "split_hash": split_hash(list(self.parts.values())),
            "documents": {name: len(part) for name, part in self.parts.items()},
            "entities": {name: sum(len(document.spans) for document in part) for name, part in self.parts.items()},
        }


def prepare(
    table: Table,
    *,
    corpus: str | None = None,
    data_dir: Path | str | None = None,
    test: Path | str | None = None,
    split: Mapping[str, Any] | None = None,
    seed: int = 42,
    reading: CorpusReading | None = None,
    on_error: str = "stop",
) -> Protocol:
    """Read a table's data and split them as its paper does, as far as the data at hand allow.

    Args:
        corpus: another corpus than the paper's.
        data_dir: where it lies.
        test: a file or folder of held-out documents, in the corpus's form or as JSON lines: the official test part.
        split: `ratios` and `join_dev` in place of the table's: train:test:dev or train:dev.
        seed: of the split.
        reading: of a corpus in CoNLL files.
        on_error: at a fault in the data.

    Raises:
        ValueError: no data, a test part with types that the corpus does not have, or folds.
    """
    name = corpus or table.corpus
    problems = Problems(on_error)
    reading = reading or CorpusReading()
    documents = read_corpus(name, data_dir, problems=problems, options=reading.told)
    types = types_of_corpus(name) or types_in(documents)
    held_out = None if test is None else _read_test(Path(test), name, types, reading, problems)
    chosen = dict(table.split) | {key: value for key, value in (split or {}).items() if value is not None}
    if chosen.get("folds"):
        raise ValueError(
            "A table is reproduced on one split (--split 7:2:1), with several seeds; folds are not possible."
        )
    ratios = list(chosen["ratios"])
    if held_out is not None and chosen.get("pool_test") and split is None:
        documents, held_out = join([documents, held_out]), None
        pooled = " (corpus and test file together)"
    else:
        pooled = ""
    if held_out is not None:
        ratios = list((split or {}).get("ratios") or chosen.get("with_test") or [1])
        parts, said = _beside_test(documents, held_out, ratios, seed, bool(chosen.get("join_dev")))
    else:
        parts, said = _shares(documents, ratios, seed, bool(chosen.get("join_dev")))
    reported = "test" if "test" in parts else "dev"
    sizes = ", ".join(f"{part} {len(found):,} documents" for part, found in parts.items())
    ending = " The epoch was chosen on the part that is reported." if reported == "dev" else ""
    sentence = f"{name}{pooled}, {said}; {sizes}; reported on {reported}, {COUNTED}.{ending}"
    data: dict[str, object] = {
        "corpus": name,
        "data_dir": None if data_dir is None else str(data_dir),
        "on_error": on_error,
        **reading.given(),
    }
    data["split"] = {"ratios": ratios, "folds": None, "join_dev": bool(chosen.get("join_dev")), "seed": seed}
    return Protocol(name, parts, reported, tuple(types), sentence, data)


def _shares(documents: Sequence[Document], ratios: list[float], seed: int, join_dev: bool) -> tuple[Parts, str]:
    shares = ":".join(f"{ratio:g}" for ratio in ratios)
    names = {2: ("train", "dev"), 3: ("train", "test", "dev")}.get(len(ratios))
    if names is None or (join_dev and len(ratios) == 2):
        raise ValueError(
            f"A table needs a part to be reported on; found the split {shares}. Give train:test:dev, as 7:2:1, or "
            "train:dev, as 8:2 (not where dev is joined to train)."
        )
    parts = dict(zip(names, split_by_record(documents, ratios, seed), strict=True))
    said = f"split {shares} ({', '.join(names)}) by record with seed {seed}, equal texts on one side"
    if join_dev:
        parts["train"] = join([parts["train"], parts.pop("dev")])
        said += ", dev joined to train (the last epoch counts)"
    return parts, said


def _beside_test(
    documents: Sequence[Document], test: list[Document], ratios: list[float], seed: int, join_dev: bool
) -> tuple[Parts, str]:
    twice = {document.text for document, _ in shared_texts(documents, test)}
    rest = [document for document in documents if document.text not in twice]
    said = "all else against a test file"
    if twice:
        said += f" ({len(documents) - len(rest)} documents with a text of the test file left out)"
    if join_dev or len(ratios) == 1:
        return {"train": rest, "test": test}, f"{said}, nothing held out as dev (the last epoch counts)"
    learn, *others = split_by_record(rest, ratios, seed)
    shares = ":".join(f"{ratio:g}" for ratio in (ratios[0], sum(ratios[1:])))
    said += f", {shares} of the rest (train, dev) by record with seed {seed}"
    return {"train": learn, "test": test, "dev": join(others)}, said


def _read_test(
    path: Path, corpus: str, types: Sequence[str], reading: CorpusReading, problems: Problems
) -> list[Document]:
    if not path.exists():
        raise DataError(f"There is no test part {path}; check --test, a file or a folder.")
    form, options = ("jsonl", None) if path.is_file() and guess(path) == {"jsonl"} else (corpus, reading.told)
    published = path.is_dir() and "test" in splits(form, path)
    documents = read_corpus(form, path, problems=problems, split="test" if published else None, options=options)
    counts = Counter(span.type for document in documents for span in document.spans)
    if unknown := [name for name in counts if name not in types]:
        raise DataError(
            f"{path}: found the entity type {unknown[0]} ({counts[unknown[0]]} mentions), expected those of {corpus}: "
            f"{', '.join(types)}; name the test part of {corpus}, or rename the types."
        )
    if not counts:
        raise DataError(f"{path}: found no entities in the test part, expected gold; name the annotated file.")
    # A number may stand for another record here than in the training part.
    names = [(f"test/{document.id or number}", document.record) for number, document in enumerate(documents)]
    return [
        replace(document, id=name, record=f"test/{record}" if record else name)
        for document, (name, record) in zip(documents, names, strict=True)
    ]
