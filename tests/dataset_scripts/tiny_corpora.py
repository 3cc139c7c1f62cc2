"""Invented folders of one or two documents, in the layout of each corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEXT = "患者头痛，查胸部CT。"


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _section(folder: Path, name: str, lines: str) -> None:
    (folder / f"{name}.txtoriginal.txt").write_text(TEXT + "\r\n", encoding="utf-8", newline="")
    (folder / f"{name}.txt").write_text(lines, encoding="utf-8", newline="")


def _ccks2017(folder: Path) -> None:
    for section in ("一般项目", "病史特点"):
        (folder / section).mkdir()
        _section(folder / section, f"{section}-1", "头痛\t2\t3\t症状和体征\r\n胸部\t6\t7\t身体部位\r\n")


def _ccks2017_csv(folder: Path) -> None:
    (folder / "一般项目").mkdir()
    (folder / "一般项目" / "一般项目-301.txtoriginal.txt").write_text(TEXT, encoding="utf-8")
    (folder / "gold.csv").write_text("id,section,entities\n301,一般项目,头痛 2 3 症状和体征;\n", encoding="utf-8")


def _ccks2018(folder: Path) -> None:
    _section(folder, "入院记录现病史-1", "头痛\t2\t4\t独立症状\r\n")


def _ccks2019(folder: Path) -> None:
    entity = {"label_type": "影像检查", "overlap": 0, "start_pos": 6, "end_pos": 10}
    for name in ("subtask1_training_part1.txt", "subtask1_test_set_with_answer.json"):
        _json(folder / name, {"originalText": TEXT, "entities": [entity]})


def _cmeee(folder: Path) -> None:
    for name in ("chip.train", "chip.dev"):
        (folder / name).write_text(f"{TEXT}|||2    3    sym|||6    7    bod|||\n", encoding="utf-8")


def _cblue(folder: Path) -> None:
    for name in ("CMeEE_train.json", "CMeEE_dev.json"):
        _json(folder / name, [{"text": TEXT, "entities": [{"start_idx": 2, "end_idx": 3, "type": "sym"}]}])


def _literature(folder: Path) -> None:
    rows = ["黄 B-中药", "芪 I-中药", "治 O", "头 B-临床表现", "痛 I-临床表现"]
    for name in ("medical.train", "medical.dev"):
        (folder / name).write_text("\n".join(rows) + "\n\n", encoding="utf-8")


def _formulas(folder: Path) -> None:
    label = {"start": 0, "end": 3, "text": "桂枝汤", "labels": ["方剂名"]}
    _json(folder / "dataset1.json", [{"id": 1, "text": "桂枝汤主治外感。", "label": [label]}])


def _leaflets(folder: Path) -> None:
    _json(folder / "train.json", [{"id": 1, "text": " 用于头痛。", "labels": [["T1", "SYMPTOM", 3, 5, "头痛"]]}])


def _jsonl(folder: Path) -> None:
    row = {"text": TEXT, "entities": [{"start": 2, "end": 4, "type": "症状", "text": "头痛"}]}
    for name in ("train.jsonl", "dev.jsonl", "test.jsonl"):
        (folder / name).write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")


def _conll(folder: Path) -> None:
    (folder / "notes.bio").write_text("头\tB-症状\n痛\tI-症状\n。\tO\n", encoding="utf-8")


WRITE = {
    "ccks2017": _ccks2017,
    "ccks2017-csv": _ccks2017_csv,
    "ccks2017-early": _ccks2017,
    "ccks2018": _ccks2018,
    "ccks2019": _ccks2019,
    "cmeee": _cmeee,
    "cblue-cmeee": _cblue,
    "tcm-literature": _literature,
    "tcm-literature5": _literature,
    "tcm-formulas": _formulas,
    "tcm-leaflets": _leaflets,
    "jsonl": _jsonl,
    "conll": _conll,
}


def make(corpus: str, folder: Path) -> Path | None:
    """A folder of this corpus; None for the bundled one, which needs none."""
    if corpus == "sample":
        return None
    folder.mkdir()
    WRITE[corpus](folder)
    return folder
