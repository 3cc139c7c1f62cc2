"""The table of corpora and formats: the names that `--corpus`, `--to` and `--format` take.

A module of `corpora` is a published corpus, with `NAME`, `ENTITY_TYPES`, `DESCRIPTION`, `LICENCE`, `CITATION` (BibTeX),
`LAYOUT` (what its folder looks like), `EXAMPLE` (the same as invented files, name: content) and
`read(folder, *, problems) -> Iterator[Document]`; where the published files come in splits, also `PATTERNS`.

A module of `formats` is a form of any documents, with `NAME`, `DESCRIPTION`, `LAYOUT`, `EXAMPLE`, `PATTERNS` (the names
of its files in a folder) and `read(file, *, problems) -> Iterator[Document]`, `write(documents, path) -> Written`, or
both. It may have `ENDINGS` (of files that are read as this format by default), `WRITTEN_AS` (the only endings of
written files) and `FOLDER = True` (a written result is a folder of files). Further keyword-only parameters of `read`
and `write` are its options, of type `str` or `int`. A reader that can also give texts alone has `gold`, as
`documents.from_row`.

To add a corpus or a format, write such a module and one line here; a corpus also has its questions in `queries`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from types import ModuleType

from .documents import Document
from .formats.written import Written
from .numbers import whole_number
from .problems import DataError, Problems

# Name → module beside this file; modules are imported when they are needed.
REGISTRY = {
    "sample": "corpora.sample",
    "ccks2017": "corpora.ccks2017",
    "ccks2017-csv": "corpora.ccks2017_csv",
    "ccks2017-early": "corpora.ccks2017_early",
    "ccks2018": "corpora.ccks2018",
    "ccks2019": "corpora.ccks2019",
    "cmeee": "corpora.cmeee",
    "cblue-cmeee": "corpora.cblue_cmeee",
    "tcm-literature": "corpora.tcm_literature",
    "tcm-literature5": "corpora.tcm_literature5",
    "tcm-formulas": "corpora.tcm_formulas",
    "tcm-leaflets": "corpora.tcm_leaflets",
    "jsonl": "formats.jsonl",
    "conll": "formats.conll",
    "mrc": "formats.mrc",
    "doccano": "formats.doccano",
    "label-studio": "formats.label_studio",
    "brat": "formats.brat",
    "inception": "formats.inception",
    "table": "formats.table",
}
Options = Mapping[str, object]
_UNKNOWN_LICENCE = "Not known to the package: that of the files themselves."


@dataclass(frozen=True)
class Entry:
    """A corpus or a format, as its module describes it."""

    name: str
    module: ModuleType

    @property
    def description(self) -> str:
        """A sentence for people."""
        return str(self.module.DESCRIPTION)

    @property
    def layout(self) -> str:
        """The layout of its files."""
        return str(self.module.LAYOUT)

    @property
    def example(self) -> Mapping[str, str]:
        """Invented files in this layout, name: content; shown to people, and used by tests."""
        return dict(self.module.EXAMPLE)

    @property
    def published(self) -> bool:
        """Whether it is a published corpus, with types and a licence, and not a format."""
        return self.name in published()

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The types of a corpus in their fixed order; empty for a format, whose types are in the data."""
        return tuple(getattr(self.module, "ENTITY_TYPES", ()))

    @property
    def licence(self) -> str:
        """The licence, in a sentence."""
        return str(getattr(self.module, "LICENCE", _UNKNOWN_LICENCE))

    @property
    def citation(self) -> str:
        """BibTeX; empty for a format."""
        return str(getattr(self.module, "CITATION", ""))

    @property
    def patterns(self) -> tuple[str, ...] | None:
        """The names of its files in a folder; None if the reader finds them itself."""
        return getattr(self.module, "PATTERNS", None)

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of files that are read as this format by default."""
        return getattr(self.module, "ENDINGS", ())

    @property
    def written_as(self) -> tuple[str, ...]:
        """The only endings that a written file may have; empty if any ending of a text is allowed."""
        return getattr(self.module, "WRITTEN_AS", ())

    @property
    def folder(self) -> bool:
        """Whether a folder of files is written, not a single file."""
        return bool(getattr(self.module, "FOLDER", False))

    @property
    def reads(self) -> bool:
        """Whether it can be read."""
        return hasattr(self.module, "read")

    @property
    def writes(self) -> bool:
        """Whether it can be written."""
        return hasattr(self.module, "write")

    @property
    def gives_texts(self) -> bool:
        """Whether its reader can give the texts alone, by the option `gold`."""
        return self.reads and "gold" in signature(self.module.read).parameters

    @cached_property
    def reading_options(self) -> dict[str, str]:
        """The options of its reader, except the place and the problems: name to type."""
        return _keywords(self.module.read) if self.reads else {}

    @cached_property
    def writing_options(self) -> dict[str, str]:
        """The options of its writer: name to type."""
        return _keywords(self.module.write) if self.writes else {}

    def reading(self, options: Options | None) -> dict[str, object]:
        """The options that are not None, after a check that the reader takes them.

        Raises:
            DataError: an option of other formats.
        """
        return self._taken(options, self.reading_options, "read", lambda other: other.reading_options)

    def writing(self, options: Options | None) -> dict[str, object]:
        """The same for the writer."""
        return self._taken(options, self.writing_options, "written", lambda other: other.writing_options)

    def read(self, path: Path, *, problems: Problems, options: Options | None = None) -> Iterator[Document]:
        """The documents of a place, with options from `reading`."""
        documents: Iterator[Document] = self.module.read(path, problems=problems, **(options or {}))
        return documents

    def write(self, documents: Iterable[Document], path: Path, *, options: Options | None = None) -> Written:
        """Write documents, with options from `writing`."""
        written: Written = self.module.write(documents, path, **(options or {}))
        return written

    def _taken(
        self, options: Options | None, known: Mapping[str, str], verb: str, of: Callable[[Entry], Mapping[str, str]]
    ) -> dict[str, object]:
        given = {name: value for name, value in (options or {}).items() if value is not None}
        for name in given:
            if name not in known:
                takers = ", ".join(other.name for other in entries() if name in of(other))
                why = f"which only {takers} can be told" if takers else "which nothing here knows"
                raise DataError(f"{self.name} is {verb} without {name!r}, {why}; leave it out.")
            if known[name].startswith("int") and isinstance(given[name], str):
                number = whole_number(str(given[name]))
                if number is None:
                    raise DataError(f"The option {name!r} of {self.name} is {given[name]!r}; give a whole number.")
                given[name] = number
        return given


def published() -> tuple[str, ...]:
    """The names of the published corpora."""
    return tuple(name for name, module in REGISTRY.items() if module.startswith("corpora."))


def formats() -> tuple[str, ...]:
    """The names of the formats."""
    return tuple(name for name, module in REGISTRY.items() if module.startswith("formats."))


def entries() -> Iterator[Entry]:
    """All entries, in the table's order; this imports each module."""
    return map(entry, REGISTRY)


def key(name: str) -> str:
    """A name as `REGISTRY` spells it; `_` and upper case are accepted."""
    return name.lower().replace("_", "-")


def entry(name: str) -> Entry:
    """A corpus or a format by its name.

    Raises:
        DataError: there is no such name; the message has the nearest names.
    """
    wanted = key(name)
    if wanted not in REGISTRY:
        near = get_close_matches(wanted, REGISTRY, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "give one of these."
        if os.path.exists(name):
            hint = f"{name} is a file or folder here: give one of these names, and the file with --data-dir."
        raise DataError(f"There is no corpus or format {name!r}; known are {', '.join(REGISTRY)}: {hint}")
    return Entry(wanted, import_module(f".{REGISTRY[wanted]}", __package__))


def readable(name: str) -> Entry:
    """An entry that can be read; DataError if it can only be written."""
    found = entry(name)
    if not found.reads:
        names = ", ".join(other.name for other in entries() if other.reads)
        raise DataError(f"{found.name} can be written, and not be read; what can be read is {names}.")
    return found


def writable(name: str) -> Entry:
    """An entry that can be written; DataError if it can only be read."""
    found = entry(name)
    if not found.writes:
        names = ", ".join(other.name for other in entries() if other.writes)
        raise DataError(f"{found.name} can be read, and not be written; what can be written is {names}.")
    return found


def by_ending(ending: str) -> Entry | None:
    """The default format of files with an ending (`.bio`); None without a default."""
    return next((found for found in map(entry, formats()) if ending in found.endings), None)


def _keywords(function: Callable[..., object]) -> dict[str, str]:
    parameters = signature(function).parameters.values()
    own = (p for p in parameters if p.kind is Parameter.KEYWORD_ONLY and p.name not in ("problems", "gold"))
    return {p.name: str(p.annotation) for p in own}
