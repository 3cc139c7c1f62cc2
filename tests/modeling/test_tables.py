"""What a table holds is tested because it stands there; an entry that no test reaches fails here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cases
import pytest
import test_attention
import test_context
import test_modeling_cner_mrc
import test_span_probabilities
from torch import nn

from hf_cner.modeling.attention import ATTENTIONS
from hf_cner.modeling.context import CONTEXTS
from hf_cner.modeling.decoder import Decoder
from hf_cner.modeling.decoders import DECODERS
from hf_cner.modeling.encoders import ENCODERS
from hf_cner.modeling.interaction import INTERACTIONS
from hf_cner.modeling.mrc_decoders import MRC_DECODERS
from hf_cner.modeling.slots import options_of

Cases = Mapping[str, Mapping[str, Any]]
ASKING = test_modeling_cner_mrc.CASES
REACHED: dict[str, tuple[Mapping[str, Any], Cases]] = {
    "encoders": (ENCODERS, cases.ENCODERS),
    "contexts": (CONTEXTS, cases.CONTEXTS),
    "contexts, each layer": (CONTEXTS, test_context.SLOTS),
    "attentions": (ATTENTIONS, cases.ATTENTIONS),
    "attentions, each layer": (ATTENTIONS, test_attention.SLOTS),
    "decoders": (DECODERS, cases.SPAN_DECODERS | cases.SCORING_DECODERS),
    "decoders of questions": (
        MRC_DECODERS,
        {name: case.get("span_decoder", {"kind": "biaffine"}) for name, case in ASKING.items()},
    ),
    "interactions": (
        INTERACTIONS,
        {name: case.get("interaction", {"kind": "separate"}) for name, case in ASKING.items()},
    ),
}


@pytest.mark.parametrize(("table", "reached"), REACHED.values(), ids=REACHED)
def test_every_entry_has_a_case(table: Mapping[str, Any], reached: Cases) -> None:
    assert {case["kind"] for case in reached.values()} == set(table)


def test_every_case_is_run_through_the_model() -> None:
    run = {(slot, name) for case in (cases.CASES | cases.SPAN_CASES).values() for slot, name in case.items()}
    for slot in ("encoder", "context", "attention"):
        assert {name for one, name in run if one == slot} >= set(getattr(cases, f"{slot.upper()}S"))
    decoders = {name for slot, name in run if slot == "span_decoder"}
    assert decoders == set(cases.SPAN_DECODERS | cases.SCORING_DECODERS)
    tagging = {kind for kind, decoder in DECODERS.items() if decoder.gives_tags}
    assert {kind for kind, _, _ in test_span_probabilities.TAGGING} == tagging


def test_a_new_entry_gets_a_case_with_what_it_takes() -> None:
    class New(nn.Module):
        def __init__(self, *, vocab_size: int, size: int = 3) -> None:
            super().__init__()

    found = cases.with_every_kind({"a-variant": {"kind": "old"}}, {"old": New, "new": New}, vocab_size=9, other=1)
    assert found == {"a-variant": {"kind": "old"}, "new": {"kind": "new", "vocab_size": 9}}


@pytest.mark.parametrize("decoder", [*DECODERS.values(), *MRC_DECODERS.values()])
def test_every_decoder_owes_what_the_base_class_declares(decoder: type[Decoder]) -> None:
    owed = {name for name, member in vars(Decoder).items() if callable(member) and not name.startswith("_")}
    optional = {"scored", "logits", "inexpressible"} | ({"set_decoding"} if decoder.gives_tags else set())
    for name in owed - optional:
        assert getattr(decoder, name) is not getattr(Decoder, name), name
    assert "scheme" in options_of(decoder) if decoder.gives_tags else "decoding" in options_of(decoder)
