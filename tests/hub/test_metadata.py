"""What machines read of a card."""

from __future__ import annotations

import math
from typing import Any

import pytest
from huggingface_hub import EvalResult, ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results
from runs import CONFIG, results

from hf_cner.hub.metadata import METRICS, card_data, check_card, eval_results, reported_part
from hf_cner.hub.run import Run, RunError
from hf_cner.metrics.report import METRICS as COUNTED


def run_with(**changed: Any) -> Run:
    return Run(CONFIG, results() | changed)


def card_of(run: Run) -> str:
    return f"---\n{card_data(run, name='ward', licence='other')}\n---\n# ward\n"


def test_every_metric_has_its_name() -> None:
    assert list(METRICS) == list(COUNTED)


def test_figures_go_round(name: str = "ward") -> None:
    run = run_with()
    found = eval_results(run)
    assert len(found) == 18 and all(isinstance(result, EvalResult) for result in found)
    assert all(math.isfinite(result.metric_value) for result in found)
    first = found[0]
    assert first.metric_name == "F1 (strict, micro average)" and first.dataset_split == "test"
    assert first.metric_value == run.results["metrics"]["test"]["strict"]["micro"]["f1"]
    assert first.dataset_args == {
        "fingerprint": "0123456789abcdef",
        "split": "7:2:1",
        "split_hash": "fedcba9876543210",
    }
    assert model_index_to_eval_results(eval_results_to_model_index(name, found)) == (name, found)
    parsed = ModelCard(card_of(run)).data
    assert parsed.eval_results == found and parsed.model_name == "ward"
    assert ModelCard(str(ModelCard(card_of(run)))).data.to_dict() == parsed.to_dict()


def test_without_a_test_part_dev_is_reported() -> None:
    run = run_with(metrics={"dev": results()["metrics"]["dev"]})
    assert reported_part(run.results["metrics"]) == "dev"
    assert {result.dataset_split for result in eval_results(run)} == {"validation"}


@pytest.mark.parametrize(
    ("name_or_path", "expected"),
    [("hfl/bert", "hfl/bert"), ("/home/chen/bert", None), ("bert", None), ("a/b/c", None), ("./b", None)],
)
def test_the_encoder_is_named_when_a_hub_has_it(name_or_path: str, expected: str | None) -> None:
    settings = {"model": {"encoder": {"kind": "pretrained", "name_or_path": name_or_path}}}
    assert card_data(run_with(settings=settings), name="a", licence="mit").base_model == expected


@pytest.mark.parametrize("value", [None, "0.5", True, float("nan"), float("-inf")])
def test_a_figure_that_is_none(value: Any) -> None:
    found = results()
    found["metrics"]["test"]["relaxed_overlap"]["micro"]["recall"] = value
    with pytest.raises(RunError, match=r"metrics.test.relaxed_overlap.micro.recall is .*(expected a number|finite)"):
        eval_results(run_with(metrics=found["metrics"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# ward\n", "has no metadata"),
        ("---\nlicense: [\n---\n", "are invalid: while parsing"),
        ("---\n- a\n---\n", "are invalid: .*should be a dict"),
        ("---\nlanguage: zh\n---\n", "name no license"),
        ("---\nlicense: mit\nmodel-index:\n- name: a\n---\n", "are invalid: .*model_index"),
        ("---\nlicense: mit\nmodel-index: 7\n---\n", "are invalid: "),
    ],
)
def test_invalid_metadata(text: str, message: str) -> None:
    with pytest.raises(RunError, match=message):
        check_card(text)


def test_a_card_must_say_what_the_results_say() -> None:
    run = run_with()
    text = card_of(run)
    check_card(text, run)
    check_card("\ufeff" + text.replace("\n", "\r\n"), run)
    f1 = str(eval_results(run)[0].metric_value)
    check_card(text.replace(f1, f"{float(f1):.4f}"), run)
    with pytest.raises(RunError, match=rf"gives .* as 0.99, but results.json says {f1}; make the card again"):
        check_card(text.replace(f"value: {f1}", "value: 0.99", 1), run)
    with pytest.raises(RunError, match=r"model-index.* is nan"):
        check_card(text.replace(f"value: {f1}", "value: .nan", 1))
    check_card("---\nlicense: mit\n---\nmine\n", run)
