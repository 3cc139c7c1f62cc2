"""Time of a training step with one context layer against another: the layer alone, and whole models around it.

P2 reports that its whole BERT model trains in 0.694 of the time (129.25 against 186.32 minutes) with a BiGRU for its
BiLSTM; P4, that an epoch of IDCNN-CRF takes 21 s less than one of BiLSTM-CRF. Each pair stands in one process, both
models get the same batch by turns (forward, backward, step of Adam), and what counts is the median of the rounds'
ratios of processor time, on one thread. The layers, batch and window length are those of the presets; an encoder is
BERT with random weights, of the size that is asked for. Lengths are uniform between half the longest and all of it.

    python benchmarks/bench_layers.py                          # both claims
    python benchmarks/bench_layers.py --bert 8 512 --rounds 5  # with a larger BERT: layers, hidden size
    python benchmarks/bench_layers.py --no-onednn              # LSTM and GRU both by torch's own code
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import torch
from torch import nn
from transformers import BertConfig

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.data.corpora import ccks2019
from hf_cner.modeling.context import CONTEXTS
from hf_cner.modeling.slots import build
from hf_cner.settings.resolve import resolve_settings

VOCABULARY = 2000
Step = Callable[[], object]


def seconds(step: Step) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


def by_turns(one: Step, other: Step, rounds: int) -> tuple[float, float, float]:
    """Median seconds of each, and the median of the rounds' ratios, the first to the second."""
    for step in (one, other):
        step()  # warm-up, which also makes the optimiser's state
    pairs = [(seconds(one), seconds(other)) for _ in range(rounds)]
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )


def stepping(module: nn.Module, loss: Callable[[], torch.Tensor]) -> Step:
    """One step of training."""
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


def lengths_mask(batch: int, length: int) -> torch.Tensor:
    """`(batch, length)` bool of ragged rows, one of them full."""
    lengths = torch.randint(length // 2, length + 1, (batch,))
    lengths[0] = length
    return torch.arange(length) < lengths[:, None]


def layer(slot: dict[str, Any], vectors: torch.Tensor, mask: torch.Tensor) -> Step:
    """A step of the context layer alone, on vectors `(b, n, d)` that get a gradient as well."""
    module = build("context", slot, CONTEXTS, vectors.shape[2])
    return stepping(module, lambda: module(vectors, mask).pow(2).mean())


def model(preset: dict[str, Any], encoder: dict[str, Any], mask: torch.Tensor) -> Step:
    """A step of the preset's whole model on this encoder."""
    slots = {name: preset["model"][name] for name in ("context", "attention", "span_decoder", "dropout")}
    whole = CnerForTokenClassification(CnerConfig(encoder=encoder, entity_types=ccks2019.ENTITY_TYPES, **slots))
    ids = torch.randint(1, VOCABULARY, mask.shape) * mask
    labels = torch.zeros_like(ids).masked_fill(~mask, -100)
    whole.train()
    return stepping(whole, lambda: whole(input_ids=ids, attention_mask=mask.long(), labels=labels).loss)


def bert(layers: int, size: int, longest: int) -> dict[str, Any]:
    """The slot of a BERT with random weights."""
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=size,
        num_hidden_layers=layers,
        num_attention_heads=max(1, size // 64),
        intermediate_size=4 * size,
        max_position_embeddings=longest,
    )
    return {"kind": "pretrained", "config": config.to_dict()}


def compare(one: str, other: str, encoder: dict[str, Any], size: int, rounds: int) -> None:
    """Print the rows of two presets that differ in their context; `size` is that of the vectors that enter it."""
    presets = [resolve_settings(name).to_dict() for name in (one, other)]
    batch = presets[0]["training"]["per_device_train_batch_size"]
    torch.manual_seed(0)
    mask = lengths_mask(batch, presets[0]["model"]["windows"]["max_length"])
    vectors = torch.randn(*mask.shape, size, requires_grad=True)
    made = {
        "layer alone": [layer(preset["model"]["context"], vectors, mask) for preset in presets],
        "whole model": [model(preset, encoder, mask) for preset in presets],
    }
    for what, steps in made.items():
        first, second, ratio = by_turns(*steps, rounds)
        shape = " × ".join(map(str, mask.shape))
        print(f"| {one} / {other} | {shape} | {what} | {first:.3f} | {second:.3f} | {ratio:.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--bert", type=int, nargs=2, default=[4, 256], metavar=("LAYERS", "SIZE"), help="(default 4 256)"
    )
    parser.add_argument("--rounds", type=int, default=11, help="rounds per measurement (default 11)")
    parser.add_argument("--only", choices=("P2", "P4"), help="one of the claims")
    parser.add_argument("--no-onednn", action="store_true", help="without oneDNN, which knows the LSTM but not the GRU")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.backends.mkldnn.set_flags(not options.no_onednn)
    layers, size = options.bert
    print("| presets | batch × length | | first, s a step | second, s a step | ratio |")
    print("|---|---|---|---|---|---|")
    if options.only != "P4":
        longest = resolve_settings("bert-bigru-mha-crf").model.windows.max_length
        compare("bert-bigru-mha-crf", "bert-bilstm-mha-crf", bert(layers, size, longest), size, options.rounds)
    if options.only != "P2":
        static = resolve_settings("bilstm-crf").model.encoder.own()
        compare(
            "idcnn-crf", "bilstm-crf", {**static, "vocab_size": VOCABULARY}, static["embedding_size"], options.rounds
        )


if __name__ == "__main__":
    main()
