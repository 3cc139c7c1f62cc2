"""What is no vocabulary is refused in one sentence that names the file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from vocabulary_folders import MODEL_TYPES, sentencepiece_model, spiece, vocab_txt, write_config

from hf_cner.data.vocabulary import encoder_folder, resolve_vocabulary


def error_of(folder: Path) -> str:
    with pytest.raises(ValueError) as found:
        resolve_vocabulary(folder)
    sentence = str(found.value)
    assert "\n" not in sentence and str(folder) in sentence
    return sentence


def test_what_is_broken_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0", "model": {', encoding="utf-8")
    assert "cannot be read as a tokenizer" in error_of(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "vocab.txt").write_bytes(b"[PAD]\n[UNK]\n\xff\xfe\n")
    assert "vocab.txt, line 3, is not UTF-8" in error_of(tmp_path)
    (tmp_path / "vocab.txt").write_bytes(b"\n\n")
    assert "vocab.txt holds no entry" in error_of(tmp_path)
    vocab_txt(tmp_path, ["[PAD]", "[UNK]"])
    assert "holds no entry beside 2 special tokens" in error_of(tmp_path)
    vocab_txt(tmp_path, ["[UNK]", "患"])
    assert "has no pad_token, and a character tokenizer needs one; name one of its 2 entries" in error_of(tmp_path)
    (tmp_path / "vocab.txt").unlink()
    (tmp_path / "spiece.model").write_bytes(b"no model")
    assert "is no SentencePiece model, or is damaged" in error_of(tmp_path)
    (tmp_path / "spiece.model").unlink()
    for name in ("a.model", "b.model"):
        (tmp_path / name).write_bytes(sentencepiece_model(["<unk>", "患"]))
    assert "several *.model files (a.model, b.model)" in error_of(tmp_path)


@pytest.mark.parametrize(
    "name", ["tokenizer.json", "vocab.txt", "spiece.model", "tokenizer_config.json", "config.json"]
)
def test_a_pointer_in_the_place_of_a_file_is_named(name: str, tmp_path: Path) -> None:
    if name not in ("tokenizer.json", "vocab.txt", "spiece.model"):
        vocab_txt(tmp_path)
    (tmp_path / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    assert f"{name} is a pointer of Git LFS, not the file itself; run `git lfs pull`" in error_of(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "special_tokens_map.json"])
def test_a_json_file_that_is_none_is_one_sentence(name: str, tmp_path: Path) -> None:
    vocab_txt(tmp_path)
    (tmp_path / name).write_text("[" * 100_000, encoding="utf-8")
    assert f"{name} cannot be read as JSON" in error_of(tmp_path)
    (tmp_path / name).write_text("[1]", encoding="utf-8")
    assert f"{name} holds list where a JSON object was expected" in error_of(tmp_path)


def test_an_empty_tokenizer_json_is_refused(tmp_path: Path) -> None:
    Tokenizer(models.WordLevel({}, unk_token="[UNK]")).save(str(tmp_path / "tokenizer.json"))
    assert "tokenizer.json holds no entry" in error_of(tmp_path)
    vocab_txt(tmp_path)
    assert resolve_vocabulary(tmp_path).source.name == "vocab.txt"


def test_a_byte_level_vocabulary_is_refused_in_each_of_its_forms(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text('{"<s>": 0, "Ġa": 1}', encoding="utf-8")
    (tmp_path / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    assert "is byte-level: its pieces are bytes" in error_of(tmp_path)
    backend = Tokenizer(models.BPE({"<s>": 0, "a": 1}, []))
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.ByteLevel()])
    backend.save(str(tmp_path / "tokenizer.json"))
    assert "is byte-level: its pieces are bytes" in error_of(tmp_path)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_a_folder_without_a_vocabulary_is_one_sentence(model_type: str | None, tmp_path: Path) -> None:
    write_config(tmp_path, model_type)
    with pytest.raises(ValueError, match=r"No tokenizer could be loaded from .*give a folder that holds"):
        resolve_vocabulary(tmp_path)


def test_a_name_that_is_not_on_this_machine_is_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"it is no folder on this machine, .*HF_ENDPOINT to a mirror"):
        encoder_folder("nobody/nothing")


def test_without_sentencepiece_the_sentence_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spiece(tmp_path, "xlnet")
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(ImportError, match=r"spiece\.model is a SentencePiece model; pip install sentencepiece"):
        resolve_vocabulary(tmp_path)


def test_ids_with_wide_gaps_are_refused_at_once(tmp_path: Path) -> None:
    vocab_txt(tmp_path)
    (tmp_path / "added_tokens.json").write_text('{"<extra>": 4000000000}', encoding="utf-8")
    assert "added_tokens.json gives an entry the id 4,000,000,000, and there are" in error_of(tmp_path)
    model = {"type": "WordLevel", "vocab": {"[UNK]": 0, "患": 4_000_000_000}, "unk_token": "[UNK]"}
    text = json.dumps({"version": "1.0", "added_tokens": [], "model": model})
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    (tmp_path / "vocab.txt").unlink()
    assert "tokenizer.json gives an entry the id 4,000,000,000, and there are 2 entries" in error_of(tmp_path)


def test_a_folder_is_never_looked_for_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network that costs a minute of retries."""
    asked: list[dict[str, object]] = []

    def from_pretrained(folder: Path, **options: object) -> None:
        asked.append(options)
        raise OSError("nothing there")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", from_pretrained)
    with pytest.raises(ValueError, match="No tokenizer could be loaded"):
        resolve_vocabulary(tmp_path / "nobody" / "nothing")
    assert asked == [{"local_files_only": True}]
