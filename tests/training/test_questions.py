"""Runs of span and question-answering models: built from settings, trained, evaluated, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_runs import CHARACTERS, WORDS, notes
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, BertConfig, BertModel, BertTokenizer
from worker import settings as run_settings

from hf_cner import CnerForQuestionAnswering, CnerForTokenClassification, Document, Predictor, Span
from hf_cner.data.documents import write_jsonl
from hf_cner.data.problems import DataError
from hf_cner.settings.training import TrainSettings
from hf_cner.training.build import build
from hf_cner.training.questions import queries_of
from hf_cner.training.run import train

TYPES = list(WORDS)
QUERIES = {"症状": "有哪些症状？", "部位": "有哪些部位？"}


def settings(**model: Any) -> dict[str, Any]:
    slots = {
        "encoder": {"kind": "static", "embedding_size": 8},
        "context": {"kind": "bilstm", "hidden_size": 8},
        "attention": {"kind": "none"},
        "interaction": {"kind": "separate", "hidden_size": 8},
        "queries": QUERIES,
        "span_decoder": {"kind": "biaffine", "size": 8},
        "windows": {"policy": "sentence", "max_length": 24, "overlap": 8},
    }
    return {"model": slots | model, "tokenizer": {}, "vectors": {}, "data": {"corpus": "jsonl"}}


def nested_notes(count: int, seed: int) -> list[Document]:
    """The invented notes, with a part of the body inside each of the symptoms that begin with one."""
    found = []
    for note in notes(count, seed):
        inner = [Span(s.start, s.start + 2, "部位") for s in note.spans if note.mention(s) == "右上腹痛"]
        found.append(note.with_spans([*note.spans, *inner]))
    return found


def test_a_model_with_an_interaction_asks_the_questions_it_was_given() -> None:
    model, tokenizer = build(settings(), notes(20, 1), TYPES)
    assert isinstance(model, CnerForQuestionAnswering)
    assert model.config.queries == QUERIES and model.config.entity_types == TYPES
    assert model.query_ids == [tokenizer(query)["input_ids"] for query in QUERIES.values()]
    assert tokenizer.unk_token_id not in [i for ids in model.query_ids for i in ids]  # the questions' own characters
    plain, _ = build(settings(interaction=None, queries=None), notes(20, 1), TYPES)
    assert isinstance(plain, CnerForTokenClassification)


def test_questions_come_from_the_corpus_a_file_or_another_corpus(tmp_path: Path) -> None:
    path = tmp_path / "q.yaml"
    path.write_text("部位: 哪里？\n症状: 怎样？\n其他: 什么？\n", encoding="utf-8")
    assert queries_of(TrainSettings.of(settings(queries=str(path))), TYPES) == {"症状": "怎样？", "部位": "哪里？"}
    own = {**settings(queries=None), "data": {"corpus": "ccks2018"}}
    assert queries_of(TrainSettings.of(own), ["药物"]) == {"药物": "电子病历中的药物有哪些？"}
    assert queries_of(TrainSettings.of(settings(queries="ccks2018")), ["药物"]) == {"药物": "电子病历中的药物有哪些？"}


def test_questions_that_cannot_be_asked_are_one_sentence(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"queries": {"症状": "？"}}, "model.queries has no query for the type '部位'; give one question for each"),
        ({"queries": {"症状": "有？", "部位": "有？"}}, "The types '症状' and '部位' have the same query '有？'"),
        ({"queries": {"症状": "有？", "部位": " "}}, "The query of the type '部位' is empty"),
        ({"queries": 3}, "model.queries is 3; give a YAML file, a mapping of type to question, or null"),
        ({"queries": None}, "The corpus 'jsonl' has no queries of its own"),
        ({"interaction": None}, "model.queries is set, but a model without an interaction asks no questions"),
        ({"span_decoder": {"kind": "crf"}}, r"Unknown span_decoder kind 'crf'; choose one of \['biaffine', 'pointers'"),
        (
            {"interaction": {"kind": "apart"}},
            r"Unknown interaction kind 'apart'; choose one of \['joint', 'separate'\]",
        ),
    ]
    for change, message in cases:
        with pytest.raises(ValueError, match=message):
            build(settings(**change), notes(4, 1), TYPES)
    twice = tmp_path / "q.yaml"
    twice.write_text("症状: 一？\n症状: 二？\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"q\.yaml:2: found a second query for '症状'"):
        build(settings(queries=str(twice)), notes(4, 1), TYPES)


def encoder(folder: Path) -> dict[str, Any]:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", *CHARACTERS]
    BertTokenizer(vocab={piece: index for index, piece in enumerate(pieces)}).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=len(pieces), max_position_embeddings=32, **sizes)).save_pretrained(folder)
    return {"kind": "pretrained", "name_or_path": str(folder)}


def test_questions_and_windows_must_fit_the_encoder(tmp_path: Path) -> None:
    slot = encoder(tmp_path)
    joint: dict[str, Any] = {"encoder": slot, "context": {"kind": "none"}, "interaction": {"kind": "joint"}}
    windows = {"policy": "stride", "max_length": 23, "overlap": 8}
    with pytest.raises(ValueError, match=r"reads at most 23 characters beside the longest query"):
        build(settings(**joint, windows=windows | {"max_length": 24}), notes(4, 1), TYPES)
    model, tokenizer = build(settings(**joint, windows=windows), notes(4, 1), TYPES)
    assert len(Predictor(model, tokenizer)("患者" * 40)) == 1  # as long as they can be, question and window fit
    long = {"症状": "有哪些" * 11, "部位": "？"}
    with pytest.raises(
        ValueError, match="The query of the type '症状' has 35 tokens, and the encoder takes 32; shorten"
    ):
        build(settings(encoder=slot, queries=long), notes(4, 1), TYPES)


RUNS: dict[str, dict[str, Any]] = {
    "biaffine": {"span_decoder": {"kind": "biaffine", "size": 16, "max_width": 6, "position": "relative"}},
    "questions": {
        "interaction": {"kind": "separate", "hidden_size": 16},
        "queries": QUERIES,
        "span_decoder": {"kind": "biaffine", "size": 16},
    },
}


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_learns_nested_entities_and_its_folder_predicts_them(kind: str, tmp_path: Path) -> None:
    given = run_settings(tmp_path / "out", num_train_epochs=12, per_device_train_batch_size=4)
    given["model"] |= RUNS[kind] | {"attention": {"kind": "none"}, "dropout": 0.1}
    write_jsonl(nested_notes(90, 1), tmp_path / "notes.jsonl")
    results = train(given)
    test = results["metrics"]["test"]
    assert test["strict"]["micro"]["f1"] > 0.8
    assert test["nested"]["micro"]["support"] > 5 and test["nested"]["micro"]["recall"] > 0.6
    assert results["entities"]["lost"] == 0
    names = json.loads((tmp_path / "out" / "split.json").read_text())["test"]
    gold = [document for document in nested_notes(90, 1) if document.id in names]
    found = Predictor.from_pretrained(tmp_path / "out")([document.text for document in gold])
    hits = sum(len({*g.spans} & {*f.spans}) for g, f in zip(gold, found, strict=True))
    assert hits == test["strict"]["micro"]["tp"]
    if kind == "questions":
        assert yaml.safe_load((tmp_path / "out" / "settings.yaml").read_text())["model"]["queries"] == QUERIES
        model = AutoModelForQuestionAnswering.from_pretrained(tmp_path / "out")
        assert model.config.queries == QUERIES
        assert len(AutoTokenizer.from_pretrained(tmp_path / "out")) == model.config.vocab_size


def test_gold_beyond_a_width_limit_is_counted_printed_and_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = run_settings(tmp_path / "out", num_train_epochs=1)
    given["training"]["disable_tqdm"] = False
    given["model"]["span_decoder"] = {"kind": "biaffine", "size": 8, "max_width": 3}
    results = train(given)
    lost = results["entities"]["lost_by_scheme"]["longer than max_width 3"]
    assert lost > 10 and results["entities"]["longest_lost"][4] == "longer than max_width 3"
    assert f"{lost} longer than max_width 3): in the metrics they are misses; the longest has 4" in (
        capsys.readouterr().err
    )
