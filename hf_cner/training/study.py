"""The folder of a hyper-parameter search: the study, the table of its trials, the best settings."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..data.kept import Kind, add_to_list, cannot_be_replaced, refuse_foreign
from ..data.models import LIST
from ..data.writing import atomic_write
from ..runs.folder import RunFolder, differences
from ..settings.denied import recorded
from ..settings.training import TrainSettings
from ..settings.yaml_text import dump_yaml
from .search_space import with_values

if TYPE_CHECKING:
    import optuna

_SQLITE = b"SQLite format 3\0"
STUDY, TRIALS, BEST = "study.db", "trials.csv", "best.yaml"
NAME = "hf-cner"  # of the study within its file


def _begun(folder: Path) -> bool:
    try:
        with (folder / STUDY).open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _written(folder: Path, name: PurePosixPath) -> bool:
    return str(name) in (STUDY, f"{STUDY}-journal", f"{STUDY}-wal", f"{STUDY}-shm", TRIALS, BEST)


class StudyFolder(RunFolder):
    """The folder of a search, locked and replaced like the folder of a run."""

    KIND = Kind(begun=_begun, written=_written, changing=_written)
    FIRST, LAST = STUDY, BEST

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._began = True  # without a finished trial the files are useless

    def check(self, *, resume: bool, overwrite: bool) -> None:
        refuse_foreign(self.path, self.KIND)
        if overwrite and self._holds_something() and (why := cannot_be_replaced(self.place)):
            raise ValueError(f"{self.path} holds a search and cannot be replaced ({why}); choose another output_dir.")
        if not (resume or overwrite) and self._can_be_resumed(self.path):
            raise ValueError(
                f"{self.path / STUDY} holds a search; continue it (--resume), or start again (--overwrite)."
            )

    def _can_be_resumed(self, folder: Path) -> bool:
        return (folder / BEST).is_file()  # written when the first trial was finished

    def _forget(self, folder: Path) -> None:
        for name in (STUDY, LIST):
            (folder / name).unlink(missing_ok=True)


class Study:
    """An Optuna study in a folder that is held.

    Args:
        folder: where its files are.
        place: the folder's name, for messages.

    Attributes:
        url: of the study's storage, a SQLite file.
    """

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self.place = folder, place
        self.path = place / STUDY
        self.url = f"sqlite:///{(folder / STUDY).resolve()}"
        self._study: optuna.Study | None = None

    @property
    def study(self) -> optuna.Study:
        """Optuna's study; there is one after `begin`."""
        assert self._study is not None, "begin() opens the study"
        return self._study

    def begin(self, about: Mapping[str, object]) -> None:
        """Begin the study, or continue it; trials that were cut off count as failed.

        Args:
            about: what the study depends on, by name: `space`, `settings`, `data` and `prune`; written into it.

        Raises:
            ValueError: it began with something else.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        add_to_list(self.folder, (STUDY, TRIALS, BEST))
        self._study = optuna.create_study(storage=self.url, study_name=NAME, direction="maximize", load_if_exists=True)
        for name, value in json.loads(json.dumps(dict(about))).items():
            if name not in self.study.user_attrs and not self.study.trials:
                self.study.set_user_attr(name, value)
            before = self.study.user_attrs.get(name)
            if before != value:
                which, another = "", "another" if name == "space" else "other"
                if isinstance(before, dict) and isinstance(value, dict):
                    which = f" ({', '.join(sorted(differences(before, value)))})"
                raise ValueError(
                    f"The search in {self.path} began with {another} {name}{which}; a search continues with what it "
                    "began with. Restore it, or start again (--overwrite)."
                )
        for trial in self.study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):
            self.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)

    def finished(self) -> list[optuna.trial.FrozenTrial]:
        """The trials that were finished or pruned."""
        import optuna

        states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
        return self.study.get_trials(deepcopy=False, states=states)

    def last_line(self) -> str:
        """The last finished trial, for people."""
        trial, best = self.finished()[-1], self.study.best_trial
        value = "given up" if trial.state.name == "PRUNED" else f"F1 {trial.value:.4f}"
        told = "best so far" if best.number == trial.number else f"best {best.value:.4f}, trial {best.number}"
        return f"trial {trial.number}: {value} ({told}); {shown(trial.params)}"

    def failure(self, error: BaseException) -> str:
        """Advice about a trial that failed: a resumed search would try the same values again."""
        trial = self.study.get_trials(deepcopy=False)[-1]
        return (
            f"Trial {trial.number} broke off, with {shown(trial.params)}: {error} It is tried again when the search "
            "continues (--resume); make room for it, or leave such values out and start again (--overwrite)."
        )

    def rows(self) -> list[dict[str, object]]:
        """A row for each trial: number, state, objective (None without one), seconds, and what was varied."""
        return [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                "f1": trial.value,
                "seconds": None if trial.duration is None else round(trial.duration.total_seconds(), 1),
                **trial.params,
            }
            for trial in self.study.get_trials(deepcopy=False)
        ]

    def write(self, settings: TrainSettings, protocol: str) -> dict[str, object]:
        """Write the table of the trials and the best settings, each whole; returns both."""
        rows, best = self.rows(), self.study.best_trial
        names = list(dict.fromkeys(name for row in rows for name in row))
        with atomic_write(self.folder / TRIALS) as stream:
            writer = csv.DictWriter(stream, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        chosen = recorded(with_values(settings, best.params).at(None).given())
        with atomic_write(self.folder / BEST) as stream:
            stream.write(f"# Trial {best.number} of {len(self.finished())}: F1 {best.value:.4f}\n# {protocol}\n")
            stream.write(dump_yaml(chosen))
        return {
            "best": {"trial": best.number, "f1": best.value, "parameters": dict(best.params)},
            "trials": rows,
            "settings": chosen,
            "files": {name: str(self.place / name) for name in (STUDY, TRIALS, BEST)},
            "protocol": protocol,
        }


def shown(parameters: Mapping[str, object]) -> str:
    """What was varied, for people."""
    values = {name: f"{value:.3g}" if isinstance(value, float) else str(value) for name, value in parameters.items()}
    return ", ".join(f"{name} {value}" for name, value in values.items())
