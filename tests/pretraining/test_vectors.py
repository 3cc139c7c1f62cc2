"""Static vectors: the file that a model reads, the same with the same seed, near where the contexts are alike."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hf_cner import read_corpus
from hf_cner.data.vectors import read_word2vec
from hf_cner.pretraining.vectors import train_vectors

gensim = pytest.importorskip("gensim", reason="gensim is not installed: it comes with the extra `vectors`")
TEXTS = [document.text for document in read_corpus("sample")[:60]]
SCRIPT = """
import sys
from test_vectors import TEXTS
from hf_cner.pretraining.vectors import train_vectors
train_vectors(TEXTS, sys.argv[1], size=8, epochs=1, seed=int(sys.argv[2]))
"""


def test_characters(tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    texts = [*TEXTS, "ＣＴ\tBP bp\u3000β\r\n稀"]
    trained = train_vectors(
        texts, tmp_path / "out.txt", size=12, epochs=3, min_count=2, progress=lambda *now: done.append(now)
    )
    tokens, vectors = read_word2vec(tmp_path / "out.txt")
    characters = "".join(texts).lower()
    assert set(tokens) == {" " if c.isspace() else c for c in characters if characters.count(c) > 1} - {"\r"}
    assert "b" in tokens and "B" not in tokens and "稀" not in tokens and " " in tokens
    assert vectors.shape == (trained.tokens, 12) and trained.size == 12
    assert trained.read == sum(len(line) for text in texts for line in text.splitlines())
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert np.abs(vectors).max() > 0


def test_bigrams_have_no_blank_and_keep_their_case_when_asked(tmp_path: Path) -> None:
    text = "BP 12，头痛"
    train_vectors([text] * 2, tmp_path / "out.txt", size=4, epochs=1, bigrams=True, lower_case=False)
    tokens, _ = read_word2vec(tmp_path / "out.txt")
    assert set(tokens) == {"BP", "12", "2，", "，头", "头痛"}


def test_long_lines_are_read_to_their_end(tmp_path: Path) -> None:
    train_vectors(["痛" * 10_500 + "热热"], tmp_path / "out.txt", size=4, epochs=1, min_count=1)
    assert set(read_word2vec(tmp_path / "out.txt")[0]) == {"痛", "热"}


def test_characters_of_like_contexts_get_like_vectors(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    sides, times = ["左", "右"], ["晨", "夜"]
    texts = [
        f"患者{chance.choice(sides)}侧肢体无力。" if chance.random() < 0.5 else f"今{chance.choice(times)}起发热咳嗽。"
        for _ in range(2000)
    ]
    train_vectors(texts, tmp_path / "out.txt", size=16, epochs=3)
    tokens, vectors = read_word2vec(tmp_path / "out.txt")
    unit = dict(zip(tokens, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), strict=True))
    assert unit["左"] @ unit["右"] > unit["左"] @ unit["夜"] + 0.2
    assert unit["晨"] @ unit["夜"] > unit["晨"] @ unit["右"] + 0.2


def test_the_same_seed_gives_the_same_file_in_every_process(tmp_path: Path) -> None:
    for number, seed in enumerate(["5", "5", "6"]):
        environment = os.environ | {"PYTHONHASHSEED": str(number), "PYTHONPATH": str(Path(__file__).parent)}
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / str(number)), seed]
        subprocess.run(command, env=environment, check=True)
    first, second, other = ((tmp_path / str(number)).read_bytes() for number in range(3))
    assert first == second != other


def test_what_cannot_be_trained_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="No character occurs 9 times in 1 sequences with 2 of them; give more text"):
        train_vectors(["头痛"], tmp_path / "out.txt", min_count=9)
    with pytest.raises(ValueError, match="epochs is 0; vectors need at least 1"):
        train_vectors(TEXTS, tmp_path / "out.txt", epochs=0)
    monkeypatch.setitem(sys.modules, "gensim", None)
    with pytest.raises(ImportError, match=r"gensim, which is not installed; install it: pip install '\.\[vectors\]'"):
        train_vectors(TEXTS, tmp_path / "out.txt")
    assert not list(tmp_path.iterdir())
