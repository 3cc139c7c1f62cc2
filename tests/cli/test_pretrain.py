"""`hf-cner pretrain`, and a tagger that begins with what it left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

CONFIG = "{model_type: bert, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2}"
QUICK = ["--set", "training.use_cpu=true", "--set", "training.disable_tqdm=true"]


def test_from_scratch_to_a_tagger(
    call: Callable[..., int], notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from hf_cner import Predictor, read_corpus
    from hf_cner.data.documents import write_jsonl

    lexicon = tmp_path / "terms.txt"
    text = notes.read_text(encoding="utf-8")
    lexicon.write_text(f"{text[3:5]}\n{text[8:11]}\n鼽衄不存在\n", encoding="utf-8")
    command = ["pretrain", notes, "--set", f"encoder.config={CONFIG}", *QUICK, "--masking", "entity"]
    assert call(*command, "--lexicon", lexicon, "--epochs", 1, "--output-dir", tmp_path / "encoder") == 0
    printed = capsys.readouterr().out
    assert "lexicon: 3 words, of which 1 stand in no text (鼽衄不存在)" in printed and "perplexity" in printed
    settings = yaml.safe_load((tmp_path / "encoder" / "settings.yaml").read_text(encoding="utf-8"))
    assert settings["training"]["num_train_epochs"] == 1 and settings["lexicon"] == str(lexicon)
    corpus, model = tmp_path / "few.jsonl", tmp_path / "model"
    write_jsonl(read_corpus("sample")[:20], corpus)
    slot = f"model.encoder={{kind: pretrained, name_or_path: {tmp_path / 'encoder'}}}"
    training = "training={num_train_epochs: 1, use_cpu: true, disable_tqdm: true}"
    data = ["--corpus", "jsonl", "--data-dir", corpus, "--split", "all", "--output-dir", model]
    assert call("train", "--preset", "bert-bilstm-crf", *data, "--set", slot, "--set", training) == 0
    document = read_corpus("sample")[30]
    assert Predictor.from_pretrained(str(model))([document])[0].text == document.text


def test_settings_of_a_file_and_a_finished_run(notes: Path, tmp_path: Path) -> None:
    from hf_cner.settings.resolve import resolve_pretraining

    path = tmp_path / "own.yaml"
    path.write_text("masking: entity\nencoder: {name_or_path: a}\nseed: 3\n", encoding="utf-8")
    options = {"encoder": {"name_or_path": "b", "config": None}, "seed": None, "training": {"num_train_epochs": None}}
    made = resolve_pretraining(path, options, ["training.learning_rate=1e-4"])
    assert made.given() == {"masking": "entity", "encoder": {"name_or_path": "b"}, "seed": 3,
                            "training": {"learning_rate": 1e-4}}  # fmt: skip


def test_a_run_that_breaks_off_ends_its_bar_before_the_error_is_printed(
    call: Callable[..., int],
    notes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("settings.resolve", "pretraining.arguments"):
        monkeypatch.setattr(f"hf_cner.{module}.check_ranges", lambda *_, **__: None)
    high = ("--set", "training.learning_rate=1e38", "--set", "training.disable_tqdm=false", "--epochs", 1)
    command = ["pretrain", notes, "--set", f"encoder.config={CONFIG}", *QUICK, *high]
    assert call(*command, "--output-dir", tmp_path / "encoder") == 2
    assert "\nerror: Training diverged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--encoder", "nowhere/none"], "The encoder 'nowhere/none' is not on this machine"),
        (["--set", "encoder.conf=1"], "There is no setting encoder.conf. Did you mean encoder.config?"),
        (["--model-type", "bert", "--exclude", "sample"], "80 of 80 documents hold a text"),
    ],
)
def test_what_is_wrong_is_said(
    call: Callable[..., int],
    options: list[str],
    message: str,
    notes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("pretrain", notes, *options, *QUICK, "--output-dir", tmp_path / "out") == 2
    assert message in " ".join(capsys.readouterr().err.split())
