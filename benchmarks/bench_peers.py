"""Other packages that install beside this one's torch and transformers: CRF layers, and the plain Trainer.

    python benchmarks/bench_peers.py [--rounds 7]       # in the environment of `make bench`, which installs the peers

One thread, processor time, all of a row by turns in one process; what counts is the median of the rounds' ratios. The
CRF layers get the same parameters and full rows of 16 × 128 × 25, because edsnlp's decodes padding as well, and their
losses are compared before anything is timed. The Trainer is transformers' own with DataCollatorForTokenClassification,
which draws its batches at random, against CnerTrainer with its length buckets, on the bundled sample corpus.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import torch
from bench_crf import by_turns, with_backend
from torch import Tensor

from hf_cner.modeling.crf import LinearChainCRF

BATCH, LENGTH, TAGS = 16, 128, 25
Functions = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], object]]


def torchcrf_of(module: ModuleType, ours: LinearChainCRF, gold: Tensor, mask: Tensor) -> Functions:
    layer = module.CRF(TAGS, use_gpu=False)
    layer.trans_matrix.data = ours.transitions.data.clone()
    layer.start_trans.data, layer.end_trans.data = (
        ours.start_transitions.data.clone(),
        ours.end_transitions.data.clone(),
    )
    return lambda emissions: -layer(emissions, gold, mask).sum(), lambda emissions: layer.viterbi_decode(
        emissions, mask
    )


def edsnlp_of(module: ModuleType, ours: LinearChainCRF, gold: Tensor, mask: Tensor) -> Functions:
    layer = module.LinearChainCRF(torch.zeros(TAGS, TAGS).bool())
    for name in ("transitions", "start_transitions", "end_transitions"):
        getattr(layer, name).data = getattr(ours, name).data.clone()
    hot = torch.nn.functional.one_hot(gold, TAGS).bool()
    return (
        lambda emissions: layer(emissions, mask, hot).sum(),
        lambda emissions: layer.decode(emissions, mask).tolist(),
    )


CRF_PEERS = {"TorchCRF": ("TorchCRF", torchcrf_of), "edsnlp": ("edsnlp.pipes.trainable.layers.crf", edsnlp_of)}


def stepped(loss: Callable[[Tensor], Tensor], emissions: Tensor) -> Tensor:
    emissions.grad = None
    value = loss(emissions)
    value.backward()
    return value.detach()


def crf_layer(name: str, rounds: int) -> list[str]:
    """A row for each of our backends."""
    path, made = CRF_PEERS[name]
    try:
        module = importlib.import_module(path)
    except ImportError as error:
        return [f"| {name} | – | not measured: {error} | – |"]
    torch.manual_seed(0)
    ours = LinearChainCRF(TAGS, batch_first=True)
    emissions = torch.randn(BATCH, LENGTH, TAGS, requires_grad=True)
    gold, mask = torch.randint(TAGS, (BATCH, LENGTH)), torch.ones(BATCH, LENGTH, dtype=torch.bool)
    loss, decode = made(module, ours, gold, mask)

    def own_step() -> Tensor:
        return stepped(lambda given: -ours(given, gold, mask), emissions)

    def own_paths() -> list[list[int]]:
        return ours.decode(emissions, mask)

    torch.testing.assert_close(stepped(loss, emissions), own_step(), rtol=1e-4, atol=1e-2)
    other = "" if decode(emissions.detach()) == own_paths() else " (other paths)"
    names = ("torch", "numba")
    losses, paths = ({n: with_backend(n, call) for n in names} for call in (own_step, own_paths))
    timed = by_turns(lambda: stepped(loss, emissions), losses, rounds)
    decoded = by_turns(lambda: decode(emissions.detach()), paths, rounds)
    return [f"| {name} | {n} | {timed[n]['ratio']:.1f} | {decoded[n]['ratio']:.1f}{other} |" for n in names]


def trainers(rounds: int) -> None:
    """Processor time of an epoch under the plain Trainer against CnerTrainer."""
    from bench_trainer import trainer_epoch
    from transformers import DataCollatorForTokenClassification, PrinterCallback, Trainer, TrainingArguments

    from hf_cner.data.corpora import entity_types, read_corpus
    from hf_cner.settings.resolve import resolve_settings
    from hf_cner.training.build import build
    from hf_cner.training.encoding import DocumentEncoder

    documents, settings = read_corpus("sample", None), resolve_settings("bilstm-mha-crf")
    model, tokenizer = build(settings, documents, entity_types("sample"))
    encoder = DocumentEncoder(model, tokenizer)
    features, _ = encoder.features(documents)
    plain = [{name: list(each[name]) for name in ("input_ids", "labels")} for each in features.features]

    def plain_epoch() -> None:
        with tempfile.TemporaryDirectory() as folder:
            args = TrainingArguments(
                folder, num_train_epochs=1, per_device_train_batch_size=16, learning_rate=1e-3, use_cpu=True,
                save_strategy="no", report_to="none", disable_tqdm=True,
            )  # fmt: skip
            collator = DataCollatorForTokenClassification(tokenizer)
            data: Any = plain
            trainer = Trainer(copy.deepcopy(model), args, train_dataset=data, data_collator=collator)
            trainer.remove_callback(PrinterCallback)
            trainer.train()

    options = argparse.Namespace(batch_size=16)
    ratios = []
    for number in range(rounds + 1):
        begin = time.process_time()
        plain_epoch()
        between = time.process_time()
        trainer_epoch(copy.deepcopy(model), features, encoder, options, 1e-3)
        if number:  # the first round warms up
            ratios.append((between - begin) / (time.process_time() - between))
    ratio = sorted(ratios)[len(ratios) // 2]
    print("\n| one epoch of the sample corpus, `bilstm-mha-crf` | plain Trainer's time to CnerTrainer's |\n|---|---|")
    print(f"| {len(plain)} windows, batches of 16, processor time | {ratio:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", category=UserWarning)
    print("| 16 × 128 × 25, full rows | ours by | loss + backward, times faster | decode, times faster |")
    print("|---|---|---|---|")
    for name in CRF_PEERS:
        print("\n".join(crf_layer(name, options.rounds)), flush=True)
    trainers(max(1, options.rounds // 2))


if __name__ == "__main__":
    main()
