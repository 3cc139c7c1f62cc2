"""Every test of `make peers` that does not pass: patterns, what happens, and why."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

Outcome = Literal["passed", "failed", "skipped"]


class Row(NamedTuple):
    """Tests whose id (`file::class::test`) matches a pattern end so, for this reason."""

    pattern: str
    outcome: Outcome
    reason: str


MODELS = "test_common_models.py::"


def rows(outcome: Outcome, reason: str, tests: str, cases: str = "*") -> tuple[Row, ...]:
    """One row for each of the tests and cases, both given as patterns with blanks between them."""
    return tuple(Row(f"{MODELS}{case}::{test}", outcome, reason) for case in cases.split() for test in tests.split())


EXPECTED: tuple[Row, ...] = (
    Row(
        "test_pytorch_crf.py::*::test_first_timestep_mask_is_not_all_on",
        "failed",
        "our CRF takes any mask, so it does not refuse one that leaves out the first unit",
    ),
    *rows("skipped", "needs an accelerator", "test_cpu_offload test_disk_offload_* test_can_load_with_*device*"),
    *rows(
        "skipped", "needs an accelerator", "test_flex_attention_* test_model_parallelism test_sdpa_can_compile_dynamic"
    ),
    *rows("skipped", "needs an accelerator", "test_sdpa_can_dispatch_on_flash"),
    *rows("skipped", "needs flash attention", "test_flash_attn_*"),
    *rows("skipped", "needs packages that make peers does not install", "test_*_deepspeed* test_kernels_*"),
    *rows("skipped", "is slow, and only run where transformers asks for slow tests", "test_torch_compile_for_training"),
    *rows("skipped", "is of models that contain models of their own", "test_attn_*composite* test_internal_model_*"),
    *rows("skipped", "likewise", "test_can_set_*_composite_model test_sdpa_can_dispatch_composite_models"),
    *rows("skipped", "is of generation", "test_causal_lm_* test_encoder_decoder_*"),
    *rows("skipped", "is of rotary positions", "test_model_rope_* test_vision_axial_rope"),
    *rows("skipped", "is of experts", "test_moe_* test_output_router_* test_eager_matches_batched_and_grouped_*"),
    *rows("skipped", "is of tensor parallelism, for which our models have no plan", "test_tp_plan_* test_tied_head_*"),
    *rows("skipped", "is of models that transformers lists", "test_can_init_all_missing_weights"),
    *rows("skipped", "our weights are saved under their own names", "test_can_load_from_already_* test_reverse_*"),
    *rows("skipped", "our models resize no positions", "test_resize_position_vector_embeddings"),
    *rows("skipped", "our models have no sliding window", "test_sliding_window_mask"),
    *rows("skipped", "only the CRF stays in fp32, and not each of the classes has one", "test_keep_in_fp32_*"),
    *rows("skipped", "a question-answering model takes ids alone", "test_inputs_embeds", "Mrc*"),
    *rows(
        "skipped",
        "the encoder's hidden states are its own, not captured by transformers",
        "test_capture_outputs_decorator test_can_capture_specific_layers_hidden_states",
        "Static* Elmo Lattice DebertaV2 Xlnet MrcJointStatic MrcTags MrcPointers",
    ),
    *rows("skipped", "the encoder has one attention", "test_can_set_attention_dynamically", "DebertaV2 Xlnet"),
    *rows("failed", "XLNet gives copies of its hidden states", "test_retain_grad_*", "Xlnet"),
    *rows(
        "failed",
        "the encoder cannot compute its activations again, and says so",
        "*gradient_checkpointing*",
        "Static* Elmo Lattice Albert Xlnet MrcJointStatic MrcTags MrcPointers",
    ),
    *rows("failed", "a question-answering model has one label for each question", "test_*ignoring_mismatched*", "Mrc*"),
    *rows(
        "failed",
        "asked jointly, a text has hidden states for each question, so they are refused",
        "test_hidden_states_output test_model_outputs_equivalence test_retain_grad_* test_batching_equivalence",
        "MrcJointStatic",
    ),
    *rows(
        "failed",
        "the encoder's layers are not of the number and size that transformers derives from a configuration",
        "test_hidden_states_output",
        "StaticBigrams Elmo Lattice",
    ),
    *rows(
        "skipped",
        "the encoder has no attention",
        "test_attention_outputs test_sdpa_can_dispatch_non_composite_models test_eager_matches_sdpa_inference_*",
        "Static* Elmo Lattice MrcJointStatic MrcTags MrcPointers",
    ),
    *rows("failed", "the questions hold ids that the smaller vocabulary lacks", "test_resize_tokens_*", "Mrc*"),
)


def expectation(test: str) -> tuple[Outcome, str]:
    """How a test ends, and why; the first row that matches counts, and what stands in none passes."""
    for row in EXPECTED:
        if fnmatchcase(test, row.pattern):
            return row.outcome, row.reason
    return "passed", "expected.py does not list it"
