"""The weights of a published encoder, fitted into the model class that its configuration names."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from ..data.bars import no_bars
from ..modeling.encoder_pretrained import POSITION_TABLES
from .findings import Findings, first_of
from .model_type import HOW_TO_NAME_IT, foreign_prefix
from .names import Names, fit, is_of_encoder, said, shapes_that_differ

FEWEST = 64  # layers that any configuration may name; more only where the weights are as many (ALBERT shares them)


def load_model(
    auto: object, config: PreTrainedConfig, state: Mapping[str, Tensor], findings: Findings, *, source: str
) -> PreTrainedModel:
    """The model that `auto` (`AutoModel`, `AutoModelForMaskedLM`, …) names for a configuration, with published weights.

    The tables of characters, positions and token types take the number of rows that the weights have. A head that the
    file does not have is new, and `findings` says so.

    Args:
        state: weights by their published names.
        source: the weights' file, for sentences.

    Raises:
        ValueError: no such model, weights of the encoder that are missing, of another shape or without a place in it,
            or two different ones for one place.
    """
    model_class = class_of(auto, config)
    layers = getattr(config, "num_hidden_layers", 0)
    if isinstance(layers, int) and layers > max(len(state), FEWEST):
        raise ValueError(
            f"The configuration names {layers} layers, and {source} holds {len(state)} weights; correct "
            "num_hidden_layers."
        )
    given = {name: tuple(tensor.shape) for name, tensor in state.items()}
    skeleton = _skeleton(model_class, config)
    names = _names(skeleton, state, source)
    if _take_rows(skeleton, config, names, given, findings):
        skeleton = _skeleton(model_class, config)
    expected = {name: tuple(tensor.shape) for name, tensor in skeleton.state_dict().items()}
    base = _base(skeleton, expected)
    _leave_out_other_heads(names, given, expected, base, findings)
    if wrong := shapes_that_differ(names, given, expected):
        raise ValueError(
            f"{source}: found weights of other shapes than the configuration says: {first_of(wrong)}; use the "
            f"config.json that was published with them, or name the type of encoder {HOW_TO_NAME_IT}."
        )
    complete = names.taken.keys() >= {name for name in expected if is_of_encoder(name, base)}
    if complete:
        wanted = {target: state[name] for target, name in (names.taken | names.strange).items()}
    else:  # some types are published under names that transformers itself converts, as it does those of nomic_bert
        wanted = dict(state)
    model, info = _filled(model_class, config, wanted, source)
    unexpected = {str(name) for name in info["unexpected_keys"]}
    if not complete:
        names.unknown = [name for name in names.unknown if name in unexpected]
        names.strange = {name: name for name in unexpected.difference(names.heads, names.buffers, names.unknown)}
    _note(names, findings, own=skeleton.base_model_prefix, source=source)
    _check(model, names, info, findings, source)
    loaded: PreTrainedModel = model.float()  # XLNet makes some parameters in torch's default type
    return loaded


def _base(model: PreTrainedModel, expected: Mapping[str, object]) -> str:
    """What stands before the encoder's weights in the model: nothing, unless the model has a head."""
    prefix = f"{model.base_model_prefix}."
    return prefix if any(name.startswith(prefix) for name in expected) else ""


def _filled(
    model_class: type[PreTrainedModel], config: PreTrainedConfig, state: dict[str, Tensor], source: str
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The model with these weights, and what transformers says about missing and unexpected ones."""
    maker: Any = model_class
    options = {"output_loading_info": True, "dtype": torch.float32, **_options(model_class)}
    try:
        with quiet():
            model, info = maker.from_pretrained(None, config=config, state_dict=state, **options)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{source}: transformers cannot load these weights ({reason}).") from error
    return model, info


def class_of(auto: Any, config: PreTrainedConfig) -> type[PreTrainedModel]:
    """The class that an Auto class has for a configuration.

    Raises:
        ValueError: it has none, or it is no encoder.
    """
    found = auto._model_mapping.get(type(config), None)
    if found is None or config.is_encoder_decoder:
        raise ValueError(f"The model type {config.model_type!r} is no plain encoder that {auto.__name__} can build.")
    one: type[PreTrainedModel] = found[0] if isinstance(found, (tuple, list)) else found
    return one


def _options(model_class: type[PreTrainedModel]) -> dict[str, bool]:
    has_choice = "add_pooling_layer" in inspect.signature(model_class.__init__).parameters
    return {"add_pooling_layer": False} if has_choice else {}


def _skeleton(model_class: type[PreTrainedModel], config: PreTrainedConfig) -> PreTrainedModel:
    """The model without memory for its weights: names and shapes."""
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            return model_class(config, **_options(model_class))
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError, RuntimeError, ZeroDivisionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"transformers makes no {config.model_type} encoder of this configuration ({reason}); use the config.json "
            "that was published with the weights."
        ) from error


def _names(skeleton: PreTrainedModel, state: Mapping[str, Tensor], source: str) -> Names:
    try:
        names = fit(state, skeleton.state_dict(), skeleton.base_model_prefix)
    except ValueError as error:
        raise ValueError(f"{source}: {error}.") from error
    if not names.taken:
        raise ValueError(
            f"{source} holds no weight of a {skeleton.config.model_type} encoder, but {first_of(state)}; name the type "
            f"of encoder that it is {HOW_TO_NAME_IT}, or give another file."
        )
    for first, second in names.twice:
        if not torch.equal(state[first], state[second]):
            raise ValueError(f"{source} holds {first} and {second}, which are one weight, with different numbers.")
    return names


def _take_rows(
    skeleton: PreTrainedModel,
    config: PreTrainedConfig,
    names: Names,
    given: Mapping[str, tuple[int, ...]],
    findings: Findings,
) -> bool:
    """Set the sizes of tables in the configuration to the rows that the weights have; whether any changed."""
    changed = False
    for module_name, field in _tables(skeleton):
        source = names.taken.get(f"{module_name}.weight")
        said_to_be = getattr(config, field, None)
        if source is None or not isinstance(said_to_be, int) or len(given[source]) != 2:
            continue
        rows, expected = given[source][0], skeleton.get_parameter(f"{module_name}.weight").shape[0]
        if rows != expected:
            setattr(config, field, rows + said_to_be - expected)
            findings.settings.append(f"{field} is {rows} by the weights ({source}), not {said_to_be}")
            changed = True
    return changed


def _leave_out_other_heads(
    names: Names,
    given: Mapping[str, tuple[int, ...]],
    expected: Mapping[str, tuple[int, ...]],
    base: str,
    findings: Findings,
) -> None:
    """Drop a head of other shapes: the model's own head begins untrained, and `_check` says so."""
    for target, source in list(names.taken.items()):
        if not target.startswith(base) and given[source] != expected[target]:
            del names.taken[target]
            findings.dropped.append(source)


def characters_of(model: PreTrainedModel) -> nn.Embedding:
    """An encoder's table of characters.

    Raises:
        ValueError: it has none, as encoders of bytes or code points.
    """
    with suppress(AttributeError, NotImplementedError):
        if isinstance(table := model.get_input_embeddings(), nn.Embedding):
            return table
    raise ValueError(
        f"The {model.config.model_type} encoder has no table of characters; choose an encoder with a vocabulary."
    )


def _tables(model: PreTrainedModel) -> Iterator[tuple[str, str]]:
    """The embeddings whose rows a configuration names: `("embeddings.word_embeddings", "vocab_size")`, …"""
    characters = characters_of(model)
    for name, module in model.named_modules():
        last = name.rpartition(".")[2]
        if module is characters:
            yield name, "vocab_size"
        elif isinstance(module, nn.Embedding) and last in POSITION_TABLES:
            yield name, "max_position_embeddings"
        elif isinstance(module, nn.Embedding) and last == "token_type_embeddings":
            yield name, "type_vocab_size"


def _note(names: Names, findings: Findings, *, own: str, source: str) -> None:
    findings.renamed += said(names)
    findings.dropped += [*names.heads, *names.buffers]
    if other := foreign_prefix(names.prefix, own):
        findings.warnings.append(
            f"the weights are named {other}., the configuration says {findings.model_type}; if the encoder is a "
            f"{other}, name the type {other} {HOW_TO_NAME_IT}"
        )
    if names.unknown:
        findings.warnings.append(
            f"{source} holds {len(names.unknown)} weights beside the encoder that are no known head "
            f"({first_of(names.unknown)}); they are not used"
        )
        findings.dropped += names.unknown


def _check(model: PreTrainedModel, names: Names, info: Mapping[str, Any], findings: Findings, source: str) -> None:
    """Refuse a model of which a part was not filled, or that has no place for a part of the encoder."""
    kind, into = findings.model_type, _base(model, model.state_dict())
    missing = sorted(str(name) for name in info["missing_keys"])
    new_head = [name for name in missing if not is_of_encoder(name, into)]
    if lost := [name for name in missing if name not in new_head]:
        raise ValueError(
            f"{source} lacks {len(lost)} of the weights of this {kind} encoder ({first_of(lost)}); the configuration "
            "belongs to other weights, or the type is another: use the config.json that was published with them, or "
            f"name the type {HOW_TO_NAME_IT}."
        )
    if strange := sorted(names.strange[str(name)] for name in info["unexpected_keys"] if str(name) in names.strange):
        raise ValueError(
            f"{source} holds {len(strange)} weights inside the encoder for which a {kind} of this configuration has no "
            f"place ({first_of(strange)}); check num_hidden_layers, or name the type of encoder {HOW_TO_NAME_IT}."
        )
    if wrong := [*info["mismatched_keys"], *info["error_msgs"]]:
        raise ValueError(f"{source}: some weights do not fit ({first_of(map(str, wrong))}); download it again.")
    if new_head:
        findings.warnings.append(f"the file has no weights for {first_of(new_head)}; this head begins untrained")


@contextmanager
def quiet() -> Iterator[None]:
    """Switch off transformers' tables and bars of loading and saving; the findings hold what matters."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with no_bars():
            yield
    finally:
        logging.set_verbosity(before)
