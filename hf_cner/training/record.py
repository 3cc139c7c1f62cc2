"""What a run records beside its model: its checked settings, and what the results depend on."""

from __future__ import annotations

from collections.abc import Mapping

from transformers import TrainerState, TrainingArguments

from ..data.fingerprint import fingerprint
from ..data.splits import join, split_hash
from ..runs.environment import hardware, versions
from ..runs.folder import RunFolder
from ..runs.inputs import OF_TRAINING, inputs_of
from ..settings.denied import recorded
from ..settings.training import TrainSettings
from .parts import Parts


def begin_in(folder: RunFolder, settings: TrainSettings, split: Mapping[str, object]) -> None:
    """Record what a run depends on; of a resumed run, check that it is still the same."""
    given = settings.given()
    folder.begin(recorded(given), split, inputs=inputs_of(given, OF_TRAINING), complete=completed)


def completed(before: Mapping[str, object]) -> Mapping[str, object]:
    """Recorded settings, with today's defaults for settings that did not exist then."""
    try:
        return recorded(TrainSettings.of(before).to_dict())
    except ValueError:  # of a version that had other settings
        return before


def what_it_depended_on(parts: Parts, settings: TrainSettings, about: Mapping[str, object]) -> dict[str, object]:
    """Data, split, protocol, settings, versions and hardware of a run, for its results."""
    corpus, split, notes = settings.data.corpus, settings.data.split, dict(about)
    shares = split.shares
    described = {
        "corpus": corpus,
        "fingerprint": fingerprint(join(parts.values())),
        "documents": {name: len(part) for name, part in parts.items()},
        "entities": {name: sum(len(d.spans) for d in part) for name, part in parts.items()},
        "split": {"shares": shares, "seed": split.seed, "hash": split_hash(list(parts.values()))},
    }
    if split.join_dev:
        shares += ", dev joined to train"
    protocol = (
        f"{corpus}, {shares} by record ({' / '.join(parts)}), equal texts on one side; "
        "counted over whole documents against the original gold"
    )
    return {
        "protocol": notes.pop("protocol", protocol),
        "data": described | notes,
        "seed": settings.seed,
        "settings": recorded(settings.given()),
        "versions": versions(),
        "hardware": hardware(),
    }


def chosen_epoch(args: TrainingArguments, state: TrainerState) -> float | None:
    """The epoch whose checkpoint was restored; None if the last epoch stayed."""
    step = state.best_global_step if args.load_best_model_at_end else None
    return next((entry["epoch"] for entry in state.log_history if step and entry.get("step") == step), None)
