"""Strict F1 of presets on a corpus over seeds: `python benchmarks/quality.py --corpus ccks2017 --split 7:2:1`.

Every run is what `hf-cner train` does, one after the other, and leaves its folder below --output; a run that is
finished there is only read again, so that a broken-off table is completed by the same command.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from hf_cner import Predictor
from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, write_jsonl
from hf_cner.modeling.schemes import inexpressible
from hf_cner.settings.resolve import resolve_settings
from hf_cner.training.run import train


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    corpus = gold(args)
    print(flat_losses(corpus[1]), flush=True)
    rows = []
    for preset in args.presets:
        runs = [run(args, preset, seed, corpus[0]) for seed in range(args.seeds)]
        for result in runs:
            result["beyond_flat"] = recall_beyond_flat(result, corpus[1])
        rows.append((preset, runs))
        print(table(rows), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="name of a corpus, e.g. ccks2017")
    parser.add_argument("--data-dir", help="its folder; default: below HF_CNER_DATA")
    parser.add_argument("--presets", nargs="+", default=["bilstm-mha-crf"])
    parser.add_argument(
        "--split", default="8:2", help="8:2 reports the second part; 7:2:1 too, with early stopping on 1"
    )
    parser.add_argument("--seeds", type=int, default=3, help="how many; of the initialisation, not of the split")
    parser.add_argument("--documents", type=int, help="take only so many documents of the corpus, drawn at random")
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="settings for all runs")
    parser.add_argument("--output", default="runs", help="folder for the runs")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


FOLDERS = {  # of the corpora below HF_CNER_DATA
    "ccks2017": "ccks2017/train",
    "ccks2017-early": "ccks2017_early",
    "ccks2018": "ccks2018/train",
    "ccks2019": "ccks2019",
    "cmeee": "cmeee",
    "tcm-literature5": "tcm/literature",
}


def gold(args: argparse.Namespace) -> tuple[dict[str, str], list[Document]]:
    """Where runs find the corpus, and its documents; a sample of it is written beside the runs."""
    folder = args.data_dir or str(Path(os.environ["HF_CNER_DATA"]) / FOLDERS[args.corpus])
    documents = read_corpus(args.corpus, folder, on_error="skip")
    if args.documents is None:
        return {"corpus": args.corpus, "data_dir": folder}, documents
    documents = random.Random(0).sample(documents, args.documents)
    path = Path(args.output) / f"{args.corpus}-{args.documents}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_jsonl(documents, path)
    return {"corpus": "jsonl", "data_dir": str(path)}, documents


def flat_losses(documents: Sequence[Document]) -> str:
    """One sentence: how much of the gold no tag sequence can hold."""
    total = sum(len(document.spans) for document in documents)
    reasons = Counter(
        reason for d in documents for _, reason in inexpressible([(s.start, s.end, s.type) for s in d.spans])
    )
    details = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    lost = reasons.total()
    return f"{len(documents):,} documents, {total:,} entities; flat tags cannot express {lost} of them, " + (
        f"{100 * lost / total:.1f} % ({details})" if lost else "so nothing is lost"
    )


def run(args: argparse.Namespace, preset: str, seed: int, corpus: dict[str, str]) -> dict[str, Any]:
    """Results of one run. With two parts nothing is chosen on the second, which is reported: the last epoch counts."""
    ratios = [float(part) for part in args.split.split(":")]
    fixed = [] if len(ratios) == 3 else ["training.load_best_model_at_end=false"]
    name = f"{args.corpus}-{args.documents}" if args.documents else args.corpus
    output = Path(args.output) / f"{name}-{args.split.replace(':', '-')}" / f"{preset}-{seed}"
    options = {
        "data": {**corpus, "split": {"ratios": ratios}, "on_error": "skip"},
        "seed": seed,
        "output_dir": str(output),
    }
    fixed = [*fixed, "training.use_cpu=true", f"training.disable_tqdm={not sys.stderr.isatty()}"]
    settings = resolve_settings(preset, options=options, assignments=[*fixed, *args.set])
    if settings.model.interaction and settings.model.queries is None:
        model = settings.model.model_copy(update={"queries": args.corpus})
        settings = settings.model_copy(update={"model": model})
    return train(settings, resume=output.exists())


def recall_beyond_flat(result: dict[str, Any], documents: Sequence[Document]) -> float | None:
    """Recall on the reported part's mentions that no flat tags can express beside the others; None without any."""
    folder = Path(result["checkpoint"])
    part = "test" if "test" in result["metrics"] else "dev"
    names = set(json.loads((folder / "split.json").read_text(encoding="utf-8"))[part])
    reported = [document for i, document in enumerate(documents) if (document.id or str(i)) in names]
    predicted = Predictor.from_pretrained(folder)(document.text for document in reported)
    hits = total = 0
    for document, found in zip(reported, predicted, strict=True):
        beyond = {span for span, _ in inexpressible([(s.start, s.end, s.type) for s in document.spans])}
        hits += len(beyond & {(s.start, s.end, s.type) for s in found.spans})
        total += len(beyond)
    return hits / total if total else None


def table(rows: Sequence[tuple[str, Sequence[dict[str, Any]]]]) -> str:
    """Markdown: strict figures of the reported part; recall of what overlaps, and of what flat tags lose; time."""
    lines = [
        "| preset | P | R | F1 | nested R | beyond flat R | parameters | epochs | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for preset, runs in rows:
        reports = [reported(result) for result in runs]
        scores = [
            spread([report["strict"]["micro"][key] for report in reports]) for key in ("precision", "recall", "f1")
        ]
        overlapped = [report["nested"]["micro"] for report in reports if "nested" in report]
        nested = [micro["recall"] for micro in overlapped if micro["support"]]
        beyond = [result["beyond_flat"] for result in runs if result["beyond_flat"] is not None]
        timed = [result["seconds"]["total"] for result in runs if result["seconds"]["total"] is not None]
        epochs = statistics.median(result["epochs"] for result in runs)
        cells = [
            preset,
            *scores,
            spread(nested),
            spread(beyond),
            f"{runs[0]['parameters']:,}",
            f"{epochs:.0f}",
            f"{statistics.median(timed):.0f}" if timed else "–",  # a run that was resumed is not timed
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def reported(result: dict[str, Any]) -> dict[str, Any]:
    """The report of the part that counts: the test part, or dev where there is none."""
    metrics: dict[str, Any] = result["metrics"]
    return metrics.get("test") or metrics["dev"]


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation, in percent."""
    if not values:
        return "–"
    sd = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{100 * statistics.fmean(values):.2f} ± {100 * sd:.2f}"


if __name__ == "__main__":
    main()
