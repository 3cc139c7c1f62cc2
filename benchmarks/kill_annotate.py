"""Kill `hf-cner annotate` again and again, and compare what comes of it with an unbroken run, byte by byte.

    python benchmarks/kill_annotate.py [--model MODEL] [--kills 100] [--rows 20000] [--shard-rows 200]

Of two kills one meets the driver, which is then started again with the same command, and one a worker. Without a model
the small one of the tests is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from hf_cner import read_corpus

MODEL = Path(__file__).parents[1] / "tests" / "fixtures" / "checkpoints" / "tagging-bilstm-crf"
COMMAND = [sys.executable, "-c", "from hf_cner.cli.main import main; main()", "annotate"]


def write_notes(path: Path, rows: int) -> None:
    """Short notes, each with an id, made from the sentences of the invented corpus."""
    texts = [line for document in read_corpus("sample") for line in document.text.split("。") if line.strip()]
    with path.open("w", encoding="utf-8") as stream:
        for number in range(rows):
            row = {"id": f"n{number}", "text": f"{texts[number % len(texts)]}（{number}）。"}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def kill_until_done(
    arguments: Sequence[str], out: Path, *, kills: int, longest: float, seed: int = 0
) -> dict[str, int]:
    """Run a job to its end; before that kill it at random moments, of two one the driver and one a worker.

    Args:
        arguments: of `hf-cner annotate`; its output is `out`.
        kills: how often, at most: fewer where the job ends before.
        longest: seconds until the next kill, at most, counted from the next shard that is done.

    Returns:
        How many drivers and workers were killed.

    Raises:
        AssertionError: something that is no whole shard stands under the name of one after a kill.
        RuntimeError: the job ends with an error.
    """
    rng = random.Random(seed)
    killed = {"driver": 0, "worker": 0}
    job = subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE)
    while sum(killed.values()) < kills:
        _wait_for_a_shard(job, out)
        try:
            job.wait(rng.uniform(0, longest))
        except subprocess.TimeoutExpired:
            whom = "worker" if rng.random() < 0.5 else "driver"
            killed[whom] += _kill(job, whom, rng)
            if whom == "driver":
                job.wait()
                _check_names(out)
                job = subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE)
        else:
            break
    _, said = job.communicate()
    if job.returncode:
        raise RuntimeError(said.decode())
    return killed


def _wait_for_a_shard(job: subprocess.Popen[bytes], out: Path) -> None:
    """Until there is one more, so that kills meet work and the job advances; or until the job has ended."""
    before = len(list(out.glob("*.jsonl")))
    while job.poll() is None and len(list(out.glob("*.jsonl"))) <= before:
        time.sleep(0.05)


def _kill(job: subprocess.Popen[bytes], whom: str, rng: random.Random) -> int:
    try:
        workers = [p for p in psutil.Process(job.pid).children(recursive=True) if "spawn_main" in " ".join(p.cmdline())]
        victim = job.pid if whom == "driver" else rng.choice(workers).pid
        os.kill(victim, signal.SIGKILL)
    except (psutil.Error, ProcessLookupError, IndexError):
        return 0
    return 1


def _check_names(out: Path) -> None:
    """Every file under a final name is whole: it ends in a line feed, as all shards of JSON lines do, and parses."""
    for path in out.rglob("*.jsonl") if out.is_dir() else ():
        if not path.name.startswith("."):
            data = path.read_bytes()
            assert data.endswith(b"\n"), path
            json.loads(data.splitlines()[-1])


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its name, locks and temporary files aside."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix not in (".lock", ".tmp")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(MODEL))
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--shard-rows", type=int, default=200)
    parser.add_argument("--longest", type=float, default=1.0, help="seconds from a shard to a kill, at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        notes, one, other = (Path(folder, name) for name in ("notes.jsonl", "unbroken", "killed"))
        write_notes(notes, options.rows)
        common = ["--model", options.model, "--shard-rows", str(options.shard_rows), "--workers", "2"]
        subprocess.run([*COMMAND, str(notes), str(one), *common], check=True, stderr=subprocess.DEVNULL)
        began, killed = time.monotonic(), dict.fromkeys(("driver", "worker"), 0)
        rounds = 0
        while sum(killed.values()) < options.kills:
            target = other.with_name(f"killed{rounds}")
            more = kill_until_done(
                [str(notes), str(target), *common],
                target,
                kills=options.kills - sum(killed.values()),
                longest=options.longest,
                seed=options.seed + rounds,
            )
            killed = {whom: killed[whom] + more[whom] for whom in killed}
            rounds += 1
            same = contents(one) == contents(target)
            print(f"{rounds} jobs, {killed}, byte-identical: {same}, {time.monotonic() - began:.0f} s", flush=True)
            if not same:
                sys.exit("the output differs from that of the unbroken run")


if __name__ == "__main__":
    main()
