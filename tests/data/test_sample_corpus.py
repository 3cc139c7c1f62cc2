"""The bundled sample corpus: invented, regenerated exactly, consistently annotated, and free of shared sentences."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import hf_cner.data
from hf_cner.data.corpora.ccks2017 import ENTITY_TYPES
from hf_cner.data.documents import Document, read_jsonl
from hf_cner.data.splits import split_by_record

FOLDER = Path(hf_cner.data.__file__).parent / "sample"
SCRIPT = Path(__file__).resolve().parents[2] / "dataset_scripts" / "sample" / "make_sample.py"
SECTIONS = ("一般项目", "病史特点", "诊疗经过", "出院情况")
DEPARTMENTS = re.compile("呼吸内科|皮肤科")  # names of wards, not mentions of breathing or skin


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(read_jsonl(FOLDER / "sections.jsonl"))


def sentences(texts: list[str]) -> set[str]:
    pieces = (piece.strip() for text in texts for piece in re.split("[。；]", text))
    return {piece for piece in pieces if len(piece) >= 6}


def test_enough_records_of_all_four_sections(documents: list[Document]) -> None:
    by_record = defaultdict(list)
    for document in documents:
        by_record[document.record].append(document.id)
    assert len(documents) >= 240
    assert len(by_record) >= 60
    for record, ids in by_record.items():
        assert ids == [f"{section}-{record}" for section in SECTIONS]
    assert list(by_record) == [f"S{number:03}" for number in range(1, len(by_record) + 1)]
    assert all(60 <= len(document.text) <= 400 for document in documents)


def test_every_type_is_frequent_and_nothing_overlaps(documents: list[Document]) -> None:
    mentions = Counter(span.type for document in documents for span in document.spans)
    assert set(mentions) == set(ENTITY_TYPES)
    assert min(mentions.values()) >= 300
    for document in documents:
        assert all(a.end <= b.start for a, b in zip(document.spans, document.spans[1:], strict=False))
        assert all(document.mention(span) == document.mention(span).strip() for span in document.spans)
        assert not set("【】〔〕《》『』〖〗<>()|") & set(document.text)


def test_conditions_are_many(documents: list[Document]) -> None:
    firsts = [d for d in documents if d.id.startswith("一般项目")]
    diagnoses = {d.mention(s) for d in firsts for s in d.spans if s.type == "疾病和诊断"}
    assert len({re.sub("^[左右](侧|眼|下肢|膝)?", "", name) for name in diagnoses}) >= 25


def test_a_mention_has_one_type_and_is_annotated_everywhere(documents: list[Document]) -> None:
    types = defaultdict(set)
    for document in documents:
        for span in document.spans:
            types[document.mention(span)].add(span.type)
    assert {name: found for name, found in types.items() if len(found) > 1} == {}
    names = sorted((name for name in types if len(name) > 1), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, names)))
    for document in documents:
        rest = list(document.text)
        for span in document.spans:
            rest[span.start : span.end] = "\n" * (span.end - span.start)
        left = pattern.findall(DEPARTMENTS.sub("\n", "".join(rest)))
        assert left == [], f"{document.id}: {left} not annotated"


def test_most_mentions_come_back_so_that_they_can_be_learned(documents: list[Document]) -> None:
    records = defaultdict(set)
    for document in documents:
        for span in document.spans:
            records[document.mention(span)].add(document.record)
    total = sum(len(document.spans) for document in documents)
    again = sum(len(records[d.mention(s)]) > 1 for d in documents for s in d.spans)
    assert again / total > 0.85


def test_no_two_records_share_a_sentence(documents: list[Document]) -> None:
    owners = defaultdict(set)
    for document in documents:
        for sentence in sentences([document.text]):
            owners[sentence].add(document.record)
    assert [sentence for sentence, records in owners.items() if len(records) > 1] == []


def test_a_split_by_record_shares_no_sentence(documents: list[Document]) -> None:
    train, test, dev = split_by_record(documents, [7, 2, 1], 42)
    texts = [{d.text for d in part} for part in (train, test, dev)]
    assert all(texts)
    train_sentences = sentences(list(texts[0]))
    assert train_sentences & sentences(list(texts[1])) == set()
    assert train_sentences & sentences(list(texts[2])) == set()


def test_blanks_full_width_characters_and_negations_occur(documents: list[Document]) -> None:
    text = "\n".join(document.text for document in documents)
    for needed in ("　", "  ", "２", "℃", "°C", "次/分", "mmHg", "未见", "否认", ","):
        assert needed in text
    assert re.search(r"无(发热|咳嗽|头痛|腹痛|呕吐)", text)


def test_the_script_makes_the_bundled_file(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--output-dir", str(tmp_path)]
    run = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
    assert (tmp_path / "sections.jsonl").read_bytes() == (FOLDER / "sections.jsonl").read_bytes()
    assert "invented sections" in run.stdout
    (tmp_path / "sections.jsonl").write_text("mine", encoding="utf-8")
    again = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")
    assert again.returncode == 2 and "sections.jsonl exists; name another folder" in again.stderr
    assert (tmp_path / "sections.jsonl").read_text(encoding="utf-8") == "mine"


def test_the_readme_says_invented_and_counts_right(documents: list[Document]) -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "invented" in readme.splitlines()[0]
    assert "Every word here is invented" in readme
    for name, number in Counter(span.type for document in documents for span in document.spans).items():
        assert f"{name} {number:,}" in readme
    assert f"{len(documents)} sections of {len({d.record for d in documents})} records" in readme


def test_three_unseen_notes(documents: list[Document]) -> None:
    known = sentences([document.text for document in documents])
    notes = [(FOLDER / "notes" / f"{number}.txt").read_text(encoding="utf-8") for number in (1, 2, 3)]
    assert all(150 <= len(note) <= 250 for note in notes)
    assert sentences(notes) & known == set()


def test_small_enough_to_bundle() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 600_000
