"""Time LinearChainCRF against pytorch-crf: loss with backward, and decoding to Python lists, on one CPU thread.

What is measured is the thread's processor time: on an idle machine the time that passes, on a busy one without the
waiting, which would hit one or the other by chance. Both run in one process by turns, the faster one as
often as fits into the time of the other, and what counts is the median of the rounds' ratios. Batches are ragged:
lengths uniform between a quarter of the longest and all of it. The results are compared before anything is timed.

    python benchmarks/bench_crf.py                       # 16 sentences of up to 128 units, 25 tags
    python benchmarks/bench_crf.py --all                 # all shapes and numbers of tags
    python benchmarks/bench_crf.py --at-least 5 3.5      # fails where the first shape is slower than that
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import torch
import torchcrf

from hf_cner.modeling.crf import LinearChainCRF

FIRST = (16, 128, 25)
SHAPES = ((16, 128), (1, 64), (64, 32), (16, 512))
TAGS = (11, 25, 61)

Timed = Callable[[], object]


def seconds(call: Timed, repeats: int = 1) -> float:
    start = time.thread_time()
    for _ in range(repeats):
        call()
    return (time.thread_time() - start) / repeats


def by_turns(theirs: Timed, ours: Timed, rounds: int) -> tuple[float, float, float]:
    """Median seconds of each, and the median of the rounds' ratios."""
    for call in (theirs, ours):
        call()  # warm-up
    repeats = max(1, round(seconds(theirs, 2) / seconds(ours, 5)))
    pairs = [(seconds(theirs), seconds(ours, repeats)) for _ in range(rounds)]
    their_times, our_times = zip(*pairs, strict=True)
    return (
        statistics.median(their_times),
        statistics.median(our_times),
        statistics.median(one / other for one, other in pairs),
    )


def compare(batch: int, length: int, tags: int, rounds: int) -> tuple[tuple[float, float, float], ...]:
    """Loss with backward, and decoding, of one shape."""
    torch.manual_seed(0)
    theirs = torchcrf.CRF(tags, batch_first=True)
    ours = LinearChainCRF(tags, batch_first=True)
    ours.load_state_dict(theirs.state_dict())
    emissions = torch.randn(batch, length, tags, requires_grad=True)
    gold = torch.randint(tags, (batch, length))
    lengths = torch.randint(length // 4, length + 1, (batch,))
    lengths[0] = length
    mask = torch.arange(length) < lengths[:, None]

    def loss(crf: torchcrf.CRF) -> torch.Tensor:
        emissions.grad = None
        crf.zero_grad()
        value = -crf(emissions, gold, mask)
        value.backward()
        return value.detach()

    torch.testing.assert_close(loss(ours), loss(theirs), rtol=1e-4, atol=1e-3)
    if ours.decode(emissions, mask) != theirs.decode(emissions, mask):
        sys.exit(f"{batch}×{length}×{tags}: different paths")
    return (
        by_turns(lambda: loss(theirs), lambda: loss(ours), rounds),
        by_turns(lambda: theirs.decode(emissions, mask), lambda: ours.decode(emissions, mask), rounds),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="all shapes and numbers of tags, not just 16×128×25")
    parser.add_argument("--rounds", type=int, default=15, help="rounds per measurement (default 15)")
    parser.add_argument(
        "--at-least", type=float, nargs=2, metavar=("LOSS", "DECODE"), help="ratios to reach, or exit 1"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    cases = [(*shape, tags) for shape in SHAPES for tags in TAGS] if options.all else [FIRST]
    print("| batch × length × tags | pytorch-crf: loss + backward, ms | ours | ratio | decode, ms | ours | ratio |")
    print("|---|---|---|---|---|---|---|")
    ratios = {}
    for case in cases:
        timed = compare(*case, options.rounds)
        ratios[case] = tuple(ratio for _, _, ratio in timed)
        cells = [f"{1e3 * one:.2f} | {1e3 * other:.2f} | {ratio:.1f}" for one, other, ratio in timed]
        print(f"| {' × '.join(map(str, case))} | {' | '.join(cells)} |", flush=True)
    if len(cases) > 1:
        means = [statistics.geometric_mean(values) for values in zip(*ratios.values(), strict=True)]
        print(f"\nGeometric mean of the ratios: loss + backward {means[0]:.1f}, decode {means[1]:.1f}.")
    if options.at_least and any(got < wanted for got, wanted in zip(ratios[FIRST], options.at_least, strict=True)):
        sys.exit(f"{' × '.join(map(str, FIRST))}: {ratios[FIRST]}, wanted at least {options.at_least}")


if __name__ == "__main__":
    main()
