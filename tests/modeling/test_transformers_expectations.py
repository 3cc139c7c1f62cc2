"""What transformers tests on its own models, on ours: one list of cases over all slots, and the questions' model."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import CASES, ENCODERS, SPAN_CASES, VOCABULARY, config
from closeness import assert_close
from safetensors.torch import load_file
from test_modeling_cner import batch, labels_for
from test_modeling_cner_mrc import CASES as MRC_CASES
from test_modeling_cner_mrc import LABELS
from test_modeling_cner_mrc import model_of as mrc_model_of
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForTokenClassification,
    set_seed,
)

from hf_cner import CnerForTokenClassification

Make = Callable[[], Any]


def tagger(case: dict[str, str], **options: Any) -> CnerForTokenClassification:
    set_seed(0)
    return CnerForTokenClassification(config(**case, **options)).eval()  # type: ignore[arg-type]


MODELS: dict[str, Make] = {
    **{name: partial(tagger, case) for name, case in {**CASES, **SPAN_CASES}.items()},
    **{f"mrc-{name}": partial(mrc_model_of, case) for name, case in MRC_CASES.items()},
}
each_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
each_encoder = pytest.mark.parametrize("encoder", ENCODERS)


def gold(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    return labels_for(model, inputs) if hasattr(model.span_decoder, "outside") else LABELS


def auto(model: Any) -> Any:
    return {"cner": AutoModelForTokenClassification, "cner-mrc": AutoModelForQuestionAnswering}[model.config.model_type]


def emissions(model: Any, **options: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(**batch(), **options).emissions
    return found


@each_model
def test_forward_takes_what_every_text_model_takes(make: Make) -> None:
    model = make()
    assert list(inspect.signature(model.forward).parameters)[:3] == ["input_ids", "attention_mask", "token_type_ids"]
    assert model.main_input_name == "input_ids" and model.base_model is model.cner
    assert model.can_generate() is False


@each_model
def test_save_and_load_is_exact_complete_and_sharded_in_safetensors(make: Make, tmp_path: Path) -> None:
    model = make()
    model.save_pretrained(tmp_path, max_shard_size="2KB")
    files = sorted(path.name for path in tmp_path.iterdir() if path.suffix not in (".py", ".json"))
    assert len(files) > 1 and all(name.endswith(".safetensors") for name in files)
    assert (tmp_path / "model.safetensors.index.json").is_file()
    again, told = auto(model).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(told[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), told
    assert torch.equal(emissions(model), emissions(again))
    again.save_pretrained(tmp_path / "again")  # in one piece
    saved = load_file(tmp_path / "again" / "model.safetensors")
    # transformers 5.2 saves what it has loaded, its own models likewise, under the names of the oldest checkpoints.
    for old, new in (("Norm.gamma", "Norm.weight"), ("Norm.beta", "Norm.bias")):
        saved = {name.replace(old, new): tensor for name, tensor in saved.items()}
    state = model.state_dict()
    assert saved.keys() <= state.keys()  # tied weights are stored once
    assert all(torch.equal(tensor, state[name]) for name, tensor in saved.items())
    first, second = (json.loads((folder / "config.json").read_text()) for folder in (tmp_path, tmp_path / "again"))
    assert first == second


@each_model
def test_evaluation_is_deterministic_and_tuples_hold_what_outputs_hold(make: Make) -> None:
    model = make()
    inputs = batch()
    labels = gold(model, inputs)
    with torch.no_grad():
        output, again = model(**inputs, labels=labels), model(**inputs, labels=labels)
        plain = model(**inputs, labels=labels, return_dict=False)
        model.config.return_dict = False
        by_configuration = model(**inputs, labels=labels)
    assert len(plain) == len(by_configuration) == len(output) >= 3
    for one, two, three, four in zip(output.to_tuple(), again.to_tuple(), plain, by_configuration, strict=True):
        assert torch.equal(one, two) and torch.equal(one, three) and torch.equal(one, four)


@each_model
def test_a_copied_and_a_pickled_model_gives_the_same(make: Make) -> None:
    model = make()
    expected = emissions(model)
    assert torch.equal(emissions(copy.deepcopy(model)), expected)
    assert torch.equal(emissions(pickle.loads(pickle.dumps(model))), expected)


@each_model
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_works_forward_and_backward(make: Make, dtype: torch.dtype, tmp_path: Path) -> None:
    model = make()
    model.save_pretrained(tmp_path)
    inputs = batch()
    for half in (model.to(dtype), auto(model).from_pretrained(tmp_path, dtype=dtype)):
        assert half.dtype == dtype
        output = half.train()(**inputs, labels=gold(half, inputs))
        assert output.emissions.dtype == torch.float32 and torch.isfinite(output.emissions).all()
        output.loss.backward()
        assert torch.isfinite(half.get_input_embeddings().weight.grad).all()


@each_model
def test_loading_with_a_device_map(make: Make, tmp_path: Path) -> None:
    model = make()
    model.save_pretrained(tmp_path)
    for device_map in ("auto", {"": "cpu"}):
        again = auto(model).from_pretrained(tmp_path, device_map=device_map)
        assert next(again.parameters()).device.type == again.device.type
        assert_close(emissions(again.cpu()), emissions(model))


@each_model
def test_hidden_states_carry_gradients(make: Make) -> None:
    model = make()
    if model.config.model_type == "cner-mrc" and model.interaction.joint:
        for name in ("output_hidden_states", "output_attentions"):
            with pytest.raises(ValueError, match=f"{name} is not possible for questions that are asked jointly"):
                model(**batch(), **{name: True})
        return
    output = model(**batch(), output_hidden_states=True)
    assert output.hidden_states[-1].shape[:2] == (3, 11)
    first = output.hidden_states[0]
    assert first.requires_grad
    if model.config.encoder.get("config", {}).get("model_type") != "xlnet":  # which gives copies
        first.retain_grad()
        output.emissions.sum().backward()
        assert first.grad.abs().sum() > 0
    model.config.output_hidden_states = True
    assert len(model(**batch()).hidden_states) == len(output.hidden_states)


@each_encoder
def test_vocabulary_can_grow_and_shrink(encoder: str, tmp_path: Path) -> None:
    model = tagger({"encoder": encoder})
    before = model.get_input_embeddings().weight.detach().clone()
    for size in (VOCABULARY + 7, VOCABULARY - 3):
        model.zero_grad()
        model.resize_token_embeddings(size)
        assert model.get_input_embeddings().weight.shape[0] == size == model.config.vocab_size
        kept = min(size, VOCABULARY - 3)
        assert torch.equal(model.get_input_embeddings().weight[:kept], before[:kept])
        ids = torch.tensor([[2, size - 1, 5, 3]])
        model(input_ids=ids, labels=torch.tensor([[-100, 0, 0, -100]])).loss.backward()
    model.save_pretrained(tmp_path)
    again = AutoModelForTokenClassification.from_pretrained(tmp_path)
    assert again.config.vocab_size == VOCABULARY - 3
    assert torch.equal(again.get_input_embeddings().weight, model.get_input_embeddings().weight)


@each_encoder
def test_the_input_embedding_can_be_replaced(encoder: str) -> None:
    model = tagger({"encoder": encoder})
    old = model.get_input_embeddings()
    new = torch.nn.Embedding(*old.weight.shape)
    before = emissions(model)
    model.set_input_embeddings(new)
    assert model.get_input_embeddings() is new and model.base_model.get_input_embeddings() is new
    assert not torch.equal(emissions(model), before)


@each_encoder
def test_embeddings_stand_in_for_ids(encoder: str) -> None:
    if "bigrams" in encoder:
        pytest.skip("without ids all bigrams are unknown")
    model = tagger({"encoder": encoder})
    inputs = batch((7, 7))
    units = model.unit_mask(**inputs)
    embedded = model.get_input_embeddings()(inputs["input_ids"])
    # An encoder that reads text alone knows special tokens by their ids; without these the mask has to say it.
    mask = units.long() if encoder == "elmo" else inputs["attention_mask"]
    with torch.no_grad():
        vectors = model.cner.encoder(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        expected = model.cner.encoder(**inputs).last_hidden_state
        alone = model(inputs_embeds=embedded, attention_mask=mask, unit_mask=units)
    assert_close(vectors, expected)
    assert torch.isfinite(alone.emissions).all()


def switch_checkpointing(model: Any, on: bool, **options: Any) -> None:
    """transformers 5.23 calls activation checkpointing what was called gradient checkpointing before."""
    kind = "activation" if hasattr(model, "activation_checkpointing_enable") else "gradient"
    if on:
        getattr(model, f"{kind}_checkpointing_enable")(**{f"{kind}_checkpointing_kwargs": options})
    else:
        getattr(model, f"{kind}_checkpointing_disable")()


@pytest.mark.parametrize("encoder", ["bert", "roberta", "electra", "deberta-v2"])
@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_changes_no_gradient(encoder: str, reentrant: bool) -> None:
    model = tagger({"encoder": encoder, "context": "bilstm"}, dropout=0.0)
    inputs = batch()
    labels = labels_for(model, inputs)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    found = []
    for on in (False, True):
        switch_checkpointing(model, on, use_reentrant=reentrant)
        model.zero_grad()
        model(**inputs, labels=labels).loss.backward()
        found.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    assert any(getattr(module, "gradient_checkpointing", False) for module in model.modules())
    assert found[0].keys() == found[1].keys() and len(found[0]) > 10
    for name, gradient in found[0].items():
        assert_close(found[1][name], gradient, msg=name)


@pytest.mark.parametrize("encoder", ["static", "xlnet"])
def test_where_the_encoder_cannot_checkpoint_the_model_says_so(encoder: str) -> None:
    model = tagger({"encoder": encoder})
    assert not model.supports_gradient_checkpointing and tagger({"encoder": "bert"}).supports_gradient_checkpointing
    with pytest.raises(ValueError, match=r"does not support (gradient|activation) checkpointing"):
        switch_checkpointing(model, True)


@pytest.mark.slow
@pytest.mark.parametrize(("encoder", "decoder"), [("bert", "crf-bioes"), ("static", "global-pointer")])
def test_a_compiled_model_scores_the_same(encoder: str, decoder: str) -> None:
    model = tagger({"encoder": encoder, "context": "none", "attention": "multi_head", "span_decoder": decoder})
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="aot_eager", dynamic=True)
    for lengths in ((9, 4, 1), (5, 6)):  # the second has other sizes: nothing may be fixed to the first
        inputs = batch(lengths)
        with torch.no_grad():
            expected, found = model(**inputs), compiled(**inputs)
        assert_close(found.emissions, expected.emissions)
        assert_close(found.logits, expected.logits)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:<class 'torch.autograd.function.Function'> should not be inst:DeprecationWarning")
def test_a_compiled_model_learns_the_same() -> None:
    """The warning that is left out is torch's own, at what it does with any `autograd.Function` that it compiles."""
    model = tagger({"encoder": "static", "context": "bilstm"}, dropout=0.0).train()
    torch._dynamo.reset()
    gradients = []
    for form in (model, torch.compile(model, backend="aot_eager", dynamic=True)):
        model.zero_grad()
        form(**batch(), labels=gold(model, batch())).loss.backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys() and "span_decoder.crf.transitions" in gradients[0]
    for name, gradient in gradients[0].items():
        assert_close(gradients[1][name], gradient, msg=name)
