"""Every exception ends a command with one sentence and an exit code."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from hf_cner.cli import main as module
from hf_cner.cli.console import messages, only_printable, print_error, results
from hf_cner.cli.faults import LONGEST_SENTENCE, Ending, ending
from hf_cner.cli.main import main
from hf_cner.data.room import NotWritten

HOSTILE = "头\x1b[31m\x9b2J\u202e\u2066\u061c\u200f痛"
WHERE = "(`--debug` shows where)"
CLOSED = "the program that read the output has closed it"
ESCAPED = r"头\x1b[31m\x9b2J\u202e\u2066\u061c\u200f痛"


def raised(act: Callable[[], object]) -> BaseException:
    try:
        act()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def own(error: BaseException) -> BaseException:
    """The error as if a function of the package had raised it."""
    namespace = {"__name__": "hf_cner.somewhere", "error": error}
    exec("def fail():\n    raise error", namespace)
    return raised(namespace["fail"])


def of_library(error: BaseException) -> BaseException:
    namespace = {"__name__": "transformers.models", "error": error}
    exec("def fail():\n    raise error", namespace)
    return raised(namespace["fail"])


def of_store(error: BaseException) -> BaseException:
    """The error of a store's client, below fsspec."""
    namespace = {"__name__": "fsspec.asyn", "fail": of_library, "error": error}
    exec("def sync():\n    fail(error)\n    raise error", namespace)
    return raised(namespace["sync"])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            of_store(RuntimeError("no\nkey")),
            Ending(
                "found a store that cannot be used (RuntimeError: no key); expected one that answers; check its "
                "address, the network and your credentials, and give the command again.",
                2,
            ),
        ),
        (
            of_store(FileNotFoundError("The specified bucket does not exist")),
            Ending("The specified bucket does not exist", 2),
        ),
        (own(ValueError("a sentence.")), Ending("a sentence.", 2)),
        (
            own(FileNotFoundError(2, "No such file or directory", "x")),
            Ending("[Errno 2] No such file or directory: 'x'", 2),
        ),
        (of_library(ImportError("no module")), Ending("no module", 2)),
        (own(KeyError("a")), Ending(f"this is a fault of hf_cner: KeyError: 'a' {WHERE}", 1)),
        (
            own(RecursionError("deep")),
            Ending(f"this is a fault of hf_cner: RecursionError: deep {WHERE}", 1),
        ),
        (own(AssertionError()), Ending(f"this is a fault of hf_cner: AssertionError {WHERE}", 1)),
        (
            of_library(ValueError("x")),
            Ending(f"this is a fault of hf_cner or of transformers: ValueError: x {WHERE}", 1),
        ),
        (
            of_library(TypeError("two\nlines")),
            Ending(f"this is a fault of hf_cner or of transformers: TypeError: two lines {WHERE}", 1),
        ),
        (KeyboardInterrupt(), Ending("interrupted.", 130)),
        (
            BrokenPipeError(32, "Broken pipe"),
            Ending(f"{CLOSED}, so the output is not whole.", 141),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_endings(error: BaseException, expected: Ending) -> None:
    assert ending(error) == expected


@pytest.mark.parametrize(
    "error", [MemoryError(), own(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes"))]
)
def test_too_little_memory_is_said(error: BaseException) -> None:
    sentence, code = ending(error)
    assert sentence.startswith("found too little memory") and "--batch-tokens" in sentence and code == 2


def behind(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EFBIG, "File too large", "out/x"),
        of_library(behind(RuntimeError("generation failed"), OSError(errno.EDQUOT, "Disk quota exceeded"))),
        of_library(RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0")),
        of_library(RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")),
    ],
)
def test_a_full_disk_is_said_whoever_finds_it(error: BaseException) -> None:
    sentence, code = ending(error)
    assert "found a disk that takes no more (" in sentence and "make room" in sentence and code == 2


def test_what_is_a_sentence_already_and_what_only_reads_stay_as_they_are() -> None:
    assert ending(own(NotWritten(errno.ENOSPC, "a sentence."))) == Ending("a sentence.", 2)
    reader = of_library(RuntimeError("[enforce fail at inline_container.cc:90] PytorchStreamReader failed"))
    assert ending(reader).code == 1


def test_sentences_are_bounded_and_escaped() -> None:
    sentence = ending(own(ValueError(HOSTILE + "\n" + "x" * 10_000_000))).sentence
    assert sentence.startswith(f"{ESCAPED} xxx") and len(sentence) < LONGEST_SENTENCE + 100


@pytest.mark.parametrize("console", [results, messages])
def test_no_text_acts_on_the_terminal(console: Callable, capfd: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("head", title=HOSTILE)
    table.add_row(Text(HOSTILE))
    for shown in (HOSTILE, Text(HOSTILE, style="bold"), table):
        console().print(shown, markup=False)
    printed = "".join(capfd.readouterr())
    assert printed.count(ESCAPED) >= 2 and not set(printed) & set("\x1b\x9b\u202e\u2066\u061c\u200f")


@pytest.mark.parametrize("console", [messages, results])
def test_no_text_is_markup_or_an_emoji(console: Callable, capfd: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    table = Table(":x: [b]")
    table.add_row("[red]:smile:")
    console().print("type: [bold]:x:")
    console().print(table)
    shown = "".join(capfd.readouterr())
    assert "type: [bold]:x:\n" in shown and ":x: [b]" in shown and "[red]:smile:" in shown


def test_logs_warnings_and_errors_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    factory = logging.getLogRecordFactory()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            only_printable()
            handler = logging.StreamHandler(sys.stderr)
            logger = logging.getLogger("test_faults")
            logger.addHandler(handler)
            logger.warning("file %s", HOSTILE + "x" * 100_000)
            logger.removeHandler(handler)
            warnings.warn(HOSTILE, UserWarning, stacklevel=1)
            print_error(HOSTILE)
    finally:
        logging.setLogRecordFactory(factory)
    log, warning, error = capsys.readouterr().err.splitlines()
    coloured = ESCAPED.replace(r"\x1b[31m", "")  # colours of libraries' headings are taken off
    assert log.startswith(f"file {coloured}xx") and len(log) < LONGEST_SENTENCE + 100
    assert warning == f"warning: {ESCAPED}" and error == f"error: {ESCAPED}"


def test_a_fault_of_ours_is_called_so(monkeypatch: pytest.MonkeyPatch, call: Callable, capsys) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError(HOSTILE)

    monkeypatch.setattr(module, "app", fail)
    assert call("version") == 1
    error = capsys.readouterr().err
    assert error.startswith("error: this is a fault of ") and ESCAPED in error and error.count("\n") == 1
    with pytest.raises(IndexError):
        main(["version", "--debug"])


def test_names_of_files_and_arguments_are_escaped(tmp_path: Path, call: Callable, capsys) -> None:
    path = tmp_path / f"{HOSTILE}.jsonl"
    path.write_text('{"text": "头", "entities": [{"start": 0, "end": 1, "type": "\\u001b[2J", "text": "\\u202e"}]}')
    assert call("inspect", "jsonl", "--data-dir", path) == 2
    assert call("inspect", "sample", HOSTILE) == 2
    assert call("inspect", HOSTILE) == 2
    assert call("predict", path, "--model", tmp_path / HOSTILE) == 2
    printed = "".join(capsys.readouterr())
    assert printed.count(ESCAPED) == 4 and not set(printed) & set("\x1b\x9b\u202e\u2066\u061c\u200f")


def test_a_closed_pipe_and_ctrl_c_have_sentences(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hf_cner.cli.main"]
    done = subprocess.run(
        f"{{ sleep 0.5; {' '.join(command)} presets; }} | true; echo ${{PIPESTATUS[0]}}",  # true has ended by then
        shell=True, executable="/bin/bash", capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.strip() == "141" and done.stderr.startswith(f"error: {CLOSED}")
    assert done.stderr.count("\n") == 1
    fifo = tmp_path / "notes.jsonl"
    running = subprocess.Popen(
        [*command, "inspect", "jsonl", "--data-dir", str(fifo)],
        stderr=subprocess.PIPE,
        text=True,
        env=_slow(tmp_path),
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    assert running.communicate()[1] == "error: interrupted.\n" and running.returncode == 130


def test_closed_standard_output_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("患者头痛。", encoding="utf-8")
    command = f"{sys.executable} -m hf_cner.cli.main predict --model m note.txt"
    done = subprocess.run(["bash", "-c", f"{command} >&-"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith("error: Standard output is closed; ")
    silent = subprocess.run(
        ["bash", "-c", f"{command} 2>&-"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert silent.returncode == 2 and not silent.stdout and not silent.stderr


def _slow(folder: Path) -> dict[str, str]:
    """An environment in which reading a corpus waits."""
    waits = "import hf_cner.data.corpora as c, time, pathlib\n"
    waits += f"def wait(*_, **__):\n    pathlib.Path({str(folder / 'begun')!r}).touch()\n    time.sleep(60)\n"
    waits += "c.read_corpus = wait\n"
    (folder / "sitecustomize.py").write_text(waits)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH"), str(Path(__file__).parents[2])])])
    return {**os.environ, "PYTHONPATH": path}


def test_exit_codes_are_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = " ".join(capsys.readouterr().out.split())
    for said in ("0 done", "1 a fault of hf_cner", "2 wrong usage", "130 interrupted", "141 the program that read"):
        assert said in printed
