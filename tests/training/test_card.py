"""The card that a trainer writes: its own figures, per type."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import ModelCard
from small_runs import notes, trainer

from hf_cner import CnerTrainer
from hf_cner.data.fingerprint import fingerprint
from hf_cner.metrics.report import evaluate_documents, table


def trained(folder: Path) -> CnerTrainer:
    made = trainer(
        folder,
        arguments_of={
            **{"num_train_epochs": 1, "logging_strategy": "epoch", "save_strategy": "no"},
            "optimizer": "radam",
        },
        train_dataset=notes(16, 1),
        eval_dataset=notes(6, 2),
    )
    made.train()
    return made


def test_its_figures_are_those_of_an_evaluation(tmp_path: Path) -> None:
    made = trained(tmp_path)
    made.create_model_card(model_name="ward", license="mit", tags=["cardiology"], dataset="notes", finetuned_from="a/b")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    card = ModelCard(text)
    assert card.data.license == "mit" and card.data.base_model == "a/b" and "cardiology" in card.data.tags
    assert card.data.model_name == "ward" and str(tmp_path) not in text
    predicted = made.predict(notes(6, 2)).predictions
    expected = evaluate_documents(notes(6, 2), predicted, types=made.model.config.entity_types)
    assert table(expected) in text
    figures = {result.metric_name: result.metric_value for result in card.data.eval_results}
    assert (
        figures["F1 (relaxed, overlap of the same type, micro average)"] == expected["relaxed_overlap"]["micro"]["f1"]
    )
    assert f"`{fingerprint([*notes(16, 1), *notes(6, 2)])}`" in text and "- train: 16 documents" in text
    assert "optimizer: radam" in text and "adamw" not in text
    assert "learning_rate: 0.01" in text and "hidden_size: 16" in text and "\n1 epoch." in text
    assert (tmp_path / "training_curve.png").exists() == ("![" in text)


def test_without_documents_to_evaluate_it_is_transformers_card(tmp_path: Path) -> None:
    made = trainer(tmp_path, train_dataset=notes(4, 1), eval_dataset=None, arguments_of={"eval_strategy": "no"})
    made.create_model_card(model_name="ward")
    assert "generated_from_trainer" in ModelCard.load(tmp_path / "README.md").data.tags


def test_several_sets_are_all_reported(tmp_path: Path) -> None:
    sets = {"ward": notes(3, 2), "clinic": notes(3, 3)}
    made = trainer(tmp_path, train_dataset=notes(4, 1), eval_dataset=sets, arguments_of={"eval_strategy": "no"})
    made.create_model_card()
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "### ward" in text and "### clinic" in text and "- ward: 3 documents" in text
