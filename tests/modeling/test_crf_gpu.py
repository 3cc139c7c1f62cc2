"""The CRF and a whole model on an accelerator: the same numbers and spans as on the CPU."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from closeness import assert_close
from crf_cases import EXTREMES, make
from torch import Tensor

from hf_cner import Predictor

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no accelerator"),
]


@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize("case", ["free", "bio"])
def test_the_same_numbers(case: str, extreme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_CNER_CRF", "torch")
    crf = make(case, EXTREMES[extreme][1])
    emissions = torch.randn(6, 30, crf.num_tags).double() * EXTREMES[extreme][0]
    mask = torch.arange(30) < torch.tensor([30, 1, 17, 0, 29, 12])[:, None]
    tags = torch.zeros(6, 30, dtype=torch.long)
    found = []
    for layer, device in ((crf, "cpu"), (copy.deepcopy(crf).cuda(), "cuda")):
        leaf = emissions.to(device).requires_grad_()
        value = layer(leaf, tags.to(device), mask.to(device))
        found.append((layer, leaf, [value, *torch.autograd.grad(value, [leaf, *layer.parameters()])]))
    for one, other in zip(found[0][2], found[1][2], strict=True):
        assert_close(other.cpu(), one, terms=180)
    assert found[0][0].decode(found[0][1], mask) == found[1][0].decode(found[1][1], mask.cuda())
    for name in ("marginals", "max_marginals"):
        here, there = (getattr(layer, name)(leaf, mask.to(leaf.device)).cpu() for layer, leaf, _ in found)
        torch.testing.assert_close(there, here, rtol=1e-9, atol=1e-9)


def test_viterbi_in_a_cuda_graph() -> None:
    """Nothing in it waits for the device, so a graph can hold it."""
    crf = make("bio").cuda()
    emissions, mask = torch.randn(4, 20, 3, device="cuda"), torch.ones(4, 20, dtype=torch.bool, device="cuda")
    expected = crf.viterbi(emissions, mask)
    aside = torch.cuda.Stream()
    with torch.cuda.stream(aside):
        crf.viterbi(emissions, mask)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found: Tensor = crf.viterbi(emissions, mask)
    graph.replay()
    assert torch.equal(found, expected)


CHECKPOINTS = [path.parent for path in sorted(Path(__file__).parents[1].glob("fixtures/checkpoints/*/config.json"))]


@pytest.mark.parametrize("folder", CHECKPOINTS, ids=lambda folder: folder.name)
def test_the_same_spans(folder: Path) -> None:
    texts = ["患者三天前无明显诱因出现头痛，伴恶心。", "查体：血压正常。", ""]
    found = []
    for device in ("cpu", "cuda"):
        documents = Predictor.from_pretrained(folder, device=device)(texts)
        found.append([[(span.start, span.end, span.type) for span in document.spans] for document in documents])
    assert found[0] == found[1]
