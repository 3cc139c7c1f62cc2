"""transformers' `run_ner.py`, unmodified, from our checkpoints: what it saves loads and predicts the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from fetch import source
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.characters import CharacterTable
from hf_cner.modeling.schemes import decode, encode

SCRIPT = source("run_ner.py")
TEXT = "患者服用阿司匹林后头痛两天，行阑尾切除术，痰中带血。"
SPANS = [(4, 8, "drug"), (9, 11, "symptom"), (15, 20, "operation"), (21, 23, "sample"), (24, 25, "symptom")]
CASES = (  # decoder, scheme and number of types of the checkpoint; scheme of the data
    ("crf", "BIO", 4, "BIO"),  # as many tags, of other names
    ("crf", "BIOES", 1, "BIOES"),  # the data lack some tags of the scheme
    ("crf", "BIO", 6, "BIOE"),
    ("softmax", "BIOES", 4, "BIOES"),
    ("softmax", "BIOE", 2, "BIO"),
)
# run_ner.py asks the Hub for the metric seqeval, unless a folder of that name lies where it is started.
METRIC = """
import datasets
import evaluate
from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score


class Seqeval(evaluate.Metric):
    def _info(self):
        tags = datasets.List(datasets.Value("string"))
        features = datasets.Features({"predictions": tags, "references": tags})
        return evaluate.MetricInfo(description="seqeval", citation="", features=features)

    def _compute(self, predictions, references):
        scores = (precision_score, recall_score, f1_score, accuracy_score)
        names = ("precision", "recall", "f1", "accuracy")
        return {f"overall_{name}": score(references, predictions) for name, score in zip(names, scores)}
"""


def checkpoint(folder: Path, decoder: dict[str, Any], types: list[str]) -> None:
    set_seed(0)
    tokenizer = build_character_tokenizer(sorted(set(TEXT)))
    config = CnerConfig(
        encoder={"kind": "static", "vocab_size": len(tokenizer), "embedding_size": 32},
        context={"kind": "bilstm", "hidden_size": 32},
        span_decoder=decoder,
        entity_types=types,
        non_unit_ids=CharacterTable(tokenizer).non_unit_ids,
    )
    CnerForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.mark.parametrize(("decoder", "before", "types", "scheme"), CASES)
def test_it_trains_other_labels_and_what_it_saves_is_whole(
    decoder: str, before: str, types: int, scheme: str, tmp_path: Path
) -> None:
    checkpoint(tmp_path / "model", {"kind": decoder, "scheme": before}, list("abcdef"[:types]))
    tags = encode(SPANS, len(TEXT), scheme)  # not all the tags of the scheme occur
    rows = "\n".join(json.dumps({"tokens": list(TEXT), "ner_tags": tags}) for _ in range(16))
    (tmp_path / "train.json").write_text(rows, encoding="utf-8")
    (tmp_path / "seqeval").mkdir()
    (tmp_path / "seqeval" / "seqeval.py").write_text(METRIC)
    options = {
        **{"model_name_or_path": "model", "train_file": "train.json", "validation_file": "train.json"},
        **{"test_file": "train.json", "output_dir": "out", "num_train_epochs": 20, "learning_rate": 0.01},
        **{"per_device_train_batch_size": 4, "save_strategy": "no", "report_to": "none", "cache_dir": "cache"},
    }
    command = [sys.executable, str(SCRIPT), "--do_train", "--do_eval", "--do_predict", "--ignore_mismatched_sizes"]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command += ["--trust_remote_code", "True"]
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    results = json.loads((tmp_path / "out" / "all_results.json").read_text())
    assert results["eval_f1"] == 1.0

    model = AutoModelForTokenClassification.from_pretrained(tmp_path / "out").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert model.config.id2label == dict(enumerate(sorted(set(tags))))
    assert set(model.config.entity_types) == {name for *_, name in SPANS}
    inputs = tokenizer(TEXT, return_tensors="pt", return_token_type_ids=False)
    with torch.no_grad():
        output = model(**inputs)
    units = model.unit_mask(**inputs)[0]
    assert [span[:3] for span in model.decode(output.emissions, units[None])[0]] == SPANS
    found = [model.config.id2label[number] for number in output.logits[0].argmax(-1)[units].tolist()]
    predicted = (tmp_path / "out" / "predictions.txt").read_text(encoding="utf-8").splitlines()[0].split(" ")
    assert found == predicted == tags and decode(found, scheme) == SPANS
    entities = pipeline("clinical-ner", model=str(tmp_path / "out"))(TEXT)
    assert [(entity["start"], entity["end"], entity["type"]) for entity in entities] == SPANS
