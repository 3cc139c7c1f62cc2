"""A short run of `benchmarks/fuzz_readers.py`, and that it reaches every reader and finds what it looks for."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hf_cner.data.problems import DataError, Problems
from hf_cner.data.registry import entries


@pytest.fixture(scope="module")
def fuzzing() -> Iterator[ModuleType]:
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    import fuzz_readers

    yield fuzz_readers
    sys.path.remove(folder)


def test_a_thousand_damaged_inputs_give_clear_sentences_alone(fuzzing: ModuleType) -> None:
    outcomes, failures = fuzzing.fuzz(1000, seed=10**6)
    assert not failures, failures[:5]
    assert sum(outcomes.values()) == 1000 and min(outcomes.values()) > 50, outcomes


def test_every_corpus_and_format_is_fuzzed(fuzzing: ModuleType, tmp_path: Path) -> None:
    names = {case.name for case in fuzzing.cases()}
    assert names >= {found.name for found in entries() if found.reads} - {"sample"}
    for number, case in enumerate(fuzzing.cases()):  # what the damage starts from is whole
        for name, data in case.files.items():
            path = tmp_path / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        case.read(tmp_path / str(number), Problems())


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (lambda folder, problems: _raise(KeyError("a")), "KeyError at "),
        (lambda folder, problems: int("x"), "ValueError at "),
        (lambda folder, problems: _raise(RecursionError()), "RecursionError at "),
        (lambda folder, problems: _raise(DataError("x" * 10_000 + ".")), "a message of 10,001 characters"),
        (lambda folder, problems: _raise(DataError("\x1b[2J.")), r"a message that acts on a terminal: \x1b[2J."),
        (lambda folder, problems: _raise(DataError("broken")), "no sentence: broken"),
        (lambda folder, problems: _spin(), "s for 3 bytes"),
    ],
)
def test_failures_are_seen(fuzzing: ModuleType, tmp_path: Path, read, wrong: str) -> None:
    case = fuzzing.Case("reader", {"a": b"abc"}, read)
    seed = next(seed for seed in range(100) if _size_stays(fuzzing, tmp_path, seed))
    failure = fuzzing.attempt(case, seed, tmp_path, [b"abc"])[1]
    assert failure is not None and failure.startswith(f"reader, seed {seed}, a (3 bytes): ") and wrong in failure


def _size_stays(fuzzing: ModuleType, folder: Path, seed: int) -> bool:
    case = fuzzing.Case("reader", {"a": b"abc"}, lambda folder, problems: None)
    fuzzing.attempt(case, seed, folder, [b"abc"])
    return (folder / "a").stat().st_size == 3


def _spin() -> None:
    begin = time.process_time()
    while time.process_time() - begin < 1.1:
        pass
