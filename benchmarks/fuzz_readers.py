"""Damage the inputs of every reader at random, and see that nothing but clear sentences comes of it, in time.

    python benchmarks/fuzz_readers.py                    # 100,000 inputs, about ten minutes on one core
    python benchmarks/fuzz_readers.py --count 2000 --seed 7 --only conll

A reader may read a damaged input or refuse it with an error of this package (or a ValueError that its code raises):
of one printable line, bounded, naming the place. Everything else is a failure, as is taking longer than one second of
processor time for 100 kB. Each failure is printed with its seed, by which `--seed N --count 1` makes it again.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from fuzz_seeds import Case, cases

from hf_cner.data.problems import Problems
from hf_cner.data.shown import printable

SECONDS = 1.0  # of processor time, for each 100 kB begun
LONGEST_MESSAGE = 3000
_IN_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # many small files are slow on a disk
HOSTILE = [
    *(b"[", b"{", b'{"a":', b"]", b"}", b'"', b"\\", b"\\ud83d", b"\\udc00\\ud83d", b'{"a":1,"a":2}', b"null", b"NaN"),
    *(b"1e999", b"-", b"0", b"9" * 5000, b"1 ", b"- ", b"? ", b"&a ", b"*a ", b"!!python/object:x ", b"\0", b"\x1b[2J"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\x80", b"\xe5\xa4", b"\xed\xa0\xbd", b"\r", b"\n", b"\n\n", b"\r\n", b"\t", b" "),
    *(b"|||", b";", b",", b'""', b"-DOCSTART-", b" O\n", b" B-", b"_S", "\u3000\u2028\u202e\x85".encode(), b"\x1f\x8b"),
    *(b'"entities":[{', b'"labels" ', b"%", b"#", b"'", b"`", b": ", b"1_0", b"+1", b"inf", b"nan", b"-Infinity"),
]  # fmt: skip


def damaged(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    """The bytes after one to four changes; sometimes 100 kB of the same few characters are put in."""
    for _ in range(dice.choice((1, 1, 1, 2, 3, 4))):
        data = dice.choice(_CHANGES)(data, dice, others)
    return data


def _flip(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    place = dice.randrange(len(data) + 1)
    return data[:place] + bytes([dice.randrange(256)]) + data[place + 1 :]


def _cut(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    begin, end = sorted(dice.choices(range(len(data) + 1), k=2))
    return data[:begin] + data[dice.choice((end, len(data))) :]


def _insert(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    place, what = dice.randrange(len(data) + 1), dice.choice(HOSTILE)
    times = dice.choice(
        (1, 1, 2, 40, 150, max(1, dice.choice((500, 2_000, 5_000, 20_000, 20_000, 100_000)) // len(what)))
    )
    return data[:place] + what * times + data[place + dice.choice((0, 0, 1, 5)) :]


def _repeat(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    begin, end = sorted(dice.choices(range(len(data) + 1), k=2))
    what = data[begin:end]
    return data[:end] + what * dice.choice((1, 2, 100, min(2_000, 20_000 // max(1, len(what))))) + data[end:]


def _splice(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    other = dice.choice(others)
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other) + 1) :]


def _swap(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    one, two, three = sorted(dice.choices(range(len(data) + 1), k=3))
    return data[:one] + data[two:three] + data[one:two] + data[three:]


_CHANGES: list[Callable[[bytes, random.Random, list[bytes]], bytes]] = [
    *(_flip, _cut, _insert, _insert, _insert, _repeat, _splice, _swap)
]


def attempt(case: Case, seed: int, folder: Path, others: list[bytes]) -> tuple[str, str | None]:
    """Damage one file of a case and read it: (what came of it, what is wrong with that)."""
    dice = random.Random(seed)
    chosen, size = dice.choice(sorted(case.files)), 0
    for name, data in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = damaged(data, dice, others) if name == chosen else data
        path.write_bytes(content)
        size += len(content)
    problems = Problems(dice.choice(("stop", "skip")))
    begin = time.process_time()
    outcome, wrong = "read", None
    try:
        case.read(folder, problems)
    except Exception as error:
        outcome, wrong = "refused", _unclear(error)
    for problem in problems.items[:20]:
        outcome = "partly read" if outcome == "read" else outcome
        wrong = wrong or _bad_sentence(str(problem))
    seconds = time.process_time() - begin
    if seconds > SECONDS * (1 + size // 100_000):
        wrong = wrong or f"{seconds:.1f} s for {size:,} bytes"
    return outcome, wrong and f"{case.name}, seed {seed}, {chosen} ({size:,} bytes): {wrong}"


def _unclear(error: Exception) -> str | None:
    """What keeps an error from being a clear sentence."""
    trace = traceback.extract_tb(error.__traceback__)
    ours = type(error).__module__.startswith("hf_cner.") or (
        type(error) is ValueError and "hf_cner" in trace[-1].filename and (trace[-1].line or "").startswith("raise ")
    )
    where = f"{trace[-1].filename}:{trace[-1].lineno}"
    return _bad_sentence(str(error)) if ours else f"{type(error).__name__} at {where}: {printable(str(error))[:200]}"


def _bad_sentence(sentence: str) -> str | None:
    if len(sentence) > LONGEST_MESSAGE:
        return f"a message of {len(sentence):,} characters: {printable(sentence[:200])}"
    if printable(sentence) != sentence:
        return f"a message that acts on a terminal: {printable(sentence)[:300]}"
    return None if sentence.endswith((".", "?", ")")) else f"no sentence: {sentence[:300]}"


def fuzz(count: int, *, seed: int = 0, only: str = "") -> tuple[Counter[str], list[str]]:
    """Try `count` damaged inputs: how many were read, partly read and refused, and the failures."""
    chosen = [case for case in cases() if only in case.name]
    others = [data for case in cases() for data in case.files.values()]
    outcomes: Counter[str] = Counter()
    failures = []
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY) as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(seed, seed + count):
            case = chosen[number % len(chosen)]
            outcome, failure = attempt(case, number, Path(scratch, f"{chosen.index(case)}"), others)
            outcomes[outcome] += 1
            failures += [failure] if failure else []
    return outcomes, failures


def main() -> None:
    """Fuzz, print what came out, and end with 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="damaged inputs")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    parser.add_argument("--only", default="", help="readers whose name holds this")
    options = parser.parse_args()
    begin = time.time()
    outcomes, failures = fuzz(options.count, seed=options.seed, only=options.only)
    for failure in failures[:50]:
        print(failure)
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"{options.count:,} inputs in {time.time() - begin:.0f} s: {counts}; {len(failures)} failures")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
