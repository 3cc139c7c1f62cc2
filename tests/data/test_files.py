"""Files as they come: encodings, archives, line ends; and writing that leaves nothing half-done."""

from __future__ import annotations

import errno
import gzip
import os
import stat
from pathlib import Path

import pytest

from hf_cner.data.files import missing, read_lines, read_text
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.writing import atomic_write

TEXT = "患者无胸痛。\r\n无\u2028发热\x0b\x85\r。\n\n末行"


def lines(path: Path, problems: Problems | None = None) -> list[tuple[int, str]]:
    return list(read_lines(path, problems))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_text_is_read_unchanged_but_for_a_byte_order_mark(tmp_path: Path, packed: bool, mark: bytes) -> None:
    path = tmp_path / "甲.txt"  # gzip'd or not, by its content and not by its name
    path.write_bytes(gzip.compress(mark + TEXT.encode()) if packed else mark + TEXT.encode())
    assert read_text(path) == TEXT
    assert lines(path) == [(1, "患者无胸痛。"), (2, "无\u2028发热\x0b\x85\r。"), (3, ""), (4, "末行")]


def test_only_the_first_byte_order_mark_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeff\ufeff甲\n\ufeff乙".encode())
    assert read_text(path) == "\ufeff甲\n\ufeff乙"
    assert lines(path) == [(1, "\ufeff甲"), (2, "\ufeff乙")]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"")
    assert read_text(path) == "" and lines(path) == []
    path.write_bytes(b"\n")
    assert lines(path) == [(1, "")]
    path.write_bytes(b"\xef\xbb\xbf")
    assert read_text(path) == "" and lines(path) == [(1, "")]


TRADITIONAL = "病人於三天前開始發熱、頭痛，體溫最高三十九度，伴有咳嗽。"


@pytest.mark.parametrize("read", [read_text, lines])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"a\n" + "患者无发热".encode("gb18030"),
            r"a\.txt:2: found the byte 0x.*looks like GBK/GB18030.*iconv -f GB18030 -t UTF-8",
        ),
        ("患者".encode("utf-16"), r"a\.txt:1: found the byte 0xff.*looks like UTF-16.*iconv -f UTF-16"),
        (b"\xfe\xff" + "患者".encode("utf-16-be"), r"looks like UTF-16"),
        ("患者无发热".encode()[:-1], r"a\.txt:1: .*mostly UTF-8.*damaged or cut off: fetch it again"),
        (TRADITIONAL.encode("big5"), r"a\.txt:1: .*looks like BIG5.*iconv -f BIG5 -t UTF-8"),
        (TRADITIONAL.encode("gb18030")[:-1], r"a\.txt:1: .*looks like GBK/GB18030.*iconv -f GB18030"),
        ("Fièvre élevée, céphalées, toux sèche. ".encode("latin-1") * 8, r"not UTF-8; .*iconv -f ITS-ENCODING"),
        (b"a\xff\xff\xff\n", r"a\.txt:1: found the byte 0xff, which is not UTF-8; expected UTF-8 text; convert"),
    ],
)
def test_other_encodings_are_named(tmp_path: Path, read, data: bytes, message: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message):
        read(path)


def test_a_file_in_another_encoding_is_reported_once_and_a_damaged_line_left_out(tmp_path: Path) -> None:
    path, problems = tmp_path / "a.txt", Problems("skip")
    path.write_bytes("一般\n情况\n可。\n".encode("gb18030"))
    assert lines(path, problems) == [] and read_text(path, problems) == ""
    assert [item.line for item in problems.items] == [1, 1]
    problems = Problems("skip")  # 头 and 痛 in GBK are good UTF-8 for other characters
    path.write_bytes("头\n痛\n患者\n无\n".encode("gb18030"))
    assert [number for number, _ in lines(path, problems)] == [1, 2]
    assert "GBK" in str(problems.items[0]) and len(problems.items) == 1
    problems = Problems("skip")
    path.write_bytes("一般\n".encode() + "情况".encode("gb18030") + "\n可。\n".encode())
    assert lines(path, problems) == [(1, "一般"), (3, "可。")]
    assert [item.line for item in problems.items] == [2]


@pytest.mark.parametrize("read", [read_text, lines])
def test_what_is_no_text_is_named_not_called_damaged(tmp_path: Path, read) -> None:
    path = tmp_path / "export.jsonl"
    packed = b"PK\x03\x04\x14\0\0\0" + "标注".encode() * 20 + b"\x81\xfe"
    for data, what in ((packed, "a zip archive"), (b"%PDF-1.4\n\xe2\xe3\xcf\xd3\n", "a PDF")):
        path.write_bytes(data)
        with pytest.raises(DataError, match=f"export.jsonl: found {what}.*; expected UTF-8 text; unpack or convert it"):
            read(path)


@pytest.mark.parametrize("read", [read_text, lines])
def test_what_is_no_readable_file_is_named(tmp_path: Path, read) -> None:
    (tmp_path / "train.jsonl").write_text("x", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"trian\.jsonl: found no such file; expected a file; did you mean .*train\.jsonl\?"
    ):
        read(tmp_path / "trian.jsonl")
    with pytest.raises(DataError, match=r"found a folder; expected a file; name a file in it"):
        read(tmp_path)
    broken = tmp_path / "b.gz"
    broken.write_bytes(gzip.compress(b"abc\n" * 50)[:-20])
    with pytest.raises(DataError, match=r"b\.gz: found broken gzip data .*fetch it again"):
        read(broken)
    broken.write_bytes(gzip.compress(b"abc" * 50)[:12] + b"\xff" * 40)
    with pytest.raises(DataError, match=r"b\.gz: found broken gzip data"):
        read(broken)


def test_missing_names_the_first_part_of_the_path_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "ccks2017").mkdir()
    sentence = missing(tmp_path / "ccks2071" / "a" / "b.txt", "file")
    assert f"not even {tmp_path / 'ccks2071'}" in sentence and f"did you mean {tmp_path / 'ccks2017'}?" in sentence
    assert missing(tmp_path / "zzz", "folder").endswith("found no such folder; expected a folder; check the path.")


def test_a_file_takes_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with atomic_write(path) as stream:
        stream.write(TEXT)
        assert not path.exists()
    assert path.read_bytes() == TEXT.encode()
    assert os.listdir(path.parent) == ["a.txt"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_after_an_error_the_old_file_stands_and_nothing_else(tmp_path: Path, name: str, error: type) -> None:
    path = tmp_path / name
    path.write_text("old", encoding="utf-8")
    with pytest.raises(error, match="stop"), atomic_write(path) as stream:
        stream.write("new" * 100_000)
        raise error("stop")
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("old", [True, False])
def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.txt"
    if old:
        path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "fsync", full)
    state = "the old file stands as it was" if old else "no file was left behind"
    with (
        pytest.raises(OSError, match=rf"a\.txt could not be written \(No space left on device\); {state}") as caught,
        atomic_write(path) as stream,
    ):
        stream.write("new")
    assert caught.value.errno == errno.ENOSPC
    assert os.listdir(tmp_path) == (["a.txt"] if old else [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_writing_to_a_device_goes_straight_to_it() -> None:
    with atomic_write("/dev/null") as stream:
        stream.write("x")
    assert not Path("/dev/null").is_file()
    with pytest.raises(OSError, match="No space left"), atomic_write("/dev/full") as stream:
        stream.write("x")


def test_a_name_that_ends_in_gz_gets_packed_data_equal_for_equal_text(tmp_path: Path) -> None:
    for name in ("a.txt.gz", "b.txt.gz"):
        with atomic_write(tmp_path / name) as stream:
            stream.write(TEXT)
    data = (tmp_path / "a.txt.gz").read_bytes()
    assert gzip.decompress(data) == TEXT.encode() and (tmp_path / "b.txt.gz").read_bytes() == data
    assert read_text(tmp_path / "a.txt.gz") == TEXT


def test_a_link_stays_a_link_and_a_mode_stays_as_it_is(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    link.symlink_to(target)
    with atomic_write(link) as stream:
        stream.write("new")
    assert link.is_symlink() and target.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_where_no_file_can_be_written_the_error_names_the_wanted_one(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match=r"found a folder; expected the name of a file to be written; add a file name"),
        atomic_write(tmp_path),
    ):
        pass
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with (
        pytest.raises(OSError, match=r"file/a\.txt could not be written \(.*\); no file was left behind"),
        atomic_write(tmp_path / "file" / "a.txt"),
    ):
        pass


def test_utf16_without_a_mark_is_named_where_its_bytes_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for form, name in (("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE")):
        path.write_bytes((TRADITIONAL * 4).encode(form))
        with pytest.raises(DataError, match=f"looks like {name}.*iconv -f {name} "):
            read_text(path)
