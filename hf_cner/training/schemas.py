"""JSON schemas of settings files, so that editors complete and check them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from torch import nn
from transformers import TrainingArguments

from ..modeling.attention import ATTENTIONS
from ..modeling.context import CONTEXTS
from ..modeling.decoders import DECODERS
from ..modeling.encoders import ENCODERS
from ..modeling.interaction import INTERACTIONS
from ..modeling.mrc_decoders import MRC_DECODERS
from ..settings.fields import arguments_section, options_section
from ..settings.pretraining import PretrainingSettings
from ..settings.ranges import SlotRates, TrainingRanges
from ..settings.section import Section
from ..settings.training import TrainSettings
from ..settings.varied import Choices, Range
from .arguments import CnerTrainingArguments
from .checks import GIVEN

OWN_OF_ENCODER = ("name_or_path", "model_type")
"""Settings of the slot `encoder` that name its source, and are no options of its class."""

Schema = dict[str, JsonValue]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
KINDS: dict[str, Mapping[str, type[nn.Module]]] = {
    "encoder": ENCODERS,
    "context": CONTEXTS,
    "attention": ATTENTIONS,
    "interaction": INTERACTIONS,
    "span_decoder": {**MRC_DECODERS, **DECODERS},
}


def schema_of(command: str) -> Schema:
    """The schema of the file that `--config` of a command takes; of `search` that of `--space`."""
    made = {"train": _training, "pretrain": _pretraining, "search": _space}[command]()
    return {"$schema": DRAFT, **made, "title": f"Settings of hf-cner {command}"}


def _training() -> Schema:
    schema = _with_arguments(TrainSettings, CnerTrainingArguments)
    definitions = _keys(schema, "$defs")
    slots = _keys(_keys(definitions, "ModelSettings"), "properties")
    for name, kinds in KINDS.items():
        _collect(definitions, f"slot {name}", _slot(name, kinds))
        here: JsonValue = {"$ref": f"#/$defs/slot {name}"}
        slots[name] = {"anyOf": [here, {"type": "null"}]} if name == "interaction" else here
    return schema


def _pretraining() -> Schema:
    return _with_arguments(PretrainingSettings, TrainingArguments)


def _with_arguments(section: type[Section], arguments: type) -> Schema:
    """The schema of settings whose section `training` takes the fields of a dataclass."""
    schema = section.model_json_schema()
    definitions = _keys(schema, "$defs")
    fields = arguments_section(arguments).model_json_schema()
    properties = _keys(fields, "properties")
    for ranges in (TrainingRanges, SlotRates):
        for name, narrower in _keys(ranges.model_json_schema(), "properties").items():
            if isinstance(narrower, dict) and isinstance(wider := properties.get(name), dict):
                properties[name] = {"allOf": [_without(wider, "default"), _without(narrower, "default", "title")]}
    for name in SlotRates.model_fields:
        if name in properties:
            properties[name] = {"anyOf": [_keys(SlotRates.model_json_schema(), "properties")[name], {"type": "null"}]}
    _collect(definitions, "arguments", fields)
    _keys(schema, "properties")["training"] = {"anyOf": [{"$ref": "#/$defs/arguments"}, {"type": "null"}]}
    return schema


def _slot(name: str, kinds: Mapping[str, type[nn.Module]]) -> Schema:
    """Each kind with its own options; without a kind all options, for a file that changes a slot of a preset."""
    every: Schema = {}
    forms: list[JsonValue] = []
    definitions: Schema = {}
    own: Schema = {key: {"type": ["string", "null"]} for key in OWN_OF_ENCODER} if name == "encoder" else {}
    for kind, module_class in kinds.items():
        section = options_section(module_class, without=GIVEN.get(name, frozenset())).model_json_schema()
        definitions |= _keys(section, "$defs")
        options = {**_keys(section, "properties"), **own}
        every |= options
        about = (module_class.__doc__ or "").strip().split("\n")[0]
        forms.append(_object({"kind": {"const": kind}, **options}, required=["kind"], description=about))
    forms.append(_object(every))
    return {"anyOf": forms, "$defs": definitions}


def _space() -> Schema:
    """Ranges and choices under the dotted names of settings, or nested."""
    definitions: Schema = {}
    _collect(definitions, "range", Range.model_json_schema())
    definitions["choices"] = _keys(Choices.model_json_schema(), "properties")["choices"]
    varied: list[JsonValue] = [{"$ref": "#/$defs/range"}, {"$ref": "#/$defs/choices"}]
    definitions["nested"] = {"type": "object", "additionalProperties": {"anyOf": [*varied, {"$ref": "#/$defs/nested"}]}}
    names = ["model.dropout", *(f"training.{name}" for name in arguments_section(CnerTrainingArguments).model_fields)]
    for slot, kinds in KINDS.items():
        for module_class in kinds.values():
            options = options_section(module_class, without=GIVEN.get(slot, frozenset())).model_fields
            names += [f"model.{slot}.{option}" for option in options]
    known: Schema = {name: {"anyOf": list(varied)} for name in dict.fromkeys(names)}
    more: JsonValue = {"anyOf": [*varied, {"$ref": "#/$defs/nested"}]}
    return {"type": "object", "properties": known, "additionalProperties": more, "$defs": definitions}


def _object(properties: Schema, *, required: list[JsonValue] | None = None, description: str = "") -> Schema:
    about: Schema = {"description": description} if description else {}
    needed: Schema = {"required": required} if required else {"not": {"required": ["kind"]}}
    return {"type": "object", "properties": properties, "additionalProperties": False, **needed, **about}


def _collect(definitions: Schema, name: str, schema: Schema) -> None:
    """Put a schema, and those that it defines itself, among the definitions of another."""
    definitions |= _keys(schema, "$defs")
    definitions[name] = _without(schema, "$defs")


def _keys(schema: Schema, name: str) -> Schema:
    """A part of a schema that has keys itself; made if there is none."""
    found = schema.setdefault(name, {})
    assert isinstance(found, dict)
    return found


def _without(schema: Schema, *names: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in names}
