"""The contract of one shard."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shards import ENDINGS, MODEL, content, read_rows, rows_of_sample, write_rows

from hf_cner import Document, Predictor
from hf_cner.data.documents import to_row
from hf_cner.data.problems import DataError
from hf_cner.modeling.crf_backends import SETTING
from hf_cner.scale import Shard, annotate_shard
from hf_cner.scale.identity import options_of
from hf_cner.scale.manifest import manifest_of
from hf_cner.scale.source import filesystem
from hf_cner.scale.target import written
from hf_cner.scale.worker import Settings, Worker


@pytest.mark.parametrize("ending", ENDINGS)
def test_rows_keep_order_and_columns_and_get_what_the_predictor_finds(
    ending: str, tmp_path: Path, predictor: Predictor
) -> None:
    rows = rows_of_sample(60)
    source = write_rows(rows, tmp_path / f"notes{ending}")
    report = annotate_shard(source, tmp_path / "out" / f"notes{ending}", predictor)
    found = read_rows(tmp_path / "out" / f"notes{ending}")
    assert [[row["id"], str(row["ward"]), row["text"]] for row in found] == [
        [row["id"], str(row["ward"]), row["text"]] for row in rows
    ]
    expected = [to_row(document)["entities"] for document in predictor([str(row["text"]) for row in rows])]
    assert [row["entities"] for row in found] == expected
    assert report.rows == 60 and not report.errors and report.entities == sum(map(len, expected)) > 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_complete_shard_is_not_done_again_and_the_same_bytes_come_twice(
    ending: str, tmp_path: Path, predictor: Predictor
) -> None:
    source = write_rows(rows_of_sample(20), tmp_path / f"notes{ending}")
    first = annotate_shard(source, tmp_path / "a" / f"notes{ending}", predictor)
    before = content(tmp_path / "a")
    again = annotate_shard(source, tmp_path / "a" / f"notes{ending}", predictor)
    assert again.done_before and not first.done_before and again.rows == first.rows
    annotate_shard(source, tmp_path / "b" / f"notes{ending}", predictor)
    assert content(tmp_path / "a") == before == content(tmp_path / "b")


def test_bad_rows_become_rows_with_an_error(tmp_path: Path, predictor: Predictor) -> None:
    source = tmp_path / "notes.jsonl"
    lines = [
        b'{"id": "a", "text": "\xe6\x82\xa3\xe8\x80\x85\xe5\xa4\xb4\xe7\x97\x9b", "entities": [1]}',
        b"{broken",
        b"[1]",
        b"\xff\xfe",
    ]
    source.write_bytes(b"\n".join([*lines, b'{"id": "b"}', b"", b'{"id": "c", "text": 5, "ward": 1}']))
    report = annotate_shard(source, tmp_path / "out.jsonl", predictor)
    found = read_rows(tmp_path / "out.jsonl")
    assert (report.rows, report.errors, report.replaced) == (6, 5, 1)
    assert found[0]["error"] is None and found[0]["entities"] != [1]
    assert [row["entities"] for row in found[1:]] == [None] * 5
    said = [str(row["error"]) for row in found[1:]]
    assert "broken JSON" in said[0] and "JSON array" in said[1] and "UTF-8" in said[2]
    assert said[3] == "found nothing as 'text'; expected a string" and "int" in said[4]
    assert (found[5]["id"], found[5]["ward"]) == ("c", 1)


def test_bad_rows_of_csv_and_parquet(tmp_path: Path, predictor: Predictor) -> None:
    (tmp_path / "notes.csv").write_bytes("id,text\na,头痛\nb\nc,".encode() + b"\xff\xfe\n")
    assert annotate_shard(tmp_path / "notes.csv", tmp_path / "out.csv", predictor).errors == 2
    assert [row["error"] for row in read_rows(tmp_path / "out.csv")][1:] == [
        "found 1 cells; expected 2",
        "found bytes that are not UTF-8; expected UTF-8 text",
    ]
    broken = pa.array([b"\xff\xfe", None, "头痛".encode()]).view(pa.string())
    pq.write_table(pa.table({"text": broken.dictionary_encode()}), tmp_path / "notes.parquet")
    assert annotate_shard(tmp_path / "notes.parquet", tmp_path / "out.parquet", predictor).errors == 2
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column("entities").null_count == 2 and table.num_rows == 3


@pytest.mark.parametrize(
    "content", ["id;text\n1;头痛, 发热。\n", "sep=;\r\nid;text\r\n1;头痛, 发热。\r\n", "id|text\n1|头痛, 发热。"]
)
def test_the_separator_of_csv_is_known_by_its_first_line(content: str, tmp_path: Path, predictor: Predictor) -> None:
    (tmp_path / "n.csv").write_text(content, encoding="utf-8-sig", newline="")
    assert annotate_shard(tmp_path / "n.csv", tmp_path / "out.csv", predictor).errors == 0
    names, row = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    mark = names[2]
    assert names.split(mark) == ["id", "text", "entities", "error"] and row.split(mark)[:2] == ["1", "头痛, 发热。"]


def test_a_text_at_which_the_model_fails_is_one_row(
    tmp_path: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = predictor.predict

    def failing(texts: Iterable[str]) -> Iterator[Document]:
        texts = list(texts)
        if any("n7 " in text for text in texts):
            raise RuntimeError("cannot")
        return predict(texts)

    monkeypatch.setattr(predictor, "predict", failing)
    rows = [{**row, "text": f"{row['id']} {row['text']}"} for row in rows_of_sample(20)]
    report = annotate_shard(write_rows(rows, tmp_path / "n.jsonl"), tmp_path / "out.jsonl", predictor)
    assert report.errors == 1
    assert read_rows(tmp_path / "out.jsonl")[7]["error"] == "the model failed: RuntimeError ('cannot')"
    monkeypatch.setattr(predictor, "predict", lambda texts: (_ for _ in ()).throw(RuntimeError("always")))
    with pytest.raises(RuntimeError, match="always"):  # no fault of a row
        annotate_shard(tmp_path / "n.jsonl", tmp_path / "other.jsonl", predictor)
    assert not (tmp_path / "other.jsonl").exists()


def test_what_differs_is_said(tmp_path: Path, predictor: Predictor) -> None:
    source, target = write_rows(rows_of_sample(5), tmp_path / "notes.jsonl"), tmp_path / "out" / "notes.jsonl"
    annotate_shard(source, target, predictor)
    before = content(tmp_path / "out")

    def refused(**options: object) -> str:
        with pytest.raises(DataError) as caught:
            annotate_shard(source, target, predictor, **options)  # type: ignore[arg-type]
        return str(caught.value)

    assert "another model (" in refused(model="0" * 64) and "000000000000…" in refused(model="0" * 64)
    assert "another setting of id_column ('id', not 'ward')" in refused(id_column="ward", allow_duplicate_ids=True)
    predictor.scores = False
    try:
        assert "another setting of scores (True, not False)" in refused()
    finally:
        predictor.scores = True
    manifest = Path(manifest_of(str(target)))
    other = json.loads(manifest.read_text())
    other["made_of"]["code"]["hf_cner"] = "0.0.1"
    manifest.write_text(json.dumps(other))
    assert "another version of hf_cner ('0.0.1', not " in refused()
    manifest.write_text("{")
    assert "found a damaged manifest" in refused()
    manifest.unlink()
    assert "found a file that was not annotated here" in refused()
    manifest.write_bytes(before[".notes.jsonl.manifest"])
    target.write_text("short")
    assert "was changed since it was written" in refused()
    target.write_bytes(before["notes.jsonl"])
    write_rows(rows_of_sample(6), source)
    assert "another input (" in refused()


def test_a_killed_run_leaves_nothing_that_is_taken_for_a_shard(tmp_path: Path, predictor: Predictor) -> None:
    source, target = write_rows(rows_of_sample(5), tmp_path / "notes.jsonl"), tmp_path / "out" / "notes.jsonl"
    annotate_shard(source, target, predictor)
    whole = content(tmp_path / "out")
    target.unlink()  # as after a kill between the manifest and the shard
    (target.parent / ".notes.jsonl.tmp").write_text("half")
    assert not annotate_shard(source, target, predictor).done_before
    assert content(tmp_path / "out") == whole


def test_ids_that_stand_twice(tmp_path: Path, predictor: Predictor) -> None:
    rows = rows_of_sample(30)
    rows[29]["id"] = "n3"
    source = write_rows(rows, tmp_path / "notes.parquet")
    with pytest.raises(DataError, match=r"found the id 'n3' a second time; .*--allow-duplicate-ids"):
        annotate_shard(source, tmp_path / "out.parquet", predictor)
    assert not (tmp_path / "out.parquet").exists()
    assert annotate_shard(source, tmp_path / "out.parquet", predictor, allow_duplicate_ids=True).rows == 30


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("n.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
        ("n.jsonl", gzip.compress(b'{"text": "a"}\n' * 500, mtime=0)[:40], "broken gzip data"),
        ("n.csv", "编号,内容\n1,头痛\n".encode(), "found 0 columns 'text' among"),
        ("n.docx", b"", "found an unknown ending"),
        ("n.xlsx.gz", b"", "found an unknown ending"),
    ],
)
def test_a_shard_that_cannot_be_read(name: str, data: bytes, said: str, tmp_path: Path, predictor: Predictor) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=re.escape(said)):
        annotate_shard(tmp_path / name, tmp_path / f"out_{name}", predictor)
    assert not list(tmp_path.glob("*out*"))


def test_more_that_is_refused_in_one_sentence(tmp_path: Path, predictor: Predictor) -> None:
    with pytest.raises(DataError, match="found no such file"):
        annotate_shard(tmp_path / "n.jsonl", tmp_path / "out.jsonl", predictor)
    with pytest.raises(DataError, match="found no such file; expected one"):
        annotate_shard("memory://nowhere/n.jsonl", tmp_path / "out.jsonl", predictor)
    with pytest.raises(DataError, match="found an address that cannot be opened"):
        annotate_shard("nonsense://n.jsonl", tmp_path / "out.jsonl", predictor)
    source = write_rows(rows_of_sample(3), tmp_path / "n.jsonl")
    with pytest.raises(DataError, match="found a name of another form"):
        annotate_shard(source, tmp_path / "out.parquet", predictor)
    with pytest.raises(
        DataError, match=r"found the column 'ward' of type int64; expected one column 'ward' of strings"
    ):
        annotate_shard(
            write_rows(rows_of_sample(3), tmp_path / "n.parquet"), tmp_path / "o.parquet", predictor, text_column="ward"
        )
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"could not be written \(.*file is a file\)"):
        annotate_shard(source, tmp_path / "file" / "out.jsonl", predictor)


def test_no_room_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_rows(rows_of_sample(3), tmp_path / "n.jsonl")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"n\.jsonl\S* could not be written \(No space left on device\); no file was"):
        annotate_shard(source, tmp_path / "out" / "n.jsonl", predictor)
    assert "n.jsonl" not in content(tmp_path / "out")


def test_parts_of_a_file_and_packed_files_and_other_file_systems(tmp_path: Path, predictor: Predictor) -> None:
    source = write_rows(rows_of_sample(10), tmp_path / "n.jsonl")
    cut = source.read_bytes().index(b"\n") + 1
    annotate_shard(Shard(str(source), 0, cut), tmp_path / "a.jsonl", predictor)
    annotate_shard(Shard(str(source), cut), tmp_path / "b.jsonl", predictor)
    assert [row["id"] for name in "ab" for row in read_rows(tmp_path / f"{name}.jsonl")] == [f"n{i}" for i in range(10)]
    (tmp_path / "n.jsonl.gz").write_bytes(gzip.compress(source.read_bytes()))
    annotate_shard(tmp_path / "n.jsonl.gz", tmp_path / "c.jsonl.gz", predictor)
    annotate_shard(source, "memory://bucket/d.jsonl", predictor)
    assert annotate_shard(source, "memory://bucket/d.jsonl", predictor).done_before
    system, inner, _ = filesystem("memory://bucket")
    assert sorted(path.rpartition("/")[2] for path in system.find(inner)) == [".d.jsonl.manifest", "d.jsonl"]
    assert gzip.decompress((tmp_path / "c.jsonl.gz").read_bytes()) == system.cat_file(f"{inner}/d.jsonl")


def test_a_failure_leaves_nothing_in_a_store() -> None:
    system, inner, _ = filesystem("memory://failed")
    with pytest.raises(RuntimeError, match="halfway"), written("memory://failed/out/n.jsonl") as stream:
        stream.write(b"half")
        raise RuntimeError("halfway")
    assert system.find(inner) == []


def test_parquet_keeps_its_types_and_its_row_groups_can_be_annotated_alone(
    tmp_path: Path, predictor: Predictor
) -> None:
    rows: list[dict[str, object]] = [
        {**row, "lab": {"values": [1.5, None]}, "raw": b"\x00", "entities": "gold"} for row in rows_of_sample(30)
    ]
    source = write_rows(rows, tmp_path / "n.parquet")
    report = annotate_shard(Shard(str(source), groups=(1,)), tmp_path / "o.parquet", predictor)
    table = pq.read_table(tmp_path / "o.parquet")
    assert table.column_names == ["id", "ward", "text", "lab", "raw", "entities", "error"]
    assert table.drop_columns(["entities", "error"]).to_pylist() == [
        {key: value for key, value in row.items() if key != "entities"} for row in rows[10:20]
    ]
    assert report.replaced == 10
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "none.parquet")
    assert annotate_shard(tmp_path / "none.parquet", tmp_path / "none-out.parquet", predictor).rows == 0
    assert pq.read_table(tmp_path / "none-out.parquet").column_names == ["text", "entities", "error"]


def test_a_worker_computes_by_what_every_node_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba may be missing on another node, and a measured choice of layers may be another one after a restart."""
    monkeypatch.setenv(SETTING, "")  # recorded, so that what the worker sets is undone
    monkeypatch.delenv(SETTING)
    options = options_of(Worker(Settings(str(MODEL))).predictor)
    assert (options["crf"], options["linears"], options["threads"]) == ("torch", "torch", 1)
