"""The published corpora through the formats and splits: texts with CRLF, TAB, blanks, private-use characters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, read_jsonl, write_jsonl
from hf_cner.data.formats import conll
from hf_cner.data.splits import k_folds, shared_texts, split_by_record
from hf_cner.modeling.schemes import SCHEMES

pytestmark = pytest.mark.data

FOLDERS = {
    "ccks2017": "ccks2017/train",
    "ccks2017-early": "ccks2017_early",
    "ccks2018": "ccks2018/train",
    "ccks2019": "ccks2019",
    "tcm-leaflets": "tcm/leaflets",
    "tcm-formulas": "tcm/formulas",
}


def corpus(data_dir: Path, name: str) -> list[Document]:
    folder = data_dir / FOLDERS[name]
    if not folder.exists():
        pytest.skip(f"{folder} is not there")
    return read_corpus(name, folder)


@pytest.mark.parametrize("name", FOLDERS)
def test_jsonl_holds_everything(data_dir: Path, tmp_path: Path, name: str) -> None:
    documents = corpus(data_dir, name)
    write_jsonl(documents, tmp_path / "a.jsonl.gz")
    assert list(read_jsonl(tmp_path / "a.jsonl.gz")) == documents


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_conll_holds_every_line_and_every_flat_entity(data_dir: Path, tmp_path: Path, name: str) -> None:
    documents = corpus(data_dir, name)
    lines = [line for document in documents for line in re.split(r"[\r\n]+", document.text) if line]
    for scheme in SCHEMES:
        written = conll.write(documents, tmp_path / "a.conll", scheme=scheme)
        again = list(conll.read(tmp_path / "a.conll"))
        assert [document.text for document in again] == lines
        assert sum(len(document.spans) for document in again) == written.entities - len(written.lost)
        if name in ("ccks2017", "ccks2018", "ccks2019"):
            assert set(written.lost_by_reason) <= {"line end inside"}


def test_splits_have_the_sizes_asked_for(data_dir: Path) -> None:
    documents = corpus(data_dir, "ccks2017")
    parts = split_by_record(documents, (7, 2, 1), 42)
    assert [len({document.record for document in part}) for part in parts] == [210, 60, 30]
    assert not any(shared_texts(one, other) for place, one in enumerate(parts) for other in parts[:place])
    documents = corpus(data_dir, "ccks2019")
    train, test = split_by_record(documents, (8, 2), 42)
    assert (len(train), len(test)) == (800, 200)
    assert shared_texts(train, test) == []
    assert [len(held_out) for _, held_out in k_folds(documents, 5, 42)] == [200] * 5
