"""Which documents a run learnt from and which it held out, as its own `split.json` says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..data.corpora import read_corpus
from ..data.documents import Document
from ..data.fingerprint import fingerprint
from ..data.json_text import read_json_object
from ..data.problems import DataError, Problems
from ..data.registry import Options
from ..data.shown import brief
from ..data.splits import name_of
from ..metrics.gold import read_gold
from ..runs.files import SETTINGS, SPLIT
from ..settings.reading import read_settings_file
from ..settings.training import TrainSettings, corpus_of
from ..training.parts import reading

Parts = dict[str, frozenset[str]]


def gold_for(
    folder: Path, part: str | None, data: Path | None, *, corpus: str | None, options: Options, problems: Problems
) -> tuple[list[Document], list[str]]:
    """The gold documents that a model is compared with, and what makes the comparison doubtful.

    Args:
        folder: of the model.
        part: of its run; None where all documents of `data` are meant.
        data: what is read in place of the run's corpus, a `corpus` or what its name says.
    """
    parts, known = parts_of_run(folder)
    if data is None:
        documents = corpus_of_run(folder, problems)
    else:
        documents = read_gold(data, corpus=corpus, split=None, options=options, problems=problems)
    chosen = documents if part is None else documents_of_part(documents, parts, part, folder)
    return chosen, doubts(documents, chosen, parts, known)


def parts_of_run(folder: Path) -> tuple[Parts, str]:
    """The names of the documents in each part of a run, and the fingerprint of all; empty where it left no split.

    Raises:
        DataError: a split that no run wrote, or that of a cross-validation, whose parts stand in its folds.
    """
    path = folder / SPLIT
    if not path.is_file():
        return {}, ""
    found = read_json_object(path)
    if "folds" in found:
        raise DataError(
            f"{path}: found the split of a cross-validation; expected one model's; name a fold of it (fold-0)."
        )
    parts = {name: frozenset(map(str, names)) for name, names in found.items() if isinstance(names, list)}
    return parts, str(found.get("fingerprint", ""))


def corpus_of_run(folder: Path, problems: Problems) -> list[Document]:
    """The corpus that a run read, from where its settings say it lies.

    Raises:
        DataError: there are no settings, or the corpus is not there any more; `--data` then names it.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise DataError(
            f"{folder}: found no {SETTINGS} of a run; expected one, which names the corpus; say --data FILE."
        )
    settings = TrainSettings.of(read_settings_file(path, literal=True))
    data = settings.data
    try:
        return read_corpus(corpus_of(settings), data.data_dir, problems=problems, options=reading(data))
    except DataError as error:
        raise DataError(
            f"{error} The run in {folder} names this corpus; if it has moved, say --data and --corpus."
        ) from error


def documents_of_part(documents: Sequence[Document], parts: Parts, part: str, folder: Path) -> list[Document]:
    """The documents of one part, in the order of the corpus.

    Raises:
        DataError: no such part, or documents of it that are not in the corpus.
    """
    if part not in parts:
        known = f"the parts {', '.join(parts)}" if parts else f"no {SPLIT}"
        advice = f"choose one with --split: {', '.join(parts)}" if parts else "leave out --split, and say --data FILE"
        raise DataError(f"{folder}: found {known}; expected the part {part}; {advice}.")
    chosen = [document for document in documents if name_of(document) in parts[part]]
    missing = parts[part] - {name_of(document) for document in chosen}
    if missing:
        raise DataError(
            f"{folder / SPLIT}: found {len(missing):,} documents of the part {part} that are not in the data, as "
            f"{brief(min(missing))}; expected the corpus of this run; name it with --data and --corpus."
        )
    return chosen


def doubts(documents: Sequence[Document], chosen: Sequence[Document], parts: Parts, known: str) -> list[str]:
    """What makes the errors say less than they seem to: documents that were learnt from, data that have changed."""
    found = []
    learnt = [name_of(document) for document in chosen if name_of(document) in parts.get("train", ())]
    if learnt:
        found.append(
            f"{len(learnt):,} of {len(chosen):,} documents are in the part that the model was trained on, the first "
            f"{brief(learnt[0])}; what it makes of them says nothing about new texts."
        )
    if known and len(documents) >= sum(map(len, parts.values())) and fingerprint(documents) != known:
        found.append("The texts or their gold are not those of the run; they have changed since, or are other data.")
    return found
