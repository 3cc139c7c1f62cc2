"""A document of a million characters: memory grows with its characters, not with their square. Its own process."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import resource
import torch
from transformers import set_seed
from hf_cner import CnerConfig, CnerForTokenClassification, Predictor
from hf_cner.data.tokenizer import build_character_tokenizer

tokenizer = build_character_tokenizer("患者头痛天血压右侧。，a0 x")
set_seed(0)
config = CnerConfig(
    encoder={"kind": "static", "vocab_size": len(tokenizer), "embedding_size": 16},
    context={"kind": "bilstm", "hidden_size": 16},
    entity_types=["症状", "部位", "检查", "疾病", "治疗"],
    non_unit_ids=[0],
)
model = CnerForTokenClassification(config)
with torch.no_grad():
    model.span_decoder.projection.weight.mul_(6)
predictor = Predictor(model, tokenizer)
text = "患者头痛3天，血压右侧a0。" * 80_000
text = text[:1_000_000]
predictor(text[:1_000])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
[document] = predictor(text)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert document.text == text and len(document.spans) > 10_000, len(document.spans)
print((after - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
def test_a_million_characters_take_less_than_a_gibibyte_and_a_half() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1536, f"{done.stdout.strip()} MiB"
