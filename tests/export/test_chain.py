"""Decoding as it is exported, against the model's own: tags of Viterbi, and the exact probability of every span."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cases
import numpy as np
import pytest
import torch
from closeness import assert_close
from torch import Tensor

from hf_cner.export.chain import ExportedDecoder, exported_decoder
from hf_cner.modeling.decoders import DECODERS
from hf_cner.modeling.labels import IGNORED
from hf_cner.modeling.schemes import decode, illegal_position, tag_names

SCHEMES = ("BIO", "BIOE", "BIOES")
KINDS = {"crf": {}, "crf-free": {"constrained": False}, "softmax": {}}


def decoder_of(kind: str, scheme: str, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    made = DECODERS[kind.partition("-")[0]](5, tag_names(scheme, cases.TYPES), scheme=scheme, **KINDS[kind])
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return made.double()


def rows_of(lengths: Sequence[int], tags: int, scale: float = 2.0) -> tuple[Tensor, Tensor]:
    """Emissions, zero behind each row's units as a model's are, and the lengths."""
    emissions = scale * torch.randn(len(lengths), max(lengths), tags, dtype=torch.float64)
    units = torch.tensor(lengths)
    return emissions.masked_fill((torch.arange(max(lengths)) >= units[:, None]).unsqueeze(-1), 0.0), units


def spans_of(decoder: Any, tags: Tensor, parts: Tensor) -> list[tuple[int, int, str, float]]:
    """As `runtime.predictor` makes them."""
    first, step, leave = parts.double().numpy().T
    triples = decode([decoder.labels[tag] for tag in tags.tolist()], decoder.scheme)
    return [(s, e, t, float(np.exp(first[s] + step[s + 1 : e].sum() + leave[e - 1]))) for s, e, t in triples]


def check(decoder: Any, exported: ExportedDecoder, emissions: Tensor, lengths: Tensor) -> int:
    tags, parts = exported(emissions, lengths)
    documents = [row[:length] for row, length in zip(emissions, lengths.tolist(), strict=True)]
    expected = decoder.decode([row for row in documents if len(row)], scores=True)
    kept = [number for number, row in enumerate(documents) if len(row)]
    total = 0
    for number, spans in zip(kept, expected, strict=True):
        length = int(lengths[number])
        found = spans_of(decoder, tags[number, :length], parts[number, :length])
        assert [span[:3] for span in found] == [span[:3] for span in spans]
        scores = [torch.tensor([span[3] for span in of], dtype=exported.dtype) for of in (found, spans)]
        # A score is the exponential of a sum of logarithms: an error in the sum is an error of the same share in it.
        assert_close(*scores, terms=length * len(decoder.labels), beside=emissions.abs().max().clamp(min=1))
        total += len(spans)
    return total


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_tags_and_scores_are_the_model_s(kind: str, scheme: str, dtype: torch.dtype) -> None:
    decoder = decoder_of(kind, scheme)
    exported = exported_decoder(decoder, dtype)
    found = 0
    for lengths in ([7, 3, 1, 12, 0], [1], [2], [40, 40], [5, 5, 5, 5]):
        emissions, units = rows_of(lengths, len(decoder.labels))
        found += check(decoder, exported, emissions.to(dtype).double(), units)
    assert found > 10


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_constraints_hold_under_hostile_emissions(scheme: str, dtype: torch.dtype) -> None:
    decoder = decoder_of("crf", scheme)
    exported = exported_decoder(decoder, dtype)
    for scale in (1e2, 1e4, 1e8, 1e20):
        emissions, lengths = rows_of([9, 4, 1], len(decoder.labels), scale)
        tags, parts = exported(emissions.float(), lengths)
        for row, length, logs in zip(tags, lengths.tolist(), parts, strict=True):
            names = [decoder.labels[tag] for tag in row[:length].tolist()]
            assert illegal_position(names, scheme) is None
            assert not logs.isnan().any() and (logs <= 1e-4).all()
        if dtype == torch.float64 and scale <= 1e4:
            expected = decoder.crf.viterbi(emissions.float(), torch.arange(9) < lengths[:, None])
            assert torch.equal(tags.masked_fill(expected == IGNORED, IGNORED), expected)
            check(decoder, exported, emissions.float().double(), lengths)


def test_equal_paths_are_decided_as_in_torch() -> None:
    decoder = decoder_of("crf-free", "BIO")
    for parameter in decoder.crf.parameters():
        torch.nn.init.zeros_(parameter)
    emissions, lengths = torch.zeros(2, 6, len(decoder.labels)), torch.tensor([6, 4])
    tags, _ = exported_decoder(decoder, torch.float64)(emissions, lengths)
    expected = decoder.crf.viterbi(emissions, torch.arange(6) < lengths[:, None])
    assert torch.equal(tags.masked_fill(expected == IGNORED, IGNORED), expected)


def test_a_long_document_is_as_exact_as_a_short_one() -> None:
    decoder = decoder_of("crf", "BIOES")
    emissions, lengths = rows_of([3000], len(decoder.labels))
    assert check(decoder, exported_decoder(decoder, torch.float64), emissions, lengths) > 100


def test_labels_that_are_no_tags_have_no_spans() -> None:
    decoder = DECODERS["softmax"](5, ["LABEL_0", "LABEL_1"], scheme="BIO")
    with pytest.raises(ValueError, match="are no tags of the scheme BIO"):
        exported_decoder(decoder, torch.float64)  # type: ignore[arg-type]
