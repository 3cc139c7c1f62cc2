from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from closeness import assert_close
from datasets import Dataset
from small_runs import arguments, config, model, notes, tokenizer, trainer
from torch.utils.data import DataLoader
from transformers import EvalPrediction

from hf_cner import CnerForTokenClassification, CnerTrainer, Document, Span
from hf_cner.data.documents import to_row


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def test_it_learns_and_what_it_found_comes_back_as_documents(tmp_path: Path) -> None:
    run = trainer(tmp_path, arguments_of={"num_train_epochs": 10})
    assert run.entity_report is not None and run.entity_report.lost == 0
    run.train()
    metrics = run.evaluate()
    assert metrics["eval_strict_f1"] > 0.95
    assert {"eval_loss", "eval_strict_macro_f1", "eval_relaxed_overlap_f1", "eval_runtime"} <= set(metrics)
    dev = notes(24, 2)
    output = run.predict(dev)
    assert list(output.label_ids) == dev
    assert [(d.id, d.text) for d in output.predictions] == [(d.id, d.text) for d in dev]
    assert output.metrics["test_strict_f1"] == metrics["eval_strict_f1"]
    hits = sum(len({*gold.spans} & {*found.spans}) for gold, found in zip(dev, output.predictions, strict=True))
    assert hits / sum(len(gold.spans) for gold in dev) == pytest.approx(metrics["eval_strict_recall"])
    loaded = CnerForTokenClassification.from_pretrained(run.state.best_model_checkpoint)
    for name, tensor in weights(run.model).items():
        assert torch.equal(tensor, loaded.state_dict()[name]), name


def test_evaluation_loss_is_per_unit_over_all_documents(tmp_path: Path) -> None:
    short = {"policy": "sentence", "max_length": 6, "overlap": 0, "merge": False}
    run = trainer(tmp_path, model=model(windows=short).double(), eval_dataset=notes(11, 3))
    features = run.document_encoder.features(notes(11, 3))[0].features
    run.model.eval()
    with torch.no_grad():
        total = sum(run.model(**run.data_collator([feature]), num_items_in_batch=1).loss.item() for feature in features)
    units = sum(label != -100 for feature in features for label in feature["labels"])
    assert run.evaluate()["eval_loss"] == pytest.approx(total / units, rel=1e-12)


def test_evaluation_does_not_depend_on_batches_or_order(tmp_path: Path) -> None:
    dev = [*notes(30, 4), Document(""), Document("。", id="dot")]
    seen = []
    for documents, options in [
        (dev, {}),
        (dev, {"per_device_eval_batch_size": 1}),
        (dev, {"per_device_eval_batch_size": 7, "eval_batch_tokens": 40, "eval_accumulation_steps": 1}),
        (dev, {"eval_do_concat_batches": False, "per_device_eval_batch_size": 9}),
        (dev[::-1], {"train_sampling_strategy": "random", "dataloader_num_workers": 0}),
    ]:
        run = trainer(tmp_path, arguments_of=options)
        found = {d.id or d.text: d.spans for d in run.predict(documents).predictions}
        metrics = run.evaluate(documents)
        seen.append((found, {k: v for k, v in metrics.items() if "f1" in k}, round(metrics["eval_loss"], 5)))
    assert all(one == seen[0] for one in seen[1:])
    assert any(seen[0][0].values())  # an untrained model finds something somewhere


def test_compute_metrics_gets_documents(tmp_path: Path) -> None:
    dev = notes(5, 6)

    def count(prediction: EvalPrediction) -> dict[str, Any]:
        assert list(prediction.label_ids) == dev
        assert [d.text for d in prediction.predictions] == [d.text for d in dev] == prediction.inputs
        return {"gold": sum(len(d.spans) for d in prediction.label_ids), "eval_own": 1}

    run = trainer(tmp_path, compute_metrics=count, arguments_of={"include_for_metrics": ["inputs"]})
    metrics = run.evaluate(dev)
    assert metrics["eval_gold"] == sum(len(d.spans) for d in dev) and metrics["eval_own"] == 1


def test_gold_that_no_label_can_hold_counts_as_a_miss(tmp_path: Path) -> None:
    nested = Document("患者右上腹痛。", (Span(2, 6, "症状"), Span(2, 5, "部位")), id="n")
    run = trainer(tmp_path, arguments_of={"num_train_epochs": 8})
    run.train()
    metrics = run.evaluate([nested])
    assert metrics["eval_strict_precision"] == 1.0 and metrics["eval_strict_recall"] == 0.5


def test_several_evaluation_sets_by_name(tmp_path: Path) -> None:
    run = trainer(tmp_path, eval_dataset={"one": notes(5, 1), "two": notes(5, 2)})
    metrics = run.evaluate()
    assert {"eval_one_strict_f1", "eval_two_strict_f1", "eval_one_loss", "eval_two_loss"} <= set(metrics)
    assert run.evaluate({"three": notes(3, 3)}).keys() >= {"eval_three_strict_f1"}


def test_datasets_with_text_and_entities_are_documents(tmp_path: Path) -> None:
    rows = [to_row(document) for document in notes(12, 1)]
    run = trainer(tmp_path, train_dataset=Dataset.from_list(rows), eval_dataset=Dataset.from_list(rows))
    same = trainer(tmp_path, train_dataset=notes(12, 1), eval_dataset=notes(12, 1))
    assert run.train_dataset.features == same.train_dataset.features
    assert run.evaluate()["eval_loss"] == same.evaluate()["eval_loss"]


def test_ready_features_train_as_in_a_plain_trainer(tmp_path: Path) -> None:
    features, _ = trainer(tmp_path).document_encoder.features(notes(32, 1))
    table = Dataset.from_list([{k: v for k, v in f.items() if k != "document"} for f in features.features])
    run = trainer(tmp_path, train_dataset=table, eval_dataset=table, arguments_of={"eval_strategy": "no"})
    assert run.entity_report is None
    run.train()
    metrics = run.evaluate()
    assert metrics["eval_loss"] > 0 and "eval_strict_f1" not in metrics


def gradients(folder: Path, **options: Any) -> dict[str, torch.Tensor]:
    settings = {"max_steps": 1, "eval_strategy": "no", "save_strategy": "no", "max_grad_norm": 0.0, "warmup_steps": 0}
    run = trainer(folder, model=model(dropout=0.0).double(), arguments_of={**settings, "optim": "sgd", **options})
    run.train()
    return weights(run.model)


def test_accumulated_batches_weigh_every_unit_alike(tmp_path: Path) -> None:
    whole = gradients(tmp_path, per_device_train_batch_size=8)
    parts = gradients(tmp_path, per_device_train_batch_size=2, gradient_accumulation_steps=4)
    begin = weights(model(dropout=0.0).double())
    for name in whole:
        assert_close(whole[name], parts[name], msg=name)
    assert any((whole[name] - begin[name]).abs().max() > 1e-3 for name in whole)


def test_a_training_step_follows_the_loss_per_unit(tmp_path: Path) -> None:
    """One SGD step is the gradient of the summed loss divided by all the units of the step."""
    network = model(dropout=0.0).double()
    run = trainer(tmp_path, model=network, arguments_of={"per_device_train_batch_size": 64})
    sampler = run._get_train_sampler()
    sampler.set_epoch(0)
    step = [run.train_dataset[index] for index in list(sampler)[:64]]
    units = sum(label != -100 for feature in step for label in feature["labels"])
    total = sum(network(**run.data_collator([feature]), num_items_in_batch=units).loss for feature in step)
    total.backward()
    expected = {n: p.detach() - 1e-2 * p.grad for n, p in network.named_parameters() if p.grad is not None}
    got = gradients(tmp_path, per_device_train_batch_size=64)
    for name, tensor in expected.items():
        assert_close(got[name], tensor, msg=name)


def test_a_frozen_encoder_gets_no_gradient_and_no_dropout(tmp_path: Path) -> None:
    encoder = {"kind": "static", "vocab_size": len(tokenizer()), "embedding_size": 16, "dropout": 0.5}
    run = trainer(tmp_path, model=model(encoder=encoder), arguments_of={"freeze_encoder": True, "num_train_epochs": 1})
    begin, modes = weights(run.model), []
    run.model.cner.encoder.register_forward_hook(lambda module, *_: modes.append((run.model.training, module.training)))
    run.train()
    end = weights(run.model)
    assert (True, False) in modes and not any(inner for _, inner in modes)
    changed = {name for name in begin if not torch.equal(begin[name], end[name])}
    assert changed and not any(name.startswith("cner.encoder") for name in changed)


def test_early_stopping_restores_the_best(tmp_path: Path) -> None:
    options = {"num_train_epochs": 40, "early_stopping_patience": 2, "learning_rate": 2e-2}
    run = trainer(tmp_path, arguments_of=options)
    run.train()
    scores = [entry["eval_strict_f1"] for entry in run.state.log_history if "eval_strict_f1" in entry]
    assert len(scores) < 40
    assert scores.index(max(scores)) == len(scores) - 3
    assert run.evaluate()["eval_strict_f1"] == max(scores)


def test_span_decoders_train_and_are_evaluated_on_documents(tmp_path: Path) -> None:
    decoder = {"kind": "global_pointer"}
    train = [d.with_spans([*d.spans, *(Span(s.start, s.start + 1, "部位") for s in d.spans)]) for d in notes(48, 1)]
    options = {"num_train_epochs": 12, "gradient_accumulation_steps": 2, "per_device_train_batch_size": 4}
    run = trainer(tmp_path, model=model(span_decoder=decoder), train_dataset=train, eval_dataset=train[:16],
                  arguments_of=options)  # fmt: skip
    assert run.entity_report is not None and run.entity_report.lost == 0
    run.train()
    assert run.evaluate()["eval_strict_f1"] > 0.8


def test_model_init_and_the_same_seed_give_the_same_model(tmp_path: Path) -> None:
    ends = []
    for _ in range(2):
        run = trainer(tmp_path, model_init=lambda: CnerForTokenClassification(config()))
        run.train()
        ends.append(weights(run.model))
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_model_init_keeps_the_encoder_frozen(tmp_path: Path) -> None:
    run = trainer(
        tmp_path,
        model_init=lambda: CnerForTokenClassification(config()),
        arguments_of={"freeze_encoder": True, "num_train_epochs": 1},
    )
    run.train()
    assert not any(parameter.requires_grad for parameter in run.model.cner.encoder.parameters())


def test_no_documents_at_all_give_no_loss_and_no_entities(tmp_path: Path) -> None:
    metrics = trainer(tmp_path).evaluate([Document("")])
    assert metrics["eval_strict_f1"] == 0.0 and "eval_loss" not in metrics


def test_ordinary_options_of_the_trainer_work(tmp_path: Path) -> None:
    options = {
        "train_sampling_strategy": "random", "lr_scheduler_type": "cosine", "dataloader_drop_last": True,
        "eval_strategy": "steps", "eval_steps": 4, "save_strategy": "steps", "save_steps": 4, "eval_on_start": True,
        "logging_strategy": "steps", "logging_steps": 2, "bf16": True, "optim": "adafactor", "max_steps": 8,
        "dataloader_num_workers": 1, "metric_for_best_model": "loss",
    }  # fmt: skip
    run = trainer(tmp_path, arguments_of=options)
    run.train()
    assert run.state.global_step == 8
    assert run.args.greater_is_better is False
    assert [entry["step"] for entry in run.state.log_history if "eval_loss" in entry] == [0, 4, 8]


def test_training_batches_pad_little(tmp_path: Path) -> None:
    run = trainer(tmp_path, train_dataset=notes(800, 5, longest=12))
    masks = [batch["attention_mask"] for batch in run.get_train_dataloader()]
    assert sum(mask.numel() for mask in masks) / sum(int(mask.sum()) for mask in masks) < 1.1


@pytest.mark.parametrize("name", ["compute_loss_func", "preprocess_logits_for_metrics"])
def test_functions_that_bypass_the_decoder_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{name} would bypass the decoder"):
        trainer(tmp_path, **{name: lambda *_: None})


def test_documents_need_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pass it as processing_class"):
        CnerTrainer(model(), arguments(tmp_path), train_dataset=notes(2), eval_dataset=notes(2))


def test_a_type_that_the_model_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has an entity of type '药物'"):
        trainer(tmp_path, train_dataset=[Document("阿司匹林", (Span(0, 4, "药物"),))])


def test_evaluation_loaders_hold_document_numbers(tmp_path: Path) -> None:
    loader = trainer(tmp_path).get_eval_dataloader()
    assert isinstance(loader, DataLoader)
    (batch,) = list(loader)
    assert sorted(index for index in batch["document"].tolist() if index >= 0) == list(range(24))
