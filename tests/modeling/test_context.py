import pytest
import torch
from cases import with_every_kind
from closeness import assert_close
from torch import nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from hf_cner.modeling.context import CONTEXTS, HYBRID
from hf_cner.modeling.slots import build

SIZE = 6
SLOTS = {
    "none": {"kind": "none"},
    "bilstm": {"kind": "bilstm", "hidden_size": 5},
    "bilstm-2": {"kind": "bilstm", "hidden_size": 4, "num_layers": 2, "dropout": 0.3, "activation": "relu"},
    "bigru": {"kind": "bigru", "hidden_size": 5, "activation": "gelu"},
    "bigru-3": {"kind": "bigru", "hidden_size": 3, "num_layers": 3},
    "idcnn": {"kind": "idcnn", "filters": 5, "dropout": 0.2},
    "idcnn-concat": {"kind": "idcnn", "filters": SIZE, "blocks": 2, "kernel_size": 4, "output": "concat"},
    "cnn": {"kind": "cnn", "filters": 3},
    "cnn-2": {"kind": "cnn", "kernel_sizes": [1, 2, 5], "filters": [2, 3, 4], "num_layers": 2, "activation": "tanh"},
    "cnn-flat": {"kind": "cnn", "kernel_sizes": [3], "filters": 4, "pool_size": 1, "activation": None},
    "parallel": {
        "kind": "parallel",
        "branches": [
            {"kind": "bilstm", "hidden_size": 4},
            {"kind": "cnn", "kernel_sizes": [3, 5], "filters": 4, "num_layers": 2, "pool_size": 5},
        ],
    },
}
SLOTS = with_every_kind(SLOTS, CONTEXTS)
WIDTHS = {"none": 6, "bilstm": 10, "bilstm-2": 8, "bigru": 10, "bigru-3": 6, "idcnn": 5, "idcnn-concat": 12, "cnn": 9}
WIDTHS |= {"cnn-2": 9, "cnn-flat": 4, "parallel": 8}


def make(name: str) -> nn.Module:
    torch.manual_seed(0)
    return build("context", SLOTS[name], CONTEXTS, SIZE).eval()


def mask_of(kind: str, b: int = 5, n: int = 11) -> torch.Tensor:
    lengths = torch.tensor([n, 4, 0, 1, 7])[:b, None]
    columns = torch.arange(n)
    if kind == "right":
        return columns < lengths
    if kind == "left":
        return columns >= n - lengths
    if kind == "holes":
        return (
            torch.rand(b, n, generator=torch.Generator().manual_seed(3)) < torch.tensor([1, 0.5, 0, 0.2, 0.7])[:, None]
        )
    return torch.zeros(b, n, dtype=torch.bool)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["right", "left", "holes", "empty"])
@pytest.mark.parametrize("name", SLOTS)
def test_each_sequence_is_computed_as_if_alone_and_without_padding(name, kind, dtype):
    """Padding of any amount on any side, holes, empty rows, and the rest of the batch change nothing.

    In float64 to the last digits; in float32 other kernels run, and oneDNN takes another algorithm for a convolution
    of another length (twelve of which stand in a row).
    """
    layer, mask = make(name).to(dtype), mask_of(kind)
    vectors = torch.randn(*mask.shape, SIZE, dtype=dtype)
    vectors[~mask] = float("nan")
    result = layer(vectors, mask)
    assert result.shape == (*mask.shape, layer.output_size) and layer.output_size == WIDTHS.get(name, layer.output_size)
    assert (result[~mask] == 0).all()
    for row, units in enumerate(mask):
        if units.any():
            alone = layer(vectors[row][units].unsqueeze(0), torch.ones(1, int(units.sum()), dtype=torch.bool))
            assert_close(result[row][units], alone[0], beside=result)
    order = torch.tensor([3, 0, 4, 2, 1])
    assert_close(layer(vectors[order], mask[order]), result[order])


@pytest.mark.parametrize("name", SLOTS)
def test_gradients_are_finite_and_only_units_get_one(name):
    layer, mask = make(name).train(), mask_of("holes")
    vectors = torch.randn(*mask.shape, SIZE)
    vectors[~mask] = float("nan")
    vectors.requires_grad_()
    layer(vectors, mask).square().sum().backward()
    assert (vectors.grad[~mask] == 0).all() and torch.isfinite(vectors.grad).all()
    assert vectors.grad[mask].abs().sum() > 0
    for parameter_name, parameter in layer.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), parameter_name


@pytest.mark.parametrize("name", SLOTS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_dtypes_run_and_agree(name, dtype):
    layer, mask = make(name), mask_of("left")
    vectors = torch.randn(*mask.shape, SIZE)
    expected = layer(vectors, mask)
    result = layer.to(dtype)(vectors.to(dtype), mask)
    assert result.dtype == dtype
    assert_close(result, expected)


@pytest.mark.parametrize("name", SLOTS)
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0), (2, 3)])
def test_nothing_in_nothing_out(name, shape):
    layer = make(name)
    assert (layer(torch.randn(*shape, SIZE), torch.zeros(shape, dtype=torch.bool)) == 0).all()
    assert layer(torch.randn(*shape, SIZE), torch.zeros(shape, dtype=torch.bool)).shape == (*shape, layer.output_size)


@pytest.mark.parametrize(("kind", "reference"), [("bilstm", nn.LSTM), ("bigru", nn.GRU)])
def test_recurrent_layers_equal_torch_on_packed_sequences(kind, reference):
    layer = build("context", {"kind": kind, "hidden_size": 5, "num_layers": 2}, CONTEXTS, SIZE)
    theirs = reference(SIZE, 5, num_layers=2, bidirectional=True, batch_first=True)
    with torch.no_grad():
        for number in range(2):
            for direction, ours in (("", layer.rightward[number]), ("_reverse", layer.leftward[number])):
                for name, parameter in ours.named_parameters():
                    getattr(theirs, name.replace("_l0", f"_l{number}{direction}")).copy_(parameter)
    mask = mask_of("right")[[0, 1, 3, 4]]  # packed sequences cannot be empty
    vectors = torch.randn(*mask.shape, SIZE)
    rows = [vectors[row][units] for row, units in enumerate(mask)]
    packed, _ = theirs(pack_sequence(rows, enforce_sorted=False))
    expected, _ = pad_packed_sequence(packed, batch_first=True, total_length=mask.shape[1])
    assert_close(layer(vectors, mask), expected)


def test_idcnn_sees_33_characters():
    """Four times three convolutions of width 3 with dilations 1, 1, 2: 4 · 2 · (1 + 1 + 2) + 1."""
    layer = build("context", {"kind": "idcnn", "filters": SIZE, "activation": None}, CONTEXTS, SIZE)
    vectors = torch.randn(1, 61, SIZE, requires_grad=True)
    layer(vectors, torch.ones(1, 61, dtype=torch.bool))[0, 30].sum().backward()
    seen = vectors.grad[0].abs().sum(dim=1).nonzero().flatten()
    assert seen.tolist() == list(range(30 - 16, 30 + 17)) and len(seen) == 33


def test_idcnn_begins_with_what_each_unit_has_of_its_own() -> None:
    """Twelve layers of He's weights alone leave nothing of it: a cosine of 0."""
    torch.manual_seed(0)
    layer = build("context", {"kind": "idcnn", "filters": 128}, CONTEXTS, 128)
    vectors = torch.randn(1, 50, 128).relu()
    with torch.no_grad():
        result = layer(vectors, torch.ones(1, 50, dtype=torch.bool))
    own, before = result - result.mean(dim=1, keepdim=True), vectors - vectors.mean(dim=1, keepdim=True)
    assert nn.functional.cosine_similarity(own, before, dim=-1).mean() > 0.5


def test_idcnn_shares_the_parameters_of_its_blocks():
    def count(**options):
        layer = build("context", {"kind": "idcnn", "filters": 8, **options}, CONTEXTS, 8)
        return sum(p.numel() for p in layer.parameters())

    assert count(blocks=1) == count(blocks=4) == 3 * (8 * 8 * 3 + 8)
    assert count(projection=True) == count() + 8 * 8 + 8
    assert count(dilations=[1, 2]) == 2 * (8 * 8 * 3 + 8)


def test_idcnn_is_its_block_applied_again_and_again():
    layer = make("idcnn")
    vectors = torch.randn(1, 9, SIZE)
    expected = layer.projection(vectors.transpose(1, 2))
    for _ in range(4):
        for dilation, convolution in zip((1, 1, 2), layer.block, strict=True):
            expected = nn.functional.conv1d(
                expected, convolution.weight, convolution.bias, padding=dilation, dilation=dilation
            ).relu()
    result = layer(vectors, torch.ones(1, 9, dtype=torch.bool))
    assert_close(result, expected.transpose(1, 2))


def test_cnn_against_triple_loops():
    layer = build("context", {"kind": "cnn", "kernel_sizes": [3], "filters": 2, "pool_size": 3}, CONTEXTS, 2)
    (convolution,) = layer.layers[0]
    vectors, n = torch.randn(5, 2), 5
    before = torch.zeros(n, 2)
    for t in range(n):
        for f in range(2):
            total = convolution.bias[f].item()
            for k in range(3):
                for d in range(2):
                    if 0 <= t + k - 1 < n:
                        total += (convolution.weight[f, d, k] * vectors[t + k - 1, d]).item()
            before[t, f] = max(total, 0.0)
    expected = torch.stack([before[max(0, t - 1) : t + 2].amax(dim=0) for t in range(n)])
    result = layer(vectors[None], torch.ones(1, n, dtype=torch.bool))[0]
    assert_close(result, expected)


def test_padding_never_wins_the_maximum():
    """Without a rectifier all values may be negative: the zeros of padding must not count as the largest."""
    layer = make("cnn-flat")
    layer.pooling = nn.MaxPool1d(5, stride=1, padding=2)
    with torch.no_grad():
        layer.layers[0][0].weight.zero_()
        layer.layers[0][0].bias.fill_(-2.0)
    mask = torch.tensor([[True, True, False, False, False, False]])
    assert (layer(torch.randn(1, 6, SIZE), mask)[mask] == -2.0).all()


def test_parallel_is_the_sum_of_its_branches():
    layer, mask = make("parallel"), mask_of("holes")
    vectors = torch.randn(*mask.shape, SIZE)
    expected = layer.branches[0](vectors, mask) + layer.branches[1](vectors, mask)
    assert_close(layer(vectors, mask), expected)
    assert build("context", {"kind": "parallel"}, CONTEXTS, SIZE).output_size == 256
    assert [branch["kind"] for branch in HYBRID] == ["bilstm", "cnn"]


def test_dropout_stands_between_layers_only():
    vectors, mask = torch.randn(1, 5, SIZE), torch.ones(1, 5, dtype=torch.bool)
    one = build("context", {"kind": "bilstm", "dropout": 0.5}, CONTEXTS, SIZE).train()
    assert torch.equal(one(vectors, mask), one(vectors, mask))
    two = build("context", {"kind": "bilstm", "dropout": 0.5, "num_layers": 2}, CONTEXTS, SIZE).train()
    assert not torch.equal(two(vectors, mask), two(vectors, mask))


@pytest.mark.parametrize(
    ("slot", "message"),
    [
        ({"kind": "lstm"}, r"Unknown context kind 'lstm'; choose one of \['bigru', 'bilstm', 'cnn', 'idcnn', 'none'"),
        ({"kind": "bilstm", "hidden": 3}, r"no option 'hidden'; it takes \['activation', 'dropout', 'hidden_size'"),
        ({"kind": "bilstm", "hidden_size": 0}, "hidden_size must be at least 1"),
        ({"kind": "bigru", "num_layers": 0}, "num_layers must be at least 1"),
        ({"kind": "bilstm", "activation": "sin"}, "Unknown activation 'sin'"),
        ({"kind": "bilstm", "dropout": 1.5}, "dropout probability has to be between 0 and 1"),
        ({"kind": "idcnn", "dilations": []}, "dilations must be at least 1"),
        ({"kind": "idcnn", "output": "all"}, "Unknown output 'all' of idcnn; choose 'last' or 'concat'"),
        ({"kind": "idcnn", "filters": 4, "projection": False}, "without projection needs 6 filters, .* found 4"),
        ({"kind": "cnn", "pool_size": 2}, "pool_size must be odd"),
        ({"kind": "cnn", "kernel_sizes": [3, 5], "filters": [4]}, "filters for each of 2 widths; found 1"),
        ({"kind": "cnn", "kernel_sizes": [0]}, "kernel_sizes must be at least 1"),
        ({"kind": "parallel", "branches": []}, "must be a list of context slots"),
        ({"kind": "parallel", "branches": {"kind": "cnn"}}, "must be a list of context slots"),
        ({"kind": "parallel", "branches": [{"kind": "none"}, {"kind": "cnn"}]}, r"of one size; found sizes \[6, 192\]"),
        ({"kind": "parallel", "branches": [{"kind": "rnn"}]}, "Unknown parallel context's branch kind 'rnn'"),
    ],
)
def test_wrong_options_get_one_sentence(slot, message):
    with pytest.raises(ValueError, match=message):
        build("context", slot, CONTEXTS, SIZE)
