"""The configuration of a published encoder: found, read, and without settings of another task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig, PreTrainedModel
from transformers import __version__ as transformers_version

from ..modeling.encoder_pretrained import needs_code, positions_of
from .findings import Findings, first_of
from .locate import other_content, read_json
from .model_type import HOW_TO_NAME_IT

OURS = "cner-encoder"  # the model type of encoders that this project trains; they need none of this
TAGGERS = ("cner", "cner-mrc")  # the model types of its trained taggers
# Not the encoder's configuration, though its file ends as one does.
OTHER_CONFIGS = ("tokenizer_config.json", "generation_config.json", "adapter_config.json", "preprocessor_config.json")
# What a configuration says of another task, or of how a file was saved.
OF_A_HEAD = (
    *("architectures", "id2label", "label2id", "num_labels", "problem_type", "finetuning_task", "task_specific_params"),
    *("dtype", "torch_dtype", "transformers_version", "_name_or_path", "gradient_checkpointing", "output_attentions"),
    *("output_hidden_states", "output_past", "torchscript", "use_bfloat16", "pruned_heads", "return_dict"),
)
LARGEST = 10_000_000  # of any size in a configuration; the largest vocabularies have a few million rows


def config_file(folder: Path) -> Path:
    """`config.json`, or the one file that ends on `config.json` as `bert_config.json` does.

    Raises:
        ValueError: there is none, or several could be meant.
    """
    usual = folder / "config.json"
    if usual.is_file():
        return usual
    found = sorted(p for p in folder.glob("*config*.json") if p.name not in OTHER_CONFIGS and p.is_file())
    if not found:
        raise ValueError(
            other_content(folder)
            or f"{folder}: found no configuration; expected config.json, or a file as bert_config.json, with the "
            "encoder's sizes; copy it there."
        )
    if len(found) > 1:
        raise ValueError(
            f"{folder}: found {first_of(path.name for path in found)}; expected one configuration; call the right one "
            "config.json."
        )
    return found[0]


def read_settings(folder: Path) -> tuple[dict[str, Any], Path]:
    """The settings of an encoder and the file that they stand in.

    Raises:
        ValueError: no file, one that cannot be read, an encoder that needs code of its own, or quantised weights.
    """
    path = config_file(folder)
    settings: dict[str, object] = dict(read_json(path))
    model_type = settings.get("model_type")
    if model_type is not None and not isinstance(model_type, str):
        raise ValueError(f"{path}: found {model_type!r} as model_type; expected a name, as bert; correct the file.")
    if model_type in TAGGERS:
        raise ValueError(
            f"{folder} holds a trained tagger of hf-cner, not an encoder; name the encoder that it was trained from. "
            "`hf-cner predict --model` takes the tagger as it is."
        )
    if settings.get("auto_map") and model_type != OURS:
        raise ValueError(needs_code(model_type))
    if settings.get("quantization_config"):
        raise ValueError(f"{path}: the weights are quantised; expected plain ones; take the encoder they come from.")
    for name, value in settings.items():
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
            raise ValueError(f"{path}: found {name} {value}; expected at most {LARGEST:,}; correct the file.")
    return settings, path


def make_config(
    settings: Mapping[str, object], model_type: str, findings: Findings, *, source: str
) -> PreTrainedConfig:
    """The configuration object of an encoder of `model_type`, without what the settings say about another task.

    Raises:
        ValueError: a type that transformers does not have, or values that it does not take.
    """
    left_out = [name for name in OF_A_HEAD if name in settings]
    if heads := [name for name in left_out if name in OF_A_HEAD[:7]]:
        findings.settings.append(f"{source} holds settings of another task, left out: {', '.join(heads)}")
    kept = {name: value for name, value in settings.items() if name not in (*left_out, "model_type")}
    if not is_id(kept.get("pad_token_id")):
        kept.pop("pad_token_id", None)
    if model_type not in CONFIG_MAPPING:
        raise ValueError(
            f"{source}: found the type {model_type!r}, which transformers {transformers_version} does not have; choose "
            f"another encoder, or name the type that its weights have {HOW_TO_NAME_IT}."
        )
    try:
        config: PreTrainedConfig = AutoConfig.for_model(model_type, **kept)
    except (ValueError, TypeError, KeyError, AttributeError, StrictDataclassError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"{source}: transformers makes no {model_type} encoder of these settings ({reason}); correct the file, or "
            f"name another type {HOW_TO_NAME_IT}."
        ) from error
    known = set(type(config)().to_dict()) | set(config.attribute_map)
    if foreign := sorted(name for name in kept if name not in known and not name.startswith("_")):
        findings.settings.append(f"{source} holds settings that this type does not declare, kept: {', '.join(foreign)}")
    return config


def take_padding_id(model: PreTrainedModel, pad_id: int, findings: Findings, *, given: object) -> None:
    """Set the id of padding to the vocabulary's, if the configuration names no possible one.

    RoBERTa and its kin number positions from the id of padding on; there the class's own stays, as transformers has it.

    Args:
        given: what the file says, None when it says nothing.
    """
    config = model.config
    if given is None or not is_id(given):
        if config.pad_token_id == pad_id:
            return
        if not positions_of(model)[0]:
            config.pad_token_id = pad_id
            findings.settings.append(f"the configuration names no id of padding; the vocabulary says {pad_id}")
            return
    if config.pad_token_id != pad_id:
        findings.warnings.append(
            f"the configuration pads with id {config.pad_token_id}, the vocabulary with {pad_id}; texts are padded "
            f"with {pad_id}, which is masked"
        )


def take_special_ids(config: PreTrainedConfig, ids: Mapping[str, int], findings: Findings) -> None:
    """Set the ids of special tokens in a configuration to the vocabulary's, if it names others.

    A text begins with `bos`, or with `cls` where the vocabulary has no `bos`; it ends with `eos`, or with `sep`.

    Args:
        ids: of the vocabulary's special tokens, by role without `_token`.
    """
    for role, other in (("bos", "cls"), ("eos", "sep"), ("cls", "cls"), ("sep", "sep")):
        name, may_be = f"{role}_token_id", [ids[one] for one in (role, other) if one in ids]
        before = getattr(config, name, None)
        if before is not None and may_be and before not in may_be:
            setattr(config, name, may_be[0])
            findings.settings.append(f"{name} is {may_be[0]} by the vocabulary, not {before}")


def is_id(value: object) -> bool:
    """Whether a value can be the id of a token."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
