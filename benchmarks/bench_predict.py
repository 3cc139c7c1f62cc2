"""Sentences per second of `Predictor` on a CPU: `python benchmarks/bench_predict.py --json OUT.json --markdown OUT.md`.

Against transformers' `pipeline("token-classification")` at its best batch size, on the same encoder with a linear layer
(`small`: 4 layers of 312, `base`: BERT-base) or on the same checkpoint (`bilstm`: characters, BiLSTM, attention, CRF).
Random weights; invented sentences with the lengths of clinical ones, none of them twice; one thread, or `--threads`.

All run in one process by turns; a figure is the median of the rounds' ratios of processor time, so that more is faster.
The share of the ceiling is what the encoder's products would take at the rate of the fastest product of matrices that
was measured in the same rounds, in the same precision, as a share of what everything together took. `--growth` predicts
ten times the documents in a process of its own, and compares time and peak memory. `--profile` says where time goes.
`--repeats` only counts how much of a file of texts stands in windows that occur before, which are computed once.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.nn import functional
from transformers import BertConfig, BertForTokenClassification, pipeline, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification, Predictor
from hf_cner.data.texts import read_texts
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.characters import CharacterTable
from hf_cner.modeling.linear_paths import OneDnnLinears
from hf_cner.modeling.windows import make_windows
from hf_cner.runtime.finder import READ_AHEAD

PARTS = "患者,三天前,无明显诱因,出现,头痛,发热,右侧肢体,伴,恶心,查体,血压,心肺,未见异常,给予,口服,治疗,好转"
WORDS = PARTS.split(",")
TOKENIZER = build_character_tokenizer(sorted({*"".join(WORDS), *"，。0123456789"}))
BERTS = {"small": (4, 312, 1200), "base": (12, 768, 3072)}  # layers, width, inner width
BATCH_SIZES = (1, 8, 16, 32)
OURS = {"exact, torch's layers": {"linear": "torch"}, "exact": {}, "bf16": {"precision": "bf16"}}
OURS |= {"int8": {"precision": "int8"}}
Rows = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=["bilstm", "small", "base"])
    parser.add_argument("--documents", type=int, default=200, help="a fifth of it for base")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--batch-tokens", nargs="*", type=int, default=[], help="budgets to compare, e.g. 512 1024 2048"
    )
    parser.add_argument("--growth", type=int, default=0, metavar="N", help="documents, and ten times as many")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--repeats", metavar="FILE", help="JSON lines with a text each")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--grown", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.grown:
        print(json.dumps(grown(args.grown)))
        return
    if args.repeats:
        print(repeats(args.repeats))
        return
    rows: Rows = []
    for case in args.cases:
        rows += measure(case, args)
        print(table(rows), file=sys.stderr)
    machine = f"{platform.machine()}, {args.threads} thread, torch {torch.__version__}"
    found = {"machine": f"{machine}, transformers {transformers.__version__}", "rows": rows}
    if args.growth:
        found["growth"] = growth(args.growth)
    text = table(rows) + (f"\ngrowth: {json.dumps(found['growth'])}\n" if args.growth else "")
    print(text)
    if args.json:
        args.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if args.markdown:
        args.markdown.write_text(f"{found['machine']}\n\n{text}", encoding="utf-8")


def measure(case: str, args: argparse.Namespace) -> Rows:
    """The rows of a case, the pipeline's first."""
    texts = texts_of(args.documents // 5 if case == "base" else args.documents)
    model = model_of(case)
    ways: dict[str, Callable[[list[str]], Any]] = {"pipeline": stock(case, model, texts[: len(texts) // 4])}
    for name, options in OURS.items():
        if name in ("bf16", "int8") and case == "bilstm":
            continue
        ways[name] = Predictor(model, TOKENIZER, scores=False, **options)  # the pipeline's are no span's probability
    for budget in args.batch_tokens:
        ways[f"exact, {budget} tokens"] = Predictor(model, TOKENIZER, scores=False, batch_tokens=budget)
    times: dict[str, list[float]] = {name: [] for name in ways}
    rates: dict[str, list[float]] = {"fp32": [], "bf16": []}
    found: dict[str, Any] = {}
    for number in range(args.rounds + 1):
        for name, way in ways.items():
            begin = time.process_time()
            found[name] = way(texts)
            if number:  # the first round warms up
                times[name].append(time.process_time() - begin)
        for precision, values in rates.items():
            values.append(ceiling(case, precision))
    if args.profile:
        profile(case, ways["exact"], texts)
    operations = products(case, texts)
    rows = []
    for name, taken in times.items():
        row = {"case": case, "way": name, "per second": len(texts) / statistics.median(taken)}
        pairs = zip(times["pipeline"], taken, strict=True)
        row["ratio"] = statistics.median(stock / own for stock, own in pairs)
        if operations and name != "int8":
            rate = statistics.median(rates["bf16" if name == "bf16" else "fp32"])
            row["share of ceiling"] = operations / rate / statistics.median(taken)
        if name != "pipeline":
            same = sum(one == other for one, other in zip(found[name], found["exact, torch's layers"], strict=True))
            row["same documents"] = same / len(texts)
        rows.append({**row, "layers": getattr(getattr(ways[name], "linears", None), "why", "")})
    return rows


def stock(case: str, model: Any, texts: list[str]) -> Callable[[list[str]], Any]:
    """transformers' pipeline at the batch size that is fastest on these texts."""
    if case in BERTS:
        plain = BertForTokenClassification(BertConfig(**bert_sizes(case), num_labels=21)).eval()
        plain.bert.load_state_dict(model.cner.encoder.model.state_dict())
        model = plain
    pipe: Any = pipeline("token-classification", model=model, tokenizer=TOKENIZER, aggregation_strategy="simple")
    taken = {}
    for size in BATCH_SIZES:
        begin = time.process_time()
        pipe(texts, batch_size=size)
        taken[size] = time.process_time() - begin
    best = min(taken, key=lambda size: taken[size])
    print(f"{case}: the pipeline's best batch size is {best}", file=sys.stderr)
    return lambda given: pipe(given, batch_size=best)


def bert_sizes(case: str) -> dict[str, int]:
    layers, width, inner = BERTS[case]
    sizes = {"hidden_size": width, "num_hidden_layers": layers, "intermediate_size": inner}
    return {**sizes, "num_attention_heads": 12, "vocab_size": len(TOKENIZER)}


def model_of(case: str) -> Any:
    set_seed(0)
    slots: dict[str, Any] = {
        "encoder": {"kind": "static", "vocab_size": len(TOKENIZER), "embedding_size": 100},
        "context": {"kind": "bilstm", "hidden_size": 128},
        "attention": {"kind": "multi_head", "num_heads": 4},
    }
    if case in BERTS:
        encoder = {"kind": "pretrained", "config": BertConfig(**bert_sizes(case)).to_dict()}
        slots = {"encoder": encoder, "context": {"kind": "none"}}
    non_units = CharacterTable(TOKENIZER).non_unit_ids
    types = ["症状", "部位", "疾病", "检查", "治疗"]
    model = CnerForTokenClassification(CnerConfig(**slots, entity_types=types, non_unit_ids=non_units)).eval()
    torch.nn.init.normal_(model.span_decoder.projection.weight)  # or every score would be about the same
    return model


def texts_of(number: int) -> list[str]:
    """Different sentences; lengths as of clinical ones, median 24 and mean 30 characters."""
    draw = random.Random(0)
    texts: dict[str, None] = {}
    while len(texts) < number:
        length = min(200, max(4, int(draw.lognormvariate(3.2, 0.65))))
        text = "，".join("".join(draw.choices(WORDS, k=3)) for _ in range(length // 8 + 1))
        texts[f"{text[: length - 2]}{draw.randrange(10)}。"] = None
    return list(texts)


def products(case: str, texts: list[str]) -> float:
    """Operations in the encoder's products of matrices for the real tokens, attention among them."""
    if case not in BERTS:
        return 0.0
    layers, width, inner = BERTS[case]
    lengths = [len(text) + 2 for text in texts]
    return 2.0 * layers * sum(n * (4 * width * width + 2 * width * inner) + 2 * n * n * width for n in lengths)


def ceiling(case: str, precision: str) -> float:
    """Operations per second of the fastest product of matrices here, of the encoder's own largest shape."""
    _, width, inner = BERTS.get(case, BERTS["small"])
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    x, weight, bias = (torch.ones(*shape, dtype=dtype) for shape in ((1024, width), (inner, width), (inner,)))
    best = 0.0
    onednn = OneDnnLinears()
    with torch.inference_mode():
        ways = [functional.linear] + ([] if onednn.lacking() else [onednn.linear])
        for way in [*ways, *ways, *ways]:
            begin = time.process_time()
            way(x, weight, bias)
            best = max(best, 2.0 * x.numel() * inner / (time.process_time() - begin))
    return best


def profile(case: str, way: Callable[[list[str]], Any], texts: list[str]) -> None:
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    with profiled(activities=[ProfilerActivity.CPU]) as seen:
        way(texts)
    rows = sorted(seen.key_averages(), key=lambda row: -row.self_cpu_time_total)
    total = sum(row.self_cpu_time_total for row in rows)
    print(
        f"{case}: " + ", ".join(f"{row.key} {row.self_cpu_time_total / total:.1%}" for row in rows[:8]), file=sys.stderr
    )


def growth(number: int) -> dict[str, float]:
    """Time and peak memory for ten times the documents, as shares of those for once; each in a process of its own."""
    found = []
    for times in (1, 10):
        command = [sys.executable, __file__, "--grown", str(number * times)]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    once, ten = found
    return {"documents": number, "time": ten["seconds"] / once["seconds"], "memory": ten["MiB"] / once["MiB"], **ten}


def repeats(file: str) -> str:
    """Share of the characters in windows that occur before, among those read together and among all."""
    texts = [document.text for document in read_texts([Path(file)])]
    lines = []
    for length in (256, 128):
        seen: tuple[set[str], set[str]] = (set(), set())
        size, total, again = 0, 0, [0, 0]
        for text in texts:
            for window in make_windows(text, max_length=length, overlap=length // 4):
                part = text[window.start : window.end]
                total += len(part)
                for place in (0, 1):
                    again[place] += len(part) * (part in seen[place])
                    seen[place].add(part)
            size += len(text)
            if size >= READ_AHEAD:
                seen[0].clear()
                size = 0
        lines.append(
            f"windows of {length}: {again[0] / total:.1%} read together, {again[1] / total:.1%} of all {total:,}"
        )
    return "\n".join(lines)


def grown(number: int) -> dict[str, float]:
    predictor = Predictor(model_of("bilstm"), TOKENIZER)
    sentences = texts_of(2000)
    for _ in predictor.predict(sentences):
        pass
    begin = time.process_time()
    for _ in predictor.predict(f"{sentences[i % 2000][:-2]}{i}。" for i in range(number)):
        pass
    seconds = time.process_time() - begin
    return {"seconds": seconds, "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def table(rows: Rows) -> str:
    lines = [
        "| model | way | sentences/s | ratio to the pipeline | share of the ceiling | documents with the same spans |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for row in rows:
        share, same = (f"{row[key]:.1%}" if key in row else "–" for key in ("share of ceiling", "same documents"))
        lines.append(
            f"| {row['case']} | {row['way']} | {row['per second']:.1f} | {row['ratio']:.2f} | {share} | {same} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
