"""What is wrong with the settings of a run, found before anything is read, built or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn
from transformers import PreTrainedModel

from ..data.documents import Document, Span
from ..metrics.report import evaluate_documents, flat
from ..modeling.attention import ATTENTIONS
from ..modeling.context import CONTEXTS
from ..modeling.decoders import DECODERS
from ..modeling.encoders import ENCODERS
from ..modeling.interaction import INTERACTIONS
from ..modeling.mrc_decoders import MRC_DECODERS
from ..runs.checks import taken_by_libraries
from ..settings.fields import arguments_section, check_values, options_section
from ..settings.ranges import check_ranges, check_slot_rates
from ..settings.section import Plain, Section
from ..settings.sentences import suggestion
from ..settings.training import TrainSettings, output_dir_of
from .arguments import CnerTrainingArguments

GIVEN = {"encoder": frozenset({"attn_implementation", "dtype"})}
"""Slot -> arguments of its class that the model sets and settings may not."""


def tables(settings: TrainSettings) -> Mapping[str, Mapping[str, type[nn.Module]]]:
    """Slot -> its kinds, each with its class; a model that asks questions has other decoders."""
    return {
        "encoder": ENCODERS,
        "context": CONTEXTS,
        "attention": ATTENTIONS,
        "interaction": INTERACTIONS,
        "span_decoder": MRC_DECODERS if settings.model.interaction else DECODERS,
    }


def class_of(settings: TrainSettings, slot: str) -> type[nn.Module]:
    """The class of one slot's kind.

    Raises:
        ValueError: there is no such kind, or no such slot in this model.
    """
    kinds, chosen = tables(settings)[slot], settings.model.slot(slot)
    if chosen is None or chosen.kind not in kinds:
        raise ValueError(f"Unknown {slot} kind {chosen and chosen.kind!r}; choose one of {sorted(kinds)}.")
    return kinds[chosen.kind]


def options_of_slot(settings: TrainSettings, slot: str) -> type[Section]:
    """The options that one slot takes."""
    return options_section(class_of(settings, slot), without=GIVEN.get(slot, frozenset()))


def check_settings(settings: TrainSettings) -> None:
    """Raise ValueError, in one sentence, for an impossible option of a slot or argument of the training."""
    encoder = {key: value for key, value in settings.model.encoder.own().items() if key != "kind"}
    for name, slot in settings.model.slots().items():
        options = encoder if name == "encoder" else slot.options
        check_values(options, options_of_slot(settings, name), f"model.{name}.")
    windows = settings.model.windows
    if windows.overlap >= windows.max_length:
        raise ValueError(
            f"model.windows.overlap is {windows.overlap}; it must be less than model.windows.max_length "
            f"({windows.max_length})."
        )
    check_arguments(settings)


def check_arguments(settings: TrainSettings) -> None:
    """Raise ValueError, in one sentence, for an impossible section `training`."""
    check_values(settings.training, arguments_section(CnerTrainingArguments), "training.")
    check_ranges(settings.training, prefix="training.")
    check_slot_rates(settings.training, prefix="training.")
    metric = settings.training.get("metric_for_best_model")
    if metric is not None:
        check_metric(str(metric), [NESTED])


def argument_names() -> Sequence[str]:
    """The arguments of the training that settings may give."""
    return list(arguments_section(CnerTrainingArguments).model_fields)


NESTED = Document("右腹", (Span(0, 2, "部位"), Span(1, 2, "部位")))


def check_metric(metric: str, documents: Sequence[Document]) -> None:
    """Raise ValueError where an evaluation of these documents does not give the metric by which the best is chosen."""
    names = ["loss", *flat(evaluate_documents(documents, documents))]
    wanted = metric.removeprefix("eval_")
    if wanted in names:
        return
    if wanted == "nested_recall":
        raise ValueError(
            "training.metric_for_best_model is 'nested_recall', and no mentions overlap in the documents by which the "
            "epoch is chosen; choose strict_f1."
        )
    hint = suggestion(wanted, names) or f" Choose one of {', '.join(names)}."
    raise ValueError(f"training.metric_for_best_model is {metric!r}, and an evaluation does not give it.{hint}")


def check_checkpointing(arguments: CnerTrainingArguments, model: PreTrainedModel) -> None:
    """Raise ValueError if gradient checkpointing is on and no layer of the model can do it."""
    # transformers 5.23 calls it activation_checkpointing, and keeps the old name
    asked = arguments.gradient_checkpointing or getattr(arguments, "activation_checkpointing", False)
    if asked and not model.supports_gradient_checkpointing:
        raise ValueError(
            "training.gradient_checkpointing is true, and no layer of this model can be computed again in the backward "
            "pass: some encoders of transformers can, other encoders cannot; leave it out, or choose another encoder."
        )


def checked(settings: TrainSettings | Mapping[str, object]) -> TrainSettings:
    """The settings of a run, checked as far as that is possible before anything is read.

    Raises:
        ValueError: an unknown setting, or a value that it does not take, in one sentence.
    """
    settings = settings if isinstance(settings, TrainSettings) else TrainSettings.of(settings)
    output_dir_of(settings)
    check_settings(settings)
    split = settings.data.split
    has_dev = not split.join_dev and (split.folds is not None or len(split.ratios or []) > 1)
    training_arguments(settings, has_dev=has_dev)
    return settings


def training_arguments(settings: TrainSettings, *, has_dev: bool) -> CnerTrainingArguments:
    """The section `training` of the settings as arguments of the trainer.

    Raises:
        ValueError: arguments that contradict each other.
    """
    own: Plain = {"seed": settings.seed or 0, **settings.training}
    if not has_dev:
        own |= {"eval_strategy": "no", "early_stopping_patience": None}
    arguments: dict[str, Any] = {**own, "output_dir": str(Path(output_dir_of(settings)).expanduser())}
    with taken_by_libraries():
        return CnerTrainingArguments(**arguments)
