import pytest
import torch
from closeness import assert_close
from holder import Holder, HolderConfig
from transformers import (
    AlbertConfig,
    AutoModel,
    BartConfig,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ErnieConfig,
    RobertaConfig,
    XLNetConfig,
)

from hf_cner.modeling.encoder_pretrained import PretrainedEncoder, read_config
from hf_cner.modeling.encoders import ENCODERS
from hf_cner.modeling.slots import build

SIZES = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
    "pad_token_id": 0,
}
RELATIVE = {"relative_attention": True, "position_biased_input": False, "pos_att_type": ["p2c", "c2p"]}
CONFIGS = {
    "bert": BertConfig(**SIZES),
    "albert": AlbertConfig(**SIZES, embedding_size=8),
    "roberta": RobertaConfig(**(SIZES | {"pad_token_id": 1}), type_vocab_size=1),
    "electra": ElectraConfig(**SIZES, embedding_size=8),
    "ernie": ErnieConfig(**SIZES),
    "deberta-v2": DebertaV2Config(**SIZES, **RELATIVE),
    "deberta-v2-absolute": DebertaV2Config(**SIZES, type_vocab_size=2),
    "distilbert": DistilBertConfig(
        vocab_size=30, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=20, pad_token_id=0
    ),
    "xlnet": XLNetConfig(vocab_size=30, d_model=16, n_layer=2, n_head=2, d_inner=24, pad_token_id=0),
}
LENGTHS = dict.fromkeys(CONFIGS, 20) | {"roberta": 18, "deberta-v2": None, "xlnet": None}


def slot(name):
    return {"kind": "pretrained", "config": CONFIGS[name].to_dict()}


def make(name, **given):
    torch.manual_seed(0)
    return build("encoder", slot(name), ENCODERS, given=given).eval()


def text(b=2, n=7):
    return torch.randint(5, 30, (b, n), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", CONFIGS)
def test_it_computes_what_the_model_computes(name):
    encoder = make(name, attn_implementation="eager", dtype=torch.float64)  # eager alone shows its weights
    ids = text()
    assert encoder.output_size == 16 and encoder.max_length == LENGTHS[name]
    assert not any("pooler" in parameter for parameter, _ in encoder.named_parameters())
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    ids[1, 4:] = CONFIGS[name].pad_token_id
    output = encoder(ids, mask, torch.zeros_like(ids), output_hidden_states=True, output_attentions=True)
    types = {"token_type_ids": torch.zeros_like(ids)} if name == "xlnet" else {}
    expected = encoder.model(input_ids=ids, attention_mask=mask, **types).last_hidden_state
    assert_close(output.last_hidden_state[mask == 1], expected[mask == 1])
    assert len(output.hidden_states) == 3 and len(output.attentions) == 2
    assert output.hidden_states[-1].shape == (2, 7, 16) and output.attentions[0].shape == (2, 2, 7, 7)
    silent = encoder(ids, mask)
    assert silent.hidden_states is None and silent.attentions is None


@pytest.mark.parametrize("name", CONFIGS)
def test_padding_of_any_amount_on_any_side_changes_nothing(name):
    encoder, ids = make(name, dtype=torch.float64), text()
    expected = encoder(ids, torch.ones_like(ids)).last_hidden_state
    assert_close(encoder(ids).last_hidden_state, expected)
    for before, after in [(0, 5), (5, 0), (2, 3)]:
        padded = torch.nn.functional.pad(ids, (before, after), value=CONFIGS[name].pad_token_id)
        mask = torch.nn.functional.pad(torch.ones_like(ids), (before, after))
        result = encoder(padded, mask).last_hidden_state[:, before : before + 7]
        assert_close(result, expected)
        embedded = encoder(inputs_embeds=encoder.get_input_embeddings()(padded), attention_mask=mask.bool())
        result = embedded.last_hidden_state[:, before : before + 7]
        assert_close(result, expected)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_row_of_padding_alone_poisons_nothing(name):
    encoder, ids = make(name).train(), text()
    mask = torch.ones_like(ids)
    mask[0] = 0
    output = encoder(ids, mask).last_hidden_state
    assert torch.isfinite(output).all()
    output[1].square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters() if p.grad is not None)


def test_token_types_are_dropped_where_they_mean_nothing():
    ids = text()
    ones = torch.ones_like(ids)
    for name in ("roberta", "deberta-v2", "distilbert"):
        encoder = make(name)
        plain = encoder(ids, ones).last_hidden_state
        assert torch.equal(encoder(ids, ones, ones).last_hidden_state, plain), name
    for name in ("bert", "albert", "electra", "ernie", "deberta-v2-absolute"):
        encoder = make(name)
        plain = encoder(ids, ones).last_hidden_state
        assert not torch.equal(encoder(ids, ones, ones).last_hidden_state, plain), name
    halves = torch.tensor([[0, 0, 0, 1, 1, 1, 2]] * 2)
    encoder = make("xlnet")
    assert not torch.equal(encoder(ids, ones, halves).last_hidden_state, encoder(ids, ones, ones).last_hidden_state)


def test_too_many_tokens_for_the_positions():
    with pytest.raises(ValueError, match="21 tokens are too long for this bert encoder, which has 20 positions"):
        make("bert")(text(1, 21))
    with pytest.raises(ValueError, match="19 tokens are too long for this roberta encoder, which has 18 positions"):
        make("roberta")(text(1, 19))
    assert make("roberta")(text(1, 18)).last_hidden_state.shape == (1, 18, 16)
    for name in ("xlnet", "deberta-v2"):
        assert make(name)(text(1, 40)).last_hidden_state.shape == (1, 40, 16)


def test_ids_and_embeddings_exclude_each_other():
    encoder = make("bert")
    for arguments in ({}, {"input_ids": text(), "inputs_embeds": torch.zeros(2, 7, 16)}):
        with pytest.raises(ValueError, match="exactly one of input_ids and inputs_embeds"):
            encoder(**arguments)


def test_the_attention_implementation_is_passed_on():
    eager, sdpa = (make("bert", attn_implementation=each, dtype=torch.float64) for each in ("eager", "sdpa"))
    assert eager.model.config._attn_implementation == "eager" and sdpa.model.config._attn_implementation == "sdpa"
    sdpa.load_state_dict(eager.state_dict())
    ids = text()
    expected = eager(ids).last_hidden_state
    assert_close(sdpa(ids).last_hidden_state, expected)
    assert make("xlnet", attn_implementation=None).model.config._attn_implementation == "eager"


def test_the_dtype_is_that_of_the_surrounding_model_and_not_that_of_some_checkpoint():
    config = CONFIGS["bert"].to_dict() | {"dtype": "float16"}
    assert PretrainedEncoder(config=config).model.dtype == torch.float32
    assert PretrainedEncoder(config=config, dtype=torch.bfloat16).model.dtype == torch.bfloat16


@pytest.mark.parametrize("name", CONFIGS)
def test_half_precision(name):
    encoder, ids = make(name, dtype=torch.bfloat16), text()
    result = encoder(ids, torch.ones_like(ids)).last_hidden_state
    assert result.dtype == torch.bfloat16
    assert_close(result, encoder.float()(ids).last_hidden_state, terms=1)


@pytest.mark.parametrize("name", CONFIGS)
def test_saved_and_loaded_it_computes_the_same(name, tmp_path):
    """Also the buffers that are in no checkpoint, such as BERT's position numbers."""
    holder = Holder(HolderConfig(encoder=slot(name))).eval()
    holder.save_pretrained(tmp_path)
    loaded, ids = Holder.from_pretrained(tmp_path).eval(), text()
    assert torch.equal(loaded.encoder(ids).last_hidden_state, holder.encoder(ids).last_hidden_state)
    half = Holder.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
    assert torch.isfinite(half.encoder(ids).last_hidden_state).all()


@pytest.mark.parametrize("name", CONFIGS)
def test_what_a_checkpoint_lacks_is_initialised_as_its_own_class_does(name, tmp_path):
    holder = Holder(HolderConfig(encoder=slot(name)))
    kept = holder.encoder.get_input_embeddings().weight
    state = {key: value for key, value in holder.state_dict().items() if value.shape == kept.shape}
    holder.save_pretrained(tmp_path, state_dict=state)
    loaded = Holder.from_pretrained(tmp_path).eval()
    assert torch.equal(loaded.encoder.get_input_embeddings().weight, kept)
    assert all(torch.isfinite(p).all() and p.abs().max() < 2 for p in loaded.parameters())
    assert torch.isfinite(loaded.encoder(text()).last_hidden_state).all()


@pytest.mark.parametrize("name", CONFIGS)
def test_weights_of_a_pretrained_model_are_taken_over(name):
    torch.manual_seed(7)
    source = AutoModel.from_config(CONFIGS[name]).double().eval()  # with a pooling layer where there is one
    encoder, ids = make(name, dtype=torch.float64), text()
    encoder.load_encoder(source.state_dict())
    expected = source(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    assert_close(encoder(ids).last_hidden_state, expected)


def test_weights_of_another_encoder_are_refused():
    with pytest.raises(ValueError, match=r"not the weights of this bert encoder: .* missing .* not its own"):
        make("bert").load_encoder(make("xlnet").model.state_dict())


@pytest.mark.parametrize("name", sorted(set(CONFIGS) - {"albert", "xlnet"}))  # these cannot, says transformers
def test_gradient_checkpointing_is_passed_on(name):
    config = {key: 0.0 if "dropout" in key else value for key, value in CONFIGS[name].to_dict().items()}
    holder = Holder(HolderConfig(encoder={"kind": "pretrained", "config": config})).double().train()
    ids = text()
    holder.encoder(ids).last_hidden_state.square().sum().backward()
    expected = {key: p.grad.clone() for key, p in holder.named_parameters() if p.grad is not None}
    holder.zero_grad()
    # transformers 5.23 renames it, and warns of the old name
    enable = getattr(holder, "activation_checkpointing_enable", None) or holder.gradient_checkpointing_enable
    enable()
    assert any(getattr(layer, "gradient_checkpointing", False) for layer in holder.encoder.model.modules())
    holder.encoder(ids).last_hidden_state.square().sum().backward()
    for key, p in holder.named_parameters():
        if p.grad is not None:
            assert_close(p.grad, expected[key])


@pytest.mark.parametrize("name", CONFIGS)
def test_the_vocabulary_can_be_resized(name):
    holder = Holder(HolderConfig(encoder=slot(name))).double().eval()
    before = holder.encoder(text()).last_hidden_state
    holder.resize_token_embeddings(33)
    assert holder.encoder.get_input_embeddings().num_embeddings == 33
    assert_close(holder.encoder(text()).last_hidden_state, before)
    holder.encoder(torch.tensor([[32]]))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hidden_size": 8}, "must name its model_type"),
        ({"model_type": "no-such"}, "cannot make an encoder of model type 'no-such'"),
        (
            {"model_type": "bert", "auto_map": {"AutoModel": "theirs.Model"}},
            r"The encoder 'bert' needs code of its own \(auto_map",
        ),
        (BartConfig().to_dict(), "The model type 'bart' is no plain encoder"),
        ({"model_type": "encoder-decoder"}, "encoder-decoder"),
    ],
)
def test_configurations_that_are_no_encoder_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        read_config(config)
    with pytest.raises(ValueError, match=message):
        build("encoder", {"kind": "pretrained", "config": config}, ENCODERS)


def test_wrong_options_get_one_sentence():
    with pytest.raises(ValueError, match="Unknown layers 'first' of a pretrained encoder; choose 'last'"):
        build("encoder", slot("bert") | {"layers": "first"}, ENCODERS)
    with pytest.raises(ValueError, match="kind 'pretrained' needs the option 'config'"):
        build("encoder", {"kind": "pretrained"}, ENCODERS)
