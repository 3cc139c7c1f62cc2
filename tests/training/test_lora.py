"""LoRA by the documented recipe: nothing new stays frozen, and adapter, merged model and reloaded model agree."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from closeness import assert_close
from small_runs import model as small_model
from small_runs import notes, tokenizer, trainer
from transformers import AutoModelForTokenClassification, BertConfig, Trainer, TrainingArguments, XLNetConfig, set_seed

from hf_cner import (
    CnerConfig,
    CnerForQuestionAnswering,
    CnerForTokenClassification,
    CnerMrcConfig,
    Predictor,
    lora_targets,
)
from hf_cner.metrics import evaluate_documents

peft = pytest.importorskip("peft", reason="PEFT is not installed: pip install '.[peft]'")

# PEFT (0.21: PeftModel.__init__) itself asks the model by a name that transformers 5.23 calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

SIZES: dict[str, Any] = {"vocab_size": 30, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
BERT = {"kind": "pretrained", "config": BertConfig(**SIZES, intermediate_size=24).to_dict()}
OTHERS: dict[str, Any] = {"attention": {"kind": "multi_head", "num_heads": 2}, "non_unit_ids": [0]}


def tagger(**options: Any) -> CnerForTokenClassification:
    set_seed(0)
    slots = {
        "encoder": BERT,
        "context": {"kind": "bilstm", "hidden_size": 4},
        "entity_types": ["病"],
        **OTHERS,
        **options,
    }
    return CnerForTokenClassification(CnerConfig(**slots)).double()


def rows(count: int = 8) -> list[dict[str, list[int]]]:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 30, (count, 6), generator=generator).tolist()
    return [{"input_ids": row, "attention_mask": [1] * 6, "labels": [1, 3, 0, 0, 4, 0]} for row in ids]


def emissions(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.eval()(input_ids=torch.tensor([row["input_ids"] for row in rows()])).emissions
    return found


def test_trained_saved_reloaded_merged_and_saved_again(tmp_path: Path) -> None:
    model = tagger()
    model.save_pretrained(tmp_path / "start")
    start = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=2, **lora_targets(model)))
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "run"),
        max_steps=3,
        learning_rate=0.05,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
    )
    Trainer(tuned, arguments, train_dataset=rows()).train()
    expected = emissions(tuned)

    tuned.save_pretrained(tmp_path / "adapter")
    fresh = AutoModelForTokenClassification.from_pretrained(tmp_path / "start")
    reloaded = peft.PeftModel.from_pretrained(fresh, tmp_path / "adapter")
    assert torch.equal(emissions(reloaded), expected)
    merged = reloaded.merge_and_unload()
    assert type(merged) is CnerForTokenClassification
    assert_close(emissions(merged), expected)
    merged.save_pretrained(tmp_path / "merged")
    again = AutoModelForTokenClassification.from_pretrained(tmp_path / "merged")
    assert torch.equal(emissions(again), emissions(merged))
    assert (tmp_path / "merged" / "pipeline_cner.py").is_file()

    end = dict(again.named_parameters())
    assert end.keys() == start.keys()
    adapted = {name for name in end if name.endswith(("query.weight", "value.weight"))}
    for name, parameter in end.items():
        learnt = not torch.equal(parameter, start[name])
        assert learnt == (name in adapted or not name.startswith("cner.encoder.")), name
    assert not torch.equal(end["span_decoder.crf.transitions"], start["span_decoder.crf.transitions"])


def test_with_our_trainer_resumed_and_merged_for_the_predictor(tmp_path: Path) -> None:
    start = small_model(
        encoder={"kind": "pretrained", "config": BertConfig(**{**SIZES, "vocab_size": len(tokenizer())}).to_dict()}
    )
    start.save_pretrained(tmp_path / "start")

    def tuned() -> Any:
        fresh = CnerForTokenClassification.from_pretrained(tmp_path / "start")
        return peft.get_peft_model(fresh, peft.LoraConfig(r=2, task_type="TOKEN_CLS", **lora_targets(fresh)))

    options = {"save_strategy": "epoch", "learning_rate": 0.03}
    trainer(tmp_path / "run", model=tuned(), arguments_of={**options, "num_train_epochs": 2}).train()
    resumed = trainer(tmp_path / "run", model=tuned(), arguments_of={**options, "num_train_epochs": 5})
    resumed.train(resume_from_checkpoint=True)
    assert resumed.state.log_history[-1]["epoch"] == 5
    expected = resumed.evaluate()["eval_strict_f1"]
    assert expected > 0.5
    resumed.save_model(str(tmp_path / "adapter"))
    base = CnerForTokenClassification.from_pretrained(tmp_path / "start")
    merged = peft.PeftModel.from_pretrained(base, tmp_path / "adapter").merge_and_unload()
    merged.save_pretrained(tmp_path / "merged")
    tokenizer().save_pretrained(tmp_path / "merged")
    gold = notes(24, 2)  # what the trainer evaluates
    found = Predictor.from_pretrained(tmp_path / "merged")([document.text for document in gold])
    assert evaluate_documents(gold, found)["strict"]["micro"]["f1"] == pytest.approx(expected)


def test_only_the_encoder_is_adapted_and_everything_new_is_trained() -> None:
    model = tagger()
    targets = lora_targets(model)
    assert targets["modules_to_save"] == ["span_decoder", "cner.context", "cner.attention"]
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=2, **targets))
    trained = [name for name, parameter in tuned.named_parameters() if parameter.requires_grad]
    assert {name.rpartition(".lora_")[0].rpartition(".")[2] for name in trained if "lora_" in name} == {
        "query",
        "value",
    }
    assert not any("lora_" in name and ".encoder.model." not in name for name in trained)
    assert any(name.endswith("crf.transitions") or "crf.transitions" in name for name in trained)


def test_the_questions_model_and_other_layers(tmp_path: Path) -> None:
    set_seed(0)
    config = CnerMrcConfig(encoder=BERT, queries={"病": "有何病"}, query_ids={"病": [5, 6]}, non_unit_ids=[0])
    model = CnerForQuestionAnswering(config)
    model.save_pretrained(tmp_path / "start")
    targets = lora_targets(model, projections=["key"])
    assert {"span_decoder", "interaction"} <= set(targets["modules_to_save"])
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=2, **targets))
    adapted = {name.partition(".lora_")[0] for name, _ in tuned.named_parameters() if "lora_" in name}
    assert len(adapted) == 2 and all(name.endswith("attention.self.key") for name in adapted)

    before = emissions(tuned)  # the questions are encoded once, and again when weights have changed
    optimizer = torch.optim.AdamW([parameter for parameter in tuned.parameters() if parameter.requires_grad], lr=0.01)
    for _ in range(3):
        batch = {name: torch.tensor([row[name] for row in rows()]) for name in ("input_ids", "attention_mask")}
        tuned.train()(**batch, labels=torch.tensor([[[0, 2, 0]]] * 8)).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    expected = emissions(tuned)
    assert not torch.allclose(expected, before)
    tuned.save_pretrained(tmp_path / "adapter")
    fresh = CnerForQuestionAnswering.from_pretrained(tmp_path / "start")
    assert_close(emissions(fresh), before)
    reloaded = peft.PeftModel.from_pretrained(fresh, tmp_path / "adapter")
    assert_close(emissions(reloaded), expected)
    merged = reloaded.merge_and_unload()  # (W + BA)x for Wx + BAx, where emissions are about 20
    assert_close(emissions(merged), expected)
    merged.save_pretrained(tmp_path / "merged")
    again = CnerForQuestionAnswering.from_pretrained(tmp_path / "merged")
    assert_close(emissions(again), emissions(merged))


def test_what_cannot_be_adapted_is_said() -> None:
    static = tagger(encoder={"kind": "static", "vocab_size": 30, "embedding_size": 8})
    with pytest.raises(ValueError, match="LoRA has nothing to adapt"):
        lora_targets(static)
    slot = {
        "kind": "pretrained",
        "config": XLNetConfig(vocab_size=30, d_model=8, n_layer=1, n_head=2, d_inner=8).to_dict(),
    }
    with pytest.raises(ValueError, match=r"name some of \['layer_1', 'layer_2'\] as projections"):
        lora_targets(tagger(encoder=slot))
    assert "peft" in sys.modules  # and lora_targets itself needs none of it
