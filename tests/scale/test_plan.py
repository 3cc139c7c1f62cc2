"""Shards of an input, and the output's claim on what it is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from shards import ENDINGS, rows_of_sample, write_rows

from hf_cner.data.problems import DataError
from hf_cner.scale.json_rows import lines
from hf_cner.scale.plan import claim, make_plan
from hf_cner.scale.source import digest, opened

MADE_OF = {"model": "m", "options": {"scores": True, "shard_rows": 10}, "code": {"hf_cner": "1"}}


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 95, 100])
def test_shards_of_json_lines_hold_every_line_once(rows: int, tmp_path: Path) -> None:
    source = write_rows(rows_of_sample(rows), tmp_path / "notes.jsonl")
    plan = make_plan(str(source), str(tmp_path / "out"), shard_rows=10)
    found = b""
    for task in plan.tasks:
        with opened(task.shard.path) as stream:
            part = b"".join(line for line in lines(stream, task.shard) if isinstance(line, bytes))
        assert task.size == len(part) and (part.endswith(b"\n") or not rows)
        found += part
    assert found == source.read_bytes()
    assert max(1, rows // 15) <= len(plan.tasks) <= max(1, rows // 5)


def test_lines_of_very_different_lengths_are_never_cut(tmp_path: Path) -> None:
    source = tmp_path / "notes.jsonl"
    source.write_bytes(b"".join(b"x" * (number**3 % 5000) + b"\n" for number in range(300)) + b"no line feed")
    plan = make_plan(str(source), str(tmp_path / "out"), shard_rows=7)
    data = source.read_bytes()
    assert [task.shard.begin for task in plan.tasks[1:]] == [task.shard.end for task in plan.tasks[:-1]]
    assert all(data[task.shard.begin - 1 : task.shard.begin] in (b"", b"\n") for task in plan.tasks)
    assert plan.tasks[-1].shard.end == len(data) and len(plan.tasks) > 10


def test_folders_are_kept_row_groups_are_joined_and_other_files_are_named(tmp_path: Path) -> None:
    rows = rows_of_sample(45)
    write_rows(rows, tmp_path / "in" / "year=2024" / "month=02" / "a.parquet")
    write_rows(rows, tmp_path / "in" / "year=2023" / "a.csv")
    (tmp_path / "in" / "README.md").write_text("")
    (tmp_path / "in" / "_hidden.jsonl").write_text("")
    plan = make_plan(str(tmp_path / "in"), str(tmp_path / "out"), shard_rows=20)
    assert [task.target.removeprefix(f"{tmp_path}/out/") for task in plan.tasks] == [
        "year=2023/a-00000-of-00001.csv",
        *(f"year=2024/month=02/a-0000{number}-of-00003.parquet" for number in range(3)),
    ]
    assert [task.shard.groups for task in plan.tasks] == [None, (0, 1), (2, 3), (4,)]
    assert plan.left_out == ["README.md"]


def test_a_url_of_a_folder(tmp_path: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    system = MemoryFileSystem()
    system.pipe_file("/plans/in/a.jsonl", b'{"text": "a"}\n')
    plan = make_plan("memory://plans/in", "memory://plans/out")
    assert [(task.shard.path, task.target) for task in plan.tasks] == [
        ("memory://plans/in/a.jsonl", "memory://plans/out/a-00000-of-00001.jsonl")
    ]
    claim("memory://plans/out", plan, MADE_OF)
    claim("memory://plans/out", plan, MADE_OF)


def test_streams_of_a_store_are_cut_as_files_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of S3 and its like are fsspec's `AbstractBufferedFile`, whose `readline` takes no size."""
    from fsspec.implementations.memory import MemoryFileSystem
    from fsspec.spec import AbstractBufferedFile

    class Stream(AbstractBufferedFile):
        def _fetch_range(self, start: int, end: int) -> bytes:
            found: bytes = self.fs.cat_file(self.path)[start:end]
            return found

    source = write_rows(rows_of_sample(500), tmp_path / "in" / "a.jsonl")
    system = MemoryFileSystem()
    system.pipe_file("/streams/in/a.jsonl", source.read_bytes())
    monkeypatch.setattr(MemoryFileSystem, "_open", lambda self, path, mode="rb", **_: Stream(self, path, mode))
    plan = make_plan("memory://streams/in", "memory://streams/out", shard_rows=100)
    on_disk = make_plan(str(tmp_path / "in"), str(tmp_path / "out"), shard_rows=100)
    assert len(plan.tasks) == 5
    assert [(t.shard.begin, t.shard.end) for t in plan.tasks] == [(t.shard.begin, t.shard.end) for t in on_disk.tasks]
    assert [digest(task.shard) for task in plan.tasks] == [digest(task.shard) for task in on_disk.tasks]


@pytest.mark.parametrize(
    ("source", "out", "said"),
    [
        ("in", "in/out", "found an output inside the input, or an input inside the output"),
        ("in", "in", "found an output inside the input, or an input inside the output"),
        ("in/deep", "in", "found an output inside the input, or an input inside the output"),
        ("nowhere", "out", "found no such file or folder"),
        (
            "empty",
            "out",
            r"found no file to annotate \(left out: 'a.txt'\); expected one that ends in .parquet,",
        ),
    ],
)
def test_what_is_no_input(source: str, out: str, said: str, tmp_path: Path) -> None:
    write_rows(rows_of_sample(3), tmp_path / "in" / "deep" / "a.jsonl")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.txt").write_text("")
    with pytest.raises(DataError, match=said):
        make_plan(str(tmp_path / source), str(tmp_path / out))


def test_an_output_belongs_to_one_model_one_set_of_options_and_one_input(tmp_path: Path) -> None:
    source, out = write_rows(rows_of_sample(30), tmp_path / "in" / "a.jsonl"), str(tmp_path / "out")
    plan = make_plan(str(tmp_path / "in"), out, shard_rows=10)
    claim(out, plan, MADE_OF)
    claim(out, plan, MADE_OF)
    with pytest.raises(DataError, match=r"another model \('m', not 'n'\); .*; choose another folder for the output"):
        claim(out, plan, {**MADE_OF, "model": "n"})
    with pytest.raises(DataError, match=r"another setting of shard_rows \(10, not 20\)"):
        claim(out, plan, {**MADE_OF, "options": {"scores": True, "shard_rows": 20}})
    for task in plan.tasks:
        Path(f"{tmp_path}/out/.{Path(task.target).name}.manifest").write_text("{}")
    claim(out, plan, MADE_OF)
    write_rows(rows_of_sample(300), source)
    with pytest.raises(DataError, match=r"found 3 shards that the input as it is now does not have \(as '.a-00000-of"):
        claim(out, make_plan(str(tmp_path / "in"), out, shard_rows=10), MADE_OF)


def test_every_ending_has_a_plan(tmp_path: Path) -> None:
    for ending in ENDINGS:
        source = write_rows(rows_of_sample(5), tmp_path / f"a{ending}")
        (task,) = make_plan(str(source), str(tmp_path / "out")).tasks
        assert task.size > 0 and task.target.endswith(f"a-00000-of-00001{ending}")


@pytest.mark.parametrize("name", ["note.txt", "notes.xlsx", "notes.parquet.gz"])
def test_a_file_of_no_form_is_refused_before_anything_is_claimed(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DataError, match=r"found no file to annotate \(left out: .*expected one that ends in \.parquet"):
        make_plan(str(tmp_path / name), str(tmp_path / "out"))
