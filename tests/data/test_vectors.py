"""Vector files as they come, and what is said of those that are wrong."""

from __future__ import annotations

import gzip
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hf_cner.data.problems import DataError, Problems
from hf_cner.data.vectors import read_word2vec, write_word2vec

BODY = "头 0.5 -1 2e-1\n痛 1 2 3\n"
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
VALUES = np.array([[0.5, -1, 0.2], [1, 2, 3]], dtype=np.float32)


def read(tmp_path: Path, text: str | bytes, **options) -> tuple[list[str], np.ndarray]:
    path = tmp_path / "v.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_word2vec(path, **options)


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        "2 3\n" + BODY,
        "\ufeff2 3\n" + BODY,
        ("2 3\n" + BODY).replace("\n", " \r\n"),  # the original program ends each line with a blank
        ("2 3\n" + BODY).replace(" ", "\t"),
        BODY.rstrip("\n"),
        "2 3\n" + BODY + "\n\n",
        gzip.compress(("2 3\n" + BODY).encode(), mtime=0),  # a time would give the test another name in each worker
    ],
)
def test_with_and_without_header_in_all_dress(tmp_path: Path, text: str | bytes) -> None:
    tokens, vectors = read(tmp_path, text)
    assert tokens == ["头", "痛"]
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, VALUES)


@pytest.mark.parametrize(
    "token", [" ", "\t", "\u3000", "\u2028", "\x85", "\xa0", "\x0b", "\ufeff", "1", "-2", "nan", "</s>", "\n"]
)
@pytest.mark.parametrize("header", ["", "2 3\n"])
def test_any_character_can_be_the_token(tmp_path: Path, token: str, header: str) -> None:
    if token == "\ufeff" and not header:
        header = "\ufeff"  # the first is the file's mark
    tokens, vectors = read(tmp_path, f"{header}{token} 1 2 3\n痛 4 5 6\n")
    assert tokens == [token, "痛"]
    assert vectors.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert read(tmp_path, f"{header}痛 4 5 6\n{token} 1 2 3\n")[0] == ["痛", token]


def test_vectors_of_one_number_are_not_taken_for_a_header(tmp_path: Path) -> None:
    assert read(tmp_path, "3 5\n4 6\n")[0] == ["3", "4"]
    assert read(tmp_path, "2 1\n头 5\n痛 6\n")[1].tolist() == [[5], [6]]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("3 3", "the header announces 3 vectors of size 3, and 2 of size 3 follow"),
        ("1 3", "the header announces 1 vectors of size 3, and 2 of size 3 follow"),
        ("2 100", "the header announces 2 vectors of size 100, and 2 of size 3 follow"),
    ],
)
def test_a_wrong_header_is_a_warning_that_says_what_was_found(tmp_path: Path, header: str, message: str) -> None:
    path = tmp_path / "v.txt"
    path.write_text(f"{header}\n{BODY}", encoding="utf-8")
    with pytest.warns(UserWarning, match=message) as caught:
        tokens, vectors = read_word2vec(path)
    assert caught[0].filename == __file__
    assert tokens == ["头", "痛"]
    np.testing.assert_array_equal(vectors, VALUES)


def test_of_a_token_that_occurs_twice_the_first_vector_counts(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("3 1\n头 1\n头 2\n痛 3\n", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"1 tokens occur more than once \('头'\); of each the first vector counts"):
        tokens, vectors = read_word2vec(path)
    assert tokens == ["头", "痛"] and vectors.tolist() == [[1], [3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 3\n头 1 2 3\n痛 1 2\n", r"v\.txt:3: found 2 numbers; expected a token and 3 numbers; correct or remove"),
        ("2 3\n头 1 2\n痛 1 2 3\n热 1 2\n", r"v\.txt:2: found 2 numbers; expected a token and 3 numbers"),
        ("头 1 2 3\n痛 1 2 3\n热 1 2 3 4\n", r"v\.txt:3: found 4 numbers; expected a token and 3 numbers"),
        ("头 1 2 3\n痛 1 x 3\n热 1 2 3\n", r"v\.txt:2: found a field that is no number \(.*'x'\)"),
        ("头 1 2 3\n痛\n", r"v\.txt:2: found 0 numbers"),
        ("头 1 2 3\n 1 2 3\n", r"v\.txt:2: found no token before the numbers"),
        ("头 1 2 3\n痛 1 nan 3\n", r"v\.txt:2: found the number nan; expected finite numbers"),
        ("头 1 2 3\n痛 1 2 1e39\n", r"v\.txt:2: found the number 1e39; expected finite numbers of 32 bits"),
        ("", r"v\.txt: found no vector; expected lines of a token and its numbers"),
        ("5 100\n", r"v\.txt: found no vector"),
        ("患 1\n".encode("gb18030"), r"v\.txt:1: found the byte 0x.*GBK"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


def test_skipping_leaves_out_bad_lines(tmp_path: Path) -> None:
    problems = Problems("skip")
    tokens, vectors = read(tmp_path, "4 1\n头 1\n痛 x\n热 1 2\n寒 4\n", problems=problems)
    assert tokens == ["头", "寒"] and vectors.tolist() == [[1], [4]]
    assert [item.line for item in problems.items] == [3, 4]


def test_only_wanted_tokens_are_kept(tmp_path: Path) -> None:
    tokens, vectors = read(tmp_path, "3 2\n头痛 1 2\n头 3 4\n痛 5 6\n", keep=lambda token: len(token) == 1)
    assert tokens == ["头", "痛"] and vectors.tolist() == [[3, 4], [5, 6]]
    assert read(tmp_path, "头 3 4\n", keep=lambda token: False)[1].shape == (0, 2)


def test_tokens_of_several_words_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "头 1 2\nat home 3 4\n. . 5 6\n")[0] == ["头", "at home", ". ."]


@given(
    st.lists(st.characters(codec="utf-8", exclude_characters="\n"), unique=True, min_size=1, max_size=6),
    st.integers(1, 4).flatmap(
        lambda size: hnp.arrays(
            np.float32, (6, size), elements=st.floats(allow_nan=False, allow_infinity=False, width=32)
        )
    ),
)
def test_what_is_written_is_read_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str], vectors: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("vectors") / "v.txt"
    write_word2vec(path, tokens, vectors[: len(tokens)])
    again, values = read_word2vec(path)
    assert again == tokens
    assert values.tobytes() == vectors[: len(tokens)].tobytes()


def test_the_written_file_is_as_short_as_it_can_be(tmp_path: Path) -> None:
    write_word2vec(tmp_path / "v.txt", ["头", " "], np.array([[0.1, 1], [2.5, -3e-8]]))
    assert (tmp_path / "v.txt").read_text(encoding="utf-8") == "2 2\n头 0.1 1.0\n  2.5 -3e-08\n"


@pytest.mark.parametrize(
    ("tokens", "vectors", "message"),
    [
        (["头"], np.ones((2, 3)), r"1 tokens need vectors of shape \(1, size\), not \(2, 3\)"),
        (["头"], np.ones(3), r"not \(3,\)"),
        ([], np.ones((0, 3)), r"0 tokens need vectors"),
        (["头", "痛"], np.array([[1.0], [np.inf]]), "The vector of '痛' has a number that is not finite"),
        (["头", "头"], np.ones((2, 1)), "The token '头' occurs 2 times"),
        ([""], np.ones((1, 1)), "none that is empty"),
        (["a\n"], np.ones((1, 1)), r"'a\\n' occurs 1 times; .* none that is empty or has a line end or an inner blank"),
        (["a 1"], np.ones((1, 1)), "an inner blank"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(
    tmp_path: Path, tokens: list[str], vectors: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_word2vec(tmp_path / "v.txt", tokens, vectors)
    assert list(tmp_path.iterdir()) == []


def test_a_large_file_is_read_quickly(tmp_path: Path) -> None:
    tokens = [chr(0x4E00 + place) for place in range(5000)]
    write_word2vec(tmp_path / "v.txt", tokens, np.random.default_rng(0).normal(size=(5000, 100)))
    begin = time.process_time()
    read_word2vec(tmp_path / "v.txt")
    assert time.process_time() - begin < 3  # half a million numbers; measured: 0.3 s


@pytest.mark.data
def test_the_published_vectors_are_read(data_dir: Path) -> None:
    path = data_dir / "vectors" / "ccks2017_char_100d.txt"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokens, vectors = read_word2vec(path)
    assert vectors.shape == (len(tokens), 100)
    assert abs(len(tokens) - 1769) <= 1 and sum(len(token) == 1 for token in tokens) > 1700
