"""Arguments that settings may not set: those that publish, hold a secret, or send figures to a service.

Settings files are sent around, written by searches and kept in finished runs. In Python, `CnerTrainingArguments` takes
all of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

PUBLISHES = "a settings file may not publish a model; train it, look at it, and publish it with `hf-cner push`"
SECRET = "settings are written beside the model and may not hold a secret; log in with `hf auth login` or set HF_TOKEN"
SENDS = "it belongs to a service that receives figures, and settings may not choose one"
ELSEWHERE = "the setting output_dir names the folder of a run"
ENGINE = (
    "an engine's own configuration names further files, reporters and commands; models of this package are trained "
    "whole on each device"
)

DENIED = {
    **dict.fromkeys(
        ("push_to_hub", "hub_model_id", "hub_strategy", "hub_private_repo", "hub_always_push", "hub_revision"),
        PUBLISHES,
    ),
    **dict.fromkeys(("push_to_hub_model_id", "push_to_hub_organization"), PUBLISHES),
    **dict.fromkeys(("hub_token", "push_to_hub_token"), SECRET),
    **dict.fromkeys(("project", "trackio_space_id", "trackio_bucket_id", "trackio_static_space_id"), SENDS),
    **dict.fromkeys(("output_dir", "logging_dir"), ELSEWHERE),
    "deepspeed": ENGINE,
    "debug": "transformers' check of the numbers between layers fails on masks; a run that diverges is stopped anyway",
    "resume_from_checkpoint": "a run that was cut off is continued by --resume",
    "parallelism_config": "it is an object of Python, which no file can hold",
}
"""Field of the training arguments -> why settings may not give it."""

SECTIONS = ("accelerator_config", "fsdp_config", "gradient_checkpointing_kwargs", "lr_scheduler_kwargs")
"""Arguments with keys and values, for which transformers would also read a file that a text names."""

CODE = ("auto_map", "custom_pipelines", "trust_remote_code", "attn_implementation", "experts_implementation")
"""Keys in an encoder's configuration that name code which transformers would fetch and run."""

REPORTERS = ("none", "tensorboard")  # which write to this machine, or nothing


def check_denied(training: Mapping[str, object]) -> None:
    """Raise ValueError if the section `training` sets an argument that settings may not set."""
    for name, value in training.items():
        reason = DENIED.get(name) or (PUBLISHES if name.startswith(("hub_", "push_to_hub")) else None)
        if reason is not None:
            raise ValueError(f"training.{name} cannot be set: {reason}.")
        if name in SECTIONS and isinstance(value, str):
            raise ValueError(
                f"training.{name} takes keys; found a text, and settings read no further file: write the keys out."
            )
        if name == "report_to" and value is not None:
            for reporter in value if isinstance(value, list) else [value]:
                if reporter not in REPORTERS:
                    raise ValueError(
                        f"training.report_to names {reporter!r}, and settings may not send figures to a service; "
                        f"choose {' or '.join(REPORTERS)}, or report from Python with "
                        "CnerTrainingArguments(report_to=…)."
                    )


def check_config(config: JsonValue, name: str) -> None:
    """Raise ValueError if an encoder's configuration, called `name` in messages, names code to run."""
    if isinstance(config, list):
        for number, value in enumerate(config):
            check_config(value, f"{name}.{number}")
    if isinstance(config, dict):
        for key, value in config.items():
            if any(part in key for part in CODE):
                raise ValueError(
                    f"{name}.{key} cannot be set: settings may not name code that would be fetched and run."
                )
            check_config(value, f"{name}.{key}")


MASK = "(left out)"
"""Written in place of a secret."""
OF_THE_ENVIRONMENT = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY")
_PARTS = ("token", "secret", "password", "passwd", "apikey", "credential")
_NOT_SECRET = ("tokenizer", "tokens", "token_id", "token_type", "token_ids")


def recorded(settings: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The settings for a file beside a model: without anything that looks like a secret."""
    secrets = frozenset(os.environ[name] for name in OF_THE_ENVIRONMENT if os.environ.get(name))
    return {key: masked(value, key=key, secrets=secrets) for key, value in settings.items()}


def masked(value: JsonValue, *, key: str = "", secrets: frozenset[str] = frozenset()) -> JsonValue:
    """A copy of plain values without anything that looks like a secret: a second check, before writing.

    Args:
        key: the key of the value; if it names a token or a password, a text is hidden.
        secrets: texts that are hidden everywhere.
    """
    if isinstance(value, dict):
        return {name: masked(inner, key=str(name), secrets=secrets) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, key=key, secrets=secrets) for inner in value]
    if not isinstance(value, str) or not value:
        return value
    return MASK if _names_a_secret(key) or value in secrets or _is_a_token(value) else value


def _names_a_secret(key: str) -> bool:
    name = key.lower().replace("-", "_")
    plain = name
    for harmless in _NOT_SECRET:
        plain = plain.replace(harmless, "")
    return any(part in plain.replace("_", "") for part in _PARTS)


def _is_a_token(value: str) -> bool:
    """Whether a text has the form of a token of the Hub, of GitHub or of a cloud."""
    for begin in ("hf_", "ghp_", "github_pat_", "sk-", "AKIA"):
        rest = value.removeprefix(begin)
        if rest != value and len(rest) >= 16 and rest.isascii() and all(c.isalnum() or c in "_-" for c in rest):
            return any(c.isdigit() or c.isupper() for c in rest) and not Path(value).exists()
    return False
