"""What CnerTrainer costs over a bare PyTorch loop of the same model on the same batches, in seconds per epoch.

    python benchmarks/bench_trainer.py [--rounds 5] [--batch-size 16] [--limit WINDOWS] [--preset bilstm-mha-crf]

On CCKS-2017 train when HF_CNER_DATA names the folder of the corpora, else on the bundled sample corpus. Both train the
same number of steps with the same optimiser, clipping and schedule, on batches that are collated on the way; they are
interleaved, and the median of the rounds' ratios is what counts (at most 1.15). With one thread the processor time of
the process is given beside the time on the clock: on a machine that is busy with other work it is the fairer figure.
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, ProgressCallback, TrainerCallback, get_linear_schedule_with_warmup, set_seed

from hf_cner import CnerTrainer, CnerTrainingArguments
from hf_cner.data.corpora import entity_types, read_corpus
from hf_cner.runs.callbacks import ProgressLines
from hf_cner.runs.sampling import LengthBuckets
from hf_cner.settings.resolve import resolve_settings
from hf_cner.training.build import build
from hf_cner.training.encoding import DocumentEncoder, FeatureDataset


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def since(begin: tuple[float, float]) -> tuple[float, float]:
    wall, cpu = now()
    return wall - begin[0], cpu - begin[1]


class EpochTimer(TrainerCallback):
    """Both times of the epoch that ran."""

    def on_epoch_begin(self, *args: Any, **kwargs: Any) -> None:
        self.begin = now()

    def on_epoch_end(self, *args: Any, **kwargs: Any) -> None:
        self.seconds = since(self.begin)


def bare_epoch(model: torch.nn.Module, features: FeatureDataset, encoder: DocumentEncoder, options: argparse.Namespace,
               lr: float) -> tuple[float, float]:  # fmt: skip
    """One epoch of a plain loop; returns its seconds: on the clock, and of the processor."""
    collate, size = encoder.collator(), options.batch_size
    order = list(LengthBuckets([feature["length"] for feature in features.features], size, seed=42))
    batches = [order[first : first + size] for first in range(0, len(order), size)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, fused=True)
    schedule = get_linear_schedule_with_warmup(optimizer, len(batches) // 10, len(batches))
    model.train()
    begin = now()
    for indices in batches:
        loss = model(**collate([features[index] for index in indices])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return since(begin)


def trainer_epoch(model: torch.nn.Module, features: FeatureDataset, encoder: DocumentEncoder,
                  options: argparse.Namespace, lr: float) -> tuple[float, float]:  # fmt: skip
    """The same epoch under CnerTrainer; returns its seconds: on the clock, and of the processor."""
    watch = EpochTimer()
    with tempfile.TemporaryDirectory() as folder:
        args = CnerTrainingArguments(
            folder, num_train_epochs=1, per_device_train_batch_size=options.batch_size, learning_rate=lr, use_cpu=True,
            eval_strategy="no", save_strategy="no",
        )  # fmt: skip
        trainer = CnerTrainer(
            model, args, train_dataset=features, processing_class=encoder.tokenizer, callbacks=[watch]
        )
        trainer.remove_callback(ProgressCallback)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(ProgressLines())
        trainer.train()
    return watch.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--limit", type=int, default=None, help="windows of an epoch")
    parser.add_argument("--preset", default="bilstm-mha-crf")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = os.environ.get("HF_CNER_DATA")
    corpus = "ccks2017" if data else "sample"
    documents = read_corpus(corpus, Path(data) / "ccks2017" / "train" if data else None)
    settings = resolve_settings(options.preset)
    lr = float(str(settings.training["learning_rate"]))
    set_seed(0)
    model, tokenizer = build(settings, documents, entity_types(corpus))
    encoder = DocumentEncoder(model, tokenizer)
    features, _ = encoder.features(documents)
    features = FeatureDataset(features.features[: options.limit], features.filler)
    real = sum(feature["length"] for feature in features.features)
    print(f"{corpus}, {options.preset}: {len(features)} windows, {real} characters, batches of {options.batch_size}")
    bare_epoch(copy.deepcopy(model), FeatureDataset(features.features[:64], features.filler), encoder, options, lr)
    ratios: dict[str, list[float]] = {"clock": [], "processor": []}
    for number in range(options.rounds):
        bare = bare_epoch(copy.deepcopy(model), features, encoder, options, lr)
        managed = trainer_epoch(copy.deepcopy(model), features, encoder, options, lr)
        for name, one, other in zip(ratios, bare, managed, strict=True):
            ratios[name].append(other / one)
            print(f"round {number + 1}, {name}: bare loop {one:.2f} s, CnerTrainer {other:.2f} s, {other / one:.3f}")
    for name, values in ratios.items():
        print(f"median ratio, {name}: {statistics.median(values):.3f}")


if __name__ == "__main__":
    main()
