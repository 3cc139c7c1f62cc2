"""Layers in the form in which they are exported, against torch's own, in float64."""

from __future__ import annotations

import pytest
import torch
from closeness import assert_close
from torch import nn

from hf_cner.export.layers import OnnxLayer, Pooling, ScannedLayer, make_exportable


@pytest.mark.parametrize(
    "layer",
    [
        nn.LSTM(4, 6, batch_first=True),
        nn.LSTM(4, 6, batch_first=True, bias=False),
        nn.LSTM(4, 6, batch_first=True, proj_size=3),
        nn.GRU(4, 6, batch_first=True),
        nn.GRU(4, 6, batch_first=True, bias=False),
    ],
    ids=["lstm", "lstm-unbiased", "lstm-projected", "gru", "gru-unbiased"],
)
@pytest.mark.parametrize("length", [1, 9])
def test_a_scan_is_the_recurrent_layer(layer: nn.RNNBase, length: int) -> None:
    layer = layer.double().requires_grad_(False)
    vectors = torch.randn(3, length, 4, dtype=torch.float64)
    assert_close(ScannedLayer(layer)(vectors)[0], layer(vectors)[0], terms=64)


@pytest.mark.parametrize("width", [3, 5])
def test_pooling_in_two_dimensions_is_the_same(width: int) -> None:
    layer = nn.MaxPool1d(width, stride=1, padding=width // 2)
    vectors = torch.randn(2, 3, 7)
    vectors[:, :, 5:] = -torch.inf
    assert torch.equal(Pooling(layer)(vectors), layer(vectors))


def test_each_layer_gets_the_form_of_its_target() -> None:
    made = nn.ModuleDict({"lstm": nn.LSTM(2, 2), "projected": nn.LSTM(2, 2, proj_size=1), "pool": nn.MaxPool1d(3)})
    make_exportable(made, onnx=True)
    assert [type(made[name]) for name in ("lstm", "projected", "pool")] == [OnnxLayer, ScannedLayer, Pooling]
    again = nn.ModuleDict({"lstm": nn.LSTM(2, 2)})
    make_exportable(again, onnx=False)
    assert type(again["lstm"]) is ScannedLayer
