"""The shards of an input, and the target of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ..data.problems import DataError
from ..data.reading.names import natural_key, without_gz
from ..data.shown import brief, printable
from .forms import FORMS, form_of
from .json_rows import JsonRows
from .manifest import Made, flat, manifest_of, read_manifest, refuse_other, write_manifest
from .parquet_rows import ParquetRows, opened_parquet
from .source import Shard, filesystem, opened

JOB = ".annotation.manifest"
SHARD_ROWS = 10_000
_SAMPLE = 1 << 20  # bytes, from which the length of lines is estimated


@dataclass(frozen=True)
class Task:
    """A shard, its target, and its number of bytes, which measures progress."""

    shard: Shard
    target: str
    size: int


@dataclass(frozen=True)
class Plan:
    """All shards of an input in order, and other files in it, relative to it."""

    tasks: list[Task]
    left_out: list[str]


def make_plan(source: str, out: str, *, shard_rows: int = SHARD_ROWS) -> Plan:
    """The shards of a file, or of a folder with its subfolders, such as `year=2024/month=01/`, which the output keeps.

    A Parquet file is cut between row groups. JSON lines are cut between lines, by the average length of a line in the
    first megabyte. CSV and packed files are not cut: they can only be read from the beginning. Only names, sizes,
    footers and the places of the cuts are read.

    Args:
        source: a file, a folder, or a URL of one.
        out: the folder for the output.
        shard_rows: approximate rows of a shard.

    Raises:
        DataError: there is nothing to annotate, or one folder is inside the other.
    """
    if shard_rows < 1:
        raise ValueError(f"shard_rows is {shard_rows}; a shard has at least 1 row.")
    root, names, left_out = _files(source)
    _refuse_nested(source, out)
    if not names:
        others = f" (left out: {brief(', '.join(left_out[:5]))})" if left_out else ""
        raise DataError(
            f"{printable(source)}: found no file to annotate{others}; expected one that ends in {', '.join(FORMS)}; "
            "name the file or the folder that holds the texts."
        )
    tasks: list[Task] = []
    for name in names:
        path = f"{root}{name}"
        shards = list(_shards(path, shard_rows))
        begin, ending = _stem(name)
        for number, (shard, size) in enumerate(shards):
            target = f"{out.rstrip('/')}/{begin}-{number:05d}-of-{len(shards):05d}{ending}"
            tasks.append(Task(shard, target, size))
    return Plan(tasks, left_out)


def claim(out: str, plan: Plan, made_of: Made) -> None:
    """Write into the output's folder what it is made from, or check that it says the same.

    Raises:
        DataError: the folder holds shards of another model, of other settings or of files that the input does not have.
    """
    job = f"{out.rstrip('/')}/{JOB}"
    advice = "choose another folder for the output, or use the input, model and options with which it was begun"
    before = read_manifest(job)
    if before is not None:
        refuse_other(out, flat(before["made_of"]), flat(made_of), advice)
    system, inner, _ = filesystem(out)
    if system.exists(inner):
        known = {manifest_of(task.target).rpartition("/")[2] for task in plan.tasks} | {JOB}
        found = (PurePosixPath(str(path)).name for path in system.find(inner) if str(path).endswith(".manifest"))
        extra = sorted(name for name in found if name not in known)
        if extra:
            raise DataError(
                f"{printable(out)}: found {len(extra):,} shards that the input as it is now does not have (as "
                f"{brief(extra[0])}); expected the input that the output was begun with; {advice}."
            )
    if before is None:
        write_manifest(job, made_of)


def _files(source: str) -> tuple[str, list[str], list[str]]:
    """The common prefix of names, the names of files with shards, and of other files; without hidden files."""
    system, inner, local = filesystem(source)
    if not system.exists(inner):
        raise DataError(f"{printable(source)}: found no such file or folder; expected the texts; check its name.")
    if system.isfile(inner):
        head, _, name = source.rpartition("/")
        prefix = f"{head}/" if head or source.startswith("/") else ""
        return (prefix, [], [name]) if form_of(name) is None else (prefix, [name], [])
    base = inner.rstrip("/")
    names = [str(path)[len(base) + 1 :] for path in system.find(inner)]
    shown = sorted((name for name in names if not _hidden(name)), key=natural_key)
    known = [name for name in shown if form_of(name) is not None]
    prefix = f"{base}/" if local else f"{source.rstrip('/')}/"
    return prefix, known, [name for name in shown if form_of(name) is None]


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))


def _stem(name: str) -> tuple[str, str]:
    bare = without_gz(name)
    begin, _, ending = bare.rpartition(".")
    return begin, f".{ending}{name[len(bare) :]}"


def _refuse_nested(source: str, out: str) -> None:
    here, there = filesystem(source), filesystem(out)
    if here[2] != there[2]:
        return
    one, other = (Path(os.path.realpath(inner)) for _, inner, _ in (here, there))
    if one == other or one in other.parents or (other in one.parents and one.is_dir()):
        raise DataError(
            f"{printable(out)}: found an output inside the input, or an input inside the output; expected another "
            "folder; "
            "choose one beside it."
        )


def _shards(path: str, shard_rows: int) -> Iterator[tuple[Shard, int]]:
    system, inner, _ = filesystem(path)
    size = int(system.size(inner) or 0)
    form = form_of(path)
    if form is ParquetRows:
        with opened(path) as stream:
            try:
                groups = list(_row_groups(stream, Shard(path), shard_rows))
            except DataError:  # its worker reports it, and the others go on
                groups = [(Shard(path), size)]
        yield from groups
    elif form is JsonRows and without_gz(path) == path:
        with opened(path) as stream:
            yield from _lines(stream, Shard(path), size, shard_rows)
    else:
        yield Shard(path), size


def _row_groups(stream: IO[bytes], whole: Shard, shard_rows: int) -> Iterator[tuple[Shard, int]]:
    metadata = opened_parquet(stream, whole).metadata
    groups: list[int] = []
    rows = 0
    for number in range(metadata.num_row_groups):
        groups.append(number)
        rows += metadata.row_group(number).num_rows
        if rows >= shard_rows or number == metadata.num_row_groups - 1:
            ends = [_bytes_of(metadata.row_group(group)) for group in groups]
            begin, end = min(first for first, _ in ends), max(last for _, last in ends)
            yield Shard(whole.path, begin, end, tuple(groups)), end - begin
            groups, rows = [], 0
    if metadata.num_row_groups == 0:
        yield whole, 0


def _bytes_of(group: object) -> tuple[int, int]:
    """First byte of a row group, and the byte after its last."""
    places = []
    for number in range(group.num_columns):  # type: ignore[attr-defined]
        column = group.column(number)  # type: ignore[attr-defined]
        begin = column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset
        places.append((begin, begin + column.total_compressed_size))
    return min(begin for begin, _ in places), max(end for _, end in places)


def _lines(stream: IO[bytes], whole: Shard, size: int, shard_rows: int) -> Iterator[tuple[Shard, int]]:
    sample = stream.read(_SAMPLE)
    step = max(1, shard_rows * len(sample) // max(1, sample.count(b"\n")))
    begin = 0
    while begin < size or size == 0:
        end = size
        if begin + step < size:
            stream.seek(begin + step - 1)
            while (rest := stream.readline(_SAMPLE)) and not rest.endswith(b"\n"):
                continue
            end = stream.tell()
        if size - end < step // 2:  # no small last shard
            end = size
        yield Shard(whole.path, begin, end), end - begin
        begin = end
        if size == 0:
            return
