import math

import pytest
import torch
from closeness import assert_close
from torch import nn

from hf_cner.modeling.layers import GRU, LSTM, Convolution, Embedding, Linear

LAYERS = {
    "linear": lambda: Linear(4, 3),
    "linear-plain": lambda: Linear(4, 3, bias=False),
    "embedding": lambda: Embedding(5, 3, padding_idx=1),
    "lstm": lambda: LSTM(4, 3),
    "gru": lambda: GRU(4, 3, bidirectional=True),
    "convolution": lambda: Convolution(4, 3, 3),
    "convolution-relu": lambda: Convolution(4, 3, 2, rectified=True),
    "convolution-identity": lambda: Convolution(4, 4, 3, near_identity=True),
}


@pytest.mark.parametrize("name", LAYERS)
def test_uninitialised_memory_is_filled_as_in_a_new_layer(name):
    torch.manual_seed(0)
    layer = LAYERS[name]()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(float("nan"))
    torch.manual_seed(1)
    layer.reset_parameters()
    new = LAYERS[name]()
    torch.manual_seed(1)
    new.reset_parameters()
    for parameter, other in zip(layer.parameters(), new.parameters(), strict=True):
        assert torch.equal(parameter, other) and torch.isfinite(parameter).all()


def test_forget_gates_begin_open():
    biases = dict(LSTM(4, 3).named_parameters())
    assert biases["bias_ih_l0"].tolist() == [0.0] * 3 + [1.0] * 3 + [0.0] * 6
    assert not biases["bias_hh_l0"].any()


def test_states_begin_orthogonal():
    for layer in (LSTM(4, 3), GRU(4, 3)):
        assert_close(layer.weight_hh_l0.T @ layer.weight_hh_l0, torch.eye(3))


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (5, 3)])
def test_near_the_identity_each_column_begins_as_itself_and_a_tenth_of_noise(kernel_size: int, dilation: int) -> None:
    def make(near_identity: bool) -> Convolution:
        torch.manual_seed(0)
        size = (3, 3, kernel_size)
        return Convolution(*size, dilation=dilation, rectified=True, near_identity=near_identity)

    vectors = torch.randn(2, 3, 9)
    assert_close(make(True)(vectors), vectors + 0.1 * make(False)(vectors), terms=3 * kernel_size)


def test_embedding_bounds_and_padding():
    layer = Embedding(100, 12, padding_idx=3)
    assert not layer.weight[3].any()
    assert 0.48 < layer.weight.abs().max() <= math.sqrt(3 / 12)


def test_they_compute_what_torch_computes():
    vectors = torch.randn(2, 5, 4).double()
    for ours, theirs in ((Linear(4, 3), nn.Linear(4, 3)), (LSTM(4, 3), nn.LSTM(4, 3)), (GRU(4, 3), nn.GRU(4, 3))):
        theirs.load_state_dict(ours.state_dict())
        for found, expected in zip(ours.double()(vectors), theirs.double()(vectors), strict=True):
            assert_close(found[0], expected[0])


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3), (5, 3)])
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_convolutions_keep_the_length_as_torch_does(kernel_size, dilation):
    ours = Convolution(3, 2, kernel_size, dilation=dilation)
    theirs = nn.Conv1d(3, 2, kernel_size, padding="same", dilation=dilation)
    theirs.load_state_dict(ours.state_dict())
    for n in (1, 2, 9):
        vectors = torch.randn(2, 3, n)
        assert_close(ours(vectors), theirs(vectors))


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_under_autocast_recurrent_layers_keep_their_precision(kind: type[LSTM] | type[GRU]) -> None:
    torch.manual_seed(0)
    layer, vectors = kind(4, 3, batch_first=True), torch.randn(2, 5, 4)
    expected = layer(vectors)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(vectors)[0]
        halved = layer(vectors.bfloat16())[0]  # as the layer before it gives them
    assert found.dtype == halved.dtype == torch.float32 and torch.equal(found, expected)
    assert_close(halved, expected.bfloat16(), terms=4)
