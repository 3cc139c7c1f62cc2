"""A checkpoint whose weights are not the model's own is refused by name, whoever would predict with it."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, pipeline

from hf_cner import CnerForTokenClassification, Predictor
from hf_cner.cli.main import main
from hf_cner.inference.checkpoint import CheckpointError
from hf_cner.modeling.loaded_weights import WeightFaults, WeightsError, check_complete

State = dict[str, torch.Tensor]
CHECKPOINTS = Path(__file__).parents[1] / "fixtures" / "checkpoints"
FAULTS: dict[str, tuple[Callable[[State], State], str]] = {
    "without-crf": (
        lambda state: {name: tensor for name, tensor in state.items() if "crf" not in name},
        r"3 are missing \(span_decoder\.crf\.end_transitions, span_decoder\.crf\.start_transitions, span_decoder\.crf\."
        r"transitions\)",
    ),
    "without-context": (
        lambda state: {name: tensor for name, tensor in state.items() if "context" not in name},
        r"8 are missing \(cner\.context\.leftward\.0\.bias_hh_l0, .*, …\)",
    ),
    "with-more": (
        lambda state: {**state, "span_decoder.more.weight": torch.zeros(3)},
        r"1 is not the model's \(span_decoder\.more\.weight\)",
    ),
    "of-another-shape": (
        lambda state: {**state, "span_decoder.crf.transitions": torch.zeros(3, 3)},
        # of a folder it is found out before the model is built, which names the first
        r"1 has another shape \(span_decoder\.crf\.transitions: \(3, 3\) in the checkpoint, \(21, 21\) in the model\)"
        r"|found span_decoder\.crf\.transitions of shape \(3, 3\), expected \(21, 21\)",
    ),
    "with-nan": (
        lambda state: {**state, "span_decoder.crf.transitions": torch.full((21, 21), torch.nan)},
        r"its weight span_decoder\.crf\.transitions holds NaN",
    ),
}
each_fault = pytest.mark.parametrize(("edit", "message"), FAULTS.values(), ids=FAULTS)


def edited(edit: Callable[[State], State], folder: Path) -> Path:
    shutil.copytree(CHECKPOINTS / "tagging-bilstm-crf", folder)
    save_file(edit(load_file(folder / "model.safetensors")), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@each_fault
def test_the_predictor_and_the_pipeline_refuse_it(edit: Any, message: str, tmp_path: Path, caplog: Any) -> None:
    folder = edited(edit, tmp_path / "model")
    with pytest.raises(CheckpointError, match=message) as refused, caplog.at_level(logging.WARNING, "transformers"):
        Predictor.from_pretrained(folder)
    assert str(folder) in str(refused.value) and "\n" not in str(refused.value)
    assert "LOAD REPORT" not in caplog.text
    with pytest.raises(ValueError, match=message):  # of other shapes transformers says that no class could load it
        pipeline("clinical-ner", model=str(folder))


@each_fault
@pytest.mark.parametrize("command", ["predict", "evaluate", "push", "card"])
def test_every_command_that_takes_a_model_refuses_it(
    command: str, edit: Any, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = edited(edit, tmp_path / "model")
    (folder / "results.json").write_text('{"metrics": {"test": {}}}', encoding="utf-8")
    notes = tmp_path / "notes.jsonl"
    notes.write_text(json.dumps({"text": "患者头痛。", "entities": []}) + "\n", encoding="utf-8")
    arguments = {
        "predict": ["predict", str(notes), "--model", str(folder)],
        "evaluate": ["evaluate", "--data", str(notes), "--model", str(folder)],
        "push": ["push", "--model", str(folder), "--repo", "a/b", "--no-push"],
        "card": ["card", "--model", str(folder)],
    }
    with pytest.raises(SystemExit) as stopped:
        main(arguments[command])
    assert stopped.value.code == 2
    assert re.search(message, capsys.readouterr().err.replace("\n", " "))
    assert not (folder / "README.md").exists() and not (tmp_path / "model-hub").exists()


def test_questions_without_an_interaction_are_refused_too(tmp_path: Path) -> None:
    shutil.copytree(CHECKPOINTS / "asking-bilstm-biaffine", tmp_path / "model")
    path = tmp_path / "model" / "model.safetensors"
    kept = {name: tensor for name, tensor in load_file(path).items() if not name.startswith("interaction")}
    save_file(kept, path, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"9 are missing \(interaction\."):
        Predictor.from_pretrained(tmp_path / "model")


def test_training_may_begin_from_such_a_checkpoint_and_its_result_predicts(tmp_path: Path) -> None:
    folder = edited(FAULTS["without-crf"][0], tmp_path / "model")
    model = CnerForTokenClassification.from_pretrained(folder)
    with pytest.raises(WeightsError, match="3 are missing"):
        Predictor(model, AutoTokenizer.from_pretrained(folder))
    model.train()
    check_complete(model.eval())
    anew = edited(FAULTS["of-another-shape"][0], tmp_path / "other")
    with pytest.raises(WeightsError, match="with ignore_mismatched_sizes=True these tensors start again"):
        CnerForTokenClassification.from_pretrained(anew)
    begun = CnerForTokenClassification.from_pretrained(anew, ignore_mismatched_sizes=True)
    assert begun.span_decoder.crf.transitions.abs().max() <= 0.1 and begun.weight_faults.misshapen


def test_buffers_that_older_versions_saved_are_no_fault(tmp_path: Path) -> None:
    folder = edited(lambda state: {**state, "cner.encoder.position_ids": torch.arange(3)}, tmp_path / "model")
    assert Predictor.from_pretrained(folder).model.weight_faults == WeightFaults()


def test_loading_info_is_given_when_it_is_asked_for() -> None:
    folder = CHECKPOINTS / "tagging-bilstm-crf"
    model, info = CnerForTokenClassification.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"] and not any(model.weight_faults)


# PEFT (0.21: PeftModel.__init__) itself asks the model by a name that transformers 5.23 calls deprecated.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:The PEFT config.s `base_model_name_or_path` was renamed:UserWarning")
def test_an_adapter_may_bring_what_the_checkpoint_lacks(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="PEFT is not installed: pip install '.[peft]'")
    whole = CnerForTokenClassification.from_pretrained(CHECKPOINTS / "tagging-bilstm-crf")
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINTS / "tagging-bilstm-crf")
    text = "患者头痛3天，予阿司匹林。"
    expected = Predictor(whole, tokenizer)(text)
    config = peft.LoraConfig(target_modules=["characters"], modules_to_save=["span_decoder"])
    peft.get_peft_model(whole, config).save_pretrained(tmp_path / "adapter")
    base = edited(lambda state: {k: v for k, v in state.items() if "span_decoder" not in k}, tmp_path / "base")

    copied = peft.get_peft_model(CnerForTokenClassification.from_pretrained(base), config).eval()
    with pytest.raises(WeightsError, match="5 are missing"):  # a decoder of an adapter that learnt nothing
        Predictor(copied, tokenizer)
    adapted = peft.PeftModel.from_pretrained(CnerForTokenClassification.from_pretrained(base), tmp_path / "adapter")
    assert Predictor(adapted, tokenizer)(text) == expected
    assert Predictor(adapted.merge_and_unload(), tokenizer)(text) == expected

    poorer = edited(lambda state: {k: v for k, v in state.items() if k.startswith("cner.encoder")}, tmp_path / "poorer")
    adapted = peft.PeftModel.from_pretrained(CnerForTokenClassification.from_pretrained(poorer), tmp_path / "adapter")
    with pytest.raises(WeightsError, match=r"8 are missing \(cner\.context\.leftward"):  # the decoder is there now
        Predictor(adapted, tokenizer)
