"""Time LinearChainCRF against pytorch-crf: loss with backward, and decoding to Python lists, on one CPU thread.

What is measured is the thread's processor time: on an idle machine the time that passes, on a busy one without the
waiting, which would hit one or the other by chance. All run in one process by turns, the faster ones as often as fits
into the time of pytorch-crf, and what counts is the median of the rounds' ratios. Batches are ragged: lengths uniform
between a quarter of the longest and all of it. The results are compared before anything is timed.

    python benchmarks/bench_crf.py                           # 16 sentences of up to 128 units, 25 tags
    python benchmarks/bench_crf.py --all --json crf.json     # all shapes and numbers of tags
    python benchmarks/bench_crf.py --at-least 5 3.5          # fails where the first shape is slower than that in torch
    python benchmarks/bench_crf.py --share                   # what the CRF takes of a prediction and of a step
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import torch
import torchcrf

from hf_cner.modeling.crf import LinearChainCRF
from hf_cner.modeling.crf_backends import SETTING, load_backend

FIRST = (16, 128, 25)
SHAPES = ((16, 128), (1, 64), (64, 32), (16, 512))
TAGS = (11, 25, 61)
WORK = ("loss + backward", "decode")

Timed = Callable[[], object]


def seconds(call: Timed, repeats: int = 1) -> float:
    start = time.thread_time()
    for _ in range(repeats):
        call()
    return (time.thread_time() - start) / repeats


def by_turns(theirs: Timed, ours: dict[str, Timed], rounds: int) -> dict[str, dict[str, float]]:
    """Median seconds of pytorch-crf (`theirs`) and of each of ours, and the median of the rounds' ratios."""
    for call in (theirs, *ours.values()):
        call()  # warm-up
    once = seconds(theirs, 2)
    repeats = {name: max(1, round(once / seconds(call, 5))) for name, call in ours.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ours}
    for _ in range(rounds):
        peer = seconds(theirs)
        for name, call in ours.items():
            found[name].append((peer, seconds(call, repeats[name])))
    return {
        name: {
            "theirs": statistics.median(peer for peer, _ in pairs),
            "ours": statistics.median(own for _, own in pairs),
            "ratio": statistics.median(peer / own for peer, own in pairs),
        }
        for name, pairs in found.items()
    }


def with_backend(name: str, call: Timed) -> Timed:
    def chosen() -> object:
        os.environ[SETTING] = name
        return call()

    return chosen


def compare(shape: tuple[int, int, int], backends: list[str], rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Loss with backward, and decoding, of one shape, batch × length × tags."""
    batch, length, tags = shape
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

    def decode(crf: torchcrf.CRF) -> list[list[int]]:
        return crf.decode(emissions, mask)

    for name in backends:
        os.environ[SETTING] = name
        torch.testing.assert_close(loss(ours), loss(theirs), rtol=1e-4, atol=1e-3)
        if decode(ours) != decode(theirs):
            sys.exit(f"{' × '.join(map(str, shape))}, {name}: other paths than pytorch-crf's")
    return {
        what: by_turns(
            lambda work=work: work(theirs), {n: with_backend(n, lambda work=work: work(ours)) for n in backends}, rounds
        )
        for what, work in zip(WORK, (loss, decode), strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="all shapes and numbers of tags, not just 16×128×25")
    parser.add_argument("--rounds", type=int, default=15, help="rounds per measurement (default 15)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument(
        "--share", action="store_true", help="what the CRF takes of a prediction and of a step, instead"
    )
    parser.add_argument(
        "--at-least", type=float, nargs=2, metavar=("LOSS", "DECODE"), help="ratios to reach in torch, or exit 1"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.share:
        from crf_share import table

        table()
        return
    backends = ["torch"] + ([] if isinstance(load_backend("numba"), ImportError) else ["numba"])
    cases = [(*shape, tags) for shape in SHAPES for tags in TAGS] if options.all else [FIRST]
    columns = [f"{what}: pytorch-crf, ms | {' | '.join(f'{name} | ratio' for name in backends)}" for what in WORK]
    print(f"| batch × length × tags | {' | '.join(columns)} |\n|{'---|' * (1 + 2 * (1 + 2 * len(backends)))}")
    found = {}
    for case in cases:
        found[case] = compare(case, backends, options.rounds)
        cells = []
        for timed in found[case].values():
            cells.append(f"{1e3 * timed['torch']['theirs']:.2f}")
            cells += [f"{1e3 * timed[name]['ours']:.2f} | {timed[name]['ratio']:.1f}" for name in backends]
        print(f"| {' × '.join(map(str, case))} | {' | '.join(cells)} |", flush=True)
    means = {
        name: {what: statistics.geometric_mean(found[case][what][name]["ratio"] for case in cases) for what in WORK}
        for name in backends
    }
    for name, mean in means.items():
        print(f"Geometric mean of the ratios, {name}: " + ", ".join(f"{what} {mean[what]:.1f}" for what in WORK) + ".")
    if options.json:
        rows = {" × ".join(map(str, case)): timed for case, timed in found.items()}
        options.json.write_text(json.dumps({"geometric mean": means, "shapes": rows}, indent=2), encoding="utf-8")
    first = [found[FIRST][what]["torch"]["ratio"] for what in WORK]
    if options.at_least and any(got < wanted for got, wanted in zip(first, options.at_least, strict=True)):
        sys.exit(f"{' × '.join(map(str, FIRST))}: {first}, wanted at least {options.at_least}")


if __name__ == "__main__":
    main()
