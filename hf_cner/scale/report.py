"""What comes of a shard, and what an engine tells of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ShardReport:
    """What came of a shard.

    Attributes:
        rows: all rows, those with an error among them.
        errors: rows with an error, which have no entities.
        replaced: rows of which the input had entities or an error already.
        entities: what was found.
        done_before: whether the shard stood there complete and was not done again.
    """

    rows: int
    errors: int
    replaced: int
    entities: int
    done_before: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a task: a report, or what went wrong in one sentence.

    `fatal` says that no other shard would fare better.
    """

    report: ShardReport | None = None
    fault: str = ""
    fatal: bool = False


Event = tuple[int, Outcome | int]  # number of a task, and its outcome, or the number of rows done since
