"""Precisions: what they are refused for, what they leave alone, and how their agreement is measured."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from small_encoder import NOTES, TOKENIZER, encoder_model
from torch import nn

from hf_cner import Document, Predictor, Span
from hf_cner.inference import precision
from hf_cner.inference.agreement import PrecisionAgreement
from hf_cner.modeling.extraction import _cpu_tokens
from hf_cner.modeling.linear_paths import EXACT, large_linears

HERE = [name for name, path in EXACT.items() if not path().lacking()]
REDUCED = ["bf16-emulated", "int8"]


def emissions(predictor: Predictor) -> torch.Tensor:
    ids = torch.tensor([predictor.table.encode("患者头痛3天，血压0。")])
    with torch.inference_mode(), predictor.linears.path.active():
        found: torch.Tensor = predictor.model(ids).emissions
    return found


@pytest.mark.parametrize("name", HERE)
def test_exact_ways_give_the_same_spans_and_scores(name: str) -> None:
    plain = Predictor(encoder_model(), TOKENIZER, linear="torch")(NOTES)
    found = Predictor(encoder_model(), TOKENIZER, linear=name)(NOTES)
    assert found == plain and sum(len(document.spans) for document in found) > 5
    for one, other in zip(found, plain, strict=True):
        for span, same in zip(one.spans, other.spans, strict=True):
            assert span.score is not None and span.score == pytest.approx(same.score, abs=1e-4)


@pytest.mark.parametrize("name", REDUCED)
def test_a_reduced_precision_rounds_the_layers_and_changes_nothing_of_the_model(name: str) -> None:
    model = encoder_model()
    before = {key: weight.clone() for key, weight in model.state_dict().items()}
    exact, reduced = emissions(Predictor(model, TOKENIZER)), Predictor(model, TOKENIZER, precision=name)
    found = emissions(reduced)
    assert found.dtype == torch.float32
    assert 0 < float((found - exact).abs().max()) < 0.1 * float(exact.abs().max())
    reduced(NOTES)
    assert all(torch.equal(weight, before[key]) for key, weight in model.state_dict().items())
    assert torch.equal(emissions(Predictor(model, TOKENIZER, linear="torch")), model(*_ids(reduced)).emissions)
    assert [document.text for document in reduced(NOTES)] == NOTES


def _ids(predictor: Predictor) -> list[torch.Tensor]:
    return [torch.tensor([predictor.table.encode("患者头痛3天，血压0。")])]


@pytest.mark.parametrize("change", ["in place", "data", "replaced", "loaded"])
def test_rounded_weights_follow_the_models(change: str) -> None:
    model, other = encoder_model(), encoder_model(1)
    predictor = Predictor(model, TOKENIZER, precision="int8")
    emissions(predictor)
    packed = {key: kept[2] for key, kept in predictor.linears.path._packed.items()}  # type: ignore[attr-defined]
    emissions(predictor)
    again = {key: kept[2] for key, kept in predictor.linears.path._packed.items()}  # type: ignore[attr-defined]
    assert packed == again and len(packed) == len(large_linears(model))
    for layer, new in zip(large_linears(model).values(), large_linears(other).values(), strict=True):
        with torch.no_grad():
            if change == "in place":
                layer.weight.copy_(new.weight)
            elif change == "data":
                layer.weight.data.copy_(new.weight)
            elif change == "replaced":
                layer.weight = nn.Parameter(new.weight.clone())
    if change == "loaded":
        model.load_state_dict(other.state_dict())
    else:
        rest = {key: value for key, value in other.state_dict().items() if key in dict(model.named_parameters())}
        model.load_state_dict(
            rest | {key: value for key, value in model.state_dict().items() if ".dense.weight" in key}
        )
    expected = Predictor(model, TOKENIZER, precision="int8")
    assert torch.equal(emissions(predictor), emissions(expected))


# PEFT (0.21: PeftModel.__init__) itself asks the model by a name that transformers 5.23 calls deprecated.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_adapters_are_computed_in_every_way() -> None:
    peft = pytest.importorskip("peft", reason="PEFT is not installed: pip install '.[peft]'")
    settings = peft.LoraConfig(
        target_modules=["query", "value"], modules_to_save=["span_decoder"], init_lora_weights=False
    )
    model = peft.get_peft_model(encoder_model(), settings).eval()
    plain = Predictor(model, TOKENIZER, linear="torch")(NOTES)
    assert Predictor(model, TOKENIZER, linear="onednn" if "onednn" in HERE else "torch")(NOTES) == plain
    reduced = Predictor(model, TOKENIZER, precision="int8")
    before = reduced(NOTES)
    model.merge_adapter()
    assert reduced(NOTES) == Predictor(model, TOKENIZER, precision="int8")(NOTES)
    model.unmerge_adapter()
    assert reduced(NOTES) == before


def test_a_layer_of_zeros_stays_one_in_int8() -> None:
    model = encoder_model()
    for layer in large_linears(model).values():
        nn.init.zeros_(layer.weight)
    assert emissions(Predictor(model, TOKENIZER, precision="int8")).isfinite().all()


def test_what_precisions_are_refused_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(match: str, model: Any = None, **options: Any) -> None:
        with pytest.raises(ValueError, match=match):
            Predictor(encoder_model() if model is None else model, TOKENIZER, **options)

    refused("The precision is 'fp16'; choose one of auto, fp32, bf16, bf16-emulated, int8", precision="fp16")
    refused("onednn computes in exact float32, and the precision is int8", precision="int8", linear="onednn")
    halved = encoder_model().to(torch.bfloat16)
    refused("fp32 was asked for, but the weights are in bfloat16", halved, precision="fp32")
    refused("int8 cannot be used: the model has no float32 linear layers on a CPU", halved, precision="int8")
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    refused("bf16 cannot be used: this processor has no instructions for bfloat16", precision="bf16")
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    assert Predictor(encoder_model(), TOKENIZER, precision="bf16").linears.path.name == "bf16"


def test_agreement_is_counted_in_spans() -> None:
    def documents(*spans: tuple[int, int, str]) -> list[Document]:
        return [Document("患者头痛", [Span(*span) for span in spans]), Document("")]

    found = PrecisionAgreement.of("int8", documents((0, 2, "a"), (2, 3, "b")), documents((0, 2, "a"), (2, 4, "b")))
    assert (found.documents, found.spans, found.same, found.more, found.changed) == (2, 2, 1, 1, 1.0)
    said = "int8: 50.0% of the 2 spans of fp32 on the first 2 documents, and 1 that fp32 does not give"
    assert found.is_notable() and str(found) == said
    none = PrecisionAgreement.of("int8", documents(), documents())
    assert not none.is_notable() and "no spans in fp32" in str(none)
    predictor = Predictor(encoder_model(), TOKENIZER, precision="bf16-emulated")
    measured = predictor.agreement([Document(text) for text in NOTES])
    assert measured.precision == "bf16-emulated" and measured.documents == len(NOTES) and measured.spans > 5
    assert predictor.linears.path.name == "bf16-emulated"


def test_equal_windows_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = encoder_model()
    rows: list[int] = []
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda *a, **o: rows.append(len(o["input_ids"])) or forward(*a, **o))
    texts, counts = ["患者头痛3天。", "右侧。", "患者头痛3天。"] * 4, []
    once = Predictor(model, TOKENIZER)
    found = list(once.predict(texts, progress=counts.append))
    assert sum(rows) == 2 and sum(counts) == sum(map(len, texts))
    rows.clear()
    each = Predictor(model, TOKENIZER, cache=False)(texts)
    assert sum(rows) == len(texts) and found == each


def test_batches_are_as_large_as_a_cache() -> None:
    model = encoder_model()
    assert _cpu_tokens(model) == 1024
    model.cner.encoder.model.encoder.layer[0].intermediate.dense = nn.Linear(64, 1024)
    assert _cpu_tokens(model) == 512
    model.cner.encoder.model.encoder.layer[0].intermediate.dense = nn.Linear(64, 4096)
    assert _cpu_tokens(model) == 384


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_scores_that_are_not_numbers_are_named_and_not_decoded(broken: float) -> None:
    model = encoder_model()
    predictor = Predictor(model, TOKENIZER)
    with torch.no_grad():
        model.get_input_embeddings().weight[TOKENIZER.convert_tokens_to_ids("痛")] = broken
    assert len(predictor(["患者。"])) == 1
    with pytest.raises(ValueError, match=r"its weight .*word_embeddings.weight holds NaN or infinity"):
        Predictor(model, TOKENIZER)
    with pytest.raises(FloatingPointError, match=r"not numbers \(NaN or infinity\) in characters 0 to 3 of text 2 of"):
        predictor(["患者。", "头痛。"])
