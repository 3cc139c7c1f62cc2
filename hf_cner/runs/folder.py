"""The folder of a run: its files, whether it may be used, and how its files are written whole."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ..data.folders import refuse_inputs
from ..data.kept import LOCK, Kind, add_to_list, cannot_be_replaced, recover, refuse_foreign, replace_folder
from ..data.locks import beside, locked
from ..data.models import LIST
from ..data.room import NotWritten
from ..data.shown import printable
from ..data.writing import atomic_write
from ..settings.reading import read_settings_file
from ..settings.yaml_text import dump_yaml
from .checkpoints import is_checkpoint
from .files import LOG, RESULTS, RUN, SAVING, SETTINGS, SPLIT

__all__ = ["LOG", "RESULTS", "SAVING", "SETTINGS", "SPLIT", "OtherRun", "RunFolder", "differences", "is_first_process"]


class OtherRun(ValueError):
    """A folder holds a run that began with other settings or data."""


class RunFolder:
    """The folder of one run.

    `settings.yaml` and `split.json` are written before the training, `results.json` is written last: with it a run is
    finished. Until then, checkpoints are in `checkpoint-<step>`; the final model is in the folder itself. A run that
    replaces another is made in a hidden folder beside it, `.NAME.new`, and takes the name when it is finished.

    Attributes:
        path: the name of the folder.
        work: the folder in which the run works: the same, or a hidden folder beside it.
    """

    KIND: ClassVar[Kind] = RUN
    FIRST: ClassVar[str] = SETTINGS  # exists as soon as a run has begun
    LAST: ClassVar[str] = RESULTS  # exists when a run is finished

    def __init__(self, path: str | os.PathLike[str], *, work: Path | None = None) -> None:
        self.path = Path(path).expanduser()
        self.place = Path(os.path.realpath(self.path))  # a link stays, and the folder that it names is replaced
        self.beside = beside(self.place, "new")
        self.work = self.path if work is None else work
        self._began = False

    def finished(self) -> bool:
        """Whether a run was finished here, and no run that replaces it was interrupted."""
        return (self.work / self.LAST).is_file() and not (self.work == self.path and self._is_being_replaced())

    @contextmanager
    def held(self, *, resume: bool, overwrite: bool, inputs: Iterable[str | None] = ()) -> Iterator[None]:
        """Keep the folder for this run while the block runs; at its end a run that was made beside it takes its name.

        A block that fails before there is anything to resume leaves no files. Of several processes that train together,
        only the first changes files.

        Args:
            inputs: the files and folders that the run reads; names that are no paths here are ignored.

        Raises:
            ValueError: what `check` raises.
            Held: another run writes the folder.
        """
        if not is_first_process():
            self.work = self._where(resume=resume, overwrite=overwrite)
            yield
            return
        resume = resume and not overwrite
        self._refuse_file()
        with ExitStack() as stack:
            beside_too = self._lock(stack, resume=resume, overwrite=overwrite)
            refuse_inputs(self.path, inputs)
            self.check(resume=resume, overwrite=overwrite)
            if resume and not self._can_be_resumed(self.beside if beside_too else self.path):
                print(printable(f"{self.path}: found nothing to continue; the run begins at step 0."), file=sys.stderr)
            if beside_too:
                self._begin_beside(resume=resume)
            elif not resume or not self._can_be_resumed(self.path):
                self._forget(self.path)
            try:
                yield
            except BaseException:
                if self._began and not self._can_be_resumed(self.work):
                    self._forget(self.work)
                raise
            if beside_too:
                self._take_name()

    def _lock(self, stack: ExitStack, *, resume: bool, overwrite: bool) -> bool:
        """Make and lock the folder, and the folder beside it if the run is made there; returns whether it is."""
        try:
            recover(self.place)
            stack.callback(_remove_empty, self.place, self.place.exists())
            self.place.mkdir(parents=True, exist_ok=True)
            beside_too = self._where(resume=resume, overwrite=overwrite) != self.path
            locks = [self.place / LOCK]
            if beside_too and cannot_be_replaced(self.place) is None:
                self.beside.mkdir(exist_ok=True)
                stack.callback(_remove_empty, self.beside, False)
                locks.append(self.beside / LOCK)
            stack.enter_context(locked(*locks, of=self.path))
        except OSError as error:
            raise NotWritten(
                error.errno, f"{self.path} could not be written ({error.strerror}); choose another output_dir"
            ) from error
        return beside_too

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Check that a run may be made here; nothing is changed.

        Raises:
            ValueError: the path is a file, the folder holds a file of somebody else, or a run that may neither be
                resumed nor overwritten.
        """
        self.refuse_others()
        if overwrite:
            if self._holds_something() and (why := cannot_be_replaced(self.place)):
                raise ValueError(f"{self.path} holds a run and cannot be replaced ({why}); choose another output_dir.")
            return
        if (self.path / RESULTS).is_file() and not (resume and self._is_being_replaced()):
            raise ValueError(
                f"{self.path} holds a finished run; choose another output_dir, or overwrite it (--overwrite)."
            )
        if not resume and self._can_be_resumed(self.path):
            raise ValueError(
                f"{self.path} holds a run that was cut off; continue it (--resume), or overwrite it (--overwrite)."
            )

    def refuse_others(self) -> None:
        """Raise ValueError if the path is a file, or the folder holds a file of somebody else."""
        self._refuse_file()
        refuse_foreign(self.path, self.KIND)

    def begin(
        self,
        settings: Mapping[str, object],
        split: Mapping[str, object],
        *,
        inputs: Mapping[str, str],
        complete: Callable[[Mapping[str, object]], Mapping[str, object]] = dict,
    ) -> None:
        """Write the settings, data and inputs of the run; of a resumed run, check that they are still the same.

        Args:
            inputs: fingerprints of the files that settings name, see `inputs_of`; their place does not matter.
            complete: adds the defaults to settings, so that a setting that an older version did not have makes no
                difference.

        Raises:
            OtherRun: settings, data, inputs or split differ from those with which the run began.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        if (before := self.read_settings()) is not None and (self.work / SPLIT).is_file():
            now = json.loads(json.dumps(complete(settings)))
            self._compare(complete(before), now, json.loads(json.dumps(dict(split))), inputs)
            return
        self._began = True
        add_to_list(self.work, ())
        with atomic_write(self.work / SETTINGS) as stream:
            stream.write(dump_yaml(settings))
        self.write_json(SPLIT, {**split, "inputs": dict(inputs)})

    def _compare(
        self,
        before: Mapping[str, object],
        now: Mapping[str, object],
        split: Mapping[str, object],
        inputs: Mapping[str, str],
    ) -> None:
        began = json.loads((self.work / SPLIT).read_text(encoding="utf-8"))
        read = began.pop("inputs", None)  # an older version did not write them
        moved = {name for name in inputs if read is not None and inputs[name] == read.get(name)}
        if changed := sorted(differences(before, now) - moved):
            raise OtherRun(
                f"The run in {self.path} began with other settings ({', '.join(changed)}); a run is resumed with its "
                "own settings. Restore them, or overwrite the run (--overwrite)."
            )
        if any(
            began.get(key) != split.get(key) for key in ("hash", "fingerprint", "folds")
        ):  # without the names of its documents
            raise OtherRun(f"The run in {self.path} began with other data; overwrite it (--overwrite).")
        if read is not None and (other := sorted(set(inputs) - moved)):
            raise OtherRun(
                f"The run in {self.path} began with another content of {', '.join(other)}: what lies there was changed "
                "since. Restore it, or overwrite the run (--overwrite)."
            )

    def read_settings(self) -> dict[str, Any] | None:
        """The settings that the run began with; None where none began."""
        path = self.work / SETTINGS
        return read_settings_file(path, literal=True) if path.is_file() else None

    def read_results(self) -> dict[str, Any]:
        """The results of a finished run."""
        return dict(json.loads((self.work / RESULTS).read_text(encoding="utf-8")))

    def write_json(self, name: str, value: object) -> None:
        """Write one file, whole or not at all."""
        with atomic_write(self.work / name) as stream:
            json.dump(value, stream, ensure_ascii=False, indent=2)
            stream.write("\n")

    def adopt(self, saved: Path) -> None:
        """Move the files of a finished save into the folder; each is listed as the run's first, and appears whole."""
        names = [path.relative_to(saved).as_posix() for path in saved.rglob("*") if path.is_file()]
        add_to_list(self.work, names, source=saved, kind=self.KIND)
        for path in sorted(saved.rglob("*")):
            if path.is_file():
                target = self.work / path.relative_to(saved)
                target.parent.mkdir(parents=True, exist_ok=True)
                if (self.work / SETTINGS).is_file():  # safetensors makes files that only their owner can read
                    shutil.copymode(self.work / SETTINGS, path)
                os.replace(path, target)
        shutil.rmtree(saved)

    def drop_checkpoints(self) -> None:
        """Remove the checkpoints of a finished run: the best of them is the final model."""
        for path in self.work.glob("checkpoint-*"):
            if is_checkpoint(path, whole=True):
                shutil.rmtree(path)

    def _refuse_file(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"{self.path} is a file; output_dir must be a folder.")

    def _holds_something(self) -> bool:
        return (self.path / self.LAST).is_file() or self._can_be_resumed(self.path)

    def _is_being_replaced(self) -> bool:
        """Whether a run that replaces this one was begun and interrupted."""
        return (self.beside / self.FIRST).is_file()

    def _where(self, *, resume: bool, overwrite: bool) -> Path:
        """The folder in which the run is made, the same for all its processes."""
        if overwrite:
            return self.beside if self._holds_something() else self.path
        return self.beside if resume and self._is_being_replaced() else self.path

    def _begin_beside(self, *, resume: bool) -> None:
        """Make room for a run that replaces another."""
        self.work = self.beside
        if not resume or not self._can_be_resumed(self.beside):
            for path in self.beside.iterdir():
                if path.name != LOCK:
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def _take_name(self) -> None:
        if not (self.work / self.LAST).is_file():
            return
        kept = replace_folder(self.work, self.place, self.KIND)
        self.work = self.path
        if kept is not None:
            print(f"{kept}: the old run is kept, because somebody put files into it meanwhile.", file=sys.stderr)

    def _can_be_resumed(self, folder: Path) -> bool:
        """Whether a folder, or one of its folds, holds a checkpoint or a result."""
        if any((folder / name).is_file() for name in (RESULTS, "config.json")):
            return True
        if any(is_checkpoint(path) for path in folder.glob("checkpoint-*")):
            return True
        return any(self._can_be_resumed(fold) for fold in folder.glob("fold-*"))

    def _forget(self, folder: Path) -> None:
        """Remove what a run wrote before its first checkpoint, and nothing else."""
        shutil.rmtree(folder / SAVING, ignore_errors=True)
        for name in (SETTINGS, SPLIT, LIST):
            (folder / name).unlink(missing_ok=True)


def is_first_process() -> bool:
    """Whether this is the only process of a training, or the first of several."""
    return os.environ.get("RANK", "0") == "0"


def _remove_empty(folder: Path, keep: bool) -> None:
    """Remove a folder that was made here, if it is empty."""
    if not keep and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def differences(before: Mapping[str, object], now: Mapping[str, object], path: str = "") -> set[str]:
    """Dotted names of the settings that differ; `output_dir` does not count."""
    found = set()
    for key in {*before, *now} - {"output_dir"}:
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found |= differences(old, new, f"{path}{key}.")
        elif old != new:
            found.add(f"{path}{key}")
    return found
