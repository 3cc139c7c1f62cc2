"""Short forms of the most frequent settings: `--epochs 3` is `--set training.num_train_epochs=3`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

EPOCHS, BATCH_SIZE, LEARNING_RATE = (
    f"training.{name}" for name in ("num_train_epochs", "per_device_train_batch_size", "learning_rate")
)

Epochs = Annotated[
    float | None, typer.Option("--epochs", help=f"Passes over the training part ({EPOCHS}).", show_default=False)
]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", help=f"Windows in a batch ({BATCH_SIZE}).", show_default=False)
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        "--learning-rate",
        help=f"Of every slot without its own rate ({LEARNING_RATE}).",
        show_default=False,
    ),
]


def with_short_forms(
    assignments: Iterable[str] | None,
    *,
    epochs: float | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
) -> list[str]:
    """The `--set` texts, with those of the short forms.

    Raises:
        ValueError: a short form and `--set` give one setting different values.
    """
    from ..settings.reading import parse_assignments

    told = list(assignments or ())
    training = parse_assignments(told).get("training")
    given = training if isinstance(training, dict) else {}
    for option, setting, value in (
        ("--epochs", EPOCHS, epochs),
        ("--batch-size", BATCH_SIZE, batch_size),
        ("--learning-rate", LEARNING_RATE, learning_rate),
    ):
        if value is None:
            continue
        name = setting.removeprefix("training.")
        if name in given and given[name] != value:
            raise ValueError(f"{option} is {value:g} and --set {setting} is {given[name]}; give one of the two.")
        told.append(f"{setting}={value!r}")
    return told
