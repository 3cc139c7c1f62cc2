"""`hf-cner vectors`, and a model that begins with what it wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from closeness import assert_close

SMALL = [
    "--set",
    "model.encoder={kind: static, embedding_size: null, bigram_size: null}",
    "--set",
    "model.context={kind: none}",
    "--set",
    "model.attention={kind: none}",
]
SMALL += [
    "--set",
    "training={num_train_epochs: 1, use_cpu: true, disable_tqdm: true, slot_learning_rates: {encoder: 0}}",
]


def test_vectors_go_into_a_model(
    call: Callable[..., int], notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from hf_cner import CnerForTokenClassification, read_corpus
    from hf_cner.data.documents import write_jsonl
    from hf_cner.data.vectors import read_word2vec

    characters, bigrams = tmp_path / "characters.txt", tmp_path / "bigrams.txt"
    assert call("vectors", notes, "--output", characters, "--size", 10, "--epochs", 1) == 0
    assert call("vectors", notes, "--output", bigrams, "--bigrams", "--size", 6, "--epochs", 1) == 0
    printed = capsys.readouterr().out
    assert "characters of size 10, from" in printed and "bigrams of size 6" in printed
    corpus, model = tmp_path / "few.jsonl", tmp_path / "model"
    write_jsonl(read_corpus("sample")[:20], corpus)
    files = ["--set", f"vectors.path={characters}", "--set", f"vectors.bigram_path={bigrams}"]
    data = ["--corpus", "jsonl", "--data-dir", corpus, "--split", "all"]
    assert call("train", "--preset", "bilstm-mha-crf", *data, *SMALL, *files, "--output-dir", model) == 0
    from hf_cner.inference.predictor import Predictor

    predictor = Predictor.from_pretrained(str(model))
    encoder = predictor.model.cner.encoder
    assert isinstance(predictor.model, CnerForTokenClassification) and encoder.output_size == 10 + 2 * 6
    tokens, vectors = read_word2vec(characters)
    ids = [predictor.tokenizer.convert_tokens_to_ids(token) for token in tokens]
    assert len(set(ids)) == len(tokens)
    assert_close(encoder.characters.weight[ids], torch.from_numpy(vectors))
    known = {row.tobytes() for row in read_word2vec(bigrams)[1]}
    taken = sum(row.tobytes() in known for row in encoder.bigrams.weight.detach().numpy())
    assert taken > 0.5 * len(encoder.bigrams.table)


def test_texts_that_are_held_out_are_refused(
    call: Callable[..., int], notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = tmp_path / "test.txt"
    held_out.write_text(notes.read_text(encoding="utf-8").splitlines()[3], encoding="utf-8")
    command = ["vectors", notes, "--output", tmp_path / "out.txt", "--epochs", 1, "--size", 4, "--exclude", held_out]
    assert call(*command) == 2
    assert "1 of 80 documents hold a text" in " ".join(capsys.readouterr().err.split())
    assert call(*command, "--drop-overlap") == 0
    shown = capsys.readouterr()
    assert "79 texts" in shown.out and "1 documents left out, which hold held-out texts" in shown.err
    assert call(*command, "--allow-overlap") == 0
    assert "80 texts" in capsys.readouterr().out
    assert call(*command, "--allow-overlap", "--drop-overlap") == 2
    assert "contradict each other" in capsys.readouterr().err
