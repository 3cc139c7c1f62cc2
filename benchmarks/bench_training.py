"""Characters per second of a whole training epoch, against a plain transformers Trainer on the same model and texts.

    python benchmarks/bench_training.py                                 # BERT of 4 layers of 312, sentences
    python benchmarks/bench_training.py --layers 12 --hidden 768 --limit 160 --rounds 3
    python benchmarks/bench_training.py --windows 128                   # windows of 128 characters
    python benchmarks/bench_training.py --profile                       # where a step's time goes, by operator

The model is a BERT with random weights and our CRF. `plain Trainer` is transformers' with its own defaults and
DataCollatorForTokenClassification: random order, fp32, fused AdamW. Ours is CnerTrainer with its defaults; with torch's
own linear layers (`fast_linear=False`), to tell what they bring; and in bf16. Batches hold as many texts, so the steps
are as many. The arms are interleaved in one process of one thread; a figure is the median over the rounds, of a ratio
the median of the rounds' ratios of processor time, which other work on the machine disturbs less than the clock.

The texts are the sentences of CCKS-2017 where HF_CNER_DATA names the folder of the corpora, else of the sample corpus.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import torch
from transformers import (
    BertConfig,
    DataCollatorForTokenClassification,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers import __version__ as transformers_version

from hf_cner import CnerConfig, CnerForTokenClassification, CnerTrainer, CnerTrainingArguments, read_corpus
from hf_cner.data.corpora import entity_types
from hf_cner.data.tokenizer import build_character_tokenizer, count_characters
from hf_cner.runs.linear import onednn_is_faster
from hf_cner.training.encoding import DocumentEncoder, FeatureDataset

BASELINE = "plain Trainer"
Maker = Callable[[str], Trainer]


def made(options: argparse.Namespace) -> tuple[Any, Any, FeatureDataset]:
    """The model, its tokenizer, and the features of as many texts as are asked for."""
    data = os.environ.get("HF_CNER_DATA")
    corpus = "ccks2017" if data else "sample"
    documents = read_corpus(corpus, Path(data) / "ccks2017" / "train" if data else None)
    tokenizer = build_character_tokenizer(count_characters(document.text for document in documents))
    encoder = BertConfig(
        vocab_size=max(21128, len(tokenizer)),
        hidden_size=options.hidden,
        num_hidden_layers=options.layers,
        num_attention_heads=12,
        intermediate_size=4 * options.hidden if options.hidden != 312 else 1200,  # as published small encoders have it
    )
    config = CnerConfig(
        encoder={"kind": "pretrained", "config": encoder.to_dict()},
        context={"kind": "none"},
        span_decoder={"kind": "crf", "scheme": "BIOES"},
        entity_types=entity_types(corpus),
        windows={"max_length": options.windows or 128, "overlap": 32, "merge": options.windows is not None},
        non_unit_ids=[tokenizer.pad_token_id],
        pad_token_id=tokenizer.pad_token_id,
    )
    set_seed(0)
    model = CnerForTokenClassification(config)
    features, _ = DocumentEncoder(model, tokenizer).features(documents)
    order = torch.randperm(len(features), generator=torch.Generator().manual_seed(0))[: options.limit].tolist()
    return model, tokenizer, FeatureDataset([features[number] for number in order], features.filler)


def arms(model: Any, tokenizer: Any, features: FeatureDataset, options: argparse.Namespace) -> dict[str, Maker]:
    """Each arm from a folder to a Trainer that has not begun."""
    common = {"num_train_epochs": 1, "per_device_train_batch_size": options.batch_size, "save_strategy": "no"}
    common |= {"use_cpu": True, "report_to": "none", "logging_strategy": "no", "seed": 0}

    def plain(folder: str) -> Trainer:
        taken = ("input_ids", "attention_mask", "labels")
        return Trainer(
            copy.deepcopy(model),
            TrainingArguments(folder, **common),
            train_dataset=[{name: feature[name] for name in taken} for feature in features.features],
            data_collator=DataCollatorForTokenClassification(tokenizer),
        )

    def ours(**more: bool) -> Maker:
        return lambda folder: CnerTrainer(
            copy.deepcopy(model),
            CnerTrainingArguments(folder, eval_strategy="no", **common, **more),
            train_dataset=features,
            processing_class=tokenizer,
        )

    return {
        BASELINE: plain,
        "ours, torch's linear layers": ours(fast_linear=False),
        "ours, exact fp32 (default)": ours(),
        "ours, bf16": ours(bf16=True),
    }


def timed(make: Maker) -> tuple[float, float]:
    """Seconds of one epoch, on the clock and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = make(folder)
        trainer.remove_callback(ProgressCallback)
        trainer.remove_callback(PrinterCallback)
        wall, cpu = time.perf_counter(), time.process_time()
        trainer.train()
        return time.perf_counter() - wall, time.process_time() - cpu


def profile(makers: dict[str, Maker]) -> None:
    """Print the share of each operator in the processor time of an epoch."""
    for name, make in makers.items():
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
            timed(make)
        averages = found.key_averages()
        whole = sum(each.self_cpu_time_total for each in averages)
        print(f"{name}: {whole / 1e6:.2f} s")
        for each in sorted(averages, key=lambda one: -one.self_cpu_time_total)[:12]:
            print(f"  {each.self_cpu_time_total / whole:6.1%}  {each.count:6d}  {each.key}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=312)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--windows", type=int, default=None, metavar="CHARACTERS")
    parser.add_argument("--limit", type=int, default=640, help="texts of an epoch (default 640)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="show operators instead of comparing")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer, features = made(options)
    characters = sum(feature["length"] for feature in features.features)
    makers = arms(model, tokenizer, features, options)
    print(f"BERT {options.layers} × {options.hidden}, {len(features)} texts, {characters} characters, batches of "
          f"{options.batch_size}; oneDNN's linear layers: {'yes' if onednn_is_faster() else 'no'}; "
          f"torch {torch.__version__}, transformers {transformers_version}")  # fmt: skip
    few = FeatureDataset(features.features[: options.batch_size], features.filler)
    for make in arms(model, tokenizer, few, options).values():
        timed(make)  # what the first run has to import and allocate counts for nobody
    if options.profile:
        profile(makers)
        return
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    for number in range(options.rounds):
        for name in list(makers)[:: -1 if number % 2 else 1]:
            seconds[name].append(timed(makers[name]))
    rows = {}
    print("| | characters/s | ratio | ratio by the clock |\n|---|---|---|---|")
    for name, times in seconds.items():
        speed = statistics.median(characters / processor for _, processor in times)
        clock, ratio = (
            statistics.median(base[kind] / each[kind] for base, each in zip(seconds[BASELINE], times, strict=True))
            for kind in (0, 1)
        )
        rows[name] = {"characters_per_second": speed, "ratio": ratio, "ratio_by_the_clock": clock}
        print(f"| {name} | {speed:,.0f} | {ratio:.2f} | {clock:.2f} |", flush=True)
    if options.json:
        about = {name: value for name, value in vars(options).items() if name not in ("json", "profile")}
        options.json.write_text(json.dumps({"options": about, "characters": characters, "arms": rows}, indent=1))


if __name__ == "__main__":
    main()
