"""What a row needs is found, made on the spot from text that may be read, or named as missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_runs import notes
from small_tables import TINY, TINY_PRETRAINING, request
from transformers import AutoConfig

from hf_cner.data.documents import write_jsonl
from hf_cner.data.vectors import read_word2vec
from hf_cner.reproduction.encoders import Workshop
from hf_cner.reproduction.plan import NotRun
from hf_cner.reproduction.protocol import prepare


def workshop(folder: Path, table: str, **options: Any) -> tuple[Workshop, list[str]]:
    asked = request(folder, table, **options)
    protocol = prepare(asked.table, corpus=asked.corpus, data_dir=asked.data_dir)
    said: list[str] = []
    return Workshop(asked, protocol, said.append), said


def unlabelled(folder: Path) -> str:
    """Other notes, and all of the corpus, whose held-out parts must be left out."""
    write_jsonl([*notes(20, 5), *notes(24, 1)], folder / "text.jsonl")
    return str(folder / "text.jsonl")


def reason(shop: Workshop, row: str) -> str:
    with pytest.raises(NotRun) as stopped:
        shop.encoder(next(found for found in shop.request.table.rows if found.name == row))
    return str(stopped.value)


def test_an_encoder_that_is_not_there_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> Any:
        raise OSError(f"no {name}")

    monkeypatch.setattr(AutoConfig, "from_pretrained", nothing)
    shop, _ = workshop(tmp_path, "p1-table3")
    said = reason(shop, "XLNet-BiLSTM-CRF")
    assert "hfl/chinese-xlnet-base, which is not on this machine and could not be fetched" in said
    assert "--encoder xlnet=FOLDER, or --scale small with --unlabelled FILE" in said
    shop, _ = workshop(tmp_path, "p2-table7")
    assert "BERT pretrained further on clinical text; give --encoder further-bert" in reason(shop, "BERT-BiGRU-CRF")
    assert "--encoder elmo=FOLDER, or text to train it on" in reason(shop, "BiLSTM-CRF+ELMo")


def test_a_given_encoder_or_text_that_is_not_there_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    shop, _ = workshop(tmp_path, "p4-table2", encoders={"albert": str(tmp_path / "nothing")})
    with pytest.raises(ValueError, match=r"nothing.* is not on this machine .*; set --encoder albert to"):
        shop.check()
    shop, _ = workshop(tmp_path, "p4-table2", unlabelled=(str(tmp_path / "no.txt"),))
    with pytest.raises(ValueError, match=r"no.txt"):
        shop.check()
    shop, _ = workshop(tmp_path, "p4-table2", vectors="no.vec")
    with pytest.raises(ValueError, match=r"--vectors no.vec: there is no such file; give a word2vec file, or none"):
        shop.check()


def test_what_the_small_scale_cannot_make_is_not_run(tmp_path: Path) -> None:
    text = (unlabelled(tmp_path),)
    shop, _ = workshop(tmp_path, "p2-table6", scale="small", unlabelled=text)
    assert "an encoder that has not seen clinical text" in reason(shop, "BERT")


def test_given_encoders_and_vectors_are_used(tmp_path: Path) -> None:
    shop, _ = workshop(tmp_path, "p4-table2", encoders={"albert": "here"}, vectors="there.txt")
    rows = {row.name: row for row in shop.request.table.rows}
    assert shop.encoder(rows["ALBERT-IDCNN-CRF"]) == "here" and shop.vectors(rows["ALBERT-IDCNN-CRF"]) is None
    assert shop.encoder(rows["BiLSTM-CRF"]) is None and shop.vectors(rows["BiLSTM-CRF"]) == "there.txt"
    shop, _ = workshop(tmp_path, "p4-table2", vectors="none", unlabelled=(unlabelled(tmp_path),))
    assert shop.vectors(rows["BiLSTM-CRF"]) is None
    shop, _ = workshop(tmp_path, "p4-table2")
    assert shop.vectors(rows["BiLSTM-CRF"]) is None  # there is no text to train them on


def test_vectors_are_made_once_from_text_that_is_not_held_out(tmp_path: Path) -> None:
    pytest.importorskip("gensim")
    shop, said = workshop(tmp_path, "p4-table2", unlabelled=(unlabelled(tmp_path),))
    row = shop.request.table.rows[0]
    path = shop.vectors(row)
    assert path is not None and read_word2vec(path)[1].shape[1] == 128
    held_out = {d.text for name in ("test", "dev") for d in shop.protocol.parts[name]}
    assert shop.left_out >= len(held_out) and not held_out & {document.text for document in shop.texts()}
    assert {d.text for d in shop.protocol.parts["train"]} <= {document.text for document in shop.texts()}
    assert not any(document.spans for document in shop.texts())
    before = Path(path).stat().st_mtime_ns
    assert shop.vectors(row) == path and Path(path).stat().st_mtime_ns == before
    assert sum("training vectors" in line for line in said) == 1


def test_a_small_xlnet_is_pretrained_by_permutations(tmp_path: Path) -> None:
    sizes = ("d_model=16", "n_layer=1", "n_head=2", "d_inner=16")
    tiny = (*(f"encoder.config.{size}" for size in sizes), "training.max_steps=2", "training.use_cpu=true")
    text = (unlabelled(tmp_path),)
    shop, _ = workshop(tmp_path, "p1-table3", scale="small", unlabelled=text, pretraining=tiny)
    folder = shop.encoder(next(row for row in shop.request.table.rows if row.name == "XLNet-BiLSTM-MHA-CRF"))
    assert AutoConfig.from_pretrained(folder).model_type == "xlnet" and AutoConfig.from_pretrained(folder).d_head == 8
    assert shop.made["xlnet"].startswith("plm on ")


def test_a_small_encoder_is_pretrained_once_and_anew_for_other_settings(tmp_path: Path) -> None:
    text = (unlabelled(tmp_path),)
    shop, said = workshop(tmp_path, "p4-table2", scale="small", unlabelled=text)
    row = shop.request.table.rows[3]
    folder = Path(str(shop.encoder(row)))
    assert said[-1].startswith("  albert: pretraining on ") and said[-1].endswith(f" texts in {folder}")
    assert AutoConfig.from_pretrained(folder).model_type == "albert"
    assert AutoConfig.from_pretrained(folder).hidden_size == 16
    weights = (folder / "model.safetensors").stat().st_mtime_ns
    again, said = workshop(tmp_path, "p4-table2", scale="small", unlabelled=text)
    assert again.encoder(row) == str(folder) and (folder / "model.safetensors").stat().st_mtime_ns == weights
    assert said[-1] == f"  albert: read from {folder}"
    other, _ = workshop(
        tmp_path, "p4-table2", scale="small", unlabelled=text, pretraining=(*TINY_PRETRAINING, "seed=1")
    )
    assert other.encoder(row) != str(folder)


def test_mc_bert_hides_the_mentions_of_the_training_part(tmp_path: Path) -> None:
    shop, _ = workshop(tmp_path, "p5-ccks2019", scale="small", unlabelled=(unlabelled(tmp_path),))
    folder = Path(str(shop.encoder(shop.request.table.rows[0])))
    words = folder.with_suffix(".lexicon.txt").read_text(encoding="utf-8").split()
    mentions = {d.mention(s) for d in shop.protocol.parts["train"] for s in d.spans}
    assert set(words) == mentions


def test_words_that_were_given_are_hidden_in_place_of_the_mentions(tmp_path: Path) -> None:
    lexicon = tmp_path / "mine.txt"
    lexicon.write_text("咳嗽\n", encoding="utf-8")
    text, given = (unlabelled(tmp_path),), (*TINY_PRETRAINING, f"lexicon={lexicon}")
    shop, _ = workshop(tmp_path, "p5-ccks2019", scale="small", unlabelled=text, pretraining=given)
    folder = Path(str(shop.encoder(shop.request.table.rows[0])))
    assert not folder.with_suffix(".lexicon.txt").exists()
    assert json.loads((folder / "results.json").read_text(encoding="utf-8"))["settings"]["lexicon"] == str(lexicon)


def test_other_mentions_make_another_encoder(tmp_path: Path) -> None:
    text = (unlabelled(tmp_path),)
    shop, _ = workshop(tmp_path, "p5-ccks2019", scale="small", unlabelled=text)
    folder = shop.encoder(shop.request.table.rows[0])
    train = shop.protocol.parts["train"]
    train[1:] = [replace(document, spans=()) for document in train[1:]]
    assert shop.encoder(shop.request.table.rows[0]) != folder


def test_further_pretraining_starts_from_the_bert_that_was_given(tmp_path: Path) -> None:
    text = (unlabelled(tmp_path),)
    shop, _ = workshop(tmp_path, "p5-ccks2019", scale="small", unlabelled=text)
    bert = shop.encoder(shop.request.table.rows[0])  # some BERT
    steps = ("training.max_steps=2", "training.use_cpu=true", "training.disable_tqdm=true")
    given = {"encoders": {"bert": str(bert)}, "unlabelled": text, "pretraining": steps}
    for scale in ("small", "full"):
        shop, _ = workshop(tmp_path, "p2-table6", scale=scale, **given)
        further = Path(str(shop.encoder(shop.request.table.rows[2])))
        settings = json.loads((further / "results.json").read_text(encoding="utf-8"))["settings"]
        assert settings["encoder"]["name_or_path"] == bert and settings["next_sentence"]
        assert settings["training"]["learning_rate"] == 5e-5
    config = Path(str(bert)) / "config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")  # another BERT of the same name
    shop, _ = workshop(tmp_path, "p2-table6", **given)
    assert shop.encoder(shop.request.table.rows[2]) != str(further)


def test_vectors_are_as_long_as_the_settings_want_them(tmp_path: Path) -> None:
    size = "model.encoder.embedding_size=6"
    shop, _ = workshop(tmp_path, "p4-table2", unlabelled=(unlabelled(tmp_path),), assignments=(*TINY, size))
    path = shop.vectors(shop.request.table.rows[0])
    assert path is not None and read_word2vec(path)[1].shape[1] == 6
