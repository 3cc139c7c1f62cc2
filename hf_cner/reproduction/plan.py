"""What is to be reproduced, and the settings of each run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..settings.merging import merge
from ..settings.preset import aliases, canonical_name
from ..settings.resolve import resolve_settings
from ..settings.training import CorpusReading, TrainSettings
from .tables import Row, Table, small_scale

Say = Callable[[str], None]
SCALES = ("full", "small")
OWN = {  # settings that a table makes itself, and the options that decide them
    "seed": "--seed and --seeds",
    "training.seed": "--seed and --seeds",
    "output_dir": "--output-dir",
    "data": "--corpus, --data-dir, --split, and --input-scheme and its like",
    "vectors.path": "--vectors",
    "model.encoder.name_or_path": "--encoder NAME=FOLDER",
}


class NotRun(Exception):
    """A row cannot be run here; the message is the reason, which the report prints."""


@dataclass(frozen=True)
class Request:
    """What to reproduce, and with what.

    Attributes:
        output_dir: for the report, the runs, and encoders and vectors that are made on the spot.
        corpus, data_dir, test, split, reading, on_error: as `protocol.prepare` takes them.
        seeds: how many runs of each row; `seed` is the first, and that of the split.
        scale: `full`, or `small`, where encoders that are pretrained on the spot stand for the papers'.
        encoders: by the tables' names of them (bert, albert, …), a folder or a name on the Hub.
        unlabelled: files of texts on which encoders and static vectors are trained.
        vectors: a word2vec file, or `none` to begin at random; by default made from the unlabelled text.
        assignments: `key=value` for the settings of every row.
        pretraining: `key=value` for the pretraining of small encoders.
        rows: only these, by the names in the table or their presets.
        keep_models: leave the weights of the finished runs where they are.
    """

    table: Table
    output_dir: Path
    corpus: str | None = None
    data_dir: str | None = None
    test: str | None = None
    split: Mapping[str, object] | None = None
    reading: CorpusReading = field(default_factory=CorpusReading)
    on_error: str = "stop"
    seeds: int = 3
    seed: int = 42
    scale: str = "full"
    encoders: Mapping[str, str] = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ()
    vectors: str | None = None
    assignments: tuple[str, ...] = ()
    pretraining: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    overwrite: bool = False
    keep_models: bool = True

    def check(self) -> None:
        """Raise ValueError for options that contradict each other or the table."""
        if self.seeds < 1:
            raise ValueError(f"--seeds is {self.seeds}; a row needs at least one run.")
        if self.scale not in SCALES:
            raise ValueError(f"The scale is {self.scale!r}; choose {' or '.join(SCALES)}.")
        for item in self.assignments:
            key = item.partition("=")[0].strip()
            if name := next((name for name in OWN if key == name or key.startswith(f"{name}.")), None):
                raise ValueError(f"A table sets {name} itself, for each of its runs; give {OWN[name]}, not {item}.")
        if self.scale == "small" and not self.unlabelled and (needed := self._encoders_to_make()):
            raise ValueError(
                f"At the small scale encoders are pretrained on the spot ({', '.join(needed)} for {self.table.name}), "
                "and there is no text to do it on; give --unlabelled FILE, or --encoder NAME=FOLDER for each of them."
            )
        names = {row.encoder for row in self.table.rows if row.encoder}
        names |= {"bert"} if "further-bert" in names else set()  # what it starts from
        if unknown := sorted(set(self.encoders) - names):
            raise ValueError(
                f"{self.table.name} has no row with the encoder {unknown[0]!r}; "
                + (f"its rows use {', '.join(sorted(names))}." if names else "none of its rows has a pretrained one.")
            )
        for row in self.chosen_rows():
            if row.preset is not None:  # a setting that does not exist stops here
                resolve_settings(row.preset, assignments=self.assignments)

    def _encoders_to_make(self) -> list[str]:
        rows = [row for row in self.chosen_rows() if row.preset and row.encoder and not row.plain]
        return sorted({str(row.encoder) for row in rows} - set(self.encoders))

    def chosen_rows(self) -> list[Row]:
        """The rows to run, in the table's order; ValueError when one is named that the table does not have."""
        every = list(self.table.rows)
        for name in self.rows:
            if not any(_is_called(row, name) for row in every):
                raise ValueError(
                    f"{self.table.name} has no row {name!r}; its rows are {', '.join(row.name for row in every)}."
                )
        return [row for row in every if not self.rows or any(_is_called(row, name) for name in self.rows)]

    def is_small(self, row: Row) -> bool:
        """Whether a row's encoder is made here at the small scale, and neither it nor its base was given."""
        given = {*self.encoders, *(["further-bert"] if "bert" in self.encoders else [])}
        return self.scale == "small" and row.encoder is not None and row.encoder not in given

    def small_rows(self, rows: Sequence[Row]) -> dict[str, object]:
        """Settings of the rows with a small encoder: under `all` those of each, under `rows` those of single rows."""
        small = [row for row in rows if self.is_small(row)]
        return {"all": small_scale().rows, "rows": {r.name: r.small for r in small if r.small}} if small else {}

    def run_folder(self, row: Row, seed: int) -> Path:
        """Where one run of a row lies; tables of one corpus that share a row and a folder share its runs."""
        assert row.preset is not None
        small = "-small" if self.is_small(row) else ""
        runs = self.output_dir / "runs" / (self.corpus or self.table.corpus)
        return runs / f"{canonical_name(row.preset)}{small}" / f"seed-{seed}"


def _is_called(row: Row, name: str) -> bool:
    """By its name in the table, or by any name of its preset."""
    if row.preset is None or name == row.name:
        return name == row.name
    return aliases().get(name, name) == canonical_name(row.preset)


def row_settings(
    request: Request, row: Row, seed: int, data: Mapping[str, object], *, encoder: str | None, vectors: str | None
) -> TrainSettings:
    """The resolved settings of one run of a row.

    Args:
        data: the section `data`.
        encoder: folder or name of the pretrained encoder, None for a row without.
        vectors: file of static vectors, None to begin at random.
    """
    from ..training.checks import check_settings

    options: dict[str, object] = {
        "data": dict(data),
        "seed": seed,
        "output_dir": str(request.run_folder(row, seed)),
        "vectors": {"path": vectors},
    }
    if encoder is not None:
        options["model"] = {"encoder": {"name_or_path": encoder}}
        if request.is_small(row):
            options = merge(merge(options, small_scale().rows), row.small)
    settings = resolve_settings(row.preset, options=options, assignments=request.assignments)
    check_settings(settings)
    return settings
