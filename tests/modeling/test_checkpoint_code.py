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
from cases import ENCODERS, config
from test_modeling_cner_mrc import CASES as MRC_CASES
from test_modeling_cner_mrc import model_of as mrc_model_of
from transformers import AutoConfig, AutoTokenizer, set_seed

from hf_cner import CnerEncoderConfig, CnerEncoderModel, CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.characters import CharacterTable
from hf_cner.modeling.crf_backends import SETTING

TEXT = "患者三天前出现头痛，伴恶心。\n查体：Ｔ36.5℃ 心肺未见异常。"

# Loads every folder, computes, answers, and saves each again beside it.
STRANGER = """
import sys
sys.modules["hf_cner"] = None  # importing the package fails from here on
import torch
from transformers import AutoConfig, AutoModel, AutoModelForQuestionAnswering, AutoModelForTokenClassification
from transformers import AutoTokenizer, pipeline
text, *folders = sys.argv[1:]
with_decoder = {"cner": AutoModelForTokenClassification, "cner-mrc": AutoModelForQuestionAnswering}
for folder in folders:
    kind = AutoConfig.from_pretrained(folder, trust_remote_code=True).model_type
    model = with_decoder.get(kind, AutoModel).from_pretrained(folder, trust_remote_code=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    inputs = tokenizer(text, return_tensors="pt", return_token_type_ids=False)
    result = {}
    with torch.no_grad():
        result["outputs"] = dict(model(**inputs))
    if kind in with_decoder:
        emissions = result["outputs"]["emissions"]
        result["spans"] = model.decode(emissions, model.unit_mask(**inputs), scores=True)[0]
        result["pipeline"] = pipeline("clinical-ner", model=folder, trust_remote_code=True)(text)
        base = AutoModel.from_pretrained(folder, trust_remote_code=True)
        assert type(base) is not type(model)
        assert base(**inputs).last_hidden_state.shape[1] == inputs["input_ids"].shape[1]
    model.save_pretrained(folder + "-again")
    tokenizer.save_pretrained(folder + "-again")
    torch.save(result, folder + ".pt")
"""

FAULTS = """
import sys
sys.modules["hf_cner"] = None
from transformers import AutoModelForTokenClassification
whole, incomplete = sys.argv[1:]
sys.modules["torchcrf"] = None
for folder in (whole, incomplete):
    try:
        AutoModelForTokenClassification.from_pretrained(folder, trust_remote_code=True)
    except Exception as error:
        print(type(error).__name__, str(error).replace("\\n", " "))
    sys.modules.pop("torchcrf", None)  # from now on it is there
"""


def run_without_the_package(code: str, modules: Path, *arguments: str) -> str:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(modules)}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=modules.parent, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def models() -> dict[str, Any]:
    set_seed(0)
    tags = CnerForTokenClassification(config(encoder="static-bigrams", context="parallel", attention="multi_head"))
    spans = CnerForTokenClassification(config(encoder="bert", span_decoder="biaffine"))
    words = CnerForTokenClassification(config(encoder="lattice", context="none"))
    table = CharacterTable(build_character_tokenizer(sorted(set(TEXT))))
    words.cner.encoder.set_lexicon([table.ids(word) for word in ("头痛", "恶心", "心肺")])
    with torch.no_grad():  # random, but sure enough of themselves to find something
        tags.span_decoder.projection.weight.mul_(30)
        words.span_decoder.projection.weight.mul_(100)
        for parameter in spans.span_decoder.parameters():
            parameter.mul_(30)
    asks = mrc_model_of(MRC_CASES["static"])
    encoder = CnerEncoderModel(CnerEncoderConfig(encoder=ENCODERS["static-bigrams"]))
    return {"tags": tags, "words": words, "spans": spans, "asks": asks, "encoder": encoder}


def saved(model: Any, folder: Path) -> Any:
    tokenizer = build_character_tokenizer(sorted(set(TEXT)))
    model.config.non_unit_ids = CharacterTable(tokenizer).non_unit_ids
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.slow
def test_a_stranger_loads_it_without_the_package_and_saves_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "torch")  # the package's numba has other last digits, and no checkpoint carries it
    expected = {}
    for name, model in models().items():
        tokenizer = saved(model.eval(), tmp_path / name)
        inputs = tokenizer(TEXT, return_tensors="pt", return_token_type_ids=False)
        with torch.no_grad():
            outputs = dict(model(**inputs))
        emissions = outputs.get("emissions")
        spans = [] if emissions is None else model.decode(emissions, model.unit_mask(**inputs), scores=True)[0]
        assert spans or name == "encoder"
        expected[name] = (outputs, spans)
    folders = [str(tmp_path / name) for name in expected]
    for _ in range(2):  # load, save, load
        run_without_the_package(STRANGER, tmp_path / "modules", TEXT, *folders)
        for folder, (outputs, spans) in zip(folders, expected.values(), strict=True):
            result = torch.load(f"{folder}.pt")
            assert result["outputs"].keys() == outputs.keys()
            assert all(torch.equal(value, outputs[name]) for name, value in result["outputs"].items())
            assert result.get("spans", []) == spans
            found = [(entity["start"], entity["end"], entity["type"]) for entity in result.get("pipeline", [])]
            assert found == [span[:3] for span in spans]
        folders = [f"{folder}-again" for folder in folders]
    for name in expected:
        code = {path.name for path in (tmp_path / name).glob("*.py")}
        assert code and code == {path.name for path in (tmp_path / f"{name}-again-again").glob("*.py")}


@pytest.mark.slow
def test_a_stranger_is_told_what_to_install_and_which_file_is_missing(tmp_path: Path) -> None:
    model = CnerForTokenClassification(config())
    for name in ("whole", "incomplete"):
        saved(model, tmp_path / name)
    (tmp_path / "incomplete" / "crf_decode.py").unlink()
    folders = [str(tmp_path / name) for name in ("whole", "incomplete")]
    first, second = run_without_the_package(FAULTS, tmp_path / "modules", *folders).splitlines()
    assert "pip install pytorch-crf" in first and "torchcrf; the package called TorchCRF is another one" in first
    assert "crf_decode.py" in second


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
