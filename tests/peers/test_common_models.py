"""transformers' common model tests over one list of cases that covers all slots."""

from __future__ import annotations

import copy
import unittest
from typing import Any

import torch
from cases import NON_UNITS, VOCABULARY, config
from fetch import COMMON, source
from test_modeling_cner_mrc import CASES as MRC_CASES
from test_modeling_cner_mrc import model_of as mrc_model_of

from hf_cner import CnerForQuestionAnswering, CnerForTokenClassification, CnerModel, CnerMrcConfig
from hf_cner.modeling import attention, context, decoders, encoders, interaction, mrc_decoders

source(COMMON)
from transformers_tests.test_modeling_common import MODEL_MAPPING_NAMES, ModelTesterMixin  # noqa: E402

BATCH, LENGTH = 3, 7
MODEL_MAPPING_NAMES["cner"] = "CnerModel"  # a model without a head has no loss


class Tester:
    """What the common tests ask of a model's test: its configuration, inputs and sizes."""

    batch_size, seq_length, is_training = BATCH, LENGTH, True

    def __init__(self, made: Any) -> None:
        self.made = made
        encoder = made.encoder.get("config", made.encoder)
        names = (("hidden_size", "d_model", "embedding_size"), ("num_hidden_layers", "n_layer"))
        self.hidden_size, layers = (next((encoder[n] for n in some if n in encoder), None) for some in names)
        self.num_hidden_layers = layers or 0
        self.num_attention_heads = encoder.get("num_attention_heads", encoder.get("n_head"))

    def get_config(self) -> Any:
        return copy.deepcopy(self.made)

    def prepare_config_and_inputs_for_common(self) -> tuple[Any, dict[str, torch.Tensor]]:
        ids = torch.randint(max(NON_UNITS) + 1, VOCABULARY, (BATCH, LENGTH))
        return self.get_config(), {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


class OurModels(ModelTesterMixin):
    """The common tests with our configuration in place of a model's own."""

    made: Any
    test_resize_embeddings = True

    def setUp(self) -> None:
        self.model_tester = Tester(self.made)

    def _prepare_for_class(
        self, inputs_dict: dict[str, Any], model_class: type, return_labels: bool = False
    ) -> dict[str, Any]:
        inputs = copy.deepcopy(inputs_dict)
        if return_labels and model_class is not CnerModel:
            tags = getattr(self.made, "gives_tags", False)
            inputs["labels"] = torch.zeros((BATCH, LENGTH) if tags else (BATCH, 1, 3), dtype=torch.long)
            if not tags:
                inputs["labels"][:, :, 1] = 2
        return inputs


def add(name: str, made: Any, classes: tuple[type, ...]) -> None:
    title = "".join(part.capitalize() for part in name.split("-"))
    has_attentions = made.encoder["kind"] == "pretrained"
    own = {"made": made, "all_model_classes": classes, "has_attentions": has_attentions}
    globals()[title] = type(title, (OurModels, unittest.TestCase), own)


CASES = (  # encoder, context, attention, decoder: each kind of each slot once at least
    ("static", "none", "none", "softmax"),
    ("static-bigrams", "bilstm", "additive", "crf-bio"),
    ("elmo", "bigru", "multi_head", "crf-bioe-free"),
    ("lattice", "idcnn", "none", "crf-bioes"),
    ("bert", "parallel", "multi_head", "biaffine"),
    ("albert", "cnn", "none", "crf-bioes"),
    ("roberta", "none", "none", "global-pointer"),
    ("electra", "none", "additive", "biaffine-banded"),
    ("deberta-v2", "bilstm", "none", "softmax"),
    ("xlnet", "none", "none", "crf-bioes"),
)
QUESTIONS = ("two-steps", "joint-static", "tags", "pointers")

for case in CASES:
    add(case[0], config(*case), (CnerModel, CnerForTokenClassification))
for name in QUESTIONS:
    made = CnerMrcConfig.from_dict(mrc_model_of(MRC_CASES[name]).config.to_dict())
    add(f"mrc-{name}", made, (CnerForQuestionAnswering,))


def test_the_cases_cover_every_kind_of_every_slot() -> None:
    configs = [value.made for value in globals().values() if isinstance(value, type) and hasattr(value, "made")]
    tables = {
        "encoder": {**encoders.ENCODERS},
        "context": {**context.CONTEXTS},
        "attention": {**attention.ATTENTIONS},
        "span_decoder": {**decoders.DECODERS, **mrc_decoders.MRC_DECODERS},
        "interaction": {**interaction.INTERACTIONS},
    }
    for slot, table in tables.items():
        assert set(table) <= {getattr(made, slot)["kind"] for made in configs if hasattr(made, slot)}, slot
