"""Which documents a run learnt from and which it held out, by its `split.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

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


class RunParts(NamedTuple):
    """What a run left in its folder about its split: names of documents by part, and the fingerprint of all."""

    folder: Path
    parts: dict[str, frozenset[str]]
    fingerprint: str


def parts_of_run(folder: Path) -> RunParts:
    """The parts of the run that made a model; none without a `split.json`.

    Raises:
        DataError: a split that no run wrote, or that of a cross-validation, whose models stand in its folds.
    """
    path = folder / SPLIT
    if not path.is_file():
        return RunParts(folder, {}, "")
    found = read_json_object(path)
    if "folds" in found:
        raise DataError(
            f"{path}: found the split of a cross-validation; expected one model's; name a fold of it, as "
            f"--model {folder / 'fold-0'}."
        )
    parts = {name: frozenset(map(str, names)) for name, names in found.items() if isinstance(names, list)}
    return RunParts(folder, parts, str(found.get("fingerprint", "")))


def gold_for(
    run: RunParts, part: str | None, data: Path | None, *, corpus: str | None, options: Options, problems: Problems
) -> tuple[list[Document], list[str]]:
    """The gold documents that a model is compared with, and what makes the comparison doubtful.

    Args:
        run: that made the model.
        part: of the run; None where all documents of `data` are meant.
        data: what is read in place of the run's corpus, a `corpus` or what its name says.
    """
    if part is not None and part not in run.parts:
        known = f"the parts {', '.join(run.parts)}" if run.parts else f"no {SPLIT}"
        advice = (
            f"choose one with --split: {', '.join(run.parts)}"
            if run.parts
            else "leave out --split, and say --data FILE"
        )
        raise DataError(f"{run.folder}: found {known}; expected the part {part}; {advice}.")
    if data is None:
        documents = corpus_of_run(run.folder, problems)
    else:
        documents = read_gold(data, corpus=corpus, split=None, options=options, problems=problems)
    chosen = documents if part is None else _documents_of(documents, run, part)
    return chosen, _doubts(documents, chosen, run)


def corpus_of_run(folder: Path, problems: Problems) -> list[Document]:
    """The corpus that a run read, from the place that its settings name.

    Raises:
        DataError: there are no settings, or the corpus is gone; `--data` then names it.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise DataError(
            f"{folder}: found no {SETTINGS} of a run; expected one, which names the corpus; say --data FILE."
        )
    settings = TrainSettings.of(read_settings_file(path, literal=True))
    data = settings.data
    problems.on_error = data.on_error if problems.on_error == "stop" else problems.on_error  # what the run left out
    try:
        return read_corpus(corpus_of(settings), data.data_dir, problems=problems, options=data.told)
    except DataError as error:
        raise DataError(
            f"{error} The run in {folder} names this corpus; if it has moved, say --data and --corpus."
        ) from error


def _documents_of(documents: Sequence[Document], run: RunParts, part: str) -> list[Document]:
    """The documents of one part, in the order of the corpus; DataError if some are missing."""
    chosen = [document for document in documents if name_of(document) in run.parts[part]]
    missing = run.parts[part] - {name_of(document) for document in chosen}
    if missing:
        raise DataError(
            f"{run.folder / SPLIT}: found {len(missing):,} documents of the part {part} that are not in the data, as "
            f"{brief(min(missing))}; expected the corpus of this run; name it with --data and --corpus."
        )
    return chosen


def _doubts(documents: Sequence[Document], chosen: Sequence[Document], run: RunParts) -> list[str]:
    """Why the errors may mislead: documents that the model was trained on, data that have changed."""
    found = []
    learnt = [name_of(document) for document in chosen if name_of(document) in run.parts.get("train", ())]
    if learnt:
        found.append(
            f"{len(learnt):,} of {len(chosen):,} documents are in the part that the model was trained on, the first "
            f"{brief(learnt[0])}; what it makes of them says nothing about new texts."
        )
    whole = len(documents) >= sum(map(len, run.parts.values()))
    if run.fingerprint and whole and fingerprint(documents) != run.fingerprint:
        found.append("The texts or their gold are not those of the run; they have changed since, or are other data.")
    return found
