"""Reading within bounds: packed files that unpack to too much, long lines, large files, damaged packs."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from hf_cner.data import bounded, files
from hf_cner.data.bounded import LONGEST_LINE, TAME
from hf_cner.data.corpora import read_corpus
from hf_cner.data.files import read_lines, read_text
from hf_cner.data.lexicon import read_lexicon
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.vectors import read_word2vec


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 MB of one character in 190 kB."""
    path = tmp_path_factory.mktemp("bomb") / "a.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=9) as stream:
        for _ in range(200):
            stream.write(b"x" * 1_000_000)
    assert path.stat().st_size < 250_000
    return path


READERS = {
    "text": read_text,
    "lines": lambda path: list(read_lines(path)),
    "vectors": read_word2vec,
    "lexicon": read_lexicon,
    "jsonl": lambda path: read_corpus("jsonl", path),
    "ccks2019": lambda path: read_corpus("ccks2019", path),
    "cmeee": lambda path: read_corpus("cmeee", path),
    "conll": lambda path: read_corpus("conll", path),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_packed_bomb_is_refused_without_unpacking_it(bomb: Path, read) -> None:
    tracemalloc.start()
    with pytest.raises(DataError) as caught:
        read(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    sentence = str(caught.value)
    assert "a.jsonl.gz: found" in sentence and "xxxx" not in sentence and len(sentence) < 500
    assert peak < 5 * TAME
    if "that unpack to more than" in sentence:
        assert sentence.endswith("expected at most 100 times as many; if you trust the file, unpack it first.")


def test_what_packs_well_but_is_small_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"x" * 5_000_000))
    assert len(read_text(path)) == 5_000_000


@pytest.mark.parametrize("end", [b"\n", b""])
@pytest.mark.parametrize("packed", [True, False])
def test_a_line_that_is_too_long_is_named_by_its_length(tmp_path: Path, monkeypatch, end: bytes, packed: bool) -> None:
    monkeypatch.setattr(bounded, "LONGEST_LINE", 1000)
    monkeypatch.setattr(files, "LONGEST_LINE", 1000)
    monkeypatch.setattr(bounded, "_CHUNK", 64)
    path = tmp_path / "a.txt"
    data = b"a\n" + b"b" * 1000 + b"\n" + b"c" * 5000 + b"\nd\n" + b"e" * 1001 + end
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(DataError, match=r"a\.txt:3: found a line of 5,001 bytes; expected at most 1,000; split the"):
        list(read_lines(path))
    problems = Problems("skip")
    assert list(read_lines(path, problems)) == [(1, "a"), (2, "b" * 1000), (4, "d")]
    assert [item.found for item in problems.items] == ["a line of 5,001 bytes", f"a line of {1001 + len(end):,} bytes"]


def test_a_file_that_is_read_whole_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * (LONGEST_LINE + 1))
    with pytest.raises(
        DataError, match=r"a\.txt: found more than 16,777,216 bytes; expected at most that many .*split"
    ):
        read_text(path)
    assert len(read_text(path, most=LONGEST_LINE + 1)) == LONGEST_LINE + 1


@pytest.mark.parametrize("keep", [1, 5, 30, -9, -1])
def test_packed_data_that_were_cut_off_can_be_skipped(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.txt.gz"
    whole = b"\x1f\x8b" + gzip.compress(b"abc\n" * 2000)[2:]
    path.write_bytes(whole[: max(keep, 3) if keep > 0 else keep])
    for read in (read_text, lambda *given: list(read_lines(*given))):
        with pytest.raises(
            DataError, match=r"a\.txt\.gz: found broken gzip data \(.*; expected a whole file; fetch it"
        ):
            read(path)
        problems = Problems("skip")
        read(path, problems)
        assert len(problems.items) == 1 and problems.items[0].line is None


def test_packed_data_with_bytes_changed_are_one_sentence(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress("患者头痛。\n".encode() * 50))
    path = tmp_path / "a.txt"
    for place in range(10, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with pytest.raises(DataError) as caught:
            read_text(path)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
