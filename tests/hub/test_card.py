"""The card: its sentences, tables and examples."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from runs import CONFIG, TYPES, results

from hf_cner.data.shown import markdown_cell
from hf_cner.hub.card import About, make_card
from hf_cner.hub.run import Run
from hf_cner.metrics.report import table

ABOUT = About(
    name="notes-ner",
    repo="ward3/notes-ner",
    system="BERT, BiGRU, attention and CRF.",
    paper="P2, Table VII: Yang, Wang, Yang (2024)",
    corpus="Notes of ward 3.",
    corpus_licence="Not to be passed on.",
    corpus_citation="@misc{ward3}",
    tags=("cardiology",),
)


def card(about: About = ABOUT, config: dict[str, Any] | None = None, **changed: Any) -> str:
    run = Run(config or CONFIG, results() | changed)
    return make_card(run, about, picture="training_curve.png")


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_it_is_a_card_with_our_metadata() -> None:
    data = ModelCard(card()).data
    assert data.language == ["zh"] and data.license == "other" and data.library_name == "transformers"
    assert data.pipeline_tag == "token-classification" and {"hf-cner", "cardiology"} <= set(data.tags)
    assert data.model_name == "notes-ner" and data.base_model is None


def test_every_figure_stands_per_type_strict_and_relaxed() -> None:
    text = section(card(), "Results")
    for report in results()["metrics"].values():
        assert table(json.loads(json.dumps(report, ensure_ascii=False).replace("症状|体征", "症状&#124;体征"))) in text
    assert "Protocol: ward, 7:2:1 by record" in text and "chosen on dev, so the figures on dev flatter" in text
    assert "flatter" not in card(best_epoch=None)


def test_data_with_fingerprint_split_and_licence() -> None:
    text = section(card(), "Data")
    for part in (
        "`0123456789abcdef`",
        "7:2:1, by record, seed 42, hash `fedcba9876543210`",
        "1,400 documents, 5,000 mentions",
    ):
        assert part in text
    assert "Not to be passed on." in text and "left out: 12000." in text


def test_nothing_of_this_machine_or_of_the_texts() -> None:
    text = card()
    assert "/home/chen" not in text and "张三" not in text and "ward3/notes-ner" in text
    settings = section(text, "Training")
    assert "name_or_path: bert" in settings and "output_dir" not in settings and "data_dir" not in settings


def test_hardware_and_energy_as_measured() -> None:
    text = section(card(), "Hardware and energy")
    assert "x86_64, 8 cores, 4 of them used" in text and "1 h 2 min 5 s" in text
    assert "- accelerator: none" in text and "- energy: not measured" in text
    gpu = section(
        card(
            hardware={"machine": "x86_64", "cores": 8, "accelerator": "H200", "accelerators": 2},
            energy={"joules": 7.2e6, "source": "RAPL"},
            seconds={"total": 61.2},
        ),
        "Hardware and energy",
    )
    assert "- accelerator: H200 × 2" in gpu and "- energy: 2 kWh (RAPL)" in gpu and "61 s" in gpu
    assert "not measured" in section(card(seconds=None, hardware=None), "Hardware and energy")


def test_three_ways_to_load_it() -> None:
    text = section(card(), "How to load it")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        compile(example, "card", "exec")
        assert '"ward3/notes-ner"' in example
    assert "AutoModelForTokenClassification" in text
    asking = card(config=CONFIG | {"model_type": "cner-mrc"})
    assert "AutoModelForQuestionAnswering" in section(asking, "How to load it")
    assert '"path/to/this/folder"' in card(dataclasses.replace(ABOUT, repo=""))


@pytest.mark.parametrize(
    ("model_type", "decoder", "flat"),
    [
        ("cner", {"kind": "crf"}, True),
        ("cner", {"kind": "biaffine"}, False),
        ("cner", {"kind": "biaffine", "decoding": "flat"}, True),
        ("cner-mrc", {"kind": "crf"}, False),
    ],
)
def test_limits_follow_the_decoder(model_type: str, decoder: dict[str, Any], flat: bool) -> None:
    labels = {} if decoder["kind"] == "crf" else {"id2label": dict(enumerate(TYPES))}
    text = section(card(config=CONFIG | labels | {"model_type": model_type, "span_decoder": decoder}), "Limits")
    assert ("never overlap" in text) is flat
    assert "no medical device" in text and "(Notes of ward 3)." in text
    assert "negated" in text and "not calibrated" in text


def test_a_model_that_asks_names_its_questions_and_can_be_asked_others() -> None:
    asking = CONFIG | {"model_type": "cner-mrc", "queries": {name: f"有哪些{name}？" for name in reversed(TYPES)}}
    text = card(config=asking | {"span_decoder": {"kind": "biaffine"}})
    shown = map(markdown_cell, TYPES)
    assert "\n".join(f"- {name}: 有哪些{name}？" for name in shown) in text.split("## Intended use")[0]
    limits = section(text, "Limits")
    assert "It learnt the types above and no others." in limits and "can be asked about other types" in limits
    for config in (CONFIG, asking | {"span_decoder": {"kind": "biaffine", "classes": "all"}}):
        limits = section(card(config=config), "Limits")
        assert "It knows the types above and no others" in limits and "can be asked" not in limits
    assert "one question for each type" not in card()


def test_mentions_without_a_label_are_counted_with_the_reason() -> None:
    def said(**entities: Any) -> str:
        return section(card(entities={"entities": 6297} | entities), "Training")

    reasons = {"same span, other type": 1, "longer than max_width 64": 1200}
    assert (
        "Of 6,297 mentions in the training part, 1,203 have no label (1 same span, other type, "
        "1,200 longer than max_width 64, 2 cut by every window)."
        in said(lost=1203, lost_by_scheme=reasons, lost_by_window=2)
    )
    assert "1 has no label (1 cut by every window)." in said(lost=1, lost_by_scheme={}, lost_by_window=1)
    assert "every one has a label." in said(lost=0)
    assert "mentions in the training part" not in said(lost=None)


def test_citations() -> None:
    text = section(card(), "Citation")
    assert text.count("```bibtex") == 2 and "@misc{ward3}" in text and "@software{hf_cner," in text
    assert "The system follows P2, Table VII: Yang, Wang, Yang (2024)." in text


def test_what_is_not_known_is_not_said() -> None:
    run = Run({"model_type": "cner"}, {"metrics": results()["metrics"]})
    text = make_card(run, About(), no_picture="No log.")
    assert "No log." in text and "![" not in text and "None" not in text and "not recorded" in text
    assert "Finds mentions of entities" in text and "\n\n\n" not in text
    assert "\n\n\n" not in card()
    assert ", ".join(map(markdown_cell, TYPES)) in card()


@pytest.mark.parametrize("value", ["```\n<script>x</script>\n```", "`````", "a ``` b"])
def test_no_setting_closes_the_fence_of_the_settings(value: str) -> None:
    text = card(settings={**results()["settings"], "note": value})
    fence = next(line for line in text.splitlines() if line.endswith("yaml"))
    assert set(fence.removesuffix("yaml")) == {"`"} and fence.removesuffix("yaml") not in value
    _, _, rest = text.partition(fence)
    inside, _, behind = rest.partition("\n" + fence.removesuffix("yaml") + "\n")
    assert yaml.safe_load(inside)["note"] == value and "script" not in behind


@pytest.mark.parametrize("name", ["</pre><script>alert(1)</script>", "a```b", "x|y [z](http://q)", "\x1b[31m*症状*"])
def test_no_name_of_a_type_a_question_or_a_model_marks_up_anything(name: str) -> None:
    metrics = {
        part: {way: {**report[way], "per_type": dict.fromkeys([name], report[way]["micro"])} for way in report}
        for part, report in results()["metrics"].items()
    }
    config = CONFIG | {"entity_types": [name], "queries": {name: f"有哪些{name}？"}, "model_type": "cner-mrc"}
    text = card(dataclasses.replace(ABOUT, name=name), config, metrics=metrics)
    body = text.split("\n---\n", 1)[1]
    assert name not in body and "<script" not in body and "\x1b" not in text
    assert body.count(markdown_cell(name)) >= 3 + len(metrics)  # heading, sentence, question, and a row of each table
