"""The `.partial` file, which collects predictions until they are whole, and from which a run is resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from ..data.documents import Document
from ..data.locks import beside, locked, sweep
from ..data.problems import DataError
from ..data.room import NotWritten, no_room
from ..data.writing import atomic_write, check_output, not_written, take_name
from .console import messages


@contextmanager
def partial_file(
    path: Path, documents: Iterable[Document], *, about: Mapping[str, Any], resume: bool
) -> Iterator[tuple[IO[str], Iterator[Document], int]]:
    """A stream that becomes the file `path` if the block succeeds; the missing documents; the number of the others.

    A link is kept, and its file replaced. After an error the written lines are kept in `<name>.partial`, and what they
    depend on in `<name>.partial.json`; without any line, neither is kept.

    Raises:
        DataError, Held, OSError: as `write_predictions` says.
    """
    check_output(path)
    target = Path(os.path.realpath(path))
    partial, depends = target.with_name(f"{target.name}.partial"), target.with_name(f"{target.name}.partial.json")
    remaining, known = iter(documents), json.loads(json.dumps(dict(about), default=str))
    with ExitStack() as stack:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            sweep(target.parent)
            stack.enter_context(locked(beside(target, "lock"), of=target))
        except OSError as error:
            raise not_written(target, error) from error
        there = _check(partial, resume=resume)
        if resume and not there:
            messages().print(f"{partial}: found no such file to take up; everything is predicted.", soft_wrap=True)
        done = _skip_done(partial, remaining, known, depends) if there else 0
        try:
            with atomic_write(depends) as stream:
                json.dump(known, stream, ensure_ascii=False)
            with partial.open("a" if done else "w", encoding="utf-8", newline="", buffering=1) as stream:
                yield stream, remaining, done
                stream.flush()
                os.fsync(stream.fileno())
            take_name(partial, target)
            depends.unlink()
        except BaseException as error:
            kept = partial.is_file() and partial.stat().st_size > 0
            if not kept:
                partial.unlink(missing_ok=True)
                depends.unlink(missing_ok=True)
            if (full := no_room(error)) is not None:
                where = f"; the predictions so far are in {partial}: make room, and continue (--resume)"
                sentence = f"{target} could not be written ({full.strerror}){where if kept else '; make room'}"
                raise NotWritten(full.errno, sentence) from error
            raise


def _check(partial: Path, *, resume: bool) -> bool:
    """Whether there is something to resume; DataError if it would be lost, or is no file."""
    if partial.is_symlink() or (partial.exists() and not partial.is_file()):
        raise DataError(f"{partial}: found a link or a folder; expected a file or nothing; move it away.")
    if not partial.exists() or not partial.stat().st_size:
        return False
    if not resume:
        with partial.open("rb") as stream:
            lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
        number = f"{lines:,} document{'' if lines == 1 else 's'}"
        raise DataError(
            f"{partial}: found {number} of a run that was cut off; expected no such file; continue it (--resume), or "
            "remove it to start again."
        )
    return True


def _skip_done(partial: Path, documents: Iterator[Document], about: Any, depends: Path) -> int:
    """Skip the documents that are in the partial file; an incomplete last line is removed from it."""
    before = _read_depends(depends)
    if changed := sorted(key for key in {*before, *about} if before.get(key) != about.get(key)):
        raise DataError(
            f"{partial}: found predictions with other settings ({', '.join(changed)}), expected one run's; "
            "restore them, or remove the file to start again."
        )
    count = length = 0
    with partial.open("r+b") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break
            row, document = _row(line, partial, number), next(documents, None)
            if document is None or (row.get("text"), row.get("id", "")) != (document.text, document.id):
                raise DataError(
                    f"{partial}:{number}: found another text than in the input, expected predictions of the same "
                    "input; restore the input, or remove the file to start again."
                )
            count, length = number, length + len(line)
        stream.truncate(length)
    return count


def _row(line: bytes, partial: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        row = None
    if not (isinstance(row, dict) and "text" in row and isinstance(row.get("entities"), list)):
        raise DataError(
            f"{partial}:{number}: found a damaged line, expected a document with its entities as one JSON object; "
            "remove the file to start again."
        )
    return row


def _read_depends(depends: Path) -> dict[str, Any]:
    if not depends.is_file():
        return {}
    try:
        found = json.loads(depends.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        partial = depends.with_suffix("")
        raise DataError(
            f"{depends}: found a damaged file, expected what the predictions in {partial.name} depend on, as a JSON "
            f"object; remove {partial.name} to start again."
        )
    return found
