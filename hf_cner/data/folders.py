"""A folder that is written as a whole, or not at all."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from .kept import LOCK, Kind, add_to_list, cannot_be_replaced, recover, refuse_foreign, replace_folder
from .locks import OLD, beside, locked
from .models import CARD, LIST
from .problems import DataError
from .room import NotWritten, no_room

_SIGNS = {CARD: re.compile(r"hf[-_]cner"), "config.json": re.compile(r'"model_type"\s*:\s*"cner')}


@contextmanager
def new_folder(
    path: str | os.PathLike[str],
    *,
    writes: Callable[[PurePosixPath], bool],
    overwrite: bool = False,
    inputs: Iterable[str | os.PathLike[str] | None] = (),
) -> Iterator[Path]:
    """An empty folder to write into, which takes the place of `path` when the block ends well.

    Until then it is beside `path`; after an error `path` is unchanged.

    Args:
        path: the folder of the result; missing parents are made. A link is kept, and its folder replaced.
        writes: whether the caller writes a file of this relative name. A folder with another file, or with such a file
            from somebody else (see `kept`), is never replaced.
        overwrite: replace an earlier result.
        inputs: files and folders that are read.

    Raises:
        DataError: `path` is a file, or a folder that may not be replaced.
        Held: another run writes the folder.
        OSError: no room or no permission, with a sentence.
    """
    shown, target = Path(path).expanduser(), Path(os.path.realpath(Path(path).expanduser()))
    kind = Kind(begun=_made_before, written=lambda folder, name: writes(name))
    refuse_inputs(shown, inputs)
    if target.exists() and not target.is_dir():
        raise DataError(f"{shown}: found a file; expected a folder to be written; give another name.")
    scratch = beside(target, "new")
    with ExitStack() as stack:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(beside(target, "lock"), of=shown))
            recover(target)
            _sweep(target)
            _refuse(target, shown, kind, overwrite)
            shutil.rmtree(scratch, ignore_errors=True)  # of a killed run
            (scratch / "new").mkdir(parents=True)
            stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        except OSError as error:
            raise _not_written(shown, error) from error
        try:
            yield scratch / "new"
            if not _made_before(scratch / "new"):
                names = [str(name) for name in relative_files(scratch / "new")]
                add_to_list(scratch / "new", names, source=scratch / "new")
            replace_folder(scratch / "new", target, kind)
        except Exception as error:
            if (full := no_room(error)) is not None:
                raise _not_written(shown, full) from error
            raise


def relative_files(folder: Path) -> list[PurePosixPath]:
    """Names of all files below a folder, relative to it, sorted; without the list of our own files."""
    found = (PurePosixPath(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if p.is_file())
    return sorted(name for name in found if name.name not in (LIST, LOCK))


def refuse_inputs(folder: Path, inputs: Iterable[str | os.PathLike[str] | None]) -> None:
    """Raise DataError if the folder to be written is or holds an input, or is inside a folder of texts.

    None, and inputs that are no paths (such as a name on the Hub), are ignored. A folder inside a model's folder is
    allowed.
    """
    target = Path(os.path.realpath(folder))
    for given in inputs:
        place = Path(given).expanduser() if given is not None else None
        if place is None or not os.fspath(given or "") or not place.exists():
            continue
        real = Path(os.path.realpath(place))
        if real in target.parents and not (real / "config.json").is_file():
            raise DataError(
                f"{folder}: found a folder in {given}, which is read, so the next run would read what is written; "
                "expected one elsewhere; choose another name."
            )
        if target.exists() and any(os.path.samefile(target, part) for part in (real, *real.parents)):
            what = "is also read" if os.path.samefile(target, real) else f"holds {given}, which is read"
            raise DataError(f"{folder}: found a folder that {what}; expected another one to write to; choose its name.")


def _not_written(folder: Path, error: OSError) -> OSError:
    old = "the old folder stands as it was" if folder.exists() else "no folder was left behind"
    return NotWritten(error.errno, f"{folder} could not be written ({error.strerror}); {old}")


def _refuse(target: Path, shown: Path, kind: Kind, overwrite: bool) -> None:
    if not target.exists():
        return
    refuse_foreign(target, kind)
    if not relative_files(target):
        return
    if not overwrite:
        found = "found an earlier result"
        raise DataError(f"{shown}: {found}; expected a new folder; choose another, or replace it by --overwrite.")
    if why := cannot_be_replaced(target):
        raise DataError(f"{shown}: found an earlier result that cannot be replaced ({why}); choose another folder.")


def _made_before(folder: Path) -> bool:
    """Whether a folder without a list holds a card or a model of this package: then it needs no list."""
    for name, sign in _SIGNS.items():
        try:
            if sign.search((folder / name).read_text(encoding="utf-8")):
                return True
        except (OSError, ValueError):
            continue
    return False


def _sweep(target: Path) -> None:
    """Remove files that killed processes of older versions left beside a folder."""
    form = re.compile(rf"\.{re.escape(target.name)}-[a-z0-9_]{{8}}")
    for path in target.parent.iterdir():
        if not form.fullmatch(path.name) or not path.is_dir() or path.is_symlink():
            continue
        if {inside.name for inside in path.iterdir()} - {"new", "old", "cache"}:
            continue
        if (path / "old").is_dir() and not target.exists():  # killed between the two steps of a replacement
            os.rename(path / "old", target)
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > OLD:
                shutil.rmtree(path)
