"""A checkpoint carries its own code: it loads, decodes and answers where the package cannot be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import config
from test_modeling_cner_mrc import CASES as MRC_CASES
from test_modeling_cner_mrc import model_of as mrc_model_of
from transformers import AutoConfig, AutoTokenizer, set_seed

from hf_cner import CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.characters import CharacterTable

TEXT = "患者三天前出现头痛，伴恶心。\n查体：Ｔ36.5℃ 心肺未见异常。"

STRANGER = """
import json, sys
sys.modules["hf_cner"] = None  # importing the package fails from here on
import torch
from transformers import AutoConfig, AutoModel, AutoModelForQuestionAnswering, AutoModelForTokenClassification
from transformers import AutoTokenizer, pipeline
folder, text, kind, again = sys.argv[1:]
auto = {"cner": AutoModelForTokenClassification, "cner-mrc": AutoModelForQuestionAnswering}[kind]
model = auto.from_pretrained(folder, trust_remote_code=True).eval()
tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
inputs = tokenizer(text, return_tensors="pt")
inputs.pop("token_type_ids", None)
with torch.no_grad():
    emissions = model(**inputs).emissions
spans = model.decode(emissions, model.unit_mask(**inputs), scores=True)[0]
base = AutoModel.from_pretrained(folder, trust_remote_code=True)
assert base(**inputs).last_hidden_state.shape[1] == inputs["input_ids"].shape[1]
found = pipeline("clinical-ner", model=folder, trust_remote_code=True)(text)
assert AutoConfig.from_pretrained(folder, trust_remote_code=True).model_type == kind
model.save_pretrained(again)
tokenizer.save_pretrained(again)
print(json.dumps({"emissions": emissions.double().sum().item(), "spans": spans, "pipeline": found}))
"""


def run_without_the_package(folder: Path, kind: str, again: Path) -> dict[str, Any]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(folder.parent / "modules")}
    command = [sys.executable, "-c", STRANGER, str(folder), TEXT, kind, str(again)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder.parent, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def saved(model: Any, folder: Path) -> Any:
    tokenizer = build_character_tokenizer(sorted(set(TEXT)))
    model.config.non_unit_ids = CharacterTable(tokenizer).non_unit_ids
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cner", "cner-mrc"])
def test_a_stranger_loads_it_without_the_package_and_saves_it_again(kind: str, tmp_path: Path) -> None:
    set_seed(0)
    model: Any
    if kind == "cner":
        model = CnerForTokenClassification(config(encoder="static-bigrams", context="parallel", attention="multi_head"))
        with torch.no_grad():
            model.span_decoder.projection.weight.mul_(30)
    else:
        model = mrc_model_of(MRC_CASES["static"])
    model.eval()
    folder, second, third = tmp_path / "first", tmp_path / "second", tmp_path / "third"
    tokenizer = saved(model, folder)
    inputs = tokenizer(TEXT, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    with torch.no_grad():
        emissions = model(**inputs).emissions
    expected = model.decode(emissions, model.unit_mask(**inputs), scores=True)[0]
    assert expected
    chain = [(folder, second), (second, third)] if kind == "cner" else [(folder, third)]
    for source, target in chain:  # load, save, load
        result = run_without_the_package(source, kind, target)
        assert result["emissions"] == emissions.double().sum().item()
        assert [tuple(span) for span in result["spans"]] == expected
        assert [(e["start"], e["end"], e["type"]) for e in result["pipeline"]] == [span[:3] for span in expected]
    assert {path.name for path in folder.glob("*.py")} == {path.name for path in third.glob("*.py")}


def test_the_folder_names_its_code_and_the_model_keeps_none_of_it(tmp_path: Path) -> None:
    model = CnerForTokenClassification(config())
    model.save_pretrained(tmp_path)
    content = json.loads((tmp_path / "config.json").read_text())
    assert content["auto_map"]["AutoConfig"] == "configuration_cner.CnerConfig"
    assert content["auto_map"]["AutoModelForTokenClassification"] == "modeling_cner.CnerForTokenClassification"
    assert content["custom_pipelines"]["clinical-ner"]["impl"] == "pipeline_cner.ClinicalNerPipeline"
    assert not hasattr(model.config, "custom_pipelines")
    assert not hasattr(AutoConfig.from_pretrained(tmp_path), "custom_pipelines")
    copied = {path.name for path in tmp_path.glob("*.py")}
    assert {"modeling_cner.py", "pipeline_cner.py", "crf.py", "schemes.py", "windows.py"} <= copied
