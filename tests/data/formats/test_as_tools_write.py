"""Files as other programs really write them, each of which was once read as something else without a word."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pytest
from pyarrow import parquet

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.formats import table
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.table_writing import write_table


def found(corpus: str, path: Path, **options: Any) -> list[tuple[str, list[str]]]:
    """Each text with `type:mention` of its entities."""
    return [shown(document) for document in read_corpus(corpus, path, **options)]


def shown(document: Document) -> tuple[str, list[str]]:
    return document.text, [f"{span.type}:{document.mention(span)}" for span in document.spans]


def saved(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def test_tasks_of_one_patient_in_json_min_stay_apart(tmp_path: Path) -> None:
    beside = {"document": "P1", "annotator": 1, "lead_time": 1}
    label = [{"start": 2, "end": 4, "text": "头痛", "labels": ["症状"]}]
    rows = [
        {"id": 1, "text": "患者头痛3天。", "annotation_id": 1, "label": label, **beside},
        {"id": 2, "text": "复查，无不适。", "annotation_id": 2, **beside},
        {"id": 3, "text": "复查，无不适。", "annotation_id": 3, **beside},
    ]
    expected = [("患者头痛3天。", ["症状:头痛"]), ("复查，无不适。", []), ("复查，无不适。", [])]
    path = saved(tmp_path / "min.json", rows)
    assert found("label-studio", path) == found("label-studio", path, options={"annotator": "1"}) == expected


def test_regions_of_a_second_text_are_counted(tmp_path: Path) -> None:
    def region(to_name: str, start: int, kind: str) -> dict[str, Any]:
        value = {"start": start, "end": start + 2, "labels": [kind]}
        return {"from_name": "l", "to_name": to_name, "type": "labels", "value": value}

    def task(*regions: dict[str, Any]) -> list[dict[str, Any]]:
        data = {"text": "患者头痛3天。", "plan": "予阿司匹林口服。"}
        return [{"id": 1, "data": data, "annotations": [{"completed_by": 1, "result": list(regions)}]}]

    choice = {"to_name": "picture", "type": "choices", "value": {"choices": ["x"]}}
    path = saved(tmp_path / "one.json", task(region("t", 2, "症状"), choice))
    assert found("label-studio", path) == [("患者头痛3天。", ["症状:头痛"])]  # one text, whatever it is called
    path = saved(tmp_path / "two.json", task(region("text", 2, "症状"), region("plan", 1, "药物"), choice))
    problems = Problems()
    assert found("label-studio", path, problems=problems) == [("患者头痛3天。", ["症状:头痛"])]
    assert any("regions of another text of the task" in note for note in problems.notes.values())
    path = saved(tmp_path / "other.json", task(region("t", 2, "症状"), region("plan", 1, "药物")))
    with pytest.raises(DataError, match="found regions of the texts 't', 'plan' in task 1; expected those of 'text'"):
        found("label-studio", path)


def test_a_layer_of_inception_without_features_is_the_type(tmp_path: Path) -> None:
    lines = ["#FORMAT=WebAnno TSV 3.3", "#T_SP=webanno.custom.Finding|", "", "", "#Text=患者头痛。"]
    lines += ["1-1\t0-2\t患者\t_\t", "1-2\t2-4\t头痛\t*\t", "1-3\t4-5\t。\t_\t", ""]
    (tmp_path / "a.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert found("inception", tmp_path / "a.tsv") == [("患者头痛。", ["Finding:头痛"])]


def test_an_empty_list_of_doccano_hides_no_other(tmp_path: Path) -> None:
    entity = {"id": 1, "label": "症状", "start_offset": 2, "end_offset": 4}
    row = {"id": 1, "text": "患者头痛。", "label": [], "entities": [entity], "relations": []}
    assert found("doccano", saved(tmp_path / "a.jsonl", row)) == [("患者头痛。", ["症状:头痛"])]
    row["label"] = [[2, 4, "症状"]]
    with pytest.raises(DataError, match="found annotations in 'label' and in 'entities'; expected one list of them"):
        found("doccano", saved(tmp_path / "b.jsonl", row))


def test_rows_of_doccano_that_name_their_unit_are_read_by_it(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "text": "🧠患者头痛。", "label": [[4, 6, "症状"]], "offsets": "utf-16"},
        {"id": 2, "text": "🧠患者头痛。", "label": [[3, 5, "症状"]], "offsets": "code-points"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert [spans for _, spans in found("doccano", tmp_path / "a.jsonl")] == [["症状:头痛"]] * 2


def workbook(
    path: Path, change: Callable[[openpyxl.Workbook], object], files: Callable[[dict[str, bytes]], object]
) -> Path:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["id", "text"])
    for number in range(5):
        sheet.append([f"n{number}", f"患者头痛{number}天，发热，查体心肺未见异常。"])
    change(book)
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    files(content)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("stale", [b'ref="A1:B3"', b'ref="A1"', b'ref="A1:A6"'])
def test_the_size_that_a_sheet_says_of_itself_is_not_believed(stale: bytes, tmp_path: Path) -> None:
    def say(files: dict[str, bytes]) -> None:
        name = "xl/worksheets/sheet1.xml"
        assert b'ref="A1:B6"' in files[name]
        files[name] = files[name].replace(b'ref="A1:B6"', stale)

    path = workbook(tmp_path / "a.xlsx", lambda book: None, say)
    read = read_corpus("table", path, gold="ignored")
    assert [document.id for document in read] == [f"n{number}" for number in range(5)]


def test_a_sheet_with_a_chart_alone_is_no_fault(tmp_path: Path) -> None:
    def chart(book: openpyxl.Workbook) -> None:
        from openpyxl.chart import BarChart

        book.create_chartsheet("图", 0).add_chart(BarChart())

    path = workbook(tmp_path / "a.xlsx", chart, lambda files: None)
    assert len(read_corpus("table", path, gold="ignored")) == 5


def test_merged_cells_are_seen_in_a_sheet_whose_file_has_another_number(tmp_path: Path) -> None:
    def merge(book: openpyxl.Workbook) -> None:
        book.active.merge_cells("A2:A3")
        book.create_sheet("空", 0)

    def swap(files: dict[str, bytes]) -> None:
        one, two = (f"xl/worksheets/sheet{number}.xml" for number in (1, 2))
        files[one], files[two] = files[two], files[one]
        relations = files["xl/_rels/workbook.xml.rels"]
        for old, new in (
            (b"sheet1.xml", b"sheet?.xml"),
            (b"sheet2.xml", b"sheet1.xml"),
            (b"sheet?.xml", b"sheet2.xml"),
        ):
            relations = relations.replace(old, new)
        files["xl/_rels/workbook.xml.rels"] = relations

    for name, change in (("a", lambda files: None), ("b", swap)):
        with pytest.raises(DataError, match=r"found merged cells \(A2:A3\)"):
            read_corpus("table", workbook(tmp_path / f"{name}.xlsx", merge, change), gold="ignored")


def test_an_identity_card_keeps_its_digits_in_excel(tmp_path: Path) -> None:
    write_table(tmp_path / "a.xlsx", ["card", "small"], [(110101199003071234, 10**14), (-(10**17), True)])
    sheet: Any = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["110101199003071234", 10**14],
        ["-100000000000000000", True],
    ]


def test_columns_that_parquet_cannot_hold_become_texts(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "large": [2**64 - 1, 1],
        "larger": [10**25, 1],
        "mixed": [[1, "x"], [2]],
        "objects": [{"x": 1}, {"x": "s"}],
        "empty": [{}, {}],
        "numbers": [36.5, 37],
    }
    write_table(tmp_path / "a.parquet", list(columns), list(zip(*columns.values(), strict=True)))
    written = parquet.read_table(tmp_path / "a.parquet")
    assert written["numbers"].to_pylist() == [36.5, 37.0]
    texts = {name: written[name].to_pylist() for name in columns if name != "numbers"}
    assert all(written[name].type == pyarrow.string() for name in texts)
    assert texts["large"] == ["18446744073709551615", "1"] and texts["larger"] == [str(10**25), "1"]
    assert texts["mixed"] == ['[1, "x"]', "[2]"] and texts["objects"] == ['{"x": 1}', '{"x": "s"}']
    assert texts["empty"] == ["{}", "{}"]


def test_texts_of_one_name_in_several_folders_stay_apart(tmp_path: Path) -> None:
    for ward, mention in (("a", "头痛"), ("b", "发热"), ("c", "发热")):
        (tmp_path / ward).mkdir()
        (tmp_path / ward / "n1.txt").write_text(f"患者{mention}。", encoding="utf-8")
        (tmp_path / ward / "n1.ann").write_text(f"T1\t症状 2 4\t{mention}\n", encoding="utf-8")
    problems = Problems()
    documents = read_corpus("brat", tmp_path, problems=problems)
    assert [(document.id, document.record) for document in documents][:2] == [("n1", ""), ("n1-2", "n1")]
    assert len({document.id for document in documents}) == 3
    assert any("texts with the name of another × 2" in note for note in problems.notes.values())


def test_copied_columns_keep_names_of_their_own(tmp_path: Path) -> None:
    columns = {"start": "keep", "start (input)": "me", "ward": "B3"}
    document = Document("头痛", (Span(0, 2, "症状"),), "a", columns=columns)
    table.write([document], tmp_path / "a.csv", entities="rows")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["start"], row["start (input)"], row["start (input) (input)"], row["ward"]) == ("0", "me", "keep", "B3")
