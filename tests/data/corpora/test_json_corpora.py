"""The corpora that come as JSON: CCKS-2019, CBLUE's CMeEE, TCM formulas and leaflets."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hf_cner.data.corpora import read_corpus, splits
from hf_cner.data.documents import Document, Span
from hf_cner.data.overlaps import Overlaps, count_overlaps
from hf_cner.data.problems import DataError, Problems


def entity(start: Any, end: Any, type_: str) -> dict[str, Any]:
    return {"label_type": type_, "overlap": 0, "start_pos": start, "end_pos": end}


def jsonl(path: Path, rows: list[dict[str, Any]], ending: str = "\n", bom: str = "\ufeff") -> Path:
    path.write_text(bom + "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + ending, encoding="utf-8")
    return path


def dump(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
    return path


TEXT19 = "　患者 行胸部CT,示左肺结节。"
ROW19 = {"originalText": TEXT19, "entities": [entity(5, 9, "影像检查"), entity(11, 13, "解剖部位")]}


def test_ccks2019_parts_bom_and_blank_last_line(tmp_path: Path) -> None:
    jsonl(tmp_path / "subtask1_training_part1.txt", [ROW19, ROW19])
    jsonl(tmp_path / "subtask1_training_part2.txt", [ROW19], ending="\n\n")
    (tmp_path / "subtask2_unlabeled.txt").write_text("1.： 胸部CT平扫", encoding="utf-8")
    jsonl(tmp_path / "subtask1_test_set_with_answer.json", [ROW19] * 5)
    documents = read_corpus("ccks2019", tmp_path)
    ids = ["subtask1_training_part1-1", "subtask1_training_part1-2", "subtask1_training_part2-1"]
    assert [d.id for d in documents] == [d.record for d in documents] == ids
    assert documents[0].text == TEXT19
    assert [documents[0].mention(s) for s in documents[0].spans] == ["胸部CT", "左肺"]
    assert splits("ccks2019", tmp_path) == ("train", "test")
    assert len(read_corpus("ccks2019", tmp_path, split="test")) == 5
    assert len(read_corpus("ccks2019", tmp_path / "subtask1_training_part2.txt")) == 1


def test_ccks2019_short_names_are_aliases(tmp_path: Path) -> None:
    row = {"originalText": TEXT19, "entities": [entity(5, 9, "检查"), entity(7, 9, "检验")]}
    (document,) = read_corpus("ccks2019", jsonl(tmp_path / "a.json", [row]))
    assert [span.type for span in document.spans] == ["影像检查", "实验室检验"]


def test_ccks2019_gz_and_documents_without_entities(tmp_path: Path) -> None:
    path = tmp_path / "x_training_part1.txt.gz"
    path.write_bytes(gzip.compress(json.dumps({"originalText": "无特殊。"}).encode()))
    assert read_corpus("ccks2019", tmp_path) == [Document("无特殊。", (), "x_training_part1-1", "x_training_part1-1")]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (entity(5, 9, "部位"), r":1: found the type '部位'.*one of 疾病和诊断, 影像检查"),
        (entity(5, 5, "手术"), r":1: found offsets 5 to 5 \(手术\).*an exclusive end after the start"),
        (entity(5, 90, "手术"), r":1: found offsets 5 to 90.*inside the text of 16 characters; correct the offsets"),
        (entity("五", 9, "手术"), r":1: found the entity .*label_type, start_pos and end_pos"),
        (entity(True, 9, "手术"), r":1: found the entity "),
        ({"start_pos": 1}, r":1: found the entity "),
        ("胸部", r":1: found the entity '胸部'"),
    ],
)
def test_ccks2019_faults(tmp_path: Path, bad: Any, message: str) -> None:
    path = jsonl(tmp_path / "a.json", [{"originalText": TEXT19, "entities": [bad, *ROW19["entities"]]}])
    with pytest.raises(DataError, match=message):
        read_corpus("ccks2019", path)
    problems = Problems("skip")
    (document,) = read_corpus("ccks2019", path, problems=problems)
    assert len(document.spans) == 2 and len(problems.items) == 1


def test_ccks2019_truncated_line_and_empty_text(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.json", [ROW19, {"originalText": "", "entities": []}], ending='\n{"originalText": "患')
    with pytest.raises(DataError, match=r"a\.json:2: found an empty text"):
        read_corpus("ccks2019", path)
    problems = Problems("skip")
    assert len(read_corpus("ccks2019", path, problems=problems)) == 1
    assert [item.line for item in problems.items] == [2, 3]


TEXT_E = "若患小儿先天性心肺病,予氧疗。"


def cblue(start: Any, end: Any, type_: str, mention: str | None = None) -> dict[str, Any]:
    return {"start_idx": start, "end_idx": end, "type": type_} | ({"entity": mention} if mention else {})


def test_cblue_cmeee(tmp_path: Path) -> None:
    entities = [cblue(2, 9, "dis", "小儿先天性心肺病"), cblue(7, 8, "bod", "心肺"), cblue(12, 13, "pro")]
    dump(tmp_path / "CMeEE_train.json", [{"text": TEXT_E, "entities": entities}, {"text": "无。"}])
    dump(tmp_path / "CMeEE_dev.json", [{"text": TEXT_E, "entities": entities}])
    documents = read_corpus("cblue-cmeee", tmp_path)
    assert [d.id for d in documents] == ["CMeEE_train-1", "CMeEE_train-2"]
    assert [documents[0].mention(s) for s in documents[0].spans] == ["小儿先天性心肺病", "心肺", "氧疗"]
    assert splits("cblue-cmeee", tmp_path) == ("train", "validation")
    assert [d.id for d in read_corpus("cblue-cmeee", tmp_path, split="validation")] == ["CMeEE_dev-1"]
    with pytest.raises(DataError, match="found the splits train, validation; expected 'test'"):
        read_corpus("cblue-cmeee", tmp_path, split="test")


def test_cblue_cmeee_other_convention_in_one_file(tmp_path: Path) -> None:
    entities = [cblue(7, 9, "bod", "心肺"), cblue(12, 14, "pro", "氧疗")]
    path = dump(tmp_path / "x.json", [{"text": TEXT_E, "entities": entities}])
    message = r"x\.json:2: found the mention '心肺' at 7 to 9.*exclusive ends all 2 mentions of this file would match"
    with pytest.raises(DataError, match=message):
        read_corpus("cblue-cmeee", path)
    path = dump(path, [{"text": TEXT_E, "entities": [cblue(7, None, "bod")]}])
    with pytest.raises(DataError, match="start_idx, end_idx"):
        read_corpus("cblue-cmeee", path)


TEXT_F = "四物汤主治血虚。"


def label(start: Any, end: Any, text: str, *types: str) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text, "labels": list(types)}


def test_formulas(tmp_path: Path) -> None:
    items = [
        {"text": TEXT_F, "id": 11, "label": [label(0, 3, "四物汤", "方剂名"), label(5, 7, "血虚", "主治", "功用")]},
        {"text": "无。", "id": 12},
        {"text": TEXT_F, "label": None},
    ]
    dump(tmp_path / "dataset1.json", items)
    (tmp_path / "train.json").write_bytes("句子,标签\n四物汤,方剂\n".encode("gbk"))  # as published
    documents = read_corpus("tcm-formulas", tmp_path)
    assert [d.id for d in documents] == ["11", "12", "dataset1-3"]
    assert documents[0].spans == (Span(0, 3, "方剂名"), Span(5, 7, "主治"), Span(5, 7, "功用"))
    assert documents[1].spans == documents[2].spans == ()


def test_formulas_faults(tmp_path: Path) -> None:
    path = dump(tmp_path / "d.json", [{"text": TEXT_F, "label": [label(0, 2, "四物汤", "方剂名")]}])
    with pytest.raises(DataError, match="the only mention of this file would match; these are inclusive"):
        read_corpus("tcm-formulas", path)
    path = dump(path, [{"text": TEXT_F, "label": [label(0, 3, "四物汤")]}])
    with pytest.raises(DataError, match=r"start, end \(whole numbers\), text and labels"):
        read_corpus("tcm-formulas", path)
    path = dump(path, [{"txt": TEXT_F, "annotation_id": 3}])
    with pytest.raises(DataError, match=r"d\.json:2: found an object with 'txt', 'annotation_id'; expected 'text'"):
        read_corpus("tcm-formulas", path)


def test_leaflets(tmp_path: Path) -> None:
    text = " 益气补血。\ue000<br/>忌辛辣😀,感冒者慎用。"
    labels = [["T1", "DRUG_EFFICACY", 1, 3, "益气"], ["T2", "PERSON_GROUP", 17, 20, "感冒者"]]
    items = [{"id": 4, "text": text, "labels": labels, "pseudo": 0, "candidate_entities": []}]
    (document,) = read_corpus("tcm-leaflets", dump(tmp_path / "train.json", items).parent)
    assert document.id == "4" and document.text == text
    assert [document.mention(s) for s in document.spans] == ["益气", "感冒者"]
    dump(tmp_path / "train.json", [{"id": 4, "text": text, "labels": [["T1", "DRUG", 1]]}])
    with pytest.raises(DataError, match=r"found the label .*expected \[id, type, start, end, mention\]"):
        read_corpus("tcm-leaflets", tmp_path)


@pytest.mark.data
def test_published_ccks2019(data_dir: Path) -> None:
    documents = read_corpus("ccks2019", data_dir / "ccks2019")
    assert len(documents) == 1000
    spans = [(d.mention(s), s.type) for d in documents for s in d.spans]
    counts = {"疾病和诊断": 4212, "影像检查": 969, "实验室检验": 1195, "手术": 1029, "药物": 1822, "解剖部位": 8426}
    assert Counter(type_ for _, type_ in spans) == counts
    assert len(set(spans)) == 5363


@pytest.mark.data
def test_published_formulas_and_leaflets(data_dir: Path) -> None:
    formulas = read_corpus("tcm-formulas", data_dir / "tcm" / "formulas")
    assert len(formulas) == 1499 and sum(len(d.spans) for d in formulas) == 10140
    assert sum((count_overlaps(d.spans) for d in formulas), Overlaps())[:2] == (488, 12)
    leaflets = read_corpus("tcm-leaflets", data_dir / "tcm" / "leaflets")
    assert len(leaflets) == 850 and sum(len(d.spans) for d in leaflets) == 15129
    assert sum((count_overlaps(d.spans) for d in leaflets), Overlaps())[:2] == (0, 0)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"text": "头痛", "label": [[0, 2, "症状"]]}', "files that look like doccano; expected those of cblue-cmeee"),
        (
            '{"text": "头痛", "entitys": []}',
            r"an object with 'text', 'entitys' \(is 'entitys' meant\?\); expected 'text'",
        ),
    ],
)
def test_annotations_under_another_key_are_not_passed_over(tmp_path: Path, row: str, said: str) -> None:
    (tmp_path / "CMeEE_train.json").write_text(f"[{row}]", encoding="utf-8")
    with pytest.raises(DataError, match=f"found {said}"):
        read_corpus("cblue-cmeee", tmp_path)


def test_a_published_part_without_annotations_is_read(tmp_path: Path) -> None:
    (tmp_path / "CMeEE_test.json").write_text(
        '[{"text": "头痛"}, {"text": "发热", "entities": null}]', encoding="utf-8"
    )
    assert [document.text for document in read_corpus("cblue-cmeee", tmp_path, split="test")] == ["头痛", "发热"]
