"""Methods of callbacks get the moment at which they are called, not the arguments that transformers passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from torch import nn
from transformers import TrainerControl, TrainerState, TrainingArguments

Callback = TypeVar("Callback")


class Moment(NamedTuple):
    """The state of a run. What an event does not have is None or empty."""

    args: TrainingArguments
    state: TrainerState
    control: TrainerControl
    model: nn.Module | None
    metrics: dict[str, float]
    logs: dict[str, float]


def event(method: Callable[[Callback, Moment], None]) -> Callable[..., None]:
    """A method of a `TrainerCallback` that is written as `on_…(self, now)`."""

    def on_event(
        self: Callback, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        moment = Moment(args, state, control, given.get("model"), given.get("metrics") or {}, given.get("logs") or {})
        method(self, moment)

    return on_event
