"""A model with the code of its checkpoint, written by another version, is refused in one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer, pipeline
from transformers.dynamic_module_utils import get_class_from_dynamic_module

from hf_cner import CnerForTokenClassification, Predictor
from hf_cner.training.encoding import DocumentEncoder

CHECKPOINT = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "tagging-bilstm-crf"
USES: dict[str, Callable[[Any, Any], Any]] = {
    "predictor": Predictor,
    "pipeline": lambda model, tokenizer: pipeline("clinical-ner", model=model, tokenizer=tokenizer),
    "training": DocumentEncoder,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose code calls `filter_window` by its older name."""
    path = tmp_path_factory.mktemp("checkpoints") / "of-older-code"
    CnerForTokenClassification.from_pretrained(CHECKPOINT).save_pretrained(path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(CHECKPOINT / name, path / name)
    code = path / "recogniser.py"
    code.write_text(code.read_text(encoding="utf-8").replace("filter_window", "crop"), encoding="utf-8")
    return path


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_code_of_another_version_is_refused(use: Callable[[Any, Any], Any], folder: Path) -> None:
    own_class: Any = get_class_from_dynamic_module("modeling_cner.CnerForTokenClassification", str(folder))
    model, tokenizer = own_class.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with pytest.raises(ValueError, match="was loaded with the code of its checkpoint, which another") as refused:
        use(model, tokenizer)
    assert "load it after `import hf_cner` and without trust_remote_code" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_the_sentence_advises_works(folder: Path) -> None:
    found = Predictor.from_pretrained(folder)("患者头痛3天。")
    assert found == Predictor.from_pretrained(CHECKPOINT)("患者头痛3天。") and found[0].spans


def test_a_model_without_a_decoder_is_refused() -> None:
    model: Any = CnerForTokenClassification.from_pretrained(CHECKPOINT)
    with pytest.raises(ValueError, match="needs a model of hf_cner with a decoder; CnerModel is none"):
        Predictor(model.cner, AutoTokenizer.from_pretrained(CHECKPOINT))
