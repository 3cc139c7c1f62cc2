from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import evaluate
import pytest

import hf_cner.metrics
from hf_cner.data.documents import Document, Span
from hf_cner.metrics import ClinicalNer, evaluate_documents, flat

FOLDER = Path(hf_cner.metrics.__file__).parent / "evaluate_module"
GOLD = [[{"start": 0, "end": 2, "type": "症状和体征"}, {"start": 0, "end": 1, "type": "身体部位"}], []]
FOUND = [[], [{"start": 3, "end": 4, "type": "治疗"}]]


@pytest.fixture(autouse=True)
def private_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The metric's scratch files go to the test's own folder, and nothing may use the network."""
    monkeypatch.setattr("evaluate.config.HF_METRICS_CACHE", str(tmp_path / "metrics"))
    monkeypatch.setattr("evaluate.config.HF_EVALUATE_OFFLINE", True)


@pytest.fixture
def loaded(tmp_path: Path) -> evaluate.EvaluationModule:
    return evaluate.load(str(FOLDER), cache_dir=str(tmp_path))


def test_the_folder_loads_and_equals_the_class_and_the_functions(loaded: evaluate.EvaluationModule) -> None:
    expected = flat(evaluate_documents(GOLD, FOUND))
    assert loaded.compute(predictions=FOUND, references=GOLD) == expected
    assert ClinicalNer().compute(predictions=FOUND, references=GOLD) == expected
    assert loaded.name == ClinicalNer().name == "clinical_ner"
    assert isinstance(ClinicalNer(), evaluate.Metric)


def test_first_documents_without_spans_and_unsorted_spans() -> None:
    gold = [[], GOLD[0]]
    assert ClinicalNer().compute(predictions=[[], GOLD[0][::-1]], references=gold)["strict_f1"] == 1.0
    assert ClinicalNer().compute(predictions=[[], []], references=[[], []])["strict_f1"] == 0.0


def test_rows_with_more_keys_and_documents_are_taken() -> None:
    text = "头痛"
    document = Document(text, (Span(0, 2, "症状和体征"),))
    rows = [{"start": 0, "end": 2, "type": "症状和体征", "text": text, "score": 0.7}]
    assert ClinicalNer().compute(predictions=[rows], references=[document])["strict_f1"] == 1.0
    assert ClinicalNer().compute(predictions=[document], references=[rows])["strict_f1"] == 1.0


def test_adding_one_by_one_or_in_batches() -> None:
    expected = ClinicalNer().compute(predictions=FOUND, references=GOLD)
    single, batch = ClinicalNer(), ClinicalNer(keep_in_memory=True)
    for gold, found in zip(GOLD, FOUND, strict=True):
        single.add(prediction=found, reference=gold)
        batch.add_batch(predictions=[found], references=[gold])
    assert single.compute() == batch.compute() == expected


def test_figures_per_type() -> None:
    result = ClinicalNer().compute(predictions=GOLD, references=GOLD, per_type=True)
    assert result["strict_f1_身体部位"] == 1.0


def test_combine(loaded: evaluate.EvaluationModule) -> None:
    both = evaluate.combine({"first": loaded, "second": ClinicalNer()}, force_prefix=True)
    result = both.compute(predictions=GOLD, references=GOLD)
    assert result["first_strict_f1"] == result["second_strict_f1"] == 1.0
    one = evaluate.combine([ClinicalNer()])
    for spans in GOLD:
        one.add(prediction=spans, reference=spans)
    assert one.compute()["relaxed_overlap_recall"] == 1.0


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ([[]], "Mismatch in the number of predictions \\(1\\) and references \\(2\\)"),
        ([None, []], "A document's spans are missing"),
        ("text", "lists with one list of spans per document"),
        ([[{"start": 1, "end": 2}], []], "type missing"),
    ],
)
def test_bad_input(predictions: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClinicalNer().compute(predictions=predictions, references=GOLD)


def test_what_can_be_gone_through_once_is_counted_as_well() -> None:
    spans = [[{"start": 0, "end": 2, "type": "症状"}], []]
    assert ClinicalNer().compute(predictions=iter(spans), references=map(list, spans))["strict_f1"] == 1.0


def test_the_library_s_own_test_of_metrics_passes() -> None:
    """evaluate loads a metric's module, takes no `**kwargs` in `_compute`, and runs more than one doctest example."""
    path = evaluate.loading.evaluation_module_factory(str(FOLDER), module_type="metric").module_path
    module = importlib.import_module(path)
    metric = evaluate.loading.import_main_class(module.__name__)
    kinds = {parameter.kind for parameter in inspect.signature(metric._compute).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds
    results = doctest.testmod(module, raise_on_error=True)
    assert results.failed == 0 and results.attempted > 1
