"""What a caller asks of a model through transformers' names: honoured, or refused in one sentence."""

from __future__ import annotations

import pytest
import torch
from cases import SCORING_DECODERS, SPAN_DECODERS
from huggingface_hub.errors import StrictDataclassFieldValidationError
from test_modeling_cner import batch
from test_transformers_expectations import Make, each_model, tagger

from hf_cner import CnerMrcConfig


@each_model
def test_only_the_hidden_states_that_are_asked_for(make: Make) -> None:
    model = make()
    if model.config.model_type == "cner-mrc" and model.interaction.joint:
        pytest.skip("asked jointly, hidden states are refused")
    with torch.no_grad():
        whole = model(**batch(), output_hidden_states=True).hidden_states
        for wanted, numbers in ((-1, [-1]), ([-1], [-1]), ([0, 99, -99], [0]), ((0, -1), [0, -1]), ([], None)):
            found = model(**batch(), output_hidden_states=wanted).hidden_states
            if numbers is None:
                assert found is None
                continue
            kept = {number % len(whole) for number in numbers}
            assert [number for number, state in enumerate(found) if state is not None] == sorted(kept)
            assert len(found) == len(whole) and all(torch.equal(found[number], whole[number]) for number in kept)


def test_the_configuration_may_name_layers_where_transformers_lets_it() -> None:
    model = tagger({"encoder": "bert"})
    try:
        model.config.output_hidden_states = [-1]
    except StrictDataclassFieldValidationError:
        pytest.skip("the configurations of this version of transformers take True and False alone")
    with torch.no_grad():
        first, *_, last = model(**batch()).hidden_states
    assert first is None and last is not None


@pytest.mark.parametrize("decoder", [*SPAN_DECODERS, *SCORING_DECODERS])
def test_labels_of_another_form_are_refused_in_a_sentence(decoder: str) -> None:
    model, inputs = tagger({"span_decoder": decoder}), batch()
    tags, spans = torch.zeros_like(inputs["input_ids"]), torch.zeros(3, 2, 3, dtype=torch.long)
    right, wrong = (tags, spans) if model.config.gives_tags else (spans, tags)
    assert torch.isfinite(model(**inputs, labels=right).loss)
    for labels in (wrong, right[:2]):
        with pytest.raises(ValueError, match=r"The labels must be .*; found the shape \("):
            model(**inputs, labels=labels)


def test_class_attributes_are_plain_and_true_of_each_model() -> None:
    for model in (tagger({"encoder": "bert"}), tagger({"span_decoder": "softmax"}), tagger({}).cner):
        assert type(model).supports_gradient_checkpointing is True
        for name in model._keep_in_fp32_modules_strict:
            assert any(f".{name}." in f".{key}" for key in model.state_dict())
    assert tagger({})._keep_in_fp32_modules_strict == {"crf"}


def test_a_question_answering_model_has_one_label_for_each_question() -> None:
    queries = {"a": "谁？", "b": "何？"}
    for options in ({"num_labels": 5}, {"id2label": {0: "b", 1: "a"}}):
        with pytest.raises(ValueError, match=r"one label for each type .* the types \['a', 'b'\]. Pass queries"):
            CnerMrcConfig(queries=queries, **options)
    made = CnerMrcConfig(queries=queries, num_labels=2, id2label={0: "a", 1: "b"})
    for name, value in (("num_labels", 3), ("id2label", {0: "c", 1: "d"})):
        with pytest.raises(ValueError, match="one label for each type"):
            setattr(made, name, value)
    assert made.id2label == {0: "a", 1: "b"}
