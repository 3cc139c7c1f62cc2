"""Annotation at scale on this machine: overhead of the contract, notes per second, memory, one worker and two.

    python benchmarks/bench_scale.py [--rows 20000 200000] [--model MODEL] [--engine local] [--rounds 3]
    python benchmarks/bench_scale.py --encoders        # notes per second of one core with encoders of two sizes
    python benchmarks/bench_scale.py --against local ray [--random 4x312]    # engines against a bare loop, by the clock

The notes are short, 40 characters on average, and are made from the sentences of the invented corpus. Without a model
the small one of the tests is taken, beside which every cost of an engine shows most. Processor time tells the costs on
a machine that others use as well; wall-clock time tells what a second worker is worth, where a second core is free.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch
import transformers
from kill_annotate import MODEL, write_notes

from hf_cner import CnerConfig, CnerForTokenClassification, Predictor
from hf_cner.data.bars import bars_off
from hf_cner.data.collector import keep_loaded
from hf_cner.data.documents import to_row
from hf_cner.scale import annotate_shard
from hf_cner.scale.engines import engine_of, refuse_duplicates, run_job
from hf_cner.scale.plan import make_plan
from hf_cner.scale.worker import Settings, Worker

SHARD_ROWS = 10_000


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """Most bytes that this process, and the largest of its workers, hold while the block runs."""
    found, ended = [0, 0], threading.Event()

    def watch() -> None:
        here = psutil.Process()
        while not ended.wait(0.2):
            found[0] = max(found[0], here.memory_info().rss)
            for child in here.children(recursive=True):
                try:
                    found[1] = max(found[1], child.memory_info().rss)
                except psutil.Error:
                    continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def processor_seconds() -> float:
    """Of this process and of its workers that have ended."""
    return sum(os.times()[:4])


def bare(predictor: Predictor, notes: Path) -> Callable[[], None]:
    """The loop without an engine: texts in memory, and nothing is written."""
    texts = [json.loads(line)["text"] for line in notes.open(encoding="utf-8")]

    def run() -> None:
        for _ in predictor.predict(texts):
            pass

    return run


def plain(predictor: Predictor, notes: Path, out: Path) -> Callable[[], None]:
    """The loop as one would write it: rows are read and written with the standard library."""

    def run() -> None:
        with notes.open(encoding="utf-8") as source, out.open("w", encoding="utf-8") as target:
            for document in predictor.predict(json.loads(line) for line in source):
                target.write(json.dumps(to_row(document), ensure_ascii=False) + "\n")

    return run


def overhead(predictor: Predictor, folder: Path, rounds: int) -> None:
    """Processor time of one shard under the contract against the two loops, interleaved, medians."""
    notes = folder / "shard.jsonl"
    write_notes(notes, SHARD_ROWS)
    took: dict[str, list[float]] = {"bare": [], "plain": [], "contract": []}
    for number in range(rounds + 1):
        work = {
            "bare": bare(predictor, notes),
            "plain": plain(predictor, notes, folder / "plain.jsonl"),
            "contract": lambda n=number: annotate_shard(notes, folder / f"contract{n}.jsonl", predictor),  # type: ignore[misc]
        }
        for name, run in work.items():
            begin = time.process_time()
            run()
            if number:  # the first round warms up
                took[name].append(time.process_time() - begin)
    bare_, plain_, contract = (statistics.median(took[name]) for name in ("bare", "plain", "contract"))
    micro = 1e6 / SHARD_ROWS
    print(
        f"one shard of {SHARD_ROWS:,} notes, processor time per note: bare loop {bare_ * micro:.0f} µs, the same with"
    )
    print(f"reading and writing {plain_ * micro:.0f} µs, annotate_shard {contract * micro:.0f} µs, which is")
    print(
        f"{contract / bare_ - 1:+.1%} of the bare loop, {contract / plain_ - 1:+.1%} of the one that reads and writes"
    )


def job(notes: Path, out: Path, *, model: str, engine: str, workers: int) -> tuple[float, float, list[int]]:
    """Wall-clock seconds at the rate between each worker's first shard and the last, processor seconds, and the peak
    of memory."""
    settings = Settings(model, {"device": "cpu"})
    plan = make_plan(str(notes), str(out), shard_rows=SHARD_ROWS)
    begin, first = processor_seconds(), None
    with peak_memory() as peak:
        refuse_duplicates(plan, settings)
        for progress in run_job(plan, settings, engine=engine_of(engine), workers=workers):
            if progress.shards == workers and first is None:
                first = (time.monotonic(), progress.rows)
            ended = time.monotonic()
    assert first is not None and not progress.faults
    rate = (progress.rows - first[1]) / (ended - first[0])
    return progress.rows / rate, processor_seconds() - begin, peak


def engines(folder: Path, *, model: str, names: Sequence[str], rounds: int) -> None:
    """Seconds of one worker of each engine for a shard, against a bare loop over the same predictor; interleaved."""
    notes = folder / "engines.jsonl"
    write_notes(notes, 3 * SHARD_ROWS)
    loop = bare(Worker(Settings(model, {"device": "cpu"})).predictor, notes)
    keep_loaded()
    took: dict[str, list[float]] = {name: [] for name in ("bare", *names)}
    for number in range(rounds):
        begin = time.monotonic()
        loop()
        took["bare"].append(time.monotonic() - begin)
        for name in names:
            out = folder / f"{name}{number}"
            took[name].append(job(notes, out, model=model, engine=name, workers=1)[0])
    median = {name: statistics.median(seconds) / 3 for name, seconds in took.items()}
    print(f"a shard of {SHARD_ROWS:,} notes, wall-clock seconds of one worker, median of {rounds}:")
    for name in median:
        print(f"  {name:6} {median[name]:7.2f} s {median[name] / median['bare'] - 1:+.1%}", flush=True)


def random_model(layers: int, hidden: int) -> tuple[CnerForTokenClassification, transformers.PreTrainedTokenizerBase]:
    """A CRF over an encoder of this size with random weights, and the tokenizer of the tests' model."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    small = CnerConfig.from_pretrained(MODEL)
    encoder = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=1200 if hidden == 312 else 3072,
    )
    config = CnerConfig(
        encoder={"kind": "pretrained", "config": encoder.to_dict()},
        span_decoder=small.span_decoder,
        entity_types=small.entity_types,
        windows=small.windows,
    )
    return CnerForTokenClassification(config), tokenizer


def encoders(folder: Path) -> None:
    """Notes per second of processor time on one core, for encoders of two sizes with random weights."""
    notes = folder / "notes.jsonl"
    write_notes(notes, 1000)
    texts = [json.loads(line)["text"] for line in notes.open(encoding="utf-8")]
    for layers, hidden, count in ((4, 312, 600), (12, 768, 150)):
        model, tokenizer = random_model(layers, hidden)
        for dtype in (torch.float32, torch.bfloat16):
            predictor = Predictor(model.to(dtype), tokenizer)
            rates = []
            for _ in range(3):
                begin = time.process_time()
                predictor(texts[:count])
                rates.append(count / (time.process_time() - begin))
            print(f"{layers} layers of {hidden}, {dtype}: {max(rates):,.0f} notes/s", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--model", default=str(MODEL))
    parser.add_argument("--engine", default="local")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoders", action="store_true")
    parser.add_argument("--against", nargs="+", metavar="ENGINE", help="time these against a bare loop, and end")
    parser.add_argument("--random", metavar="LAYERSxSIZE", help="a model with random weights, for example 4x312")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    bars_off()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.encoders:
            encoders(folder)
            return
        if options.random:
            model, tokenizer = random_model(*map(int, options.random.split("x")))
            options.model = str(folder / "model")
            model.save_pretrained(options.model)
            tokenizer.save_pretrained(options.model)
        if options.against:
            engines(folder, model=options.model, names=options.against, rounds=options.rounds)
            return
        predictor = Predictor.from_pretrained(options.model, device="cpu")
        keep_loaded()
        overhead(predictor, folder, options.rounds)
        print("     rows workers  notes/s  wall s   CPU s driver MiB worker MiB")
        before: dict[int, float] = {}
        for rows in options.rows:
            notes = folder / f"{rows}.jsonl"
            write_notes(notes, rows)
            for workers in (1, 2):
                wall, used, peak = job(
                    notes, folder / f"{rows}-{workers}", model=options.model, engine=options.engine, workers=workers
                )
                mib = [f"{size / 2**20:10,.0f}" for size in peak]
                print(f"{rows:9,} {workers:7} {rows / wall:8,.0f} {wall:7.1f} {used:7.1f} {' '.join(mib)}", flush=True)
                if workers in before:
                    print(f"          {wall / before[workers]:.2f} times the time of the job before", flush=True)
                before[workers] = wall


if __name__ == "__main__":
    main()
