"""Settings of a pretraining run: every one with its default, and what is wrong with those that are given."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any

import torch
from transformers import TrainingArguments

from ..presets import suggestion
from ..presets.values import check_fields, check_like
from ..training.arguments import only_a_cpu_has_bf16
from ..training.sampling import check_strategy

OBJECTIVES = ("mlm", "bilm", "plm")
MASKING = ("random", "entity")
ENTITIES = ("lexicon", "mentions", "gold", "model")

DEFAULTS: dict[str, Any] = {
    "objective": "mlm",  # or bilm: the language model under ELMo; or plm: XLNet's permutations
    "encoder": {  # a checkpoint, or a configuration with model_type and sizes
        "name_or_path": None,
        "config": None,
        "tokenizer": None,  # from scratch: a folder with one; otherwise the texts' characters
        "lower_case": True,
        "min_count": 1,
    },
    "max_length": 256,  # characters of a window, or of a pair
    "masking": "random",  # or entity
    "mask_rate": 0.15,  # share of the characters that are predicted
    "entity_rate": 1.0,  # probability that an entity may be hidden at all
    "top_up": True,  # random characters where the entities are too few
    "entities": None,  # lexicon or model (where one of them is given), mentions, or gold (otherwise)
    "lexicon": None,  # a list of words
    "entity_model": None,  # a trained model, whose predictions are the entities
    "next_sentence": False,
    "data": {
        "files": [],
        "corpus": None,
        "data_dir": None,
        "unit": "auto",
        "exclude": [],  # files or CORPUS=DIR that are held out for the test
        "overlap": "refuse",  # or drop or allow
        "held_out": 0.05,  # share of the records whose perplexity is reported
        "on_error": "stop",
        "max_unknown": 0.2,  # share of the texts' characters that the vocabulary may lack
    },
    "training": {},
    "seed": 42,
    "output_dir": None,
}
LISTS = ("files", "exclude")  # of `data`; a single one may stand alone
OPEN = {  # their keys are checked where they are used
    "encoder.config": "model_type and what its configuration has",
    "training": "fields of TrainingArguments",
}

TRAINING = {
    "num_train_epochs": 10,
    "per_device_train_batch_size": 32,
    "per_device_eval_batch_size": 64,
    "weight_decay": 0.01,
    "warmup_steps": 0.1,
    "eval_strategy": "epoch",
    "save_strategy": "epoch",
    "save_total_limit": 2,
    "logging_strategy": "epoch",
    "train_sampling_strategy": "group_by_length",
    "report_to": "none",
}
OWN = {"remove_unused_columns": False, "load_best_model_at_end": False, "prediction_loss_only": True}
# Learning rates. After 250 steps from scratch at 5e-4 a small bilm is where the characters' frequencies are (perplexity
# 235 on CCKS-2019's unlabelled text), at 4e-3 at 35.
FROM_SCRATCH = {"mlm": 5e-4, "bilm": 4e-3, "plm": 5e-4}
FROM_CHECKPOINT = {"mlm": 5e-5, "bilm": 4e-4, "plm": 5e-5}


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with every default.

    Raises:
        ValueError: a setting that does not exist (with the nearest one), or a value that cannot be.
    """
    settings = _merge(DEFAULTS, given, "")
    for name, choices in {"objective": OBJECTIVES, "masking": MASKING, "entities": (None, *ENTITIES)}.items():
        if settings[name] not in choices:
            listed = ", ".join(choice for choice in choices if choice)
            raise ValueError(f"{name} is {settings[name]!r}; choose one of {listed}.")
    if not settings["output_dir"]:
        raise ValueError("The settings need output_dir, the folder for the encoder.")
    encoder = settings["encoder"]
    if encoder["name_or_path"] and (encoder["config"] or encoder["tokenizer"]):
        raise ValueError("encoder.name_or_path brings its configuration and tokenizer; leave encoder.config and "
                         "encoder.tokenizer out, or name no checkpoint.")  # fmt: skip
    if int(settings["max_length"]) < 2:
        raise ValueError(f"max_length is {settings['max_length']}; a window needs at least 2 characters.")
    if not 0 <= float(settings["data"]["held_out"]) < 1:
        raise ValueError(f"data.held_out is {settings['data']['held_out']}; it is a share from 0 to below 1.")
    if settings["objective"] != "mlm" and (settings["next_sentence"] or settings["masking"] != "random"):
        raise ValueError(
            f"The objective {settings['objective']} hides no entities and knows no pairs; leave masking and "
            "next_sentence out."
        )
    _refuse_what_would_not_be_read(settings)
    _complete_entities(settings)
    for name in LISTS:
        if isinstance(settings["data"][name], (str, os.PathLike)):
            settings["data"][name] = [settings["data"][name]]
    return settings


def _refuse_what_would_not_be_read(settings: Mapping[str, Any]) -> None:
    encoder = settings["encoder"]
    own = "the tokenizer that was given" if encoder["tokenizer"] or encoder["name_or_path"] else None
    reasons = {
        ("encoder.lower_case", "encoder.min_count"): own,
        ("mask_rate",): "the objective bilm" if settings["objective"] == "bilm" else None,
        ("entity_rate", "top_up"): "random masking" if settings["masking"] != "entity" else None,
    }
    for names, reason in reasons.items():
        for name in names if reason else ():
            section, _, key = name.rpartition(".")
            given, default = (values[section] if section else values for values in (settings, DEFAULTS))
            if given[key] != default[key]:
                raise ValueError(f"{name} is {given[key]!r}, which {reason} makes no use of; leave it out.")


def _complete_entities(settings: dict[str, Any]) -> None:
    """Where entities come from, if it is not said; and no lexicon or model that would not be read."""
    sources = {"lexicon": "lexicon", "entity_model": "model"}
    for name in ("entities", *sources):
        if settings[name] and settings["masking"] != "entity":
            raise ValueError(f"{name} is given, but masking is {settings['masking']!r}; set masking to entity.")
    given = [name for name in sources if settings[name]]
    if settings["entities"] is None and len(given) == 1:
        settings["entities"] = sources[given[0]]
    for name, source in sources.items():
        if settings["entities"] == source and not settings[name]:
            raise ValueError(f"entities is {source!r}, which needs the setting {name}.")
        if settings[name] and settings["entities"] != source:
            raise ValueError(
                f"{name} is given, but entities are those of {settings['entities'] or 'another source'}; set entities "
                f"to {source}, or leave {name} out."
            )


def training_arguments(settings: Mapping[str, Any], *, has_held_out: bool) -> TrainingArguments:
    """The section `training` as arguments of a Trainer; on a GPU that has it in bf16 unless they say otherwise."""
    given = dict(settings["training"] or {})
    check_fields(given, TrainingArguments, "training.")
    scratch = not settings["encoder"]["name_or_path"]
    accelerated = torch.cuda.is_available() and not given.get("use_cpu")
    impossible = {
        "dataloader_persistent_workers": "workers that live on do not learn which epoch it is, and would hide the same "
        "characters in all of them",
        "remove_unused_columns": "the collator needs columns that no model takes",
        "load_best_model_at_end": "the last weights are the result",
        "prediction_loss_only": "the loss is all that is asked while training",
        "label_smoothing_factor": "the encoder's own heads make the loss",
        **({"gradient_checkpointing": "recurrent layers have none"} if settings["objective"] == "bilm" else {}),
    }
    for name, reason in impossible.items():
        if name in given and bool(given[name]) != OWN.get(name, False):
            raise ValueError(f"training.{name} cannot be set: {reason}.")
    options = {
        **TRAINING,
        "learning_rate": (FROM_SCRATCH if scratch else FROM_CHECKPOINT)[settings["objective"]],
        "bf16": accelerated and not given.get("fp16") and torch.cuda.is_bf16_supported(including_emulation=False),
        "use_cpu": bool(given.get("bf16") or given.get("bf16_full_eval")) and only_a_cpu_has_bf16(),
        "dataloader_pin_memory": accelerated,
        "seed": int(settings["seed"]),
        **given,
    }
    check_strategy(options["train_sampling_strategy"])
    if not has_held_out:
        options["eval_strategy"] = "no"
    return TrainingArguments(**{**options, **OWN, "output_dir": str(settings["output_dir"])})


def _merge(base: Mapping[str, Any], given: Mapping[str, Any], path: str) -> dict[str, Any]:
    merged = copy.deepcopy(dict(base))
    for key, value in given.items():
        full = f"{path}{key}"
        if key not in base:
            raise ValueError(f"There is no setting {full}.{suggestion(str(key), base, prefix=path)}")
        section = isinstance(base[key], Mapping) or full in OPEN
        if section and not isinstance(value, Mapping) and not (full in OPEN and value is None):
            keys = OPEN.get(full) or ", ".join(base[key])
            raise ValueError(f"The setting {full} is a section of keys ({keys}); found {value!r}.")
        if section and full not in OPEN:
            merged[key] = _merge(base[key], value, f"{full}.")
            continue
        if not section and not (key in LISTS and isinstance(value, (str, os.PathLike))):
            check_like(full, value, base[key])
        merged[key] = copy.deepcopy(value)
    return merged
