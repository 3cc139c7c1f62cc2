"""Fetch what `make peers` runs: `python tests/peers/fetch.py FOLDER`.

The common tests come from the source distribution of the installed transformers. The source distributions of
transformers and of pytorch-crf hold neither `run_ner.py` nor pytorch-crf's tests, so these two files come from the
projects' repositories, at the tags of the installed versions. A file that is there already is kept: without a network,
copy `run_ner.py` and `test_crf.py` of these tags into the folder. Nothing of it becomes part of this project.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from importlib.metadata import version
from pathlib import Path

SINGLE_FILES = {
    "run_ner.py": "https://raw.githubusercontent.com/huggingface/transformers/v{transformers}"
    "/examples/pytorch/token-classification/run_ner.py",
    "test_crf.py": "https://raw.githubusercontent.com/kmkurn/pytorch-crf/{torchcrf}/tests/test_crf.py",
}


def main(folder: Path) -> None:
    """Fill the folder; a single file that cannot be fetched is named, and its tests are skipped."""
    folder.mkdir(parents=True, exist_ok=True)
    versions = {"transformers": version("transformers"), "torchcrf": version("pytorch-crf")}
    fetch_common_tests(folder / "transformers_tests", versions["transformers"])
    for name, address in SINGLE_FILES.items():
        fetch_file(folder / name, address.format(**versions))


def fetch_common_tests(target: Path, wanted: str) -> None:
    """The folder `tests` of transformers' source distribution."""
    stamp = target / "VERSION"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with tempfile.TemporaryDirectory() as name:
        options = ["--no-binary", ":all:", "--no-deps", "--disable-pip-version-check", "--dest", name]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, f"transformers=={wanted}"], check=True)
        (archive,) = Path(name).glob("transformers-*.tar.gz")
        with tarfile.open(archive) as content:
            content.extractall(name, filter="data")
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(Path(name, archive.name.removesuffix(".tar.gz"), "tests"), target)
    stamp.write_text(wanted)


def fetch_file(target: Path, address: str) -> None:
    """One file of a repository."""
    if target.is_file():
        return
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            content = answer.read()
    except OSError as error:
        print(f"{address} cannot be fetched ({error}). Copy it to {target}; without it, its tests are skipped.")
        return
    target.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
