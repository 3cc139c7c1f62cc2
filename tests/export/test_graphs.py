"""Graphs of ONNX Runtime and OpenVINO against torch: every slot, ragged batches of several lengths in one graph."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import cases
import numpy as np
import pytest
import torch
from closeness import assert_close

from hf_cner import CnerForTokenClassification
from hf_cner.export.graph import ExportError, check_exportable, positions, trace
from hf_cner.export.write import WRITERS
from hf_cner.modeling.bigrams import bigram_key
from hf_cner.modeling.schemes import illegal_position
from hf_cner.runtime.engines import INPUTS, OUTPUTS, Engine, open_engine
from hf_cner.runtime.manifest import GRAPHS

pytest.importorskip("onnxscript")

SHAPES = [(1, 1), (1, 3), (1, 9), (4, 9), (6, 33), (2, 64)]
QUICK = ("encoder-static-bigrams", "all-slots")
EXPORTED = {name: case for name, case in cases.CASES.items() if case.get("encoder") != "lattice"}


def model_of(name: str) -> CnerForTokenClassification:
    torch.manual_seed(0)
    model = CnerForTokenClassification(cases.config(**cases.CASES[name])).eval()
    for parameter in model.parameters():
        parameter.data.mul_(1.5)
    if "bigrams" in name:
        pairs = itertools.product(range(4, cases.VOCABULARY), repeat=2)
        model.cner.encoder.set_bigrams([bigram_key(*pair) for pair in itertools.islice(pairs, 0, None, 200)][:6])
    return model


def batch_of(batch: int, length: int, *, left: bool, types: bool) -> dict[str, np.ndarray]:
    """Rows of random length, with cls and sep where there is room; padded on one side."""
    ids = torch.randint(4, cases.VOCABULARY, (batch, length))
    attended = torch.ones_like(ids)
    for row in range(1, batch):
        cut = int(torch.randint(1, length + 1, ()))
        padding = slice(0, length - cut) if left else slice(cut, length)
        ids[row, padding] = attended[row, padding] = 0
    units = attended.bool().clone()
    if length > 3:
        first = attended.argmax(1, keepdim=True)
        ids.scatter_(1, first, 2)
        units.scatter_(1, first, False)
    arrays = {"input_ids": ids, "attention_mask": attended, "unit_mask": units}
    return {name: array.numpy() for name, array in (arrays | ({"token_type_ids": attended} if types else {})).items()}


def check(model: Any, engine: Engine, batch: dict[str, np.ndarray]) -> None:
    emissions, tags, parts = engine.run(batch, OUTPUTS["model"])
    given = {name: torch.from_numpy(array) for name, array in batch.items()}
    with torch.no_grad():
        expected = model(**given, eval_logits="emissions").emissions
    rows = model.unit_rows(expected, given["unit_mask"])
    lengths = [len(row) for row in rows]
    found = [torch.from_numpy(row[:length]) for row, length in zip(emissions, lengths, strict=True)]
    assert_close(torch.cat(found), torch.cat(rows), terms=256, beside=torch.tensor(8.0))
    # Decoding is compared on the graph's own emissions: near a tie, rounding decides between two paths.
    names = model.span_decoder.labels
    spans = model.decode([row for row in found if len(row)], scores=True)
    kept = [number for number, length in enumerate(lengths) if length]
    for number, of_row in zip(kept, spans, strict=True):
        length = lengths[number]
        assert model.span_decoder.spans(tags[number, :length].tolist()) == [span[:3] for span in of_row]
        first, step, leave = parts[number, :length].astype(np.float64).T
        scores = [np.exp(first[s] + step[s + 1 : e].sum() + leave[e - 1]) for s, e, _, _ in of_row]
        wanted = torch.tensor([score for *_, score in of_row], dtype=torch.float32)
        assert_close(torch.tensor(scores, dtype=torch.float32), wanted, terms=256, beside=torch.ones(1))
        if getattr(model.span_decoder, "constrained", False):
            assert illegal_position([names[tag] for tag in tags[number, :length]], model.span_decoder.scheme) is None


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in EXPORTED]
)
def test_a_graph_is_the_model(name: str, backend: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime" if backend == "onnx" else backend)
    if backend == "openvino" and "bigrams" in name:
        pytest.skip("refused, see below")
    model, types = model_of(name), "xlnet" in name
    dtype = torch.float32 if backend == "openvino" else torch.float64
    WRITERS[backend][0](trace(model, token_types=types, onnx=True, dtype=dtype), tmp_path)
    engine = open_engine(backend, tmp_path / GRAPHS[backend][0], threads=1)
    assert engine.last_axis == len(model.span_decoder.labels)
    longest = positions(model) or 64
    for number, (rows, length) in enumerate(SHAPES):
        check(model, engine, batch_of(rows, min(length, longest), left=number % 2 == 1, types=types))
    decoder = open_engine(backend, tmp_path / GRAPHS[backend][1], threads=1)
    hostile = 1e8 * np.random.default_rng(0).standard_normal((3, 11, len(model.span_decoder.labels)))
    inputs = dict(zip(INPUTS["decoder"], (hostile.astype(np.float32), np.array([11, 4, 1])), strict=True))
    [tags] = decoder.run(inputs, ["tags"])
    if getattr(model.span_decoder, "constrained", False):
        for row, length in zip(tags, (11, 4, 1), strict=True):
            names = [model.span_decoder.labels[tag] for tag in row[:length]]
            assert illegal_position(names, model.span_decoder.scheme) is None


def test_what_has_no_graph_is_refused() -> None:
    with pytest.raises(ExportError, match=r"The encoder 'lattice' cannot be exported: what it computes depends on"):
        trace(model_of("encoder-lattice"), token_types=False, onnx=True)
    scorer: Any = CnerForTokenClassification(cases.config(span_decoder="biaffine"))
    with pytest.raises(ExportError, match=r"'biaffine' scores spans, and only decoders that give tags"):
        trace(scorer, token_types=False, onnx=True)


def test_bigrams_are_not_for_openvino() -> None:
    with pytest.raises(ExportError, match="OpenVINO computes numbers of bigrams in 32 bits"):
        check_exportable(model_of("encoder-static-bigrams"), "openvino")


def test_weights_that_are_no_numbers_are_named() -> None:
    model = model_of("context-none")
    model.span_decoder.crf.transitions.data[1, 2] = torch.nan
    with pytest.raises(ExportError, match=r"The weight span_decoder.crf.transitions holds NaN or infinity"):
        trace(model, token_types=False, onnx=True)
