import pytest
import torch
from closeness import assert_close
from test_encoder_pretrained import CONFIGS, make, slot, text

from hf_cner.modeling import encoder_pretrained, packed_attention
from hf_cner.modeling.encoders import ENCODERS
from hf_cner.modeling.packed_attention import attend, one_by_one, pack, runs_on
from hf_cner.modeling.slots import build

PACKED = ("bert", "albert", "roberta", "electra", "ernie", "distilbert")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
LENGTHS = torch.tensor([7, 3, 1, 5])


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Pack on this device and in any dtype, by the reference."""
    monkeypatch.setattr(encoder_pretrained, "runs_on", lambda device, dtype: True)


def batch(side="right"):
    ids, columns = text(4, 7), torch.arange(7)
    mask = columns < LENGTHS[:, None] if side == "right" else columns >= 7 - LENGTHS[:, None]
    return ids, mask


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("side", ["right", "left"])
def test_packed_equals_padded(name, side, as_on_a_gpu):
    encoder, (ids, mask) = make(name, dtype=torch.float64), batch(side)
    types = (torch.arange(7) > 2).long().expand(4, 7)
    packed = encoder(ids, mask, types, output_hidden_states=True)
    assert encoder.packs is (name in PACKED), "what the encoder declares"
    embedded = encoder(inputs_embeds=encoder.get_input_embeddings()(ids), attention_mask=mask, token_type_ids=types)
    encoder.packs = False
    padded = encoder(ids, mask, types, output_hidden_states=True)
    assert_close(packed.last_hidden_state[mask], padded.last_hidden_state[mask])
    assert_close(embedded.last_hidden_state[mask], padded.last_hidden_state[mask])
    for one, other in zip(packed.hidden_states, padded.hidden_states, strict=True):
        assert_close(one[mask], other[mask])
    if name in PACKED:
        assert not packed.last_hidden_state[~mask].any()


@pytest.mark.parametrize("name", PACKED)
def test_holes_and_a_row_of_padding_alone(name, as_on_a_gpu):
    encoder, (ids, mask) = make(name, dtype=torch.float64), batch()
    mask[0, 2] = False
    mask[3] = False
    packed = encoder(ids, mask).last_hidden_state
    encoder.packs = False
    padded = encoder(ids, mask).last_hidden_state
    mask[3, 0] = True  # what a row without any is computed as
    assert_close(packed[mask], padded[mask])


@pytest.mark.parametrize("name", PACKED)
def test_nothing_leaks_from_one_sequence_into_another(name, as_on_a_gpu):
    encoder, (ids, mask) = make(name), batch()
    before = encoder(ids, mask).last_hidden_state
    assert encoder.packs
    ids[1] = 29 - ids[1] % 20
    after = encoder(ids, mask).last_hidden_state
    others = torch.tensor([0, 2, 3])
    assert torch.equal(before[others], after[others])
    assert not torch.equal(before[1], after[1])


def test_gradients_are_those_of_padded_input(as_on_a_gpu):
    encoder, (ids, mask) = make("bert", dtype=torch.float64), batch()
    gradients = []
    for packs in (None, False):
        encoder.packs = packs
        encoder.zero_grad()
        encoder(ids, mask).last_hidden_state[mask].pow(3).sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in encoder.parameters() if p.grad is not None]))
    assert_close(*gradients)


def test_where_it_is_not_packed(as_on_a_gpu, monkeypatch):
    ids, mask = batch()
    calls = []
    monkeypatch.setattr(encoder_pretrained, "pack", lambda attended: calls.append(attended) or pack(attended))
    make("bert").train()(ids, mask)  # there is no dropout in the kernel
    make("bert", attn_implementation="eager")(ids, mask)  # somebody chose
    build("encoder", slot("bert") | {"packing": False}, ENCODERS).eval()(ids, mask)
    make("bert")(ids)  # nothing is padded
    assert not calls
    make("bert")(ids, mask)
    assert len(calls) == 1


def test_without_a_gpu_nothing_is_packed():
    assert not runs_on(torch.device("cpu"), torch.bfloat16)
    encoder = make("bert").to(torch.bfloat16)
    encoder(*batch())
    assert encoder.packs is None and encoder.model.config._attn_implementation == "sdpa"


def test_an_encoder_that_does_not_agree_with_itself_stays_padded(as_on_a_gpu, monkeypatch, caplog):
    leaking = make("bert")
    monkeypatch.setattr(packed_attention, "one_by_one", lambda q, k, v, bounds, scale: 100 * v.roll(1, dims=2))
    with caplog.at_level("WARNING"):
        leaking(*batch())
    assert leaking.packs is False
    assert "The bert encoder is computed with padding: without it, its vectors differ by" in caplog.text
    assert_close(leaking(*batch()).last_hidden_state, make("bert", packing=False)(*batch()).last_hidden_state)


def test_more_than_plain_attention_is_refused():
    query = torch.randn(1, 2, 5, 4)
    bounds = torch.tensor([0, 2, 5], dtype=torch.int32)
    for further in ({"sliding_window": 3}, {"dropout": 0.1}, {"position_bias": query}):
        with pytest.raises(ValueError, match="Linear asks for more than plain attention, which cannot be packed"):
            attend(torch.nn.Linear(1, 1), query, query, query, None, cu_seq_lens_q=bounds, **further)


def test_the_reference_is_attention_within_each_sequence():
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 1, 2, 9, 4, dtype=torch.float64, generator=generator)
    bounds, number = torch.tensor([0, 4, 5, 9], dtype=torch.int32), torch.tensor([0] * 4 + [1] + [2] * 4)
    scores = (query @ key.transpose(2, 3) * 0.3).masked_fill(number[:, None] != number, -torch.inf)
    assert_close(one_by_one(query, key, value, bounds, 0.3), scores.softmax(dim=3) @ value)


@needs_gpu
@pytest.mark.gpu
def test_the_kernel_gives_what_the_reference_gives():
    query, key, value = torch.randn(3, 1, 4, 300, 64, dtype=torch.bfloat16, device="cuda")
    bounds = torch.tensor([0, 100, 101, 300], dtype=torch.int32, device="cuda")
    options = {"cu_seq_lens_q": bounds, "max_length_q": 199, "scaling": 0.125}
    found, _ = attend(torch.nn.Identity(), query, key, value, None, **options)
    expected = one_by_one(*(each.double() for each in (query, key, value)), bounds, 0.125).transpose(1, 2)
    assert_close(found.double(), expected, terms=300)


@needs_gpu
@pytest.mark.gpu
def test_an_encoder_is_packed_on_a_gpu_in_bf16():
    encoder = make("bert", dtype=torch.bfloat16).cuda()
    ids, mask = (each.cuda() for each in batch())
    encoder(ids, mask)
    assert encoder.packs
