"""Streams stay streams and inputs stay inputs, with real processes and real redirections."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hf_cner.data.documents import Document, Span, write_jsonl

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system names no open files in /proc")
CONVERT = f"{sys.executable} -m hf_cner.cli.main convert jsonl --data-dir in.jsonl --to jsonl -o"
LINES = 2


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_jsonl([Document("患者头痛", (Span(2, 4, "症状"),), id=str(n)) for n in range(LINES)], tmp_path / "in.jsonl")
    return tmp_path


def ids(text: str) -> list[str]:
    return [json.loads(line)["id"] for line in text.splitlines() if line.startswith("{")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "-", "out.jsonl"])
def test_an_appending_redirection_keeps_what_is_there(folder: Path, name: str) -> None:
    (folder / "log").write_text("old\n")
    if name == "out.jsonl":
        (folder / name).symlink_to("/dev/stdout")
    done = shell(f"{CONVERT} {name} >> log", folder)
    assert done.returncode == 0, done.stderr
    text = (folder / "log").read_text()
    assert text.startswith("old\n") and ids(text) == ["0", "1"]
    assert name != "out.jsonl" or (folder / name).is_symlink()


@pytest.mark.slow
def test_a_redirection_to_two_streams_an_open_file_and_a_pipe(folder: Path) -> None:
    done = shell(f"(echo before; {CONVERT} /dev/stdout; echo after) > log", folder)
    text = (folder / "log").read_text()
    assert done.returncode == 0 and text.startswith("before\n") and text.endswith("after\n") and ids(text) == ["0", "1"]
    done = shell(f"{CONVERT} /dev/stderr 2>&1 >/dev/null | cat > log", folder)
    assert ids((folder / "log").read_text()) == ["0", "1"]
    (folder / "more").write_text("old\n")
    assert shell(f"{CONVERT} /dev/fd/7 7>> more", folder).returncode == 0
    assert (folder / "more").read_text().startswith("old\n") and ids((folder / "more").read_text()) == ["0", "1"]
    done = shell(f"mkfifo out.xlsx; (cat out.xlsx > read) & {CONVERT} out.xlsx; wait", folder)
    assert done.returncode == 0, done.stderr
    assert ids((folder / "read").read_text()) == ["0", "1"] and (folder / "out.xlsx").is_fifo()
    done = shell(f"{CONVERT} >(cat > substituted) ; sleep 0.2", folder)
    assert done.returncode == 0 and ids((folder / "substituted").read_text()) == ["0", "1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prepare", "output", "redirection"),
    [
        ("true", "in.jsonl", ""),
        ("ln -s in.jsonl link.jsonl", "link.jsonl", ""),
        ("ln in.jsonl hard.jsonl", "hard.jsonl", ""),
        ("mkdir d; ln -s .. d/up", "d/up/in.jsonl", ""),
        ("true", "/dev/fd/7", "7>> in.jsonl"),
        ("true", "/dev/stdout", ">> in.jsonl"),
    ],
)
def test_an_output_is_never_the_input(folder: Path, prepare: str, output: str, redirection: str) -> None:
    before = (folder / "in.jsonl").read_bytes()
    done = shell(f"{prepare}; {CONVERT} {output} {redirection}", folder)
    assert done.returncode == 2 and "which is read" in done.stderr.replace("that is also read", "which is read")
    assert (folder / "in.jsonl").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("/dev/fd/9", "Bad file descriptor"),
        ("/dev/fd/8 8< in.jsonl", "which is read"),
        ("/dev/fd/8 8< /dev/null", "is not open for writing"),
        ("/dev/full", "No space left on device"),
        ("out.parquet", "found a name that ends in .parquet"),
        ("in.jsonl/out.jsonl", "/in.jsonl is a file); no file was left behind"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(folder: Path, output: str, said: str) -> None:
    done = shell(f"{CONVERT} {output}", folder)
    assert done.returncode == 2 and said in " ".join(done.stderr.split()) and "Traceback" not in done.stderr
    assert [path.name for path in folder.iterdir()] == ["in.jsonl"]


@pytest.mark.slow
def test_a_file_size_limit_leaves_the_old_file(folder: Path) -> None:
    write_jsonl([Document("患者头痛" * 999, id=str(n)) for n in range(99)], folder / "in.jsonl")
    (folder / "out.jsonl").write_text("old")
    done = shell(f"ulimit -f 64; {CONVERT} out.jsonl", folder)
    assert done.returncode == 2 and "could not be written (File too large); the old file stands" in done.stderr
    assert (folder / "out.jsonl").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.slow
def test_what_a_kill_leaves_is_removed_by_the_next_run(folder: Path) -> None:
    code = (
        "import os, signal\nfrom hf_cner.data.writing import atomic_write\n"
        "with atomic_write('a.txt') as stream:\n    stream.write('x')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=False, env=dict(os.environ))
    assert done.returncode == -9
    (folder / f".{'0' * 32}.tmp").write_text("of an older version")
    os.utime(folder / f".{'0' * 32}.tmp", (0, 0))
    (folder / ".mine.tmp").write_text("mine")
    (folder / ".mine.lock").write_text("mine")
    assert {".a.txt.lock", ".a.txt.tmp"} <= {path.name for path in folder.iterdir()}
    assert shell(f"{CONVERT} b.jsonl", folder).returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == [".mine.lock", ".mine.tmp", "b.jsonl", "in.jsonl"]
