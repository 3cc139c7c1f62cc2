"""Throughput of masked language modelling, in characters per second, against DataCollatorForLanguageModeling.

    python benchmarks/bench_mlm.py [--rounds 5] [--batch-size 16] [--limit WINDOWS] [--hidden-size 128] [--layers 2]

The same model, windows and number of steps in a plain transformers Trainer with DataCollatorForLanguageModeling (random
order, which is its default; and `group_by_length`), and in ours: batches of like lengths, with random masking and with
entity masking after the training mentions. On the unlabelled text of CCKS-2019 when HF_CNER_DATA names the folder of
the corpora, else on the bundled sample. The arms are interleaved, their order turned round in every other round; the
median of the rounds' ratios counts (at least 0.95). With one thread the processor time is given beside the time on the
clock: on a machine that is busy with other work it is the fairer figure.
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from hf_cner import read_corpus
from hf_cner.data.lexicon import Lexicon, mentions_of
from hf_cner.data.texts import read_texts
from hf_cner.pretraining.masking import MaskingCollator
from hf_cner.pretraining.tokenizers import tokenizer_for
from hf_cner.pretraining.trainer import PretrainingTrainer
from hf_cner.pretraining.windows import TextWindows

BASELINE = "plain Trainer"


class Columns(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """What a plain Trainer is given: ids and special tokens mask, as its collator's documentation advises."""

    def __init__(self, windows: TextWindows, tokenizer: Any) -> None:
        special = set(tokenizer.all_special_ids)
        self.rows = []
        for number in range(len(windows)):
            ids = windows[number]["input_ids"].tolist()
            self.rows.append({"input_ids": ids, "special_tokens_mask": [int(i in special) for i in ids]})

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.rows[index]


def arguments(folder: str, options: argparse.Namespace, **more: Any) -> TrainingArguments:
    return TrainingArguments(
        folder, num_train_epochs=1, per_device_train_batch_size=options.batch_size, use_cpu=not options.gpu,
        save_strategy="no", report_to="none", disable_tqdm=True, logging_strategy="no", bf16=options.gpu, **more,
    )  # fmt: skip


def timed(make: Callable[[str], Trainer]) -> tuple[float, float]:
    """Seconds of one epoch, on the clock and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = make(folder)
        trainer.remove_callback(ProgressCallback)
        trainer.remove_callback(PrinterCallback)
        wall, cpu = time.perf_counter(), time.process_time()
        trainer.train()
        return time.perf_counter() - wall, time.process_time() - cpu


def arms(
    model: Any, tokenizer: Any, windows: TextWindows, words: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    """Each arm from a folder to a Trainer that has not begun."""
    columns = Columns(windows, tokenizer)

    def plain(strategy: str) -> Callable[[str], Trainer]:
        return lambda folder: Trainer(
            copy.deepcopy(model),
            arguments(folder, options, train_sampling_strategy=strategy),
            train_dataset=columns,
            data_collator=DataCollatorForLanguageModeling(tokenizer),
        )

    def ours(whole_entities: bool) -> Callable[[str], Trainer]:
        collator = MaskingCollator(tokenizer, whole_entities=whole_entities, words=words)
        return lambda folder: PretrainingTrainer(
            copy.deepcopy(model),
            arguments(folder, options, train_sampling_strategy="group_by_length", remove_unused_columns=False),
            train_dataset=windows,
            data_collator=collator,
        )

    return {
        BASELINE: plain("random"),
        "plain Trainer, by length": plain("group_by_length"),
        "ours, random masking": ours(False),
        "ours, entity masking": ours(True),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--limit", type=int, default=None, help="windows of an epoch")
    parser.add_argument("--max-length", type=int, default=126)
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu", action="store_true", help="on the accelerator, in bf16")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = os.environ.get("HF_CNER_DATA")
    labelled = read_corpus("ccks2019", Path(data) / "ccks2019") if data else read_corpus("sample")
    documents = read_texts([Path(data) / "ccks2019" / "subtask2_unlabeled.txt"]) if data else labelled
    words = mentions_of(labelled)
    tokenizer = tokenizer_for({"min_count": 2}, (document.text for document in documents))
    windows = TextWindows(documents, tokenizer, max_length=options.max_length, find=Lexicon(words).find)
    windows.windows = windows.windows[: options.limit]
    characters = sum(windows.lengths) - 2 * len(windows)
    set_seed(0)
    size = options.hidden_size
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=size, num_hidden_layers=options.layers,
                        num_attention_heads=max(1, size // 32), intermediate_size=4 * size)  # fmt: skip
    makers = arms(BertForMaskedLM(config), tokenizer, windows, words, options)
    shape = f"BERT {options.layers} × {size}, batches of {options.batch_size}"
    print(f"{len(windows)} windows, {characters} characters, {shape}")
    timed(makers[BASELINE])  # what the first run has to import and allocate counts for nobody
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    for number in range(options.rounds):
        for name in list(makers)[:: -1 if number % 2 else 1]:
            seconds[name].append(timed(makers[name]))
    for name, times in seconds.items():
        clock, processor = (statistics.median(characters / each[kind] for each in times) for kind in (0, 1))
        ratios = [
            statistics.median(base[kind] / each[kind] for base, each in zip(seconds[BASELINE], times, strict=True))
            for kind in (0, 1)
        ]
        print(f"{name}: {clock:,.0f} characters/s ({processor:,.0f} by processor time), ratio {ratios[0]:.3f} "
              f"({ratios[1]:.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
