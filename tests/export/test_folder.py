"""The exported folder: what is in it, whether it agrees with its model, and what is refused."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from exported import NOTES, TOKENIZER, exported, predictor, small_model

from hf_cner import Document, Predictor
from hf_cner.data.problems import DataError
from hf_cner.export.folder import export_model, verify_export
from hf_cner.export.graph import ExportError
from hf_cner.export.verify import GraphAgreement, compare
from hf_cner.export.write import check_target
from hf_cner.runtime import GraphError, GraphPredictor, read_manifest

pytest.importorskip("onnxscript")
DOCUMENTS = [Document(text) for text in NOTES]


@pytest.mark.parametrize("to", ["onnx", "openvino", "torch"])
def test_a_graph_finds_what_its_model_finds(to: str) -> None:
    pytest.importorskip("onnxruntime" if to == "onnx" else to)
    folder = exported(to)
    expected, found = predictor()(NOTES), Predictor.from_pretrained(folder, backend=to)(NOTES)
    assert isinstance(Predictor.from_pretrained(folder), GraphPredictor)
    assert found == expected and sum(len(document.spans) for document in found) > 50
    manifest = read_manifest(folder)
    assert manifest.agreement["share"] == 1.0 and 0 < manifest.agreement["score_difference"] < 1e-5
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "agreement of spans 100.00%" in card and f"for {to}, fp32" in card


def test_a_model_exports_itself(tmp_path: Path) -> None:
    predictor().model.export(tmp_path / "graph", TOKENIZER, to="onnx")
    assert Predictor.from_pretrained(tmp_path / "graph")(NOTES) == predictor()(NOTES)
    with pytest.raises(ExportError, match="Unknown target 'tflite'"):
        predictor().model.export(tmp_path / "other", TOKENIZER, to="tflite")


def test_a_model_without_its_package_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hf_cner.export.folder", None)
    with pytest.raises(ImportError, match=r"Exporting needs the package hf_cner .*; install it\."):
        predictor().model.export(tmp_path / "graph", TOKENIZER)


def test_no_place_of_this_machine_is_in_a_folder() -> None:
    here = str(Path(__file__).parents[2]).encode()
    for to in ("onnx", "openvino", "torch"):
        for path in exported(to).iterdir():
            assert here not in path.read_bytes(), path.name


def test_int8_is_smaller_and_nearly_the_same() -> None:
    folder = exported("onnx", "int8")
    assert read_manifest(folder).agreement["share"] > 0.9
    assert b"DynamicQuantizeLSTM" in (folder / "model.onnx").read_bytes()


def test_int8_calibrated_on_texts_keeps_their_ranges_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    export_model(predictor(), folder, precision="int8", documents=DOCUMENTS, calibration=DOCUMENTS)
    manifest, graph = read_manifest(folder), (folder / "model.onnx").read_bytes()
    assert manifest.calibrated == len(DOCUMENTS) and manifest.agreement["share"] > 0.9
    assert b"QuantizeLinear" in graph and b"DynamicQuantizeMatMul" not in graph and b"MatMulInteger" not in graph
    assert b"MatMulInteger" in (exported("onnx", "int8") / "model.onnx").read_bytes()
    assert f"calibrated on {len(DOCUMENTS)} texts" in (folder / "README.md").read_text("utf-8")
    assert not any(document.text.encode() in graph for document in DOCUMENTS if document.text)
    assert GraphPredictor(folder)(NOTES) == GraphPredictor(folder)(NOTES)
    with pytest.raises(ExportError, match="Calibration is for int8, and the precision is fp32"):
        export_model(predictor(), tmp_path / "other", calibration=DOCUMENTS)


def test_a_folder_is_verified_later_unless_the_model_changed(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    shutil.copytree(exported(), folder)
    agreement = verify_export(predictor(), folder, DOCUMENTS[:3])
    assert agreement is not None and agreement.documents == 3 and agreement.alike == 3
    assert read_manifest(folder).agreement["documents"] == 3
    other = small_model()
    other.span_decoder.projection.bias.data += 1
    with pytest.raises(ExportError, match=r"was exported from other weights than this model has"):
        verify_export(Predictor(other, TOKENIZER), folder, DOCUMENTS)


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(DataError, match=r"found mine.txt, which was not written here"):
        export_model(predictor(), tmp_path)
    folder = tmp_path / "graph"
    shutil.copytree(exported(), folder)
    with pytest.raises(DataError, match=r"expected a new folder; choose another, or replace it by --overwrite"):
        export_model(predictor(), folder)


def test_targets_that_there_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExportError, match="Unknown target 'tflite'; choose one of onnx, openvino, torch"):
        check_target("tflite", "fp32")
    with pytest.raises(ExportError, match="A graph for openvino is written in fp32, not in int8"):
        check_target("openvino", "int8")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ExportError, match=r"needs the package onnxscript: pip install '\.\[onnx\]'"):
        check_target("onnx", "fp32")


def test_a_model_in_half_precision_is_refused(tmp_path: Path) -> None:
    half = Predictor(small_model().bfloat16(), TOKENIZER)
    with pytest.raises(ExportError, match=r"torch.bfloat16 on cpu; load it with dtype=torch.float32"):
        export_model(half, tmp_path / "graph")


def test_agreement_counts_spans_and_scores() -> None:
    one = predictor()([NOTES[0]])
    other = [one[0].with_spans(one[0].spans[1:])]
    assert compare(one, one) == GraphAgreement(1, 1, len(one[0].spans), len(one[0].spans), len(one[0].spans), 0.0)
    lost = compare(one, other)
    assert (lost.alike, lost.same, lost.graph_spans) == (0, len(one[0].spans) - 1, len(one[0].spans) - 1)
    assert 0 < lost.share < 1 and "of the graph, in 1 documents (0 of them alike)" in lost.sentence()
    assert compare([Document("x")], [Document("x")]).share == 1.0


def test_a_manifest_says_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    shutil.copytree(exported(), folder)
    written = json.loads((folder / "export.json").read_text(encoding="utf-8"))

    def refused(changed: dict[str, object], match: str) -> None:
        (folder / "export.json").write_text(json.dumps(written | changed), encoding="utf-8")
        with pytest.raises(GraphError, match=match):
            GraphPredictor(folder)

    refused({"format": 7}, "is of format 7, and this version reads 1")
    refused({"surplus": 1}, "its keys are not those of an export")
    refused({"labels": "O"}, "a value is of the wrong kind")
    refused({"files": {"../model.onnx": "0"}}, "a value is of the wrong kind")
    for labels in (["O"], [*written["labels"][:-1], ""], [*written["labels"], "B-更"], ["O", *written["labels"]]):
        refused({"labels": labels}, "its labels are not those of its entity types")
    more = {"labels": [*written["labels"], "B-更"], "entity_types": [*written["entity_types"], "更"]}
    refused(more, r"is a graph of another set of labels: it scores 9, and .* 10")
    for wrong in ({"max_length": "x"}, {"overlap": None}, {"sentence_ends": 1.5}):
        refused({"windows": written["windows"] | wrong}, "windows gives .* the value")
    refused({"windows": written["windows"] | {"a": 1}}, "windows has no option 'a'")
    refused({"token_types": -1}, "a value is of the wrong kind")
    refused({"positions": 20}, r"Windows of 24 characters make 24 tokens, .* its encoder has 20 positions")
    (folder / "export.json").write_text("{", encoding="utf-8")
    with pytest.raises(GraphError, match=r"export.json is broken"):
        GraphPredictor(folder)
