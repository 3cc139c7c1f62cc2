"""The model as transformers' own model tests see theirs: one list of cases over all slots."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from cases import CASES, NON_UNITS, TYPES, VOCABULARY, config
from closeness import assert_close
from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification, BertConfig, BertModel, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification


def model_of(case: dict[str, str], **options: object) -> CnerForTokenClassification:
    set_seed(0)
    return CnerForTokenClassification(config(**case, **options)).eval()  # type: ignore[arg-type]


def batch(lengths: tuple[int, ...] = (9, 4, 1), *, pad_left: bool = False) -> dict[str, torch.Tensor]:
    """Ids `[cls] characters [sep] padding` of random characters, the same for the same lengths."""
    generator = torch.Generator().manual_seed(sum(lengths))
    width = max(lengths) + 2
    ids = torch.zeros(len(lengths), width, dtype=torch.long)
    for row, length in enumerate(lengths):
        text = torch.randint(4, VOCABULARY, (length,), generator=generator)
        whole = torch.cat([torch.tensor([2]), text, torch.tensor([3])])
        ids[row, slice(-len(whole), None) if pad_left else slice(0, len(whole))] = whole
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


def labels_for(model: CnerForTokenClassification, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    units = model.unit_mask(**inputs)
    labels = torch.full(units.shape, -100)
    for row, mask in enumerate(units):
        length = int(mask.sum())
        labels[row, mask] = torch.tensor(model.encode_targets([(0, min(2, length), TYPES[1])], length))
    return labels


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_forward_gives_finite_scores_loss_and_gradients(case: dict[str, str]) -> None:
    model = model_of(case).train()
    inputs = batch()
    output = model(**inputs, labels=labels_for(model, inputs))
    assert output.emissions.shape == (3, 11, model.num_labels)
    assert output.loss.ndim == 0 and torch.isfinite(output.loss) and output.loss > 0
    output.loss.backward()
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            assert torch.isfinite(parameter.grad).all(), name
    assert model.span_decoder.projection.weight.grad.abs().sum() > 0
    assert model.get_input_embeddings().weight.grad.abs().sum() > 0


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_saved_model_comes_back_with_equal_scores_and_spans(case: dict[str, str], tmp_path: Path) -> None:
    model = model_of(case)
    model.save_pretrained(tmp_path)
    again = AutoModelForTokenClassification.from_pretrained(tmp_path)
    assert type(again) is CnerForTokenClassification
    inputs = batch()
    with torch.no_grad():
        before, after = model(**inputs), again(**inputs)
    assert torch.equal(before.emissions, after.emissions)
    units = model.unit_mask(**inputs)
    assert model.decode(before.emissions, units, scores=True) == again.decode(after.emissions, units, scores=True)
    assert again.config.entity_types == TYPES
    base = AutoModel.from_pretrained(tmp_path)
    assert torch.equal(base(**inputs).last_hidden_state, model.cner(**inputs).last_hidden_state)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_batching_padding_side_and_order_change_nothing(case: dict[str, str]) -> None:
    model = model_of(case).double()
    lengths = (9, 4, 1, 6)
    with torch.no_grad():
        right = model(**batch(lengths)).emissions[model.unit_mask(**batch(lengths))]
        left_inputs = batch(lengths, pad_left=True)
        left = model(**left_inputs).emissions[model.unit_mask(**left_inputs)]
        inputs = batch(lengths)
        alone = []
        for row, length in enumerate(lengths):
            one = {name: tensor[row : row + 1, : length + 2] for name, tensor in inputs.items()}
            alone.append(model(**one).emissions[model.unit_mask(**one)])
    assert_close(right, torch.cat(alone))
    assert_close(right, left)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_in_evaluation_the_argmax_of_the_logits_is_the_decoded_path(case: dict[str, str]) -> None:
    model = model_of(case)
    with torch.no_grad():
        for parameter in model.span_decoder.parameters():
            parameter.mul_(20)  # random scores far enough apart to matter
    inputs = batch((9, 4, 1, 8, 7))
    output = model(**inputs)
    units = model.unit_mask(**inputs)
    decoded = model.decode(output.emissions, units)
    for row, spans in enumerate(decoded):
        tags = output.logits[row].argmax(-1)[units[row]].tolist()
        assert [(*span, None) for span in model.span_decoder.spans(tags)] == spans
    if model.config.span_decoder["kind"] == "crf":
        best = output.logits.max(-1).values
        assert torch.equal(best, torch.zeros_like(best))
        assert ((output.logits <= -1e-3) | (output.logits == 0)).all() and (output.logits >= -1e4).all()
        assert (output.logits[~units].argmax(-1) == model.span_decoder.outside).all()


def test_eval_logits_can_be_the_emissions() -> None:
    model = model_of({}, eval_logits="emissions")
    output = model(**batch())
    assert torch.equal(output.logits, output.emissions)
    with pytest.raises(ValueError, match="eval_logits"):
        config(eval_logits="softmax")


def test_training_with_labels_does_not_change_the_scores_of_a_text() -> None:
    model = model_of({})
    inputs = batch()
    labels = labels_for(model, inputs)
    labels[0, 3:5] = -100  # characters of an entity that the window cut
    with_labels, without = model(**inputs, labels=labels), model(**inputs)
    kept = labels != -100
    assert_close(with_labels.emissions[kept], without.emissions[kept])
    assert with_labels.emissions[0, 3:5].abs().sum() == 0


def test_loss_is_the_sum_over_sequences_divided_by_units() -> None:
    model = model_of({}).double()
    inputs = batch()
    labels = labels_for(model, inputs)
    whole = model(**inputs, labels=labels).loss
    parts = [
        model(**{k: v[i : i + 1] for k, v in inputs.items()}, labels=labels[i : i + 1], num_items_in_batch=1).loss
        for i in range(3)
    ]
    assert_close(whole * 14, sum(parts))


def test_explicit_unit_mask_decides_what_carries_a_tag() -> None:
    model = model_of({"context": "none"})
    inputs = batch((6,))
    mask = torch.zeros_like(inputs["input_ids"])
    mask[0, 2] = mask[0, 4] = 1
    emissions = model(**inputs, unit_mask=mask).emissions
    assert (emissions.abs().sum(-1) > 0).long().tolist() == mask.tolist()


def test_empty_rows_give_empty_results() -> None:
    model = model_of({"attention": "multi_head"})
    ids = torch.tensor([[2, 3, 0], [2, 9, 3]])
    output = model(input_ids=ids, attention_mask=(ids != 0).long(), labels=torch.full((2, 3), -100))
    assert (
        torch.isfinite(output.loss) and torch.isfinite(output.emissions).all() and torch.isfinite(output.logits).all()
    )
    assert model.decode(output.emissions, model.unit_mask(ids, (ids != 0).long()))[0] == []


def test_encoder_only_load_initialises_the_head(tmp_path: Path) -> None:
    set_seed(0)
    bert = BertModel(
        BertConfig(
            vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
        )
    )
    bert.save_pretrained(tmp_path)
    start = CnerConfig(
        context={"kind": "bilstm", "hidden_size": 5},
        entity_types=TYPES,
        non_unit_ids=NON_UNITS,
        encoder={"kind": "pretrained"},
    )
    model = CnerForTokenClassification.from_encoder_pretrained(tmp_path, start)
    loaded = model.cner.encoder.state_dict()
    words = next(name for name in loaded if name.endswith("embeddings.word_embeddings.weight"))
    assert torch.equal(loaded[words], bert.embeddings.word_embeddings.weight)
    for name, parameter in model.named_parameters():
        assert torch.isfinite(parameter).all() and parameter.abs().max() < 10, name
    assert model.span_decoder.crf.transitions.abs().sum() > 0
    model.save_pretrained(tmp_path / "whole")
    again = CnerForTokenClassification.from_pretrained(tmp_path / "whole")
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values(), strict=True))


def test_parameters_missing_from_a_checkpoint_are_initialised_not_garbage(tmp_path: Path) -> None:
    model = model_of({"encoder": "static-bigrams", "attention": "multi_head"})
    model.cner.save_pretrained(tmp_path)  # no decoder in the file
    set_seed(1)
    loaded = CnerForTokenClassification.from_pretrained(tmp_path)
    for name, parameter in loaded.named_parameters():
        assert torch.isfinite(parameter).all() and parameter.abs().max() < 10, name
    assert loaded.span_decoder.crf.transitions.abs().max() <= 0.1
    assert torch.equal(loaded.cner.encoder.bigrams.table, model.cner.encoder.bigrams.table)


def test_the_crf_stays_in_fp32_when_the_model_does_not(tmp_path: Path) -> None:
    model = model_of({})
    exact = copy.deepcopy(model.span_decoder.crf.transitions)
    model.save_pretrained(tmp_path)
    for half in (model.to(torch.bfloat16), CnerForTokenClassification.from_pretrained(tmp_path, dtype=torch.bfloat16)):
        assert half.span_decoder.projection.weight.dtype == torch.bfloat16
        assert half.span_decoder.crf.transitions.dtype == torch.float32
        assert torch.equal(half.span_decoder.crf.transitions, exact)
        output = half.eval()(**batch())
        assert output.emissions.dtype == torch.float32 and torch.isfinite(output.logits).all()


def test_resizing_the_embedding_survives_a_reload(tmp_path: Path) -> None:
    for name in ("static", "bert"):
        model = model_of({"encoder": name})
        model.resize_token_embeddings(VOCABULARY + 5)
        model.save_pretrained(tmp_path / name)
        again = CnerForTokenClassification.from_pretrained(tmp_path / name)
        assert again.get_input_embeddings().weight.shape[0] == VOCABULARY + 5 == again.config.vocab_size


def test_outputs_as_tuple_hidden_states_and_attentions() -> None:
    model = model_of({"encoder": "bert"})
    model.set_attn_implementation("eager")
    inputs = batch()
    output = model(**inputs, output_hidden_states=True, output_attentions=True)
    assert len(output.hidden_states) == 3 and len(output.attentions) == 2
    plain = model(**inputs, return_dict=False)
    assert isinstance(plain, tuple) and torch.equal(plain[1], output.emissions)


def test_inputs_embeds_stand_in_for_ids() -> None:
    model = model_of({"encoder": "bert"})
    inputs = batch((5,))
    embeds = model.get_input_embeddings()(inputs["input_ids"])
    unit_mask = model.unit_mask(**inputs)
    by_embeds = model.cner.encoder(inputs_embeds=embeds, attention_mask=inputs["attention_mask"]).last_hidden_state
    by_ids = model.cner.encoder(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
    ).last_hidden_state
    assert_close(by_embeds, by_ids)
    assert model(inputs_embeds=embeds, unit_mask=unit_mask).emissions.shape[1] == 7
    with pytest.raises(ValueError, match="exactly one of input_ids and inputs_embeds"):
        model()


def test_configuration_knows_its_labels() -> None:
    assert config(span_decoder="crf-bio").label2id["I-身体部位"] == 4
    own = CnerConfig(span_decoder={"kind": "crf", "scheme": "BIO"}, id2label={0: "I-x", 1: "O", 2: "B-x"})
    assert own.entity_types == ["x"] and own.label2id == {"I-x": 0, "O": 1, "B-x": 2}
    assert CnerConfig().num_labels == 1  # a default configuration can be built, as transformers does
    with pytest.raises(ValueError, match="more than once"):
        CnerConfig(entity_types=["x", "x"])
    with pytest.raises(ValueError, match="id2label holds"):
        CnerConfig(entity_types=["x"], id2label={0: "O", 1: "B-y"})
    with pytest.raises(ValueError, match="slot context"):
        CnerConfig(context={"hidden_size": 3})
    assert AutoConfig.for_model("cner", entity_types=["x"]).num_labels == 5


def test_scores_are_posteriors_between_zero_and_one() -> None:
    for name in ("softmax", "crf-bio", "crf-bioe-free", "crf-bioes"):
        model = model_of({"span_decoder": name, "context": "none"})
        with torch.no_grad():
            model.span_decoder.projection.weight.mul_(30)
        inputs = batch((9, 4, 8))
        found = model.decode(model(**inputs).emissions, model.unit_mask(**inputs), scores=True)
        scores = [score for spans in found for *_, score in spans]
        assert scores and all(0.0 < score <= 1.0 for score in scores)


def test_a_batch_without_items_does_not_divide_by_zero() -> None:
    model = model_of({"context": "none"})
    inputs = batch((6,))
    loss = model(**inputs, labels=torch.full_like(inputs["input_ids"], -100), num_items_in_batch=0).loss
    assert torch.isfinite(loss)
