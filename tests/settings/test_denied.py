"""What no settings decide, and what is never written down."""

from __future__ import annotations

import pytest

from hf_cner.settings.denied import MASK, SECTIONS, recorded
from hf_cner.settings.pretraining import complete
from hf_cner.settings.reading import parse_assignments
from hf_cner.settings.resolve import resolve_settings


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("push_to_hub=true", "push_to_hub cannot be set: a settings file may not publish a model; .* `hf-cner push`"),
        ("push_to_hub=false", "push_to_hub cannot be set"),
        ("hub_token=abc", "hub_token cannot be set: .* may not hold a secret; .* HF_TOKEN"),
        ("push_to_hub_token=abc", "push_to_hub_token cannot be set: .* HF_TOKEN"),
        ("hub_model_id=a/b", "hub_model_id cannot be set: .* `hf-cner push`"),
        ("hub_strategy=end", "hub_strategy cannot be set"),
        ("hub_private_repo=true", "hub_private_repo cannot be set"),
        ("hub_always_push=true", "hub_always_push cannot be set"),
        ("hub_revision=main", "hub_revision cannot be set"),
        ("hub_something_new=1", "hub_something_new cannot be set"),
        ("trackio_space_id=a/b", "trackio_space_id cannot be set: it belongs to a service"),
        ("project=x", "project cannot be set"),
        ("output_dir=x", "training.output_dir cannot be set: the setting output_dir names the folder of a run"),
        ("logging_dir=x", "logging_dir cannot be set"),
        ("deepspeed=ds.json", "deepspeed cannot be set: an engine's own configuration names .* reporters"),
        ("deepspeed={wandb: {enabled: true}}", "deepspeed cannot be set"),
        (
            "report_to=wandb",
            "report_to names 'wandb', and settings may not send figures to a service",
        ),
        ("report_to=all", "report_to names 'all'"),
        ("report_to=[tensorboard, mlflow]", "report_to names 'mlflow'"),
    ],
)
def test_what_publishes_or_holds_a_secret_is_refused(assignment: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        resolve_settings(assignments=[f"training.{assignment}"])
    name, _, value = assignment.partition("=")
    with pytest.raises(ValueError, match=f"{name} (cannot be set|names)"):
        complete({"output_dir": "x", "training": {name: value.strip("[]").split(", ")}})


@pytest.mark.parametrize("name", SECTIONS)
def test_an_argument_of_keys_names_no_further_file(name: str) -> None:
    with pytest.raises(ValueError, match=f"training.{name} takes keys; found a text, and settings read no further"):
        resolve_settings(assignments=[f"training.{name}=/etc/passwd"])
    with pytest.raises(ValueError, match=f"training.{name} takes keys"):
        complete({"output_dir": "x", "training": {name: "x.json"}})


@pytest.mark.parametrize("key", ["auto_map", "_attn_implementation", "trust_remote_code", "text_config: {auto_map"])
def test_the_configuration_of_an_encoder_names_no_code(key: str) -> None:
    value = f"{{model_type: bert, {key}: org/code{'}' * key.count('{')}}}"
    sentence = r"encoder\.config\..* cannot be set: settings may not name code that would be fetched and run"
    with pytest.raises(ValueError, match=sentence):
        resolve_settings(assignments=[f"model.encoder.config={value}"])
    with pytest.raises(ValueError, match=sentence):
        complete(parse_assignments([f"encoder.config={value}", "output_dir=x"]))


def test_what_stays_on_the_machine_may_be_set() -> None:
    assert resolve_settings(assignments=["training.report_to=[tensorboard]", "training.run_name=a"]).training
    assert resolve_settings(assignments=["training.report_to=none"]).training == {"report_to": "none"}


def test_nothing_that_looks_like_a_secret_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "plain-words")
    hub, other = "hf_" + "aB3" * 8, "ghp_" + "x1" * 10
    written = recorded(
        {
            "training": {
                "hub_token": "abc",
                "api_key": "abc",
                "password": "p",
                "eval_batch_tokens": 3,
                "run_name": "r",
            },
            "model": {"encoder": {"name_or_path": hub, "config": {"tokenizer_class": "T", "pad_token_id": 0}}},
            "data": {"data_dir": "plain-words", "files": [other, "hf_cner_notes_of_the_ward"]},
        }
    )
    assert written == {
        "training": {
            "hub_token": MASK, "api_key": MASK, "password": MASK, "eval_batch_tokens": 3, "run_name": "r",
        },
        "model": {"encoder": {"name_or_path": MASK, "config": {"tokenizer_class": "T", "pad_token_id": 0}}},
        "data": {"data_dir": MASK, "files": [MASK, "hf_cner_notes_of_the_ward"]},
    }  # fmt: skip
