"""Span scores against triple loops in float64."""

from __future__ import annotations

import pytest
import torch
from closeness import assert_close
from torch import nn

from hf_cner.modeling.band import band_scores, band_targets, end_values, valid_band
from hf_cner.modeling.biaffine import BiaffineDecoder, BiaffineScorer
from hf_cner.modeling.global_pointer import GlobalPointerDecoder
from hf_cner.modeling.positions import rotate


@pytest.mark.parametrize("length", [1, 2, 5, 13])
@pytest.mark.parametrize("width", [1, 2, 4, 13])
def test_band_scores_equal_the_triple_loop(length: int, width: int) -> None:
    width = min(width, length)
    left, right = torch.randn(2, length, 3, 4).double(), torch.randn(2, length, 4).double()
    scores = band_scores(left, right, width)
    assert scores.shape == (2, length, width, 3)
    for b in range(2):
        for s in range(length):
            for k in range(width):
                for c in range(3):
                    expected = left[b, s, c] @ right[b, s + k] if s + k < length else torch.tensor(0.0).double()
                    assert_close(scores[b, s, k, c], expected, beside=scores)


def test_band_scores_have_gradients() -> None:
    left, right = torch.randn(1, 5, 2, 3).double().requires_grad_(), torch.randn(1, 5, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: band_scores(a, b, 2), (left, right))


def test_end_values_and_valid_band() -> None:
    values = torch.arange(4.0).view(1, 4, 1)
    assert end_values(values, 2)[0, :, :, 0].tolist() == [[0, 1], [1, 2], [2, 3], [3, 0]]
    assert valid_band(torch.tensor([3, 0]), 4, 2)[0].tolist() == [
        [True, True],
        [True, True],
        [True, False],
        [False, False],
    ]
    assert not valid_band(torch.tensor([3, 0]), 4, 2)[1].any()


def test_band_targets_leave_out_padding_and_what_is_too_wide() -> None:
    labels = torch.tensor(
        [[[0, 2, 1], [1, 5, 0], [-100, -100, -100]], [[4, 5, 0], [-100, -100, -100], [-100, -100, -100]]]
    )
    found = torch.stack(band_targets(labels, 5, 3, 2), dim=1).tolist()
    assert found == [[0, 0, 1, 1], [1, 4, 0, 0]]


@pytest.mark.parametrize("position", ["none", "rotary", "relative"])
def test_biaffine_is_equation_4(position: str) -> None:
    torch.manual_seed(0)
    scorer = BiaffineScorer(6, 3, size=4, position=position).double().eval()
    nn.init.normal_(scorer.weight)
    if scorer.width_bias is not None:
        nn.init.normal_(scorer.width_bias.bias)
    vectors = torch.randn(2, 7, 6).double()
    scores = scorer(vectors, 4)
    start, end = scorer.start(vectors), scorer.end(vectors)
    if position == "rotary":
        start, end = rotate(start), rotate(end)
    u, w_start = scorer.weight[:4, :, :4], scorer.weight[:4, :, 4]
    w_end, bias = scorer.weight[4, :, :4], scorer.weight[4, :, 4]
    for b in range(2):
        for s in range(7):
            for e in range(s, min(7, s + 4)):
                for c in range(3):
                    expected = (
                        start[b, s] @ u[:, c] @ end[b, e] + w_start[:, c] @ start[b, s] + w_end[c] @ end[b, e] + bias[c]
                    )
                    if scorer.width_bias is not None:
                        expected = expected + scorer.width_bias.bias[e - s, c]
                    assert_close(scores[b, s, e - s, c], expected, beside=scores)


@pytest.mark.parametrize("efficient", [True, False])
def test_global_pointer_scores_equal_the_loop(efficient: bool) -> None:
    torch.manual_seed(0)
    decoder = GlobalPointerDecoder(6, ["x", "y"], size=4, efficient=efficient).double().eval()
    vectors, mask = torch.randn(2, 5, 6).double(), torch.ones(2, 5).bool()
    scores = decoder(vectors, mask)
    pair = decoder.pair(vectors)
    for c in range(2):
        own = pair if efficient else pair[..., c * 8 : c * 8 + 8]
        start, end = rotate(own[..., :4]), rotate(own[..., 4:])
        for s in range(5):
            for e in range(s, 5):
                expected = (start[:, s] * end[:, e]).sum(-1) / 2
                if efficient:
                    assert decoder.type_scores is not None
                    extra = decoder.type_scores(pair) / 2
                    expected = expected + extra[:, s, c] + extra[:, e, 2 + c]
                assert_close(scores[:, s, e - s, c], expected, beside=scores)


def test_rotation_makes_products_depend_on_distance_alone() -> None:
    same = torch.randn(1, 1, 8).double().expand(1, 9, 8)
    rotated = rotate(same)[0]
    assert_close(rotated[1] @ rotated[4], rotated[5] @ rotated[8])
    with pytest.raises(ValueError, match="even size"):
        rotate(torch.zeros(1, 2, 3))


def test_biaffine_loss_is_the_cross_entropy_of_every_valid_span() -> None:
    torch.manual_seed(0)
    decoder = BiaffineDecoder(6, ["x", "y"], size=4, max_width=3)
    vectors = torch.randn(2, 5, 6)
    mask = torch.tensor([[False, True, True, True, True], [False, True, True, False, False]])
    labels = torch.tensor([[[0, 2, 1], [0, 1, 0]], [[1, 2, 1], [-100, -100, -100]]])
    emissions = decoder(vectors, mask)
    gold = {(0, 0, 2): 2, (0, 0, 1): 1, (1, 1, 2): 2}
    expected = torch.tensor(0.0)
    for row, count in enumerate([4, 2]):
        for s in range(count):
            for e in range(s, min(count, s + 3)):
                expected = expected - emissions[row, s, e - s].log_softmax(-1)[gold.get((row, s, e + 1), 0)]
    assert_close(decoder.loss(emissions, labels, mask), expected)


def test_global_pointer_loss_is_the_papers() -> None:
    torch.manual_seed(0)
    decoder = GlobalPointerDecoder(6, ["x", "y"], size=4)
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    labels = torch.tensor([[[0, 2, 1], [0, 2, 0]], [[1, 2, 1], [-100, -100, -100]]])
    emissions = decoder(torch.randn(2, 4, 6), mask)
    gold = {(0, 0, 2, 1), (0, 0, 2, 0), (1, 1, 2, 1)}
    expected = torch.tensor(0.0)
    for row, count in enumerate([4, 2]):
        for c in range(2):
            spans = [(s, e) for s in range(count) for e in range(s + 1, count + 1)]
            negative = [emissions[row, s, e - s - 1, c].exp() for s, e in spans if (row, s, e, c) not in gold]
            positive = [(-emissions[row, s, e - s - 1, c]).exp() for s, e in spans if (row, s, e, c) in gold]
            expected = expected + (1 + sum(negative)).log() + (torch.tensor(1.0) + sum(positive)).log()  # type: ignore[union-attr]
    assert_close(decoder.loss(emissions, labels, mask), expected)


def test_gradients_of_the_losses_are_finite_without_gold() -> None:
    for decoder in (BiaffineDecoder(6, ["x"], size=4), GlobalPointerDecoder(6, ["x"], size=4)):
        vectors = torch.randn(2, 4, 6, requires_grad=True)
        mask = torch.tensor([[True] * 4, [False] * 4])
        decoder.loss(decoder(vectors, mask), torch.full((2, 1, 3), -100), mask).backward()
        assert torch.isfinite(vectors.grad).all() and vectors.grad.abs().sum() > 0


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="Unknown position information 'alibi'"):
        BiaffineDecoder(6, ["x"], position="alibi")
    with pytest.raises(ValueError, match="must be even"):
        GlobalPointerDecoder(6, ["x"], size=5)
    with pytest.raises(ValueError, match="Unknown decoding"):
        GlobalPointerDecoder(6, ["x"], decoding="greedy")
    with pytest.raises(ValueError, match="max_width is 0"):
        BiaffineDecoder(6, ["x"], max_width=0)
    with pytest.raises(ValueError, match=r"thresholds names the types \['z'\]"):
        BiaffineDecoder(6, ["x"], thresholds={"z": 0.2})
    with pytest.raises(ValueError, match="not among the checkpoint's types"):
        BiaffineDecoder(6, ["x"]).encode_targets([(0, 1, "z")], 3)
    with pytest.raises(ValueError, match="does not lie in a text of 3"):
        BiaffineDecoder(6, ["x"]).encode_targets([(2, 4, "x")], 3)


@pytest.mark.parametrize("number", [-100, 2, 7])
def test_a_type_that_is_none_is_not_left_out_in_silence(number: int) -> None:
    labels = torch.tensor([[[0, 2, 1], [1, 3, number]]])
    with pytest.raises(ValueError, match="the types have the numbers 0 to 1"):
        band_targets(labels, 5, 3, 2)
