"""A pretrained ELMo, and a tagger on it, load from their folders where the package cannot be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import set_seed

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.pretraining.bilm import build, save
from hf_cner.settings.pretraining import PretrainingSettings

TEXT = "患者头痛三天。"
STRANGER = """
import json, sys
sys.modules["hf_cner"] = None  # importing the package fails from here on
import torch
from transformers import AutoModel, AutoModelForTokenClassification, AutoTokenizer
encoder, tagger, text = sys.argv[1:]
inputs = AutoTokenizer.from_pretrained(encoder, trust_remote_code=True)(text, return_tensors="pt")
with torch.no_grad():
    vectors = AutoModel.from_pretrained(encoder, trust_remote_code=True).eval()(**inputs).last_hidden_state
    model = AutoModelForTokenClassification.from_pretrained(tagger, trust_remote_code=True).eval()
    emissions = model(**inputs).emissions
frozen = not model.get_input_embeddings().weight.requires_grad
print(json.dumps({"vectors": vectors.tolist(), "emissions": emissions.tolist(), "frozen": frozen}))
"""


@pytest.mark.slow
def test_a_stranger_gets_the_same_vectors_and_scores(tmp_path: Path) -> None:
    set_seed(0)
    tokenizer = build_character_tokenizer(sorted(set(TEXT)))
    options = {"embedding_size": 6, "hidden_size": 6}
    language_model = build(PretrainingSettings.of({"encoder": {"config": options}}), tokenizer).eval()
    save(language_model, tokenizer, tmp_path / "encoder")
    config = CnerConfig(encoder={"kind": "elmo", "trainable": False}, entity_types=["a", "b"])
    tagger = CnerForTokenClassification.from_encoder_pretrained(tmp_path / "encoder", config).eval()
    tagger.save_pretrained(tmp_path / "tagger")
    inputs = tokenizer(TEXT, return_tensors="pt")
    with torch.no_grad():
        vectors = language_model.encoder(**inputs).last_hidden_state
        emissions = tagger(**inputs).emissions
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(tmp_path / "modules")}
    command = [sys.executable, "-c", STRANGER, str(tmp_path / "encoder"), str(tmp_path / "tagger"), TEXT]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["frozen"] is True
    assert torch.equal(torch.tensor(found["vectors"]), vectors)
    assert torch.equal(torch.tensor(found["emissions"]), emissions)
