"""How time and memory of `Predictor` grow: documents × 10, length × 10, types × 2; with a picture.

    python benchmarks/bench_growth.py --picture growth.png

Each point is a process of its own, so that its peak memory is its own: random weights (characters, BiLSTM, attention,
CRF), invented texts, one thread, processor time of the prediction alone after one that warms up, the median of three.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

CURVES = {  # name -> documents, characters of each, types
    "documents × 10": [(60, 200, 5), (190, 200, 5), (600, 200, 5)],
    "length × 10": [(30, 100, 5), (30, 316, 5), (30, 1000, 5)],
    "types × 2": [(60, 200, 5), (60, 200, 7), (60, 200, 10)],
}


def point(documents: int, length: int, types: int) -> None:
    """Measure one point and print it as JSON."""
    import bench_export
    import torch
    from bench_export import TOKENIZER, WORDS, model_of

    from hf_cner import Predictor

    torch.set_num_threads(1)
    bench_export.TYPES = [f"type{number}" for number in range(types)]
    draw = random.Random(0)
    texts = []
    for _ in range(documents):
        words = draw.choices(WORDS, k=length)
        texts.append("".join(word + draw.choice("，。") for word in words)[:length])
    predictor = Predictor(model_of("bilstm"), TOKENIZER)
    predictor(texts[: max(1, documents // 10)])
    times = []
    for _ in range(3):
        begin = time.process_time()
        predictor(texts)
        times.append(time.process_time() - begin)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": statistics.median(times), "MiB": memory}))


def measured(given: tuple[int, int, int]) -> dict[str, float]:
    command = [sys.executable, __file__, "--point", *map(str, given)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def draw(found: dict[str, list[dict[str, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(found), figsize=(4 * len(found), 3.4), layout="constrained")
    for axis, (name, points) in zip(axes, found.items(), strict=True):
        varied = [documents * length if "types" not in name else types for documents, length, types in CURVES[name]]
        sizes = [size / varied[0] for size in varied]
        axis.loglog(sizes, [one["seconds"] / points[0]["seconds"] for one in points], "o-", label="time")
        axis.loglog(sizes, [one["MiB"] / points[0]["MiB"] for one in points], "s--", label="peak memory")
        axis.loglog(sizes, sizes, ":", color="grey", label="proportional")
        axis.set(title=name, xlabel="times as much", ylabel="to the first point")
        axis.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="PNG or SVG")
    parser.add_argument("--point", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        point(*options.point)
        return
    found: dict[str, list[dict[str, float]]] = {}
    print("| what grows | documents × characters × types | seconds | to the first | peak MiB | to the first |")
    print("|---|---|---|---|---|---|")
    for name, points in CURVES.items():
        found[name] = []
        for given in points:
            one = measured(given)
            found[name].append(one)
            ratios = [one[key] / found[name][0][key] for key in ("seconds", "MiB")]
            size = " × ".join(map(str, given))
            cells = f"{one['seconds']:.2f} | {ratios[0]:.2f} | {one['MiB']:.0f} | {ratios[1]:.2f}"
            print(f"| {name} | {size} | {cells} |", flush=True)
    if options.picture:
        draw(found, options.picture)


if __name__ == "__main__":
    main()
