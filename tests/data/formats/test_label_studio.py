"""Label Studio: whose annotation is read, what is counted and left out, and the tasks and configuration written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.formats.label_studio import labelling_config, write
from hf_cner.data.problems import DataError, Problems

TEXT = "患者头痛，双肩痛。"


def region(start: int, end: int, *labels: str, **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": list(labels)}
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value, **more}


def task(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"text": TEXT}, "annotations": list(annotations), **more}


def saved(tmp_path: Path, *tasks: dict[str, Any]) -> Path:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(list(tasks), ensure_ascii=False), encoding="utf-8")
    return path


ONE = {"completed_by": 1, "result": [region(2, 4, "症状")]}
OTHER = {
    "completed_by": {"id": 2, "email": "b@ward", "first_name": "Wei", "last_name": "Li"},
    "result": [region(5, 8, "症状")],
}
FIRST, SECOND = (Span(2, 4, "症状"),), (Span(5, 8, "症状"),)


def test_two_annotators_and_the_one_that_is_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path, task(ONE, OTHER))
    with pytest.raises(
        DataError, match=r"2 annotations of task 7 that differ \(by 1, .*b@ward.*\); expected one; say whose"
    ):
        read_corpus("label-studio", path)
    for name, spans in {"1": FIRST, "2": SECOND, "b@ward": SECOND, "Wei Li": SECOND}.items():
        assert read_corpus("label-studio", path, options={"annotator": name}) == [Document(TEXT, spans, "7")]
    with pytest.raises(DataError, match="found no document of label-studio"):
        read_corpus("label-studio", path, options={"annotator": "nobody"})
    problems = Problems("skip")
    other = task({**ONE, "ground_truth": True}, OTHER)
    assert (
        read_corpus("label-studio", saved(tmp_path, other, {**task(ONE), "id": 8}), problems=problems)[0].spans == FIRST
    )
    assert not problems.items


def test_cancelled_copied_and_missing_annotations_are_counted(tmp_path: Path) -> None:
    problems = Problems()
    path = saved(
        tmp_path,
        task(ONE, {**ONE, "completed_by": 3}, {**OTHER, "was_cancelled": True}),
        {**task(), "id": 8},
        {**task({"completed_by": 1, "result": []}), "id": 9},
    )
    found = read_corpus("label-studio", path, problems=problems)
    assert found == [Document(TEXT, FIRST, "7"), Document(TEXT, (), "9")]
    said = " ".join(problems.notes.values())
    for part in (
        "cancelled annotations × 1",
        "annotations that equal another of the task × 1",
        "an annotation yet × 1",
    ):
        assert part in said


def test_predictions_are_read_only_where_they_are_asked_for(tmp_path: Path) -> None:
    prediction = {"model_version": "v1", "score": 0.5, "result": [region(2, 4, "症状", score=0.75)]}
    path = saved(tmp_path, {"id": 7, "data": {"text": TEXT}, "predictions": [prediction]})
    problems = Problems("skip")
    with pytest.raises(DataError, match="no document"):
        read_corpus("label-studio", path, problems=problems)
    assert "a model's predictions are there: --reading annotator=predictions" in " ".join(problems.notes.values())
    for name in ("predictions", "v1"):
        (document,) = read_corpus("label-studio", path, options={"annotator": name})
        assert document.spans == FIRST and document.spans[0].score == 0.75


def test_what_is_no_entity_is_counted(tmp_path: Path) -> None:
    more = [
        {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"},
        {"type": "choices", "value": {"choices": ["x"]}},
        region(2, 4, "症状"),
        region(0, 2),
        region(5, 7, "部位", "症状"),
    ]
    problems = Problems()
    (document,) = read_corpus("label-studio", saved(tmp_path, task({"result": more + more[2:3]})), problems=problems)
    assert document.spans == (Span(2, 4, "症状"), Span(5, 7, "症状"), Span(5, 7, "部位"))
    said = " ".join(problems.notes.values())
    for part in (
        "regions of the kind relation × 1",
        "of the kind choices",
        "regions without a label × 1",
        "repeated entities × 1",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"type": "hypertextlabels", "value": {"start": "/p[1]/text()[1]", "startOffset": 0}},
            r"web page \(HyperText\)",
        ),
        ({"type": "labels", "value": {"start": "x", "end": 4, "labels": ["a"]}}, "the region .* in task 7"),
        (7, "the region 7"),
        (region(2, 99, "症状"), "offsets 2 to 99 .*inside the text of 9 characters"),
        (region(2, 4, "症状 "), "the type '症状 ' in document 7, which has a blank at"),
    ],
)
def test_regions_that_cannot_be_are_faults(tmp_path: Path, wrong: Any, said: str) -> None:
    path = saved(tmp_path, task({"result": [wrong]}))
    with pytest.raises(DataError, match=f"export.json:1: found .*{said}"):
        read_corpus("label-studio", path)
    assert read_corpus("label-studio", path, on_error="skip") == [Document(TEXT, (), "7")]


def test_the_text_may_have_another_key(tmp_path: Path) -> None:
    result = [region(2, 4, "症状")]
    path = saved(tmp_path, {"data": {"note": TEXT, "id": "n1"}, "annotations": [{"result": result}]})
    assert read_corpus("label-studio", path) == [Document(TEXT, FIRST, "n1")]
    path = saved(tmp_path, {"data": {"note": TEXT, "ward": "x"}, "annotations": [{"result": result}]})
    with pytest.raises(
        DataError, match=r"no single text in data \('note', 'ward'\): name it with --reading text_column"
    ):
        read_corpus("label-studio", path)
    assert read_corpus("label-studio", path, options={"text_column": "note"})[0].spans == FIRST


def test_json_min_is_put_together_by_task(tmp_path: Path) -> None:
    def row(annotator: int, *regions: dict[str, Any]) -> dict[str, Any]:
        values = [r["value"] for r in regions]
        return {"id": 7, "text": TEXT, "annotator": annotator, "lead_time": 1.5, **({"ner": values} if values else {})}

    path = saved(tmp_path, row(1, region(2, 4, "症状")), row(2, region(5, 8, "症状")), {**row(1), "id": 8})
    with pytest.raises(DataError, match=r"2 annotations of task 7 that differ \(by 1, 2\)"):
        read_corpus("label-studio", path)
    found = read_corpus("label-studio", path, options={"annotator": "1"})
    assert found == [Document(TEXT, FIRST, "7"), Document(TEXT, (), "8")]


def test_blanks_that_the_export_loses_are_no_fault(tmp_path: Path) -> None:
    value = {"start": 0, "end": 5, "text": "头 痛\n。", "labels": ["x"]}
    path = saved(
        tmp_path, {"data": {"text": "头  痛\t。"[:6]}, "annotations": [{"result": [{"value": value | {"end": 6}}]}]}
    )
    (document,) = read_corpus("label-studio", path)
    assert document.spans == (Span(0, 6, "x"),)


def test_pre_annotations_with_scores_and_their_configuration(tmp_path: Path) -> None:
    document = Document("🧠头痛", (Span(1, 3, "症<状>", 0.9), Span(1, 2, "部位", 0.4)), "a", "r")
    path = tmp_path / "tasks.json"
    written = write([document, Document("无")], path, model_version="v1")
    assert not written.notes and "written beside: tasks.config.xml, the labelling" in written.summary()
    first, second = json.loads(path.read_text(encoding="utf-8"))
    assert first["data"] == {"text": "🧠头痛", "document": "a", "record": "r"}
    (prediction,) = first["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("v1", 0.4)
    assert prediction["result"][1]["value"] == {"start": 2, "end": 4, "text": "头痛", "labels": ["症<状>"]}
    assert prediction["result"][1]["score"] == 0.9 and "score" not in second["predictions"][0]
    root = ElementTree.fromstring((tmp_path / "tasks.config.xml").read_text(encoding="utf-8"))
    assert [label.get("value") for label in root.iter("Label")] == ["症<状>", "部位"]
    assert root.find("Text").get("value") == "$text"  # type: ignore[union-attr]
    (tmp_path / "tasks.config.xml").write_text(labelling_config(["mine"]), encoding="utf-8")
    assert write([document], path).notes == {
        "scores that are not written": 2,
        "labelling configuration that stays as it was (tasks.config.xml)": 1,
    }
    assert "mine" in (tmp_path / "tasks.config.xml").read_text(encoding="utf-8")
