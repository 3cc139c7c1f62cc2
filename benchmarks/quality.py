"""Strict F1 of presets on a corpus over seeds: `python benchmarks/quality.py --corpus ccks2017 --split 7:2:1`.

Every run is what `hf-cner train` does, one after the other, and leaves its folder below --output; a run that is
finished there is only read again, so that a broken-off table is completed by the same command.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from hf_cner.presets.settings import resolve_settings
from hf_cner.training.run import train


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    rows = []
    for preset in args.presets:
        runs = [run(args, preset, seed) for seed in range(args.seeds)]
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


def run(args: argparse.Namespace, preset: str, seed: int) -> dict[str, Any]:
    """Results of one run. With two parts nothing is chosen on the second, which is reported: the last epoch counts."""
    ratios = [float(part) for part in args.split.split(":")]
    fixed = [] if len(ratios) == 3 else ["training.load_best_model_at_end=false"]
    folder = args.data_dir or Path(os.environ["HF_CNER_DATA"]) / FOLDERS[args.corpus]
    output = Path(args.output) / f"{args.corpus}-{args.split.replace(':', '-')}" / f"{preset}-{seed}"
    options = {
        "data": {"corpus": args.corpus, "data_dir": str(folder), "split": {"ratios": ratios}, "on_error": "skip"},
        "seed": seed,
        "output_dir": str(output),
    }
    settings = resolve_settings(preset, options=options, assignments=[*fixed, "training.use_cpu=true", *args.set])
    return train(settings, resume=output.exists())


def table(rows: Sequence[tuple[str, Sequence[dict[str, Any]]]]) -> str:
    """Markdown: precision, recall and F1 of the reported part, recall of nested mentions, epochs and seconds."""
    lines = [
        "| preset | P | R | F1 | nested R | parameters | epochs | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for preset, runs in rows:
        reports = [result["metrics"].get("test") or result["metrics"]["dev"] for result in runs]
        scores = [
            spread([report["strict"]["micro"][key] for report in reports]) for key in ("precision", "recall", "f1")
        ]
        nested = [report["nested"]["recall"] for report in reports if report.get("nested", {}).get("support")]
        seconds = statistics.median(result["seconds"]["total"] for result in runs)
        epochs = statistics.median(result["epochs"] for result in runs)
        cells = [preset, *scores, spread(nested), f"{runs[0]['parameters']:,}", f"{epochs:.0f}", f"{seconds:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation, in percent."""
    if not values:
        return "–"
    sd = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{100 * statistics.fmean(values):.2f} ± {100 * sd:.2f}"


if __name__ == "__main__":
    main()
