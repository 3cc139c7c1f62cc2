"""The compiled loops against torch's code: ragged, constrained, extreme, in threads; and when they are used at all."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import pytest
import torch
from torch import Tensor

from hf_cner.modeling import crf_backends
from hf_cner.modeling.crf import Constraints, LinearChainCRF
from hf_cner.modeling.crf_backends import SETTING, backend_for, load_backend
from hf_cner.modeling.schemes import allowed_transitions, tag_names

pytest.importorskip("numba")

TYPES = ["症状", "部位", "疾病"]
MASKS = [  # rows of 40 positions: front, back, holes, nothing, one unit
    torch.arange(40) < 33,
    torch.arange(40) >= 11,
    torch.arange(40) % 3 > 0,
    torch.zeros(40).bool(),
    torch.arange(40) == 17,
]
SPREADS = {"plain": (1.0, 1.0), "wide": (300.0, 1.0), "huge": (1e4, 1.0), "both": (1e4, 1e4), "masked": (1.0, 1.0)}


def made(scheme: str | None, spread: str, dtype: torch.dtype) -> tuple[LinearChainCRF, Tensor, Tensor, Tensor]:
    """A CRF, emissions, gold tags, mask."""
    torch.manual_seed(len(spread))
    names = tag_names(scheme or "BIOES", TYPES)
    constraints: Constraints | None = allowed_transitions(scheme, names) if scheme else None
    crf = LinearChainCRF(len(names), batch_first=True, constraints=constraints).to(dtype)
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter, std=SPREADS[spread][1])
    mask = torch.stack(MASKS)
    emissions = torch.randn(*mask.shape, len(names), dtype=dtype) * SPREADS[spread][0]
    if spread == "masked":
        emissions[..., 1::2] -= 1e4
        emissions[1, 20] = -torch.inf
        emissions[1, 20, 0] = 0.0
    tags = torch.zeros(mask.shape, dtype=torch.long)
    tags[0, 3:5] = torch.tensor([names.index("B-症状"), names.index("I-症状")])
    tags[2, 5] = names.index("I-症状")  # forbidden where there are constraints
    return crf, emissions.masked_fill(~mask.unsqueeze(-1), torch.nan), tags, mask


def results(crf: LinearChainCRF, emissions: Tensor, tags: Tensor, mask: Tensor) -> dict[str, Tensor]:
    leaf = emissions.clone().requires_grad_()
    crf._warned = True
    value = crf(leaf, tags, mask, reduction="none")
    weight = torch.arange(1, len(value) + 1).to(value)
    gradients = torch.autograd.grad((value * weight).nan_to_num(neginf=0.0).sum(), [leaf, *crf.parameters()])
    segments = [(start, [0, 1], frozenset({2})) for start in range(0, 20, 3)]
    lists = [segments, segments[:3], segments[:2], [], []]
    return {
        "value": value.detach(),
        **{f"gradient {number}": found.detach() for number, found in enumerate(gradients)},
        "viterbi": crf.viterbi(emissions, mask),
        "decode": torch.tensor([tag for row in crf.decode(emissions, mask) for tag in row]),
        "marginals": crf.marginals(emissions, mask),
        "max-marginals": crf.max_marginals(emissions, mask),
        "segments": torch.cat(crf.batch_segment_probabilities(emissions, lists, mask)),
    }


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("scheme", [None, "BIO", "BIOES"])
@pytest.mark.parametrize("spread", SPREADS)
def test_as_torch(spread: str, scheme: str | None, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    given = made(scheme, spread, dtype)
    found = {}
    for name in ("torch", "numba"):
        monkeypatch.setenv(SETTING, name)
        found[name] = results(*given)
    for key, expected in found["torch"].items():
        got = found["numba"][key]
        assert got.dtype == expected.dtype
        exact = key in ("viterbi", "decode", "max-marginals")
        relative = 0.0 if exact else 1e-6 if expected.dtype == torch.float32 else 1e-9
        torch.testing.assert_close(
            got, expected, rtol=relative, atol=relative, msg=lambda said, key=key: f"{key}: {said}"
        )


@pytest.mark.parametrize("tags", range(1, 35))
def test_ties_and_every_number_of_tags(tags: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole numbers make many paths equally good: both take the same one, whatever is left over of eight tags."""
    torch.manual_seed(tags)
    crf = LinearChainCRF(tags, batch_first=True)
    for parameter in crf.parameters():
        parameter.data = torch.randint(-2, 3, parameter.shape).float()
    mask = torch.stack(MASKS)
    emissions = torch.randint(-2, 3, (*mask.shape, tags)).float()
    emissions[0, ::7, : tags // 2] = -torch.inf
    found = {}
    for name in ("torch", "numba"):
        monkeypatch.setenv(SETTING, name)
        found[name] = crf.viterbi(emissions, mask), crf.max_marginals(emissions, mask)
    for expected, got in zip(found["torch"], found["numba"], strict=True):
        assert torch.equal(expected, got)


def test_arrays_begin_at_lines_of_the_cache() -> None:
    from hf_cner.fast.crf_arrays import LANES, aligned, turned

    for width in range(LANES, 5 * LANES, LANES):
        room = aligned(width, width)
        room[:] = numpy.random.default_rng(width).normal(size=room.shape)
        assert room.ctypes.data % (8 * LANES) == turned(room).ctypes.data % (8 * LANES) == 0
        assert (turned(room) == room.T).all()


def test_half_precision_length_first_and_strided(monkeypatch: pytest.MonkeyPatch) -> None:
    crf = LinearChainCRF(5)
    emissions = torch.randn(9, 4, 10).to(torch.bfloat16)[..., ::2]
    mask = torch.arange(9)[:, None] < torch.tensor([9, 1, 4, 7])
    tags = torch.randint(5, (4, 9)).T
    found = []
    for name in ("torch", "numba"):
        monkeypatch.setenv(SETTING, name)
        leaf = emissions.clone().requires_grad_()
        value = crf(leaf, tags, mask)
        found.append((value.detach(), torch.autograd.grad(value, leaf)[0], crf.decode(emissions, mask)))
    torch.testing.assert_close(found[1][0], found[0][0])
    torch.testing.assert_close(found[1][1], found[0][1])
    assert found[1][2] == found[0][2]


def test_a_long_document_is_not_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    from hf_cner.fast import crf as fast

    crf, emissions = LinearChainCRF(3, batch_first=True), torch.randn(50, 3)
    segments = [(4, [1, 2], frozenset({2}))]
    monkeypatch.setenv(SETTING, "numba")
    expected = crf.segment_probabilities(emissions, segments)
    monkeypatch.setattr(fast, "HELD", 100)
    torch.testing.assert_close(crf.segment_probabilities(emissions, segments), expected)


def test_threads_get_what_one_thread_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "numba")
    crf, emissions, _, mask = made("BIOES", "plain", torch.float32)
    batches = [emissions + number for number in range(16)]
    expected = [(crf.decode(batch, mask), crf.marginals(batch, mask)) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: (crf.decode(batch, mask), crf.marginals(batch, mask)), batches))
    for one, other in zip(found, expected, strict=True):
        assert one[0] == other[0] and torch.equal(one[1], other[1])


def test_which_backend_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = torch.zeros(1, 1, 1), torch.zeros(1, 1, 1, device="meta")
    monkeypatch.delenv(SETTING, raising=False)
    assert (backend_for(here).name, backend_for(there).name) == ("numba", "torch")
    monkeypatch.setenv(SETTING, "torch")
    assert backend_for(here).name == "torch"
    monkeypatch.setenv(SETTING, "numba")
    assert (backend_for(here).name, backend_for(there).name) == ("numba", "torch")
    monkeypatch.setenv(SETTING, "cuda")
    with pytest.raises(ValueError, match=r"HF_CNER_CRF is 'cuda'; it must be one of auto, numba, torch\."):
        backend_for(here)


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crf_backends, "_loaded", {})
    monkeypatch.setattr("hf_cner.fast.loading.find_spec", lambda name: None)
    monkeypatch.delenv(SETTING, raising=False)
    assert backend_for(torch.zeros(1, 1, 1)).name == "torch"
    monkeypatch.setenv(SETTING, "numba")
    with pytest.raises(
        ImportError, match=r"HF_CNER_CRF is 'numba', but numba is not installed: pip install '\.\[fast\]'"
    ):
        LinearChainCRF(3, batch_first=True).decode(torch.zeros(1, 2, 3))


def test_checkpoints_carry_no_compiled_loops() -> None:
    """What transformers copies follows `from .sibling import`; nothing in `modeling` names numba."""
    folder = Path(crf_backends.__file__).parent
    assert not [path.name for path in folder.glob("*.py") if "import numba" in path.read_text(encoding="utf-8")]
    assert isinstance(load_backend("torch"), crf_backends.TorchBackend)


@pytest.mark.slow
def test_where_compiled_loops_cannot_be_kept(tmp_path: Path) -> None:
    """A read-only installation with a home that cannot be written to: torch's code, and a sentence if one insists."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    code = (
        "import numba.core.caching as c\n"
        "for name in ('InTreeCacheLocator', 'InTreeCacheLocatorFsAgnostic', 'UserWideCacheLocator'):\n"
        "    setattr(getattr(c, name, c.UserWideCacheLocator), 'from_function', lambda *given: None)\n"
        "import torch; from hf_cner.modeling.crf_backends import backend_for\n"
        "print(backend_for(torch.zeros(1, 1, 1)).name)"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(blocked / "inside")}
    for setting, wanted in (("auto", "torch"), ("numba", "set NUMBA_CACHE_DIR to one that can be written to")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, SETTING: setting},
            capture_output=True,
            text=True,
            check=False,
        )
        assert wanted in done.stdout + done.stderr, done.stderr
