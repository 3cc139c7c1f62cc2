"""Labels that are changed after a checkpoint was made, as transformers' own recipes change them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from cases import SCORING_DECODERS, TYPES, config
from test_modeling_cner import batch
from transformers import AutoConfig, AutoModelForTokenClassification, set_seed

from hf_cner import CnerForTokenClassification
from hf_cner.modeling.schemes import SCHEMES, allowed_transitions, decode, encode, tag_names

OTHER = ["手术", "药物", "检验"]


def checkpoint(folder: Path, decoder: str = "crf-bioes") -> Path:
    set_seed(0)
    CnerForTokenClassification(config(span_decoder=decoder)).save_pretrained(folder)
    return folder


def as_the_recipe(folder: Path, labels: list[str]) -> Any:
    """The order of run_ner.py: the number first, then the model, then the names."""
    changed = AutoConfig.from_pretrained(folder, num_labels=len(labels), finetuning_task="ner")
    model = AutoModelForTokenClassification.from_pretrained(folder, config=changed, ignore_mismatched_sizes=True)
    model.config.label2id = {name: number for number, name in enumerate(labels)}
    model.config.id2label = dict(enumerate(labels))
    return model


def spans_of(model: Any) -> Any:
    inputs = batch()
    with torch.no_grad():
        return model.eval().decode(model(**inputs).emissions, model.unit_mask(**inputs), scores=True)


def learnt(model: Any, spans: list[tuple[int, int, str]], scheme: str) -> Any:
    """The model after some steps on one sentence whose tags are encoded without its help."""
    inputs = batch((7,))
    tags = iter(encode(spans, 7, scheme))
    units = model.unit_mask(**inputs)[0].tolist()
    labels = torch.tensor([[model.config.label2id[next(tags)] if unit else -100 for unit in units]])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(25):
        optimizer.zero_grad()
        model.train()(**inputs, labels=labels).loss.backward()
        optimizer.step()
    return model


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("before", ["softmax", "crf-bio", "crf-bioes"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("types", [OTHER, OTHER[:2]], ids=["more", "as-many"])
def test_labels_of_the_recipe_are_taken_over_whole(before: str, scheme: str, types: list[str], tmp_path: Path) -> None:
    spans = [(0, 2, types[0]), (2, 5, types[1]), (6, 7, types[0])]
    for labels in (sorted(tag_names(scheme, types)), sorted({"O", *encode(spans, 7, scheme)})):
        model = learnt(as_the_recipe(checkpoint(tmp_path / "old", before), labels), spans, scheme)
        inputs = batch((7,))
        with torch.no_grad():
            output = model.eval()(**inputs)
        found = model.decode(output.emissions, model.unit_mask(**inputs))[0]
        assert [span[:3] for span in found] == spans
        units = model.unit_mask(**inputs)[0]
        tags = [model.config.id2label[number] for number in output.logits[0].argmax(-1)[units].tolist()]
        assert decode(tags, scheme) == spans
        model.save_pretrained(tmp_path / "new")
        again = AutoModelForTokenClassification.from_pretrained(tmp_path / "new")
        assert again.config.id2label == dict(enumerate(labels)) and set(again.config.entity_types) <= set(types)
        assert spans_of(again) == spans_of(model)
        assert again.span_decoder.scheme == model.span_decoder.scheme == model.config.span_decoder["scheme"]
        if before.startswith("crf"):
            assert again.span_decoder.crf.constraints == allowed_transitions(again.span_decoder.scheme, labels)


def test_as_many_labels_in_another_order_move_the_constraints(tmp_path: Path) -> None:
    model = CnerForTokenClassification(config())
    labels = list(reversed(tag_names("BIOES", TYPES)))
    model.config.id2label = dict(enumerate(labels))
    model(**batch())
    assert model.span_decoder.crf.constraints == allowed_transitions("BIOES", labels)
    assert model.span_decoder.outside == 8 and model.config.label2id["O"] == 8
    assert model.config.entity_types == TYPES, "the same types keep their order"


def test_a_dict_that_is_changed_in_place_is_followed(tmp_path: Path) -> None:
    model = CnerForTokenClassification(config(span_decoder="crf-bio"))
    for number, name in enumerate(["O", "B-a", "I-a", "B-b", "I-b"]):
        model.config.id2label[number] = name
    model.save_pretrained(tmp_path / "before-it-computed")
    assert model.encode_targets([(0, 2, "b")], 3) == [3, 4, 0] and model.config.entity_types == ["a", "b"]
    model.save_pretrained(tmp_path / "after")
    for name in ("before-it-computed", "after"):
        again = AutoModelForTokenClassification.from_pretrained(tmp_path / name)
        assert again.config.entity_types == ["a", "b"] and spans_of(again) == spans_of(model)


def test_another_number_of_labels_is_refused_before_anything_is_computed() -> None:
    model = CnerForTokenClassification(config())
    model.config.id2label = {0: "O", 1: "B-a", 2: "I-a"}
    message = r"3 labels \['O', 'B-a', 'I-a'\], but the model's decoder has 9. Load it for these labels"
    with pytest.raises(ValueError, match=message):
        model(**batch())
    with pytest.raises(ValueError, match=message):
        model.encode_targets([], 3)


@pytest.mark.parametrize("decoder", ["softmax", "crf-bio"])
@pytest.mark.parametrize("labels", [["NN", "VV", "O", "PU"], [f"LABEL_{number}" for number in range(6)]])
def test_labels_that_are_no_tags_are_learnt_freely_and_make_no_spans(
    decoder: str, labels: list[str], tmp_path: Path
) -> None:
    model = as_the_recipe(checkpoint(tmp_path / "old", decoder), labels)
    inputs = batch()
    wanted = (torch.arange(inputs["input_ids"].numel()).view_as(inputs["input_ids"]) % len(labels)).masked_fill(
        ~model.unit_mask(**inputs), -100
    )
    assert torch.isfinite(model(**inputs, labels=wanted).loss)
    model.save_pretrained(tmp_path / "new")
    again = AutoModelForTokenClassification.from_pretrained(tmp_path / "new").eval()
    assert again.config.id2label == dict(enumerate(labels)) and again.config.entity_types == []
    output = again(**inputs)
    assert torch.equal(output.logits, model.eval()(**inputs).logits)
    for call in (lambda: again.decode(output.emissions), lambda: again.encode_targets([(0, 1, "NN")], 3)):
        with pytest.raises(ValueError, match=r"are no tags of the scheme BIO.*, so they make no spans: name them"):
            call()


def test_a_span_that_needs_a_missing_tag_is_refused(tmp_path: Path) -> None:
    model = as_the_recipe(checkpoint(tmp_path), ["B-a", "E-a", "O"])
    assert model.encode_targets([(1, 3, "a")], 3) == [2, 0, 1]
    with pytest.raises(ValueError, match=r"The tags \['I-a'\] are needed, but are not among the checkpoint's labels"):
        model.encode_targets([(0, 3, "a")], 3)


@pytest.mark.parametrize("decoder", list(SCORING_DECODERS))
def test_the_types_of_a_span_decoder_are_renamed(decoder: str, tmp_path: Path) -> None:
    model = CnerForTokenClassification(config(span_decoder=decoder))
    model.config.span_decoder["thresholds"] = {TYPES[0]: 0.2}
    with torch.no_grad():
        for parameter in model.span_decoder.parameters():
            parameter.mul_(30)
    before = spans_of(model)
    model.config.id2label = {0: "甲", 1: "乙"}
    renamed = dict(zip(TYPES, ["甲", "乙"], strict=True))
    expected = [[(start, end, renamed[name], score) for start, end, name, score in row] for row in before]
    assert any(before) and spans_of(model) == expected
    model.save_pretrained(tmp_path)
    again = AutoModelForTokenClassification.from_pretrained(tmp_path)
    assert spans_of(again) == expected and again.config.span_decoder["thresholds"] == {}
