"""transformers' own token-classification pipeline: every way to aggregate finds the same on our checkpoints."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerBase, pipeline, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer, character_tokenizer_from
from hf_cner.data.vocabulary import resolve_vocabulary
from hf_cner.modeling.characters import CharacterTable

NOTES = [
    "患者头痛3天。\r\n血压0。",
    "右侧。头痛，A x\u3000😀天天血压。",
    "头痛天右侧，##头" * 6,
    "患者[UNK]头",
    "\n头##",
]
STRATEGIES = ("simple", "first", "average", "max")
PIECES = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "头", "##头", "##痛", "痛", "#", "患", "##患者"]


def static() -> PreTrainedTokenizerBase:
    return build_character_tokenizer("患者头痛天血压右侧。，a0 x#")


def wordpiece(folder: Path) -> PreTrainedTokenizerBase:
    (folder / "vocab.txt").write_text("\n".join([*PIECES, *"者血压右侧。，a0x"]), encoding="utf-8")
    return character_tokenizer_from(resolve_vocabulary(folder))


def model_of(tokenizer: PreTrainedTokenizerBase, scheme: str) -> Any:
    set_seed(3)
    config = CnerConfig(
        encoder={"kind": "static", "vocab_size": len(tokenizer), "embedding_size": 12},
        context={"kind": "bilstm", "hidden_size": 8},
        span_decoder={"kind": "crf", "scheme": scheme},
        entity_types=["症状", "部位"],
        non_unit_ids=CharacterTable(tokenizer).non_unit_ids,
    )
    model: Any = CnerForTokenClassification(config)
    with torch.no_grad():
        for parameter in (*model.get_input_embeddings().parameters(), *model.span_decoder.parameters()):
            torch.nn.init.normal_(parameter, std=1.0)
    return model.eval()


@pytest.mark.parametrize("scheme", ["BIO", "BIOE", "BIOES"])
@pytest.mark.parametrize("kind", ["static", "wordpiece"])
def test_all_aggregations_find_the_same(kind: str, scheme: str, tmp_path: Path) -> None:
    tokenizer = static() if kind == "static" else wordpiece(tmp_path)
    model_of(tokenizer, scheme).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    found: dict[str, list[tuple[int, int, str]]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # transformers warns where it has to guess what a word is
        for strategy in STRATEGIES:
            find = pipeline(
                "token-classification", model=str(tmp_path / "model"), aggregation_strategy=strategy, device=-1
            )
            outputs = [find(note) for note in NOTES]
            found[strategy] = [(e["start"], e["end"], e["entity_group"]) for output in outputs for e in output]
    assert len(found["simple"]) > 10
    assert all(found[strategy] == found["simple"] for strategy in STRATEGIES)
    ours = pipeline("clinical-ner", model=str(tmp_path / "model"), device=-1)(NOTES)
    spans = [(row["start"], row["end"], row["type"]) for rows in ours for row in rows]
    # transformers knows B- and I- alone: an entity of another scheme is cut before its E-, as docs/transformers.md says
    assert scheme != "BIO" or found["simple"] == spans


def test_an_entry_with_the_mark_of_a_continuation_is_never_taken(tmp_path: Path) -> None:
    tokenizer = wordpiece(tmp_path)
    ids = {piece: number for number, piece in enumerate(PIECES)}
    got = tokenizer("头头痛##头##患者", add_special_tokens=False)["input_ids"]
    mark, unknown = [ids["#"]] * 2, ids["[UNK]"]
    assert got == [ids["头"], ids["头"], ids["痛"], *mark, ids["头"], *mark, ids["患"], tokenizer("者")["input_ids"][1]]
    assert unknown not in got


def test_the_ids_are_those_of_the_same_vocabulary_as_words() -> None:
    """Checkpoints written before hold a WordLevel model; the same vocabulary gives the same ids in both."""
    now = static()
    before = Tokenizer.from_str(now.backend_tokenizer.to_str())
    before.model = models.WordLevel(now.get_vocab(), unk_token="[UNK]")
    before.encode_special_tokens = now.backend_tokenizer.encode_special_tokens
    for note in [*NOTES, "头" * 300, "😀é\u0301\u200d[PAD]"]:
        old, new = before.encode(note), now.backend_tokenizer.encode(note)
        assert (old.ids, old.offsets, old.word_ids) == (new.ids, new.offsets, new.word_ids)


@pytest.mark.parametrize("model_type", ["bert", "albert", "roberta", "xlnet", "xlm-roberta", "deberta-v2", None])
def test_it_reloads_beside_the_configuration_of_any_encoder(model_type: str | None, tmp_path: Path) -> None:
    tokenizer = static()
    tokenizer.save_pretrained(tmp_path)
    if model_type is not None:
        (tmp_path / "config.json").write_text(f'{{"model_type": "{model_type}"}}', encoding="utf-8")
    again = AutoTokenizer.from_pretrained(tmp_path)
    for note in NOTES:
        assert again(note, return_offsets_mapping=True) == tokenizer(note, return_offsets_mapping=True)
