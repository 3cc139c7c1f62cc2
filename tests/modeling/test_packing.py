import pytest
import torch

from hf_cner.modeling.packing import among_units, columns_at, gather_units, inverse, keep_units, move, packing, take


def random_mask(generator: torch.Generator, b: int = 6, n: int = 7) -> torch.Tensor:
    mask = torch.rand(b, n, generator=generator) < 0.6
    mask[0] = False
    mask[1] = True
    return mask


def test_packing_gathers_the_units_and_puts_them_back():
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        mask = random_mask(generator)
        vectors = torch.randn(*mask.shape, 3, generator=generator)
        vectors[~mask] = float("nan")
        sources, targets, packed_mask = packing(mask)
        packed = move(vectors, sources, targets)
        for row in range(len(mask)):
            units = vectors[row][mask[row]]
            assert torch.equal(packed_mask[row], torch.arange(mask.shape[1]) < len(units))
            assert torch.equal(packed[row, : len(units)], units)
            assert (packed[row, len(units) :] == 0).all()
        back = move(packed, targets, sources)
        assert torch.equal(back[mask], vectors[mask]) and (back[~mask] == 0).all()
        assert torch.equal(keep_units(vectors, mask), back)
        gathered, gathered_mask = gather_units(vectors, mask)
        assert torch.equal(gathered, packed) and torch.equal(gathered_mask, packed_mask)
        doubled = among_units(lambda v, m: torch.cat([v, v], -1) * m.unsqueeze(-1), vectors, mask, 6)
        assert torch.equal(doubled, torch.cat([back, back], -1))
        assert torch.equal(inverse(sources), targets)


def test_gradients_go_back_the_same_way():
    mask = random_mask(torch.Generator().manual_seed(1), 3, 4)
    sources, targets, _ = packing(mask)
    vectors = torch.randn(12, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: take(v, sources, targets), (vectors,))
    assert torch.autograd.gradgradcheck(lambda v: take(v, sources, targets).square(), (vectors,))


def test_what_is_no_unit_gets_no_gradient_even_from_nan():
    mask = torch.tensor([[True, False, True]])
    vectors = torch.tensor([[[1.0], [float("nan")], [3.0]]], requires_grad=True)
    keep_units(vectors, mask).square().sum().backward()
    assert vectors.grad.flatten().tolist() == [2.0, 0.0, 6.0]


def test_reversal_is_its_own_inverse():
    mask = torch.tensor([[True, True, True, False], [False] * 4, [True] * 4])
    reversal = columns_at(mask, mask.sum(1, keepdim=True) - 1 - torch.arange(4))
    assert reversal.view(3, 4).tolist() == [[2, 1, 0, 12], [12, 12, 12, 12], [11, 10, 9, 8]]
    assert torch.equal(inverse(reversal), reversal)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # Dynamo's own doing
def test_compiled_and_exported_for_any_size():
    def double(vectors, mask):
        sources, targets, _ = packing(mask)
        return keep_units(move(move(vectors, sources, targets), targets, sources), mask)

    class Double(torch.nn.Module):
        def forward(self, vectors, mask):
            return double(vectors, mask)

    mask = random_mask(torch.Generator().manual_seed(2))
    vectors = torch.randn(*mask.shape, 3, requires_grad=True)
    result = torch.compile(double, backend="aot_eager", fullgraph=True)(vectors, mask)
    result.square().sum().backward()
    assert torch.equal(result, keep_units(vectors, mask))
    assert torch.equal(vectors.grad, 2 * keep_units(vectors, mask))
    b, n = torch.export.Dim("b"), torch.export.Dim("n")
    shapes = {"vectors": {0: b, 1: n}, "mask": {0: b, 1: n}}
    program = torch.export.export(Double(), (vectors.detach(), mask), dynamic_shapes=shapes)
    assert torch.equal(program.module()(vectors.detach()[:2, :5], mask[:2, :5]), keep_units(vectors, mask)[:2, :5])
