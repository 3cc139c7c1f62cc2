"""The files of a folder: one walk for all readers, and one sentence about files that are left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..files import printable
from ..models import LIST
from ..problems import Problems
from .names import natural_key, suffix_of

_NAMED = 3  # examples of each kind of file that is left out


@dataclass
class Listing:
    """The files below a folder.

    Attributes:
        folder: the folder that was listed.
        files: in numeric order; without hidden files and additions of a Mac's archives. A broken link counts as a file,
            so that its reader reports it.
        left_out: reason → names of what is not among `files`, relative to the folder.
        folders: the same for folders: their files are not counted.
    """

    folder: Path
    files: list[Path] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    folders: dict[str, list[str]] = field(default_factory=dict)

    def name(self, path: Path) -> str:
        """A path for messages and ids: relative to the folder, the same under every locale."""
        return printable(path.relative_to(self.folder).as_posix())

    def sentence(self, read: int, reasons: dict[str, list[str]]) -> str:
        """A sentence about read and left-out files; empty if all were read. `reasons` adds to `left_out`."""
        left_out = {**self.left_out, **reasons}
        total = read + sum(map(len, left_out.values()))
        kinds = [
            _counted(reason, names) for reason, names in [*sorted(left_out.items()), *sorted(self.folders.items())]
        ]
        return f"{self.folder}: read {read:,} of {total:,} files; left out: {', '.join(kinds)}." if kinds else ""


def survey(folder: Path, problems: Problems | None = None) -> Listing:
    """List a folder and everything below it, also through links.

    A folder is read once, if possible under its own name. A link to a parent folder is not followed, so loops of links
    end.

    Raises:
        DataError: a folder that may not be read; with problems collected, it is reported and left out.
    """
    listing = Listing(folder)
    problems = problems or Problems()
    above = {_identity(parent) for parent in (folder.resolve(), *folder.resolve().parents)}
    seen: set[tuple[int, int]] = set()
    own, links = [folder], list[Path]()
    while own or links:
        path = own.pop() if own else links.pop(0)  # links come last: a linked folder keeps its own name
        identity = _identity(path)
        if identity in seen or (path != folder and identity in above):
            listing.folders.setdefault("link to a folder that is read already", []).append(listing.name(path))
            continue
        seen.add(identity)
        for entry in _entries(path, problems):
            _sort_in(entry, listing, own, links)
    listing.files.sort(key=lambda path: (natural_key(listing.name(path)), listing.name(path)))
    return listing


def walk(folder: Path, problems: Problems | None = None) -> list[Path]:
    """The files of `survey`."""
    return survey(folder, problems).files


def choose(folder: Path, reason: Callable[[Path], str], problems: Problems) -> tuple[Listing, list[Path]]:
    """The files of a folder to read, and a note about the others.

    Args:
        reason: why a file is left out, in a word or two; empty if it is read.
    """
    listing = survey(folder, problems)
    chosen: list[Path] = []
    reasons: dict[str, list[str]] = {}
    for path in listing.files:
        why = reason(path) or ("empty" if _is_empty(path) else "")
        if not why and readable(path, problems):
            chosen.append(path)
        else:
            reasons.setdefault(why or "unreadable", []).append(listing.name(path))
    problems.note(folder, listing.sentence(len(chosen), reasons))
    return listing, chosen


def what_was_read(folder: Path, opened: Iterable[str], reasons_of: Mapping[Path, str]) -> str:
    """A sentence about a folder of which only some files were opened; else empty.

    Args:
        opened: names of the files, as in `Problems.opened`.
        reasons_of: why a file was left out, in a word or two, if its ending is not the reason.
    """
    listing = survey(folder, Problems("skip"))
    names = set(opened)
    reasons: dict[str, list[str]] = {}
    for path in listing.files:
        if os.fspath(path) not in names:
            why = "empty" if _is_empty(path) else suffix_of(path.name) or "without an ending"
            why = reasons_of.get(path, why)
            reasons.setdefault(why, []).append(listing.name(path))
    return listing.sentence(len(listing.files) - sum(map(len, reasons.values())), reasons)


def readable(path: Path, problems: Problems) -> bool:
    """Whether a file can be opened; if not, it is reported."""
    try:
        with path.open("rb"):
            return True
    except OSError as error:
        broken = path.is_symlink() and not path.exists()
        found = "a link that leads nowhere" if broken else f"a file that cannot be read ({error.strerror})"
        problems.report(path, None, found, "a file that can be read", "repair it, change its mode, or move it away")
        return False


def _entries(folder: Path, problems: Problems) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        found = f"a folder that cannot be read ({error.strerror})"
        problems.report(folder, None, found, "a folder that can be read", "change its mode, or move it away")
        return []


def _sort_in(path: Path, listing: Listing, own: list[Path], links: list[Path]) -> None:
    hidden = path.name.startswith(".") or path.name == "__MACOSX"
    if path.is_dir():
        if hidden:
            listing.folders.setdefault("hidden folder", []).append(listing.name(path))
        else:
            (links if path.is_symlink() else own).append(path)
    elif path.name == LIST:
        pass  # our own list of the files that we wrote there
    elif hidden:
        listing.left_out.setdefault("hidden", []).append(listing.name(path))
    elif path.is_file() or not path.exists():
        listing.files.append(path)
    else:
        listing.left_out.setdefault("pipe or device", []).append(listing.name(path))


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _is_empty(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0


def _counted(reason: str, names: list[str]) -> str:
    more = ", …" if len(names) > _NAMED else ""
    return f"{len(names):,} {reason} ({', '.join(names[:_NAMED])}{more})"
