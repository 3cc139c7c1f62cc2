"""What `fuzz_readers.py` starts from: for every reader of the package a small invented input that it takes.

A case names a reader, the files that it reads (path below a folder: bytes), and the call that reads that folder.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from hf_cner.cli.inputs import read_inputs
from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, check_characters
from hf_cner.data.formats import FORMATS, format_module
from hf_cner.data.json_text import read_json
from hf_cner.data.lexicon import read_lexicon
from hf_cner.data.problems import Problems
from hf_cner.data.queries import read_queries
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
    """All readers; a new corpus or format has to be given an input here."""
    return [*_corpora(), *_formats(), *_texts(), *_others(), *_checkpoints()]


def _dump(value: object, *, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode()


def _whole(documents: Iterable[Document]) -> None:
    """Read to the end; what comes out of a reader can be written."""
    for document in documents:
        check_characters(document)


def _corpus(name: str, files: dict[str, bytes]) -> Case:
    def read(folder: Path, problems: Problems) -> None:
        _whole(read_corpus(name, folder, problems=problems))

    return Case(name, files, read)


def _corpora() -> list[Case]:
    section = {
        "一般项目/一般项目-1.txtoriginal.txt": TEXT.encode(),
        "一般项目/一般项目-1.txt": "头痛\t2\t3\t症状和体征\r\n胸部\t6\t7\t身体部位\r\n".encode(),
    }
    csv = {
        "一般项目/一般项目-301.txtoriginal.txt": TEXT.encode(),
        "gold.csv": 'id,section,entities\n301,一般项目,"头痛 2 3 症状和体征;胸部 6 7 身体部位"\n'.encode(),
    }
    history = {
        "入院记录现病史-1.txtoriginal.txt": TEXT.encode(),
        "入院记录现病史-1.txt": "头痛\t2\t4\t独立症状\r\n".encode(),
    }
    ccks2019 = {"originalText": TEXT, "entities": [{"label_type": "影像检查", "start_pos": 6, "end_pos": 10}]}
    cblue = {"text": TEXT, "entities": [{"start_idx": 2, "end_idx": "3", "type": "sym", "entity": "头痛"}]}
    formulas = {"id": 7, "text": TEXT, "label": [{"start": 2, "end": 4, "text": "头痛", "labels": ["主治"]}]}
    leaflets = {"id": 7, "text": TEXT, "labels": [["T1", "SYMPTOM", 2, 4, "头痛"]]}
    tagged = "黄 B-中药\n芪 I-中药\n治 O\n\n头 B-临床表现\n痛 I-临床表现\n\n".encode()
    rows = {
        "id": "a",
        "record": "r",
        "text": TEXT,
        "entities": [{"start": 2, "end": 4, "type": "症状", "text": "头痛", "score": 0.5}],
    }
    return [
        _corpus("ccks2017", section),
        _corpus("ccks2017-early", section),
        _corpus("ccks2017-csv", csv),
        _corpus("ccks2018", history),
        _corpus("ccks2019", {"a_training_part1.txt": _dump(ccks2019) + b"\n" + _dump(ccks2019)}),
        _corpus("cmeee", {"chip.train": f"{TEXT[:11]}|||2    3    sym|||6    7    bod|||\n".encode()}),
        _corpus("cblue-cmeee", {"CMeEE_train.json": _dump([cblue, cblue], indent=1)}),
        _corpus("tcm-literature", {"medical.train": tagged}),
        _corpus("tcm-literature5", {"medical.train": tagged}),
        _corpus("tcm-formulas", {"dataset1.json": _dump([formulas, formulas])}),
        _corpus("tcm-leaflets", {"train.json": _dump([leaflets, leaflets])}),
        _corpus("jsonl", {"a.jsonl": _dump(rows) + b"\n" + _dump(rows) + b"\n"}),
        _corpus("conll", {"a.conll": "-DOCSTART- O\n\n头\tB_症状\n痛\tI_症状\n，\tO\n".encode()}),
    ]


def _formats() -> list[Case]:
    document = Document(TEXT, (), "a", "r")
    made = []
    for name in FORMATS:
        module = format_module(name)
        sample = {
            "jsonl": _dump({"text": TEXT, "entities": [{"start": 2, "end": 4, "type": "症状"}]}) + b"\n",
            "conll": "头,S-症状\n痛,O\n\n痛 B-X\n痛 E-X\n".encode(),
            "mrc": _dump(
                {
                    "id": document.id,
                    "context": TEXT,
                    "type": "症状",
                    "query": "有哪些症状？",
                    "answers": {"text": ["头痛"], "start": [2], "score": [0.5]},
                }
            )
            + b"\n",
        }[name]

        def read(folder: Path, problems: Problems, read_format: Callable = module.read) -> None:
            _whole(read_format(folder / "a", problems=problems))

        made.append(Case(f"format {name}", {"a": sample}, read))
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
