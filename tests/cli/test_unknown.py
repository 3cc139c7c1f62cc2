"""`predict` and `evaluate` say how many characters the model's vocabulary lacks, and why an F1 is 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hf_cner import CnerConfig, CnerForTokenClassification, Document, Span
from hf_cner.data.documents import write_jsonl
from hf_cner.data.tokenizer import build_character_tokenizer


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows few characters, and tags everything as outside."""
    folder = tmp_path_factory.mktemp("model")
    tokenizer = build_character_tokenizer("患者头痛天。")
    config = CnerConfig(
        encoder={"kind": "static", "vocab_size": len(tokenizer), "embedding_size": 8},
        entity_types=["症状"],
        pad_token_id=0,
        non_unit_ids=[0],
    )
    made = CnerForTokenClassification(config)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        made.span_decoder.projection.bias[0] = 5
    made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def gold(path: Path, text: str, *spans: Span) -> Path:
    write_jsonl([Document(text, spans, id="a", record="a")], path)
    return path


def test_predict_warns_of_unknown_characters(
    call: Callable[..., int], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "known.txt").write_text("患者头痛3天。" * 20 + "头痛" * 20, encoding="utf-8")
    (tmp_path / "strange.txt").write_text("Пациент\x1b头痛", encoding="utf-8")
    assert call("predict", "--model", model, tmp_path / "known.txt", "--output", tmp_path / "a.jsonl") == 0
    error = capsys.readouterr().err
    assert "warning: 20 of 180 characters are unknown to the vocabulary (11.1%); the most frequent: '3' (20)" in error
    assert call("predict", "--model", model, tmp_path / "strange.txt", "--output", tmp_path / "b.jsonl") == 0
    error = capsys.readouterr().err
    assert "8 of 10 characters are unknown" in error and "U+001B (1)" in error and "\x1b" not in error


def test_predict_says_nothing_where_all_are_known(
    call: Callable[..., int], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "known.txt").write_text("患者头痛。", encoding="utf-8")
    assert call("predict", "--model", model, tmp_path / "known.txt", "--output", tmp_path / "a.jsonl") == 0
    assert "unknown" not in capsys.readouterr().err


def test_evaluate_says_why_f1_is_zero(
    call: Callable[..., int], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    files = {
        "because the model predicted nothing, of 1 gold mentions": gold(
            tmp_path / "a.jsonl", "患者头痛。", Span(2, 4, "症状")
        ),
        "83% of the characters are unknown to the model's vocabulary": gold(
            tmp_path / "b.jsonl", "右肺上叶炎。", Span(0, 2, "症状")
        ),
        "because the gold has no mention": gold(tmp_path / "c.jsonl", "患者头痛。"),
    }
    for reason, path in files.items():
        command = ("evaluate", "--model", model, "--data", path, "--resamples", 10, "--output", figures)
        assert call(*command) == 0
        printed = capsys.readouterr()
        assert reason in printed.out and "strict F1 is 0" in printed.out
        share = json.loads(figures.read_text(encoding="utf-8"))["unknown_characters"]["share"]
        assert ("warning" in printed.err) is (share > 0.02)
