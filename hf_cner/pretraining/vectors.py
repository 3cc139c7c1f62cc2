"""Static vectors of characters, or of character bigrams, by word2vec (gensim) from text without annotation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from os import PathLike
from typing import Any, NamedTuple

from ..data.extras import install
from ..data.vectors import write_word2vec

LONGEST = 10_000  # tokens of one sequence: gensim reads no further
Progress = Callable[[int, int], None]


class TrainedVectors(NamedTuple):
    """The result: number of tokens with a vector, size of a vector, tokens that were read in one epoch."""

    tokens: int
    size: int
    read: int


def train_vectors(
    texts: Iterable[str],
    output: str | PathLike[str],
    *,
    size: int = 128,
    bigrams: bool = False,
    epochs: int = 10,
    window: int = 5,
    min_count: int = 2,
    negative: int = 5,
    skip_gram: bool = True,
    lower_case: bool = True,
    seed: int = 42,
    workers: int = 1,
    progress: Progress | None = None,
) -> TrainedVectors:
    """Train word2vec and write a file in its text format, which `vectors.path` or `vectors.bigram_path` takes.

    P2 and P4 train such vectors (of size 128 in P4) without their settings; the defaults are the usual ones.

    Args:
        texts: each line of a text is one sequence of characters; any white space counts as a blank.
        output: the file, which takes its name when it is whole.
        size: length of a vector.
        bigrams: vectors of two neighbouring characters in place of single ones; those with a blank have none.
        epochs: passes over the texts.
        window: neighbours to each side that are predicted.
        min_count: rarer tokens get no vector.
        negative: random tokens for each true one.
        skip_gram: predict the neighbours from the token; otherwise the token from its neighbours (CBOW).
        lower_case: fold case, as the tokenizer of a static encoder does by default.
        seed: with one worker the file is the same every time.
        workers: threads; more than one are faster, and no longer reproducible.
        progress: called after each epoch with the epochs done and all of them.

    Raises:
        ImportError: gensim is not installed.
        ValueError: no token is frequent enough, or an option is out of range.
    """
    options = {"size": size, "epochs": epochs, "window": window, "min_count": min_count, "workers": workers}
    for name, value in options.items():
        if value < 1:
            raise ValueError(f"{name} is {value}; vectors need at least 1.")
    same: dict[str, str] = {}  # every token once in memory, however often it occurs
    sequences = [
        [same.setdefault(token, token) for token in tokens]
        for text in texts
        for tokens in _sequences(text, bigrams, lower_case)
    ]
    model = _gensim().Word2Vec(
        vector_size=size,
        window=window,
        min_count=min_count,
        sg=int(skip_gram),
        negative=negative,
        seed=seed,
        workers=workers,
    )
    model.build_vocab(sequences)
    if not len(model.wv):
        read = sum(map(len, sequences))
        raise ValueError(
            f"No {'bigram' if bigrams else 'character'} occurs {min_count} times in {len(sequences)} sequences with "
            f"{read} of them; give more text, or a smaller min_count."
        )
    model.train(sequences, total_examples=len(sequences), epochs=epochs, callbacks=_callbacks(progress, epochs))
    write_word2vec(output, model.wv.index_to_key, model.wv.vectors)
    return TrainedVectors(len(model.wv), size, sum(map(len, sequences)))


def _sequences(text: str, bigrams: bool, lower_case: bool) -> Iterator[list[str]]:
    """Tokens of each line of a text, in parts that gensim reads whole."""
    for line in text.splitlines():
        characters = [" " if character.isspace() else _fold(character, lower_case) for character in line]
        tokens = [a + b for a, b in pairwise(characters) if a != " " != b] if bigrams else characters
        for first in range(0, len(tokens), LONGEST):
            yield tokens[first : first + LONGEST]


def _fold(character: str, lower_case: bool) -> str:
    folded = character.lower() if lower_case else character
    return folded if len(folded) == 1 else character


def _gensim() -> Any:
    try:
        import gensim.models
    except ImportError as error:
        raise ImportError(
            f"Vectors are trained by gensim, which is not installed; install it: {install('vectors')}."
        ) from error
    return gensim.models


def _callbacks(progress: Progress | None, epochs: int) -> list[object]:
    if progress is None:
        return []
    report = progress

    class Epochs(_gensim().callbacks.CallbackAny2Vec):  # type: ignore[misc]
        """Counts the epochs."""

        done = 0

        def on_epoch_end(self, model: object) -> None:
            self.done += 1
            report(self.done, epochs)

    return [Epochs()]
