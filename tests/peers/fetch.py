"""Fetch what `make peers` runs: `python tests/peers/fetch.py FOLDER`.

The common tests come from the source distribution of the installed transformers. `run_ner.py` and pytorch-crf's tests
are in no distribution, so they come from the projects' repositories, at the tags of the installed versions. What is
there already is kept, so a copy can be put there by hand. Nothing of it becomes part of this project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

COMMON = "transformers_tests"
RAW = "https://raw.githubusercontent.com"


class Source(NamedTuple):
    """Where something that the tests run comes from."""

    distribution: str
    address: str  # of its version; none for the source distribution's folder `tests`


SOURCES = {
    COMMON: Source("transformers", ""),
    "run_ner.py": Source(
        "transformers", f"{RAW}/huggingface/transformers/v{{version}}/examples/pytorch/token-classification/run_ner.py"
    ),
    "test_crf.py": Source("pytorch-crf", f"{RAW}/kmkurn/pytorch-crf/{{version}}/tests/test_crf.py"),
}


def place(folder: Path, name: str) -> Path:
    """Where a source lies: below its distribution and version, so that another version fetches its own."""
    distribution = SOURCES[name].distribution
    return folder / f"{distribution}-{version(distribution)}" / name


def missing(folder: Path, name: str) -> str:
    """The sentence for a source that is not there; empty where it is."""
    target = place(folder, name)
    if target.exists():
        return ""
    source = SOURCES[name]
    found = source.address.format(version=version(source.distribution)) or f"the folder tests of {target.parent.name}"
    return f"{target} is not there, so its tests are skipped: put {found} there by hand"


def source(name: str) -> Path:
    """A source, for the tests that run it; they are skipped where it is missing."""
    folder = Path(os.environ["HF_CNER_PEERS"])
    if sentence := missing(folder, name):
        pytest.skip(sentence, allow_module_level=True)
    return place(folder, name)


def main(folder: Path) -> None:
    """Fill the folder; what cannot be fetched is named."""
    for name, source in SOURCES.items():
        target = place(folder, name)
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            if source.address:
                fetch_file(target, source.address.format(version=version(source.distribution)))
            else:
                fetch_common_tests(target)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{missing(folder, name)} ({error}).", file=sys.stderr)


def fetch_common_tests(target: Path) -> None:
    """The folder `tests` of transformers' source distribution."""
    wanted = version("transformers")
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        options = ["--no-binary", "transformers", "--no-deps", "--disable-pip-version-check", "--dest", name]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, f"transformers=={wanted}"], check=True)
        (archive,) = Path(name).glob("transformers-*.tar.gz")
        with tarfile.open(archive) as content:
            content.extractall(name, filter="data")
        shutil.move(Path(name, archive.name.removesuffix(".tar.gz"), "tests"), target)


def fetch_file(target: Path, address: str) -> None:
    """One file of a repository."""
    with urllib.request.urlopen(address, timeout=20) as answer:
        content = answer.read()
    target.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
