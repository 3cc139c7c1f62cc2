"""Everything that is to be measured on a GPU, in one script of at most eight minutes on one card.

    python benchmarks/gpu.py --json gpu.json                 # on the first CUDA device
    python benchmarks/gpu.py --device cpu --json small.json  # the same in small, to see that the script works

Parts, in this order; each is measured on its own, and an error in one is noted and stops no other:

- `crf`: loss with backward, and decoding to Python lists, against pytorch-crf, and again with the recurrence of the
  loss, and the whole of Viterbi, as CUDA graphs; how many operations each launches.
- `varlen`: an encoder on packed batches against padded ones, where this version has such an attention.
- `bf16`: which share of the documents has the same spans as in fp32, and how far the scores are apart.
- `training`: characters a second of a training step, fp32 and bf16, and what the CRF takes of it.
- `tests`: the tests marked `gpu`.

A Triton kernel (one program a sentence, transitions in registers) is written only if the graphs leave the CRF short of
20 times pytorch-crf at 64 × 256 × 25 or above 10 % of a training step: a kernel is a second truth to keep, needs a
compiler at run time, and nothing here could test it on another card; a graph replays the code that is tested anyway.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torchcrf
from bench_export import TOKENIZER, model_of, texts_of
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from hf_cner import Document, Predictor
from hf_cner.modeling import crf_likelihood
from hf_cner.modeling.crf import LinearChainCRF
from hf_cner.modeling.crf_backends import SETTING
from hf_cner.runs.environment import hardware, versions

Report = dict[str, Any]
Call = Callable[[], object]
ROOT = Path(__file__).parents[1]


class Operations(TorchDispatchMode):
    """Counts what is launched."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.number += 1
        return func(*args, **(kwargs or {}))


def operations(call: Call) -> int:
    with Operations() as counted:
        call()
    return counted.number


def seconds(call: Call, device: torch.device, repeats: int = 1) -> float:
    """Of one call, with everything that it launched done."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    begin = time.perf_counter()
    for _ in range(repeats):
        call()
    wait()
    return (time.perf_counter() - begin) / repeats


def by_turns(calls: dict[str, Call], device: torch.device, rounds: int) -> Report:
    """Median milliseconds of each, and the median of the rounds' ratios of the first to each other."""
    for call in calls.values():
        call()
    found = [{name: seconds(call, device, 2) for name, call in calls.items()} for _ in range(rounds)]
    first = next(iter(calls))
    report: Report = {f"{name}, ms": 1e3 * statistics.median(one[name] for one in found) for name in calls}
    for name in list(calls)[1:]:
        report[f"{first} / {name}"] = statistics.median(one[first] / one[name] for one in found)
    return report


class GraphedChain:
    """`sum_chain` as one CUDA graph for each shape: the launches of all steps are replayed by one call."""

    def __init__(self) -> None:
        self.original = crf_likelihood.sum_chain
        self.graphs: dict[tuple[int, ...], tuple[torch.cuda.CUDAGraph, tuple[Tensor, ...]]] = {}

    def __call__(self, factors: Tensor, transitions: Tensor, products: Tensor, masses: Tensor) -> None:
        given = (factors, transitions, products, masses)
        shape = tuple(factors.shape)
        if shape not in self.graphs:
            held = tuple(tensor.clone() for tensor in given)
            graph = captured(lambda: self.original(*held))
            self.graphs[shape] = graph, held
        graph, held = self.graphs[shape]
        held[0].copy_(factors)
        held[1].copy_(transitions)
        held[2][0].copy_(products[0])
        graph.replay()
        products.copy_(held[2])
        masses.copy_(held[3])


def captured(call: Call) -> torch.cuda.CUDAGraph:
    """A CUDA graph of a call whose tensors stay where they are."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # warm-up, as the documentation of CUDA graphs asks for
        call()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph


def crf(device: torch.device, small: bool) -> Report:
    shapes = [(2, 8, 5)] if small else [(16, 128, 25), (64, 256, 25), (64, 256, 61)]
    return {" × ".join(map(str, shape)): crf_of(shape, device, 2 if small else 5) for shape in shapes}


def crf_of(shape: tuple[int, int, int], device: torch.device, rounds: int) -> Report:
    batch, length, tags = shape
    torch.manual_seed(0)
    theirs = torchcrf.CRF(tags, batch_first=True).to(device)
    ours = LinearChainCRF(tags, batch_first=True).to(device)
    ours.load_state_dict(theirs.state_dict())
    emissions = torch.randn(shape, device=device, requires_grad=True)
    gold = torch.randint(tags, (batch, length), device=device)
    lengths = torch.randint(length // 4, length + 1, (batch,), device=device)
    lengths[0] = length
    mask = torch.arange(length, device=device) < lengths[:, None]

    def loss(layer: torchcrf.CRF) -> Tensor:
        emissions.grad = None
        layer.zero_grad()
        value = -layer(emissions, gold, mask)
        value.backward()
        return value.detach()

    torch.testing.assert_close(loss(ours), loss(theirs), rtol=1e-4, atol=1e-3)
    losses: dict[str, Call] = {"pytorch-crf": lambda: loss(theirs), "ours": lambda: loss(ours)}
    paths: dict[str, Call] = {
        "pytorch-crf": lambda: theirs.decode(emissions, mask),
        "ours": lambda: ours.decode(emissions, mask),
    }
    same = theirs.decode(emissions, mask) == ours.decode(emissions, mask)
    report: Report = {"same paths": same, "operations": {}}
    for name, layer in (("pytorch-crf", theirs), ("ours", ours)):
        counts = (
            operations(lambda layer=layer: loss(layer)),
            operations(lambda layer=layer: layer.decode(emissions, mask)),
        )
        report["operations"][name] = dict(zip(("loss", "decode"), counts, strict=True))
    if device.type == "cuda":
        chain = GraphedChain()

        def graphed() -> Tensor:
            crf_likelihood.sum_chain = chain
            try:
                return loss(ours)
            finally:
                crf_likelihood.sum_chain = chain.original

        torch.testing.assert_close(graphed(), loss(theirs), rtol=1e-4, atol=1e-3)
        losses["ours, chain graphed"] = graphed
        fixed, found = emissions.detach().clone(), torch.empty_like(gold)
        graph = captured(lambda: found.copy_(ours.viterbi(fixed, mask)))

        def replayed() -> list[list[int]]:
            fixed.copy_(emissions.detach())
            graph.replay()
            return [row[:size] for row, size in zip(found.tolist(), lengths.tolist(), strict=True)]

        report["same paths, graphed"] = replayed() == theirs.decode(emissions, mask)
        paths["ours, graphed"] = replayed
    report["loss + backward"] = by_turns(losses, device, rounds)
    report["decode"] = by_turns(paths, device, rounds)
    return report


def varlen(device: torch.device, small: bool) -> Report:
    from transformers import AttentionInterface

    names = [name for name in AttentionInterface().valid_keys() if "varlen" in name and "hub" not in name]
    if not names:
        return {"absent": "this version has no attention over packed batches"}
    texts, report = texts_of(4 if small else 300), {}
    for name in names:
        predictors = {kind: Predictor(model_of("small"), TOKENIZER, device=device) for kind in ("padded", name)}
        encoder: Any = predictors[name].model.base_model
        encoder.set_attn_implementation(name)
        same = predictors["padded"](texts) == predictors[name](texts)
        calls: dict[str, Call] = {kind: lambda one=one: one(texts) for kind, one in predictors.items()}
        report[name] = {"same spans": same, **by_turns(calls, device, 2 if small else 5)}
    return report


def bf16(device: torch.device, small: bool) -> Report:
    texts, report = texts_of(4 if small else 300), {}
    for case in ["bilstm"] if small else ["bilstm", "small", "base"]:
        full = Predictor(model_of(case), TOKENIZER, device=device)
        half = Predictor(model_of(case).to(torch.bfloat16), TOKENIZER, device=device)
        one, other = full(texts), half(texts)
        pairs = [(_scores(a), _scores(b)) for a, b in zip(one, other, strict=True)]
        gaps = [abs(a[span] - b[span]) for a, b in pairs for span in a.keys() & b.keys()]
        report[case] = {
            "documents with the same spans": sum(a.keys() == b.keys() for a, b in pairs) / len(pairs),
            "largest difference of scores": max(gaps, default=0.0),
            **by_turns({"fp32": lambda p=full: p(texts), "bf16": lambda p=half: p(texts)}, device, 2 if small else 3),
        }
    return report


def _scores(document: Document) -> dict[tuple[int, int, str], float]:
    return {(span.start, span.end, span.type): span.score or 0.0 for span in document.spans}


def training(device: torch.device, small: bool) -> Report:
    batch, length = (2, 16) if small else (64, 256)
    lengths = torch.randint(length // 2, length + 1, (batch,), device=device)
    mask = torch.arange(length, device=device) < lengths[:, None]
    ids = torch.randint(5, len(TOKENIZER), (batch, length), device=device) * mask
    labels = torch.zeros_like(ids).masked_fill(~mask, -100)
    report: Report = {}
    for case in ["bilstm"] if small else ["bilstm", "small", "base"]:
        model = model_of(case).to(device).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

        def step(low: bool, model: Any = model, optimizer: Any = optimizer) -> None:
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=low):
                loss = model(input_ids=ids, attention_mask=mask.long(), labels=labels).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

        times = by_turns({"fp32": lambda: step(False), "bf16": lambda: step(True)}, device, 2 if small else 5)
        alone = 1e3 * seconds(partial(_crf_step, model.span_decoder.crf, labels, mask), device, 3)
        speeds = {
            f"{name}, characters/s": float(lengths.sum()) / times[f"{name}, ms"] * 1e3 for name in ("fp32", "bf16")
        }
        report[case] = {**times, **speeds, "CRF, share of the bf16 step": alone / times["bf16, ms"]}
    return report


def _crf_step(layer: LinearChainCRF, labels: Tensor, mask: Tensor) -> None:
    emissions = torch.randn(*labels.shape, layer.num_tags, device=labels.device, requires_grad=True)
    layer(emissions, labels, mask).backward()


def tests(device: torch.device, small: bool) -> Report:
    if small:
        return {"absent": "they are for a GPU"}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "tests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    return {"exit status": done.returncode, "last lines": done.stdout.splitlines()[-15:]}


PARTS: dict[str, Callable[[torch.device, bool], Report]] = {
    "crf": crf,
    "varlen": varlen,
    "bf16": bf16,
    "training": training,
    "tests": tests,
}


def measure(device: torch.device, *, small: bool, limit: float, parts: list[str]) -> Report:
    """What each part found, or its error; parts that are not begun within `limit` seconds are named."""
    os.environ[SETTING] = "torch"  # on the CPU too the code that a GPU runs
    begin = time.monotonic()
    report: Report = {"versions": versions(), "hardware": hardware(), "device": str(device)}
    for name in parts:
        started = time.monotonic()
        if started - begin > limit:
            report[name] = {"skipped": f"{limit:.0f} s were over"}
            continue
        try:
            report[name] = PARTS[name](device, small)
        except Exception as error:  # a part that fails must not cost the others the lent machine
            report[name] = {"error": f"{type(error).__name__}: {error}"}
        report[name]["took, s"] = round(time.monotonic() - started, 1)
        print(f"{name}: {json.dumps(report[name], ensure_ascii=False)}", flush=True)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda, or cpu: everything in small")
    parser.add_argument("--json", type=Path, help="the report")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--limit", type=float, default=360.0, help="seconds after which no part is begun (default 360)")
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("There is no CUDA device here: --device cpu runs everything in small.")
    report = measure(device, small=device.type == "cpu", limit=options.limit, parts=options.parts)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False), encoding="utf-8")
    if any("error" in report[name] for name in options.parts):
        sys.exit("A part failed, see its error above.")


if __name__ == "__main__":
    main()
