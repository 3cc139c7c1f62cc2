"""What text without annotation is worth: models from scratch against the same with pretrained vectors and encoders.

`python benchmarks/from_scratch.py --corpus ccks2019` reads the rows in from_scratch.yaml, makes vectors and encoders
from the unlabelled text of CCKS-2017 and CCKS-2019, trains each row with each beginning and seed, and prints the table.
What is finished below --output is only read again: a broken-off table is completed by the same command, and two of them
can share the work (--rows).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from quality import FOLDERS, reported, spread

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import write_jsonl
from hf_cner.data.leakage import without_held_out
from hf_cner.data.lexicon import mentions_of
from hf_cner.data.splits import split_by_record
from hf_cner.data.texts import read_texts
from hf_cner.pretraining.run import pretrain
from hf_cner.pretraining.vectors import train_vectors
from hf_cner.settings.merging import merge
from hf_cner.settings.resolve import resolve_settings
from hf_cner.training.run import train

RATIOS = {
    "ccks2017": [7.0, 2.0, 1.0],
    "ccks2019": [8.0, 2.0],
}  # of two parts the second is reported, after the last epoch
TEXTS = ("ccks2019/subtask2_unlabeled.txt", "ccks2017/unlabelled.jsonl")
GRID = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def main() -> None:
    args = arguments()
    torch.set_num_threads(1)
    grid = [(name, beginning) for name in args.rows or GRID["rows"] for beginning in GRID["rows"][name]["begin"]]
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {row: [] for row in grid}
    for seed in range(args.seeds):
        for row in grid:
            runs[row].append(run(args, *row, seed))
            f1 = reported(runs[row][-1])["strict"]["micro"]["f1"]
            print(f"{row[0]}, {row[1]}, seed {seed}: F1 {100 * f1:.2f}", flush=True)
    print(table(runs))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, choices=sorted(RATIOS))
    parser.add_argument("--rows", nargs="+", choices=list(GRID["rows"]), help="only these")
    parser.add_argument("--seeds", type=int, default=3, help="how many; of the initialisation, not of the split")
    parser.add_argument("--output", type=Path, default=Path("runs/from_scratch"), help="folder for all that is made")
    return parser.parse_args()


def data_dir(corpus: str) -> str:
    return str(Path(os.environ["HF_CNER_DATA"]) / FOLDERS[corpus])


def texts(folder: Path) -> Path:
    """All unlabelled text, without what holds a text of either annotated corpus."""
    path = folder / "texts.jsonl"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        found = read_texts([Path(os.environ["HF_CNER_DATA"]) / name for name in TEXTS])
        write_jsonl(without_held_out(found, [f"{c}={data_dir(c)}" for c in RATIOS], overlap="drop"), path)
    return path


def lexicon(folder: Path) -> Path:
    """The different mentions of both training parts, one per line."""
    path = folder / "lexicon.txt"
    if not path.is_file():
        parts = [split_by_record(read_corpus(c, data_dir(c)), ratios, 42)[0] for c, ratios in RATIOS.items()]
        folder.mkdir(parents=True, exist_ok=True)
        words = [word for word in mentions_of([d for part in parts for d in part]) if "\n" not in word]
        path.write_text("\n".join(words) + "\n", encoding="utf-8")
    return path


def vectors(folder: Path) -> str:
    path = folder / "vectors.txt"
    if not path.is_file():
        read = read_texts([texts(folder)])
        train_vectors((document.text for document in read), path, size=128)
    return str(path)


def encoder(folder: Path, name: str) -> str:
    """Folder of an encoder, pretrained as `encoders` in the grid says."""
    settings = merge(GRID["encoders"][name], {"output_dir": str(folder / name)})
    settings["data"] = {"files": [str(texts(folder))], "held_out": 0.02}
    if settings.get("masking") == "entity":
        settings["lexicon"] = str(lexicon(folder))
    settings["training"] = {"use_cpu": True, "disable_tqdm": True, **settings.get("training", {})}
    return str(pretrain(settings, resume=True)["checkpoint"])


def run(args: argparse.Namespace, name: str, beginning: str, seed: int) -> dict[str, Any]:
    """Results of one run."""
    row = GRID["rows"][name]
    begin = row["begin"][beginning]
    options: dict[str, Any] = {
        "data": {
            "corpus": args.corpus,
            "data_dir": data_dir(args.corpus),
            "split": {"ratios": RATIOS[args.corpus]},
            "on_error": "skip",
        },
        "training": {"use_cpu": True, "disable_tqdm": True, "load_best_model_at_end": len(RATIOS[args.corpus]) == 3},
        "seed": seed,
        "output_dir": str(args.output / args.corpus / name.replace(" ", "-") / f"{beginning}-{seed}".replace(" ", "-")),
    }
    if begin == "vectors":
        options["vectors"] = {"path": vectors(args.output)}
    elif begin is not None:
        options["model"] = {"encoder": {"name_or_path": encoder(args.output, begin)}}
    options = merge(merge(GRID["common"], row.get("set") or {}), options)
    return train(resolve_settings(row["preset"], options=options), resume=Path(options["output_dir"]).exists())


def table(rows: Mapping[tuple[str, str], Sequence[dict[str, Any]]]) -> str:
    """Markdown: strict figures of the reported part, and what a run costs."""
    lines = ["| row | begins with | P | R | F1 | parameters | seconds an epoch |", "|---|---|---|---|---|---|---|"]
    for (name, beginning), runs in rows.items():
        scores = [
            spread([reported(result)["strict"]["micro"][key] for result in runs])
            for key in ("precision", "recall", "f1")
        ]
        epochs = sorted(second for result in runs for second in result["seconds"]["training_epochs"])
        cells = [name, beginning, *scores, f"{runs[0]['parameters']:,}", f"{epochs[len(epochs) // 2]:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
