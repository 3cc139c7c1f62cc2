"""`make bench`: the speed benchmarks in one run of under a quarter of an hour on two cores, as JSON and Markdown.

    python benchmarks/bench.py --output-dir FOLDER [--only crf predict]

It installs each peer into the environment that runs it, beside the pinned torch and transformers, and lists those that
do not install there with the resolver's reason. It then runs the benchmarks of this folder one after the other, each a
process of its own with an end to its time, and collects the tables that they print. Each of them measures its ratios in
one interleaved run. A benchmark that is not there, fails or takes too long is listed, and stops no other.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from textwrap import shorten
from typing import Any, NamedTuple

HERE = Path(__file__).parent
PEERS = (  # flair, which does not install there, has an environment of its own as well
    "pytorch-crf==0.7.2",
    "TorchCRF==1.1.0",
    "edsnlp==0.23.0",
    "flair==0.15.1",
    "gliner==0.2.29",
    "span-marker==1.8.1",
)
PACKAGES = ("hf-cner", "torch", "transformers", "numpy", "numba", "pytorch-crf", "TorchCRF", "edsnlp")


class Benchmark(NamedTuple):
    title: str
    command: tuple[str, ...]
    limit: int
    """Seconds."""


BENCHMARKS = {
    "crf": Benchmark("The CRF against pytorch-crf", ("bench_crf.py", "--all", "--rounds", "7"), 180),
    "peers": Benchmark("Other CRF layers, and the plain Trainer", ("bench_peers.py", "--rounds", "5"), 120),
    "predict": Benchmark(
        "Prediction against transformers' pipeline",
        ("bench_predict.py", "--cases", "bilstm", "small", "--documents", "100", "--rounds", "3"),
        240,
    ),
    "flair": Benchmark("Prediction against flair, in an environment of its own", ("bench_flair.py",), 240),
    "layers": Benchmark("Context layers", ("bench_layers.py", "--only", "P4", "--rounds", "5"), 90),
    "growth": Benchmark("Growth", ("bench_growth.py", "--picture", "growth.png"), 180),
}


def install(peer: str) -> str:
    """Why a peer does not install beside the pinned versions; empty where it does."""
    pins = [f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "transformers")]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        peer,
        *pins,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        return "pip found no set of versions within two minutes"
    if not done.returncode:
        return ""
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    name = peer.partition("==")[0]
    said = [line for line in lines if " depends on " in line or (f"(from {name}" in line and "ERROR" in line)]
    reason = (said or [line for line in lines if "ERROR" in line] or ["pip failed"])[0].split(" (from versions")[0]
    return shorten(reason, 200, placeholder=" …")


def tables(output: str) -> list[list[dict[str, str]]]:
    """The Markdown tables in what a benchmark printed, each row by the names of its columns."""
    found: list[list[dict[str, str]]] = []
    header: list[str] = []
    for line in output.splitlines():
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not header:
            names = [cell or "row" for cell in cells]
            header = [
                f"{name} {names[: at + 1].count(name)}" if names[:at].count(name) else name
                for at, name in enumerate(names)
            ]
            found.append([])
        elif set("".join(cells)) != {"-"}:
            found[-1].append(dict(zip(header, cells, strict=False)))
    return found


def run(benchmark: Benchmark, folder: Path) -> dict[str, Any]:
    """What a benchmark printed, or why it printed nothing; files that it names go to `folder`."""
    if not (HERE / benchmark.command[0]).exists():
        return {"missing": f"there is no {benchmark.command[0]} in this version"}
    begin = time.monotonic()
    command = [sys.executable, str(HERE / benchmark.command[0]), *benchmark.command[1:]]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=benchmark.limit
        )
    except subprocess.TimeoutExpired as late:
        printed = late.stdout.decode() if isinstance(late.stdout, bytes) else late.stdout or ""
        return {"error": f"stopped after {benchmark.limit} s", "printed": printed}
    found: dict[str, Any] = {"printed": done.stdout.strip(), "took, s": round(time.monotonic() - begin, 1)}
    if done.returncode:
        found["error"] = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return found


def machine() -> dict[str, Any]:
    """Processor, cores, load, and versions."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    found: dict[str, Any] = {"processor": model, "cores": os.cpu_count(), "python": platform.python_version()}
    if hasattr(os, "getloadavg"):
        found["processes that were running before it, on average"] = round(os.getloadavg()[1], 1)
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def markdown(report: dict[str, Any]) -> str:
    lines = ["# Benchmarks", "", ", ".join(f"{name} {value}" for name, value in report["machine"].items()) + ".", ""]
    for peer, reason in report["peers"].items():
        lines.append(f"- {peer}: {reason or 'installed'}")
    for name, found in report["benchmarks"].items():
        lines += ["", f"## {BENCHMARKS[name].title}", "", f"`{' '.join(BENCHMARKS[name].command)}`", ""]
        lines += [found[key] for key in ("missing", "error", "printed") if found.get(key)]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output-dir", type=Path, required=True, help="gets bench.json, bench.md and growth.png")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--no-install", action="store_true", help="install no peers")
    options = parser.parse_args()
    options.output_dir.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"machine": machine(), "peers": {}, "benchmarks": {}}
    for peer in () if options.no_install else PEERS:
        report["peers"][peer] = install(peer)
        print(f"{peer}: {report['peers'][peer] or 'installed'}", flush=True)
    report["machine"] = machine()  # with the versions of what was installed
    for name in options.only:
        found = report["benchmarks"][name] = run(BENCHMARKS[name], options.output_dir)
        found["tables"] = tables(found.get("printed", ""))
        print(f"{name}: {found.get('error') or found.get('missing') or found['took, s']}", flush=True)
        text = json.dumps(report, indent=2, ensure_ascii=False)
        (options.output_dir / "bench.json").write_text(text, encoding="utf-8")
        (options.output_dir / "bench.md").write_text(markdown(report), encoding="utf-8")
    if any("error" in found for found in report["benchmarks"].values()):
        sys.exit("A benchmark failed: bench.md says which.")


if __name__ == "__main__":
    main()
