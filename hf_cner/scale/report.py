"""The outcome of a shard, and the events of an engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ShardReport:
    """The counts of a shard.

    Attributes:
        rows: all rows, also those with an error.
        errors: rows with an error, which have no entities.
        replaced: rows with entities or an error in the input.
        entities: number of entities.
        done_before: whether the shard was complete before, and not annotated again.
    """

    rows: int
    errors: int
    replaced: int
    entities: int
    done_before: bool = False


@dataclass(frozen=True)
class Outcome:
    """The outcome of a task: a report, or a fault in one sentence.

    `fatal`: every other shard would fail too.
    """

    report: ShardReport | None = None
    fault: str = ""
    fatal: bool = False


Event = tuple[int, Outcome | int]  # number of a task, and its outcome, or the number of new rows
