"""A newcomer's edit in a copy of the project: what CONTRIBUTING says it costs, and tests that find it by its table."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = ("tests/conftest.py", "tests/registered.py", "tests/data/test_registry.py", "tests/data/test_gold.py")
FORMAT = '''\
"""One JSON array per line: id, record, text, spans."""

import json
from pathlib import Path

from ..documents import Document, Span, check_characters
from ..files import read_lines
from ..writing import atomic_write
from .written import Written

NAME = "arrays"
DESCRIPTION = "One JSON array per line."
LAYOUT = "*.arrays, one array per line"
EXAMPLE = {"a.arrays": '["a", "r", "患者头痛", [[2, 4, "症状"]]]\\n'}
ENDINGS = (".arrays",)
PATTERNS = ("*.arrays",)


def read(path, *, problems):
    for _, line in read_lines(path, problems):
        name, record, text, spans = json.loads(line)
        yield Document(text, tuple(Span(*span) for span in spans), name, record)


def write(documents, path):
    written = Written()
    with atomic_write(path) as stream:
        for document in documents:
            check_characters(document)
            spans = [[span.start, span.end, span.type] for span in document.spans]
            stream.write(json.dumps([document.id, document.record, document.text, spans]) + "\\n")
            written.documents += 1
            written.entities += len(spans)
    return written
'''
CORPUS = '''\
"""A new corpus, in the layout of CCKS-2018."""

from functools import partial

from ..reading.sections import read_sections
from ..reading.standoff import Conventions, to_documents

NAME = "newcorpus"
ENTITY_TYPES = ("甲", "乙")
DESCRIPTION = "A new corpus."
LICENCE = "MIT."
CITATION = "@misc{new}"
LAYOUT = "a folder with <n>.txtoriginal.txt and <n>.txt"
EXAMPLE = {"录-1.txtoriginal.txt": "患者头痛。", "录-1.txt": "头痛\\t2\\t4\\t甲\\n"}


def read(folder, *, problems):
    yield from to_documents(partial(read_sections, folder), Conventions(ENTITY_TYPES, False, {}), problems)
'''
QUESTIONS = "甲: 有哪些甲？\n乙: 有哪些乙？\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and the tests of the registry, to be edited."""
    shutil.copytree(ROOT / "hf_cner", tmp_path / "hf_cner", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in TESTS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def register(copy: Path, name: str, module: str, content: str) -> None:
    """One file, and one line in the table."""
    data = copy / "hf_cner" / "data"
    (data / f"{module.replace('.', '/')}.py").write_text(content, encoding="utf-8")
    table = (data / "registry.py").read_text(encoding="utf-8")
    assert table.count("REGISTRY = {\n") == 1
    edited = table.replace("REGISTRY = {\n", f'REGISTRY = {{\n    "{name}": "{module}",\n')
    (data / "registry.py").write_text(edited, encoding="utf-8")


def outcome(copy: Path, *chosen: str) -> tuple[int, str]:
    """The number of tests that passed there, and what pytest said."""
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *chosen]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    passed = re.search(r"([0-9]+) passed", done.stdout)
    return int(passed[1]) if passed and done.returncode == 0 else 0, done.stdout + done.stderr


def test_a_format_costs_one_file_and_one_line(copy: Path) -> None:
    register(copy, "arrays", "formats.arrays", FORMAT)
    passed, said = outcome(
        copy, "tests/data", "-k", "arrays or reached or registered or ending or look_like or reads_back"
    )
    assert passed >= 15, said


def test_a_corpus_costs_one_file_one_line_and_its_questions(copy: Path) -> None:
    register(copy, "newcorpus", "corpora.newcorpus", CORPUS)
    passed, said = outcome(copy, "tests/data/test_registry.py", "-k", "newcorpus or reached or registered")
    assert not passed and "one_question_per_type[newcorpus]" in said, "its questions are missing"
    (copy / "hf_cner" / "data" / "queries" / "newcorpus.yaml").write_text(QUESTIONS, encoding="utf-8")
    passed, said = outcome(copy, "tests/data/test_registry.py", "-k", "newcorpus or reached or registered")
    assert passed >= 25, said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        ('[[2, 4, "症状"]]', "[]", "an_example_is_read"),
        ("span.start, span.end", "span.start + 1, span.end", "a_format_reads_what_it_writes"),
        ("check_characters(document)", "pass", "test_types_that_look_like_others"),
        ('DESCRIPTION = "One JSON array per line."', 'DESCRIPTION = ""', "keeps_the_contract"),
    ],
)
def test_an_entry_that_does_not_hold_fails(copy: Path, old: str, new: str, failing: str) -> None:
    assert old in FORMAT
    register(copy, "arrays", "formats.arrays", FORMAT.replace(old, new))
    passed, said = outcome(copy, "tests/data", "-k", "arrays or look_like_others")
    assert not passed and failing in said, said


@pytest.mark.slow
def test_a_file_that_nobody_registers_fails(copy: Path) -> None:
    (copy / "hf_cner" / "data" / "formats" / "arrays.py").write_text(FORMAT, encoding="utf-8")
    passed, said = outcome(copy, "tests/data/test_registry.py", "-k", "registered")
    assert not passed and "every_module_of_a_corpus_or_format_is_registered" in said, said
