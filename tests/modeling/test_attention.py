import pytest
import torch
from closeness import assert_close
from torch import nn

from hf_cner.modeling.attention import ATTENTIONS
from hf_cner.modeling.slots import build

SIZE = 12
SLOTS = {
    "none": {"kind": "none"},
    "additive": {"kind": "additive"},
    "additive-relu": {"kind": "additive", "attention_size": 4, "activation": "relu", "dropout": 0.2},
    "multi_head": {"kind": "multi_head", "num_heads": 4},
    "multi_head-5": {"kind": "multi_head", "num_heads": 5, "residual": True, "layer_norm": True, "dropout": 0.1},
    "multi_head-16": {"kind": "multi_head", "num_heads": 16, "head_size": 3, "residual": True},
}
MASKS = {
    "right": [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]],
    "left": [[0, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]],
    "holes": [[1, 0, 1, 0, 1], [0, 1, 0, 1, 0], [1, 1, 0, 0, 1]],
}


def make(name: str) -> nn.Module:
    torch.manual_seed(0)
    return build("attention", SLOTS[name], ATTENTIONS, SIZE).double().eval()


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("name", SLOTS)
def test_each_sequence_is_computed_as_if_alone_and_without_padding(name, kind):
    layer, mask = make(name), torch.tensor(MASKS[kind]).bool()
    vectors = torch.randn(*mask.shape, SIZE, dtype=torch.float64)
    vectors[~mask] = float("nan")
    result = layer(vectors, mask)
    assert result.shape == vectors.shape and layer.output_size == SIZE
    assert (result[~mask] == 0).all()
    for row, units in enumerate(mask):
        if units.any():
            alone = layer(vectors[row][units].unsqueeze(0), torch.ones(1, int(units.sum()), dtype=torch.bool))
            assert_close(result[row][units], alone[0])


@pytest.mark.parametrize("name", SLOTS)
def test_gradients_are_finite_also_with_an_empty_row(name):
    layer, mask = make(name).train(), torch.tensor(MASKS["left"]).bool()
    vectors = torch.randn(*mask.shape, SIZE, dtype=torch.float64)
    vectors[~mask] = float("nan")
    vectors.requires_grad_()
    layer(vectors, mask).square().sum().backward()
    assert (vectors.grad[~mask] == 0).all() and torch.isfinite(vectors.grad).all()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in layer.parameters())


@pytest.mark.parametrize("name", SLOTS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_other_dtypes_run_and_agree(name, dtype):
    layer, mask = make(name), torch.tensor(MASKS["holes"]).bool()
    vectors = torch.randn(*mask.shape, SIZE, dtype=torch.float64)
    expected = layer(vectors, mask)
    result = layer.to(dtype)(vectors.to(dtype), mask)
    assert result.dtype == dtype
    assert_close(result, expected)


@pytest.mark.parametrize("name", SLOTS)
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (2, 3)])
def test_nothing_in_nothing_out(name, shape):
    result = make(name)(torch.randn(*shape, SIZE, dtype=torch.float64), torch.zeros(shape, dtype=torch.bool))
    assert result.shape == (*shape, SIZE) and (result == 0).all()


@pytest.mark.parametrize("num_heads", [1, 2, 3, 4, 6])
def test_multi_head_equals_torch_where_torch_can(num_heads):
    ours = build("attention", {"kind": "multi_head", "num_heads": num_heads}, ATTENTIONS, SIZE).double().eval()
    theirs = nn.MultiheadAttention(SIZE, num_heads, batch_first=True).double().eval()
    with torch.no_grad():
        for layer in (ours.query, ours.key, ours.value, ours.output):
            nn.init.normal_(layer.bias)
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
        theirs.out_proj.load_state_dict(ours.output.state_dict())
    mask = torch.tensor(MASKS["holes"]).bool()
    vectors = torch.randn(*mask.shape, SIZE, dtype=torch.float64)
    expected, weights = theirs(vectors, vectors, vectors, key_padding_mask=~mask, average_attn_weights=False)
    assert_close(ours(vectors, mask)[mask], expected[mask])
    expected_weights = weights * mask[:, None, :, None]
    assert_close(ours.attention_weights(vectors, mask), expected_weights)


@pytest.mark.parametrize(("num_heads", "head_size"), [(5, 3), (7, 2), (16, 1), (4, 3)])
def test_heads_that_do_not_divide_the_size_are_rounded_up(num_heads, head_size):
    layer = build("attention", {"kind": "multi_head", "num_heads": num_heads}, ATTENTIONS, SIZE)
    assert layer.head_size == head_size
    assert layer.query.weight.shape == (num_heads * head_size, SIZE)


def test_residual_and_norm_are_what_they_say():
    plain, full = make("multi_head"), make("multi_head-16")
    options = {"kind": "multi_head", "num_heads": 4, "residual": True, "layer_norm": True}
    full = build("attention", options, ATTENTIONS, SIZE).double().eval()
    full.load_state_dict(plain.state_dict(), strict=False)
    vectors, mask = torch.randn(2, 4, SIZE, dtype=torch.float64), torch.ones(2, 4, dtype=torch.bool)
    expected = nn.functional.layer_norm(plain(vectors, mask) + vectors, (SIZE,))
    assert_close(full(vectors, mask), expected)


def test_additive_attention_as_in_its_docstring():
    layer, mask = make("additive"), torch.tensor(MASKS["holes"]).bool()
    vectors = torch.randn(*mask.shape, SIZE, dtype=torch.float64)
    result, weights = layer(vectors, mask), layer.attention_weights(vectors, mask)
    assert (weights[~mask] == 0).all()
    assert_close(weights.sum(dim=1), torch.ones(3).double())
    for row, units in enumerate(mask):
        h = vectors[row][units]
        u = torch.stack([layer.score.weight[0] @ torch.tanh(layer.hidden.weight @ x + layer.hidden.bias) for x in h])
        a = u.exp() / u.exp().sum()
        s = sum(weight * x for weight, x in zip(a, h, strict=True))
        expected = [torch.tanh(layer.output.weight @ torch.cat([s, x]) + layer.output.bias) for x in h]
        assert_close(weights[row][units], a)
        assert_close(result[row][units], torch.stack(expected))


def test_an_empty_row_has_no_weights():
    mask = torch.tensor(MASKS["right"]).bool()
    vectors = torch.randn(*mask.shape, SIZE, dtype=torch.float64)
    assert not make("additive").attention_weights(vectors, mask)[2].any()
    assert not make("multi_head").attention_weights(vectors, mask)[2].any()


@pytest.mark.parametrize(
    ("slot", "message"),
    [
        ({"kind": "mha"}, r"Unknown attention kind 'mha'; choose one of \['additive', 'multi_head', 'none'\]"),
        ({"kind": "multi_head", "heads": 2}, r"no option 'heads'; it takes \['dropout', 'head_size', 'layer_norm'"),
        ({"kind": "multi_head", "num_heads": 0}, "num_heads must be at least 1"),
        ({"kind": "multi_head", "head_size": 0}, "head_size must be at least 1"),
        ({"kind": "multi_head", "dropout": -1}, "dropout probability has to be between 0 and 1"),
        ({"kind": "additive", "attention_size": 0}, "attention_size must be at least 1"),
        ({"kind": "additive", "activation": "x"}, "Unknown activation 'x'"),
        ({"kind": "none", "dropout": 0.1}, "kind 'none' has no option 'dropout'; it takes none"),
    ],
)
def test_wrong_options_get_one_sentence(slot, message):
    with pytest.raises(ValueError, match=message):
        build("attention", slot, ATTENTIONS, SIZE)
