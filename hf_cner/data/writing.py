"""Writing files: never half, never by two processes, and without loss of other files.

Every command writes files in this way only. `check_output` checks before the work begins that the file may be written;
`atomic_write` and `whole_file` write it.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from .endings import BRAT, JSON, JSON_LINES, OTHER_FORMS, PAGES
from .locks import beside, locked, sweep
from .models import OF_A_MODEL, belongs_to_a_model
from .problems import DataError
from .reading.names import is_packed, without_gz
from .room import NotWritten, no_room
from .streams import is_stream, opened_stream

OF_ROWS = (*JSON_LINES, JSON, *PAGES)  # endings of what other commands write
_ENDING = re.compile(r"\.[a-z][a-z0-9]{0,7}")
_ALL = re.compile(r"(?s).*")


def check_output(
    path: str | os.PathLike[str] | None,
    *,
    inputs: Iterable[str | os.PathLike[str] | None] = (),
    models: Iterable[str | os.PathLike[str] | None] = (),
    endings: Iterable[str] = (),
    never: Iterable[str] = (),
    own: Iterable[str] = (),
) -> None:
    """Check that a command may write a file, before anything is read or computed.

    Args:
        path: the file to write; None is standard output.
        inputs: files and folders that are read, or other files that are written; None is ignored; `-` is standard
            input. A file of brat stands for the files that are read with it, too.
        models: folders of models that are read; the model's files are inputs, other files in them are not.
        endings: the only endings that a name may have; by default all but those in `OTHER_FORMS`.
        never: more endings that a name may not have.
        own: names of files that this command writes into the folder, and may replace.

    Raises:
        DataError: it is one of the inputs, by any name (a link, another case, an open file), or the next run would read
            it; it is a folder, or a file that may not be written; it is a file of a model or of another result (see
            `models`); or its name promises another form.
    """
    there, inputs = _regular(path, 1), [part for item in inputs for part in (item, *_read_with(item))]
    for given, names in [*((item, _ALL) for item in inputs), *((item, OF_A_MODEL) for item in models)]:
        if there is not None and given is not None:
            _refuse_input(path, there, given, names)
    if path is not None and not is_stream(path):
        check_ending(path, endings, never=never)
        target = Path(os.path.realpath(Path(path).expanduser()))
        _refuse(target)
        for given in inputs:
            _refuse_missing_input(path, target, given)
            _refuse_among_inputs(path, target, given)
        if target.name not in own and belongs_to_a_model(target):
            raise DataError(
                f"{path}: found a name of the model, or of another result, in {target.parent}, which would be lost or "
                "changed; expected a file of its own; choose another name or folder."
            )


def check_ending(
    path: str | os.PathLike[str], endings: Iterable[str] = (), *, never: Iterable[str] = (), more: str = ""
) -> None:
    """Raise DataError if the ending of a name promises another form; `.gz` after it is ignored.

    Args:
        endings: the allowed endings; by default all but those in `OTHER_FORMS`.
        never: further endings that are not allowed.
        more: further advice, for the sentence.
    """
    name = Path(path).name.lower()
    ending = Path(without_gz(name)).suffix
    allowed = tuple(endings)
    if (ending in {*OTHER_FORMS, *never} and ending not in allowed) or (
        allowed and _ENDING.fullmatch(ending) and ending not in allowed
    ):
        known = f"one of {', '.join(allowed)}" if allowed else "the ending of a text file"
        raise DataError(
            f"{path}: found a name that ends in {ending}, which is not a form that can be written here; expected "
            f"{known}; choose another name{more}."
        )


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """A UTF-8 text file that takes its name only when it is whole; after an error the old file stands as it was.

    Line ends are written as given. Missing folders are made; a file whose name ends in `.gz` is packed. An open stream,
    a pipe or a device is written to directly.

    Raises:
        DataError: the path is a folder, or a file that may not be written.
        Held: another run writes the file.
        OSError: no room, a failing disk or no permission; the sentence says that nothing was changed.
    """
    packed = is_packed(os.fspath(path))
    if is_stream(path):
        with opened_stream(path) as raw, _text_stream(raw, packed=packed) as text:
            yield text
        return
    with whole_file(path) as temporary, temporary.open("xb") as raw:
        with _text_stream(raw, packed=packed) as text:
            yield text
        raw.flush()
        os.fsync(raw.fileno())


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path beside `path` for a new file, which takes the name `path` if the block succeeds.

    A link is kept, and its file replaced; the old file's permissions are kept. Errors are those of `atomic_write`.
    """
    target = Path(os.path.realpath(path))
    _refuse(target)
    with ExitStack() as stack:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            sweep(target.parent)
            stack.enter_context(locked(beside(target, "lock"), of=target))
            temporary = beside(target, "tmp")
            temporary.unlink(missing_ok=True)  # of a killed run
        except OSError as error:
            raise not_written(target, error) from error
        try:
            yield temporary
            take_name(temporary, target)
        except BaseException as error:
            temporary.unlink(missing_ok=True)
            if (full := no_room(error)) is not None and not isinstance(full, NotWritten):
                raise not_written(target, full) from error
            raise


def take_name(temporary: Path, target: Path) -> None:
    """Give a finished file its name, with the permissions of the file that it replaces."""
    if target.exists():
        shutil.copymode(target, temporary)
    os.replace(temporary, target)


def not_written(path: Path, error: OSError) -> OSError:
    """The error in a sentence that names the state of the file."""
    old = "the old file stands as it was" if path.is_file() else "no file was left behind"
    in_the_way = next((str(part) for part in path.parents if part.is_file()), None)
    why = f"{in_the_way} is a file" if in_the_way else error.strerror
    return NotWritten(error.errno, f"{path} could not be written ({why}); {old}")


@contextmanager
def _text_stream(raw: IO[bytes], *, packed: bool) -> Iterator[IO[str]]:
    """A text stream over an open file, which is not closed."""
    if not packed:
        with open(raw.fileno(), "w", encoding="utf-8", newline="", closefd=False) as stream:
            yield stream
        return
    # Name and time are not written, so that equal text gives equal files.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as binary,
        io.TextIOWrapper(cast(IO[bytes], binary), encoding="utf-8", newline="") as text,
    ):
        yield text


def _refuse(target: Path) -> None:
    """Raise DataError for a folder, and for a read-only file, which could be replaced if its folder is writable."""
    try:
        mode = target.stat().st_mode
    except OSError:
        return
    if stat.S_ISDIR(mode):
        raise DataError(f"{target}: found a folder; expected the name of a file to be written; add a file name.")
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise DataError(
            f"{target}: found a file that may not be written; expected one that may; change its mode, or choose "
            "another name."
        )


def _regular(path: str | os.PathLike[str] | None, standard: int) -> os.stat_result | None:
    """The file of a path, or of a standard stream for None and `-`; None if it is no regular file.

    A path through a missing folder (`new/../notes.jsonl`) is the file that would be written.
    """
    try:
        if path is None or os.fspath(path) == "-":
            found = os.fstat(standard)
        else:
            named = Path(path).expanduser()
            found = os.stat(named if named.exists() else os.path.realpath(named))
    except (OSError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _refuse_input(
    path: str | os.PathLike[str] | None, there: os.stat_result, given: str | os.PathLike[str], names: re.Pattern[str]
) -> None:
    found = _regular(given, 0)
    same = given if found is not None and os.path.samestat(found, there) else None
    if found is None and os.path.isdir(Path(given).expanduser()):
        files = (file for file in _files(str(Path(given).expanduser())) if names.fullmatch(os.path.basename(file)))
        same = next((file for file in files if (s := _regular(file, 0)) and os.path.samestat(s, there)), None)
    if same is None:
        return
    if path is None:
        raise DataError(f"{same}: found a file that is read and also written to, by standard output; write elsewhere.")
    if os.path.abspath(path) == os.path.abspath(same):
        raise DataError(f"{path}: found a file that is also read; expected another one to write to; choose its name.")
    what = "what standard input comes from" if same == "-" else f"another name of {same}"
    raise DataError(f"{path}: found {what}, which is read; expected another file to write to; choose its name.")


def _read_with(given: str | os.PathLike[str] | None) -> list[Path]:
    """The files that brat's reader reads with a text or an annotation: the other of the two, and the labels."""
    place = Path(given or "")
    plain = without_gz(place.name)
    if not plain.endswith((".txt", BRAT)):
        return []
    packed, base = place.name[len(plain) :], plain.rpartition(".")[0]
    names = (f"{base}.txt{packed}", f"{base}{BRAT}{packed}", "visual.conf")
    return [file for name in names if (file := place.with_name(name)) != place]


def _refuse_missing_input(path: str | os.PathLike[str], target: Path, given: str | os.PathLike[str] | None) -> None:
    """Raise DataError for the name of an input, or of another output, which is not there yet."""
    place = Path(given).expanduser() if given else None
    if place is not None and not place.exists() and Path(os.path.realpath(place)) == target:
        raise DataError(
            f"{path}: found the name of another file that this command reads or writes; expected a name of its own; "
            "choose another."
        )


def _refuse_among_inputs(path: str | os.PathLike[str], target: Path, given: str | os.PathLike[str] | None) -> None:
    """Raise DataError for a name in a folder that is read, if an input in it has the same ending."""
    folder = Path(os.path.realpath(Path(given).expanduser())) if given else None
    if folder is None or folder not in target.parents or not folder.is_dir():
        return
    ending = Path(without_gz(target.name)).suffix
    others = (Path(file) for file in _files(str(folder)) if not os.path.basename(file).startswith("."))
    if any(Path(without_gz(other.name)).suffix == ending and other != target for other in others):
        raise DataError(
            f"{path}: found a name in {given}, which is read, beside files that end in {ending or 'nothing'} too, so "
            "the next run would read it; expected a name elsewhere; choose another folder."
        )


def _files(folder: str) -> Iterator[str]:
    """Every file below a folder; links to folders are followed, each folder once."""
    seen = set[tuple[int, int]]()
    for root, folders, files in os.walk(folder, followlinks=True):
        here = os.stat(root)
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        yield from (os.path.join(root, name) for name in files)
