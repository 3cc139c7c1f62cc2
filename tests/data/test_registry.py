"""Every corpus and format is tested because it is registered: its contract, its example, and what it writes."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

import pytest
from registered import ON_DISK, OPTIONS, PUBLISHED, READ, WRITTEN, make

from hf_cner.data import corpora as package
from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.queries import queries_for, query_file
from hf_cner.data.reading.detect import guess, same_family
from hf_cner.data.registry import REGISTRY, by_ending, entry, formats, published, readable, writable

DATA = Path(package.__file__).parents[1]
CORPUS = [
    Document("患者头痛😀。\r\n", (Span(2, 4, "症状"),), "a", "r"),
    Document("无发热，双肩痛。", (Span(1, 3, "症状"), Span(4, 6, "身体部位")), "b", "r"),
    Document("无。", (), "c", "c"),
]


@pytest.mark.parametrize("name", REGISTRY)
def test_an_entry_keeps_the_contract(name: str) -> None:
    found = entry(name)
    assert found.name == name == found.module.NAME
    assert found.published != (name in formats()) and (found.reads or found.writes)
    assert all(isinstance(text, str) and text for text in (found.description, found.licence, found.layout))
    assert len(set(found.entity_types)) == len(found.entity_types) and bool(found.entity_types) == found.published
    if found.published:
        assert not found.writes and found.module.CITATION.startswith("@") and found.module.LICENCE
    else:
        assert found.patterns and (not found.written_as or set(found.written_as) >= set(found.endings))
    assert {*found.reading_options, *found.writing_options}.isdisjoint({"path", "problems", "documents"})


def test_every_module_of_a_corpus_or_format_is_registered() -> None:
    """A file that can be read or written and that nobody can name is a line that was forgotten."""
    for folder in ("corpora", "formats"):
        there = {f"{folder}.{path.stem}" for path in (DATA / folder).glob("*.py") if "\nNAME = " in path.read_text()}
        assert there == {module for module in REGISTRY.values() if module.startswith(folder)}
    assert {*published(), *formats()} == set(REGISTRY)


@pytest.mark.parametrize("name", ON_DISK)
def test_an_example_is_read_and_looks_like_what_it_is(tmp_path: Path, name: str) -> None:
    if not entry(name).reads:
        pytest.skip(f"{name} is only written")
    folder = make(name, tmp_path / "raw")
    assert folder is not None, "an entry without an example is reached by no test"
    problems = Problems()
    documents = read_corpus(name, folder, problems=problems)
    assert any(document.spans for document in documents) and not problems.items
    assert all(span.type in (entry(name).entity_types or [span.type]) for d in documents for span in d.spans)
    looks = guess(folder)
    assert not looks or any(same_family(name, other) for other in looks) or (name, looks) == ("mrc", {"jsonl"})


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_corpus_has_one_question_per_type(name: str) -> None:
    types = entry(name).entity_types
    assert list(queries_for(name, types)) == list(types) and query_file(name) is not None


def test_no_file_of_another_is_read_as_texts_without_entities(tmp_path: Path) -> None:
    """What an entry makes of every other's files: a fault, or their entities."""
    files = {name: list(folder.rglob("*.*")) for name in ON_DISK if (folder := make(name, tmp_path / name))}
    for name in filter(lambda name: entry(name).reads, ON_DISK):
        for file in (file for other in files if other != name for file in files[other] if file.is_file()):
            try:
                documents = read_corpus(name, file)
            except DataError:
                continue
            assert not documents or any(document.spans for document in documents), (name, file)


@pytest.mark.parametrize("name", ON_DISK)
def test_an_empty_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"expected .*; (name|give) "):
        read_corpus(name, tmp_path)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("given", PUBLISHED)
def test_the_wrong_corpus_is_named(tmp_path: Path, name: str, given: str) -> None:
    folder = make(given, tmp_path / "raw")
    assert folder is not None
    looks = guess(folder)
    if not looks or any(same_family(name, other) for other in looks):
        return
    for on_error in ("stop", "skip"):
        with pytest.raises(DataError, match=f"look like .*; expected those of {name} "):
            read_corpus(name, folder, on_error=on_error)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_format_reads_what_it_writes(tmp_path: Path, name: str) -> None:
    """Texts, entities, and the order of the documents; what a format cannot hold it counts."""
    found = entry(name)
    ending = "" if found.folder else (found.written_as or found.endings)[0]
    path = tmp_path / f"a{ending}"
    written = found.write(CORPUS, path, options=OPTIONS.get(name))
    assert (written.documents, written.entities, written.lost) == (3, 3, [])
    assert path.is_dir() == found.folder
    again = read_corpus(name, path)
    lines = [document.text.strip("\r\n") for document in CORPUS]
    assert [document.text.strip("\r\n") for document in again] == lines
    assert [document.spans for document in again] == [document.spans for document in CORPUS]
    if not written.notes:
        assert [document.text for document in again] == [document.text for document in CORPUS]
        assert [(document.id, document.record) for document in again] == [(d.id, d.record) for d in CORPUS]


def test_every_entry_is_reached() -> None:
    assert {*ON_DISK, "sample"} == set(REGISTRY) and {*READ, *WRITTEN} == set(formats())


@pytest.mark.parametrize(
    ("name", "near"), [("ccks2071", "ccks2017"), ("literature", "tcm-literature"), ("conl", "conll")]
)
def test_an_unknown_name_has_its_neighbours(name: str, near: str) -> None:
    with pytest.raises(DataError, match=f"no corpus or format '{name}'; known are sample, .*did you mean .*{near}"):
        readable(name)
    with pytest.raises(DataError, match=r"no corpus or format '.*test_registry.py'.*--data-dir"):
        entry(__file__)
    with pytest.raises(DataError, match=r"no corpus or format '42'.*: give one of these"):
        entry("42")


def test_what_cannot_be_written_is_said() -> None:
    with pytest.raises(
        DataError, match="ccks2017 can be read, and not be written; what can be written is jsonl, conll"
    ):
        writable("CCKS2017")


def test_options_that_others_take_are_refused() -> None:
    assert entry("conll").reading({"scheme": "BIO", "column": None}) == {"scheme": "BIO"}
    with pytest.raises(DataError, match="jsonl is read without 'scheme', which only conll can be told; leave it out"):
        entry("jsonl").reading({"scheme": "BIO"})
    with pytest.raises(DataError, match="jsonl is written without 'queries', which only mrc can be told"):
        entry("jsonl").writing({"queries": {}})


def test_endings_say_what_a_file_is_where_nobody_does() -> None:
    found = {ending: by_ending(ending) for ending in (".ndjson", ".bio", ".csv", "")}
    assert {e: f.name if f else None for e, f in found.items()} == {
        ".ndjson": "jsonl",
        ".bio": "conll",
        ".csv": "table",
        "": None,
    }
    endings = [ending for name in formats() for ending in entry(name).endings]
    assert len(endings) == len(set(endings)), "an ending says one thing"


def test_modules_are_imported_when_they_are_needed_and_never_bring_torch() -> None:
    code = (
        "import sys, hf_cner.data.registry as r; "
        "modules = [f'hf_cner.data.{m}' for m in r.REGISTRY.values()]; "
        "assert not [m for m in modules if m in sys.modules]; "
        "r.entry('conll'); assert 'hf_cner.data.formats.mrc' not in sys.modules; "
        "list(r.entries()); heavy = {'torch', 'transformers', 'datasets', 'pandas'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
