"""What `fuzz_readers.py` starts from: for every reader of the package a small invented input that it takes.

A case names a reader, the files that it reads (path below a folder: bytes), and the call that reads that folder.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span, check_characters
from hf_cner.data.formats import table
from hf_cner.data.inputs import read_inputs
from hf_cner.data.json_text import read_json
from hf_cner.data.lexicon import read_lexicon
from hf_cner.data.problems import Problems
from hf_cner.data.queries import read_queries
from hf_cner.data.registry import entries
from hf_cner.data.texts import read_texts
from hf_cner.data.vectors import read_word2vec
from hf_cner.inference.checkpoint import check_folder
from hf_cner.inference.shapes import check_numbers, weight_shapes

TEXT = "患者头痛，查胸部CT。\r\n予　热敷😀。"
Read = Callable[[Path, Problems], object]


class Case(NamedTuple):
    """A reader with a whole input."""

    name: str
    files: dict[str, bytes]
    read: Read


def cases() -> list[Case]:
    """All readers; those of corpora and formats begin with the examples of the registry."""
    return [*_registered(), *_tables(), *_texts(), *_others(), *_checkpoints()]


def _dump(value: object, *, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode()


def _whole(documents: Iterable[Document]) -> None:
    """Read to the end; what comes out of a reader can be written."""
    for document in documents:
        check_characters(document)


def _registered() -> list[Case]:
    """Every corpus and format: its own example, with a blank of another width and a character of two UTF-16 units."""
    made = []
    for found in entries():
        if found.example and found.reads:
            files = {
                name: content.replace("CT。", "CT。予　热敷😀。").encode() for name, content in found.example.items()
            }

            def read(folder: Path, problems: Problems, name: str = found.name) -> None:
                _whole(read_corpus(name, folder, problems=problems))

            made.append(Case(found.name, files, read))
    return made


def _tables() -> list[Case]:
    """Tables in the forms that no example shows, since they are no text."""
    documents = [Document(TEXT, (), "a", "r", {"ward": "3"}), Document("头痛", (Span(0, 2, "症状"),), "b")]
    made = []
    for ending in (".xlsx", ".parquet", ".arrow", ".feather"):
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"a{ending}"
            table.write(documents, path)
            data = path.read_bytes()

        def read(folder: Path, problems: Problems, name: str = path.name) -> None:
            _whole(table.read(folder / name, problems=problems))

        made.append(Case(f"table {ending}", {path.name: data}, read))
    return made


def _texts() -> list[Case]:
    files = {"notes/a.txt": TEXT.encode(), "notes/b.txt.gz": gzip.compress(TEXT.encode(), mtime=0)}
    lines = {"a.jsonl": _dump({"text": TEXT}) + b"\n\n" + _dump({"text": TEXT, "id": 3})}

    def texts(folder: Path, problems: Problems) -> None:
        _whole(read_texts([folder], problems=problems))

    def inputs(folder: Path, problems: Problems) -> None:
        _whole(read_inputs(str(folder / "notes"), problems=problems)[0])

    def rows(folder: Path, problems: Problems) -> None:
        _whole(read_inputs(str(folder / "a.jsonl"), problems=problems)[0])

    return [Case("texts", files | lines, texts), Case("inputs", files, inputs), Case("input rows", lines, rows)]


def _others() -> list[Case]:
    questions = "药物: 有哪些药物？\n\"检查\": '做了哪些检查？'\n"
    vectors = "3 2\n头 0.5 -1e-3\n痛 1 2\n</s> 0 0\n".encode()
    return [
        Case("queries", {"q.yaml": questions.encode()}, _named("q.yaml", read_queries)),
        Case("json", {"a.json": _dump([1, -2.5e3, "头", None, True, {"a": [{}]}])}, _named("a.json", read_json)),
        Case(
            "vectors", {"v.txt": vectors}, lambda folder, problems: read_word2vec(folder / "v.txt", problems=problems)
        ),
        Case(
            "packed vectors",
            {"v.gz": gzip.compress(vectors, mtime=0)},
            lambda folder, problems: read_word2vec(folder / "v.gz", problems=problems),
        ),
        Case(
            "lexicon",
            {"w.txt": "头痛\n 胸部CT\n\n".encode()},
            lambda folder, problems: read_lexicon(folder / "w.txt", problems=problems),
        ),
        Case("lexicon of vectors", {"w.txt": vectors}, lambda folder, problems: read_lexicon(folder / "w.txt")),
    ]


def _named(name: str, read: Callable[[Path], object]) -> Read:
    return lambda folder, problems: read(folder / name)


def _checkpoints() -> list[Case]:
    header = _dump({"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}})
    weights = len(header).to_bytes(8, "little") + header + b"\0" * 16
    config = _dump({"model_type": "cner", "entity_types": ["症状"], "encoder": {"kind": "static", "vocab_size": 2}})
    tokenizer = {"tokenizer.json": b'{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}}}'}
    tokenizer["tokenizer_config.json"] = b'{"tokenizer_class": "PreTrainedTokenizerFast"}'
    index = _dump({"metadata": {"total_size": 16}, "weight_map": {"a.weight": "model-1.safetensors"}})

    def read(folder: Path, problems: Problems) -> None:
        check_numbers(check_folder(folder), weight_shapes(folder), folder)

    return [
        Case("checkpoint", {"config.json": config, "model.safetensors": weights, **tokenizer}, read),
        Case(
            "checkpoint in parts",
            {
                "config.json": config,
                "model.safetensors.index.json": index,
                "model-1.safetensors": weights,
                **tokenizer,
            },
            read,
        ),
    ]
