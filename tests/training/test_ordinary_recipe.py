"""The token classification recipe that everybody knows, with our models in it: nothing of ours but the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from closeness import assert_close
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    DataCollatorForTokenClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    pipeline,
    set_seed,
)

import hf_cner  # noqa: F401  (registers the models)
from hf_cner.data.tokenizer import build_character_tokenizer

LABELS = ["O", "B-症状", "I-症状", "B-药物", "I-药物"]
SENTENCES: list[tuple[list[str], list[str]]] = [  # words and tags, as recipes hold them
    (["患", "者", "头", "痛", "3", "天"], ["O", "O", "B-症状", "I-症状", "O", "O"]),
    (["服", "aspirin", "后", "头", "痛"], ["O", "B-药物", "O", "B-症状", "I-症状"]),
    (["给", "aspirin", "100mg", "。"], ["O", "B-药物", "I-药物", "O"]),
    (["无", "头", "痛", "发", "热"], ["O", "B-症状", "I-症状", "B-症状", "I-症状"]),
    (["发", "热"], ["B-症状", "I-症状"]),
]
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def subword_tokenizer() -> PreTrainedTokenizerFast:
    """As BERT's: Chinese characters alone, other words in pieces."""
    pieces = ["as", "##pi", "##rin", "100", "##mg", "3"]
    characters = sorted({word for words, _ in SENTENCES for word in words if len(word) == 1} - set(pieces))
    vocabulary = {token: number for number, token in enumerate([*SPECIALS, *pieces, *characters])}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    core.normalizer = normalizers.BertNormalizer()
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = [(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")]
    core.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIALS, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=core, **names)


def character_data() -> tuple[Any, list[tuple[list[str], list[str]]]]:
    """Our character tokenizer, and the same sentences in characters."""
    split = []
    for words, tags in SENTENCES:
        pairs = [
            (character, tag if number == 0 or tag == "O" else f"I-{tag[2:]}")
            for word, tag in zip(words, tags, strict=True)
            for number, character in enumerate(word)
        ]
        split.append(([c for c, _ in pairs], [t for _, t in pairs]))
    return build_character_tokenizer(sorted({c for words, _ in split for c in words})), split


def tokenize_and_align(tokenizer: Any, sentences: Sequence[tuple[list[str], list[str]]]) -> list[dict[str, Any]]:
    """transformers' own recipe: a word's tag on its first piece, -100 on the rest."""
    rows = []
    for words, tags in sentences:
        row = tokenizer(words, truncation=True, is_split_into_words=True)
        previous, labels = None, []
        for word in row.word_ids():
            labels.append(-100 if word is None or word == previous else LABELS.index(tags[word]))
            previous = word
        rows.append({**row, "labels": labels})
    return rows


def setting(kind: str) -> tuple[Any, Any, list[dict[str, Any]]]:
    """Model, tokenizer and rows, all through transformers' Auto classes."""
    set_seed(1)
    if kind == "characters":
        tokenizer, sentences = character_data()
        encoder: dict[str, Any] = {"kind": "static", "vocab_size": len(tokenizer), "embedding_size": 16}
        specials = [tokenizer.pad_token_id]
    else:
        tokenizer, sentences = subword_tokenizer(), SENTENCES
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
        bert = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=32, **sizes)
        encoder = {"kind": "pretrained", "config": bert.to_dict()}
        specials = [tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id]
    config = AutoConfig.for_model(
        "cner",
        encoder=encoder,
        context={"kind": "bilstm", "hidden_size": 8},
        dropout=0.0,
        non_unit_ids=specials,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )
    assert config.span_decoder == {"kind": "crf", "scheme": "BIO"}
    return AutoModelForTokenClassification.from_config(config), tokenizer, tokenize_and_align(tokenizer, sentences)


def arguments(folder: Path, **options: Any) -> TrainingArguments:
    return TrainingArguments(output_dir=str(folder), report_to=[], save_strategy="no", use_cpu=True, **options)


@pytest.mark.parametrize("kind", ["characters", "subwords"])
def test_it_trains_and_its_metrics_see_the_viterbi_path(kind: str, tmp_path: Path) -> None:
    model, tokenizer, rows = setting(kind)
    seen: list[list[list[int]]] = []

    def compute_metrics(prediction: Any) -> dict[str, float]:
        logits, gold = prediction.predictions, prediction.label_ids  # logits alone: not emissions, not a tuple
        assert isinstance(logits, np.ndarray) and logits.shape == (*gold.shape, len(LABELS))
        best = logits.argmax(-1)
        seen.append([row[mask].tolist() for row, mask in zip(best, gold != -100, strict=True)])
        return {"accuracy": float((best == gold)[gold != -100].mean())}

    trainer = Trainer(
        model,
        arguments(tmp_path, num_train_epochs=30, learning_rate=0.02, per_device_train_batch_size=3, logging_steps=5),
        train_dataset=rows,
        eval_dataset=rows,
        data_collator=DataCollatorForTokenClassification(tokenizer),
        processing_class=tokenizer,
        compute_metrics=compute_metrics,
    )
    before = trainer.evaluate()
    trainer.train()
    after = trainer.evaluate()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < 0.2 * losses[0] and after["eval_loss"] < 0.2 * before["eval_loss"]
    assert after["eval_accuracy"] == 1.0 > before["eval_accuracy"]
    for paths, weights in ((seen[-1], model), (seen[0], setting(kind)[0])):
        weights.eval()
        for row, path in zip(rows, paths, strict=True):
            batch = {name: torch.tensor([row[name]]) for name in ("input_ids", "attention_mask", "labels")}
            with torch.no_grad():
                emissions = weights(**batch).emissions
            mask = batch["labels"] != -100
            assert weights.span_decoder.crf.decode(emissions, mask) == [path]
            decoded = [span[:3] for span in weights.decode(emissions, mask)[0]]
            assert weights.span_decoder.spans(path) == decoded


def test_gradient_accumulation_is_the_gradient_of_the_larger_batch(tmp_path: Path) -> None:
    found = []
    for size, steps in ((4, 1), (2, 2), (1, 4)):
        model, tokenizer, rows = setting("characters")
        trainer = Trainer(
            model.double(),
            arguments(
                tmp_path,
                max_steps=1,
                learning_rate=1.0,
                optim="sgd",
                max_grad_norm=0.0,
                per_device_train_batch_size=size,
                gradient_accumulation_steps=steps,
            ),
            train_dataset=rows[:4],  # sentences of different lengths: weighing batches alike would be wrong
            data_collator=DataCollatorForTokenClassification(tokenizer),
        )
        if trainer.accelerator.gradient_accumulation_steps != 1:
            pytest.skip("this version of transformers divides accumulated gradients twice, whatever the model")
        trainer.train()
        found.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    start = torch.cat([parameter.detach().flatten() for parameter in setting("characters")[0].double().parameters()])
    assert (found[0] - start).abs().max() > 0.01
    for other in found[1:]:
        assert_close(other, found[0])


def test_the_stock_pipeline_finds_what_ours_finds(tmp_path: Path) -> None:
    model, tokenizer, _ = setting("characters")
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(6)  # random, but sure enough of itself to find something
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert type(AutoTokenizer.from_pretrained(tmp_path)) is type(tokenizer)
    stock = pipeline("token-classification", model=str(tmp_path), aggregation_strategy="simple", device=-1)
    ours = pipeline("clinical-ner", model=str(tmp_path), device=-1)
    generator = torch.Generator().manual_seed(5)
    alphabet = [token for token in tokenizer.get_vocab() if len(token) == 1]
    total = 0
    for length in (1, 2, 7, 30, 60):
        text = "".join(alphabet[i] for i in torch.randint(len(alphabet), (length,), generator=generator).tolist())
        entities = ours(text)
        found = [(entity["start"], entity["end"], entity["entity_group"]) for entity in stock(text)]
        assert found == [(entity["start"], entity["end"], entity["type"]) for entity in entities]
        total += len(found)
    assert total > 10


def test_a_span_model_trains_and_evaluates_in_a_plain_trainer(tmp_path: Path) -> None:
    set_seed(0)
    config = AutoConfig.for_model(
        "cner",
        encoder={"kind": "static", "vocab_size": 30, "embedding_size": 8},
        span_decoder={"kind": "biaffine", "size": 8},
        entity_types=["症状"],
    )
    model = AutoModelForTokenClassification.from_config(config)
    assert "logits" in config.keys_to_ignore_at_inference  # one width a batch: nothing that could be put together
    rows = [
        {"input_ids": list(range(1, length)), "attention_mask": [1] * (length - 1), "labels": [[0, 2, 0]]}
        for length in (5, 9, 7, 4)
    ]

    def collate(features: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        width = max(len(feature["input_ids"]) for feature in features)
        padded = {
            name: torch.tensor([feature[name] + [0] * (width - len(feature[name])) for feature in features])
            for name in ("input_ids", "attention_mask")
        }
        return {**padded, "labels": torch.tensor([feature["labels"] for feature in features])}

    options = {"num_train_epochs": 10, "learning_rate": 0.05, "per_device_train_batch_size": 2}
    trainer = Trainer(
        model,
        arguments(tmp_path, per_device_eval_batch_size=1, **options),
        train_dataset=rows,
        eval_dataset=rows,
        data_collator=collate,
    )
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    assert trainer.evaluate()["eval_loss"] < 0.5 * before
