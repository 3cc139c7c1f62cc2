"""What the CRF takes of a prediction, of a training step and of an evaluation step: `bench_crf.py --share`.

Three models with random weights on one CPU thread: characters, BiLSTM, attention; BERT of 2 layers of 120; of 4 layers
of 312. Processor time of the CRF's calls, as a share of everything's.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import bench_export
import torch
from bench_export import TOKENIZER, model_of, texts_of

from hf_cner import Predictor
from hf_cner.modeling.crf import LinearChainCRF
from hf_cner.modeling.crf_backends import SETTING

CALLS = {
    "forward": "loss",
    "viterbi": "Viterbi",
    "batch_segment_probabilities": "entities' posteriors",
    "max_marginals": "max-marginals",
}
CASES = {"bilstm": "BiLSTM, attention", "tiny": "BERT, 2 layers of 120", "small": "BERT, 4 layers of 312"}


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Seconds that the CRF's methods take while this is open. The gradient is computed outside them."""
    spent: Counter[str] = Counter()
    originals = {name: getattr(LinearChainCRF, name) for name in CALLS}

    def timed(name: str) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            begin = time.process_time()
            try:
                return originals[name](*given, **options)
            finally:
                spent[CALLS[name]] += time.process_time() - begin

        return call

    for name in CALLS:
        setattr(LinearChainCRF, name, timed(name))
    try:
        yield spent
    finally:
        for name, original in originals.items():
            setattr(LinearChainCRF, name, original)


def row(title: str, work: Callable[[], object], rounds: int) -> None:
    """Print one row: seconds with torch's code, and the shares with each backend."""
    cells = []
    for backend in ("torch", "numba"):
        os.environ[SETTING] = backend
        work()
        with counted() as spent:
            begin = time.process_time()
            for _ in range(rounds):
                work()
            whole = time.process_time() - begin
        cells.append(", ".join(f"{name} {seconds / whole:.1%}" for name, seconds in spent.items()))
        cells += [f"{1e3 * whole / rounds:.0f}"] if backend == "torch" else []
    print(f"| {title} | {cells[1]} | {cells[0]} | {cells[2]} |", flush=True)


def table() -> None:
    """Print the table; it takes two minutes."""
    bench_export.BERTS["tiny"] = (2, 120, 480)
    texts = texts_of(100)
    print("| what | ms, torch | share in torch's code | with numba |\n|---|---|---|---|")
    for case, title in CASES.items():
        model = model_of(case)
        predictor = Predictor(model, TOKENIZER)
        row(f"{title}: prediction with scores", lambda predictor=predictor: predictor(texts), 2)
        lengths = torch.randint(32, 129, (16,))
        mask = torch.arange(128) < lengths[:, None]
        ids = torch.randint(5, len(TOKENIZER), mask.shape) * mask
        given = {
            "input_ids": ids,
            "attention_mask": mask.long(),
            "labels": torch.zeros_like(ids).masked_fill(~mask, -100),
        }
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

        def train(model: Any = model, given: Any = given, optimizer: Any = optimizer) -> None:
            model.train()(**given).loss.backward()
            optimizer.step()
            optimizer.zero_grad()

        def evaluate(model: Any = model, given: Any = given) -> None:
            with torch.no_grad():
                model.eval()(**given)

        row(f"{title}: training step, 16 × 128, forward only", train, 5)
        row(f"{title}: evaluation step, 16 × 128", evaluate, 5)
