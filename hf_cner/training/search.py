"""Hyper-parameter search over the settings of a run (P5), on the training side alone."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from typing import Any

from tqdm.auto import tqdm  # type: ignore[import-untyped]
from transformers import set_seed
from transformers.trainer_utils import TrainOutput

from ..data.corpora import entity_types as types_of_corpus
from ..data.corpora import read_corpus, types_in
from ..data.documents import Document
from ..data.extras import install
from ..data.fingerprint import fingerprint
from ..data.problems import Problems
from ..data.splits import split_by_record
from ..runs.bars import bar_of
from ..runs.callbacks import Patience, remove_progress_of_transformers
from ..runs.inputs import OF_TRAINING, by_content, read_by
from ..settings.denied import recorded
from ..settings.training import TrainSettings, corpus_of, output_dir_of
from ..settings.varied import Varied
from .arguments import CnerTrainingArguments
from .build import build
from .checks import checked, training_arguments
from .encoding import DocumentEncoder
from .parts import parts_of
from .questions import queries_of
from .search_space import Space, default_space, read_values, suggest, with_values
from .study import NAME, Study, StudyFolder, shown
from .trainer import DocumentTrainer

OBJECTIVE = "eval_strict_f1"


class BestOfTrial:
    """The best objective of a trial so far: the best epoch counts, as in a training run."""

    def __init__(self) -> None:
        self.best = 0.0

    def __call__(self, metrics: Mapping[str, float]) -> float:
        self.best = max(self.best, float(metrics[OBJECTIVE]))
        return self.best


def search(
    settings: TrainSettings | Mapping[str, object],
    *,
    trials: int = 20,
    space: Space | None = None,
    shares: Sequence[float] = (8, 2),
    prune: bool = False,
    resume: bool = False,
    overwrite: bool = False,
) -> dict[str, object]:
    """Try settings one after the other, which Optuna's TPE proposes from the results so far, and keep the best.

    The part that a run would report on is not read: only the training part is used, split once more by
    record, to learn from and to choose by. The objective is strict micro-F1 there, of the trial's best epoch, and 0
    where the training diverges. A trial depends on the seed and on the trials that were finished before it, so an
    interrupted and resumed search gives the same trials as an unbroken one. `output_dir` holds the study (SQLite, which
    Optuna's own tools open), `trials.csv`, and `best.yaml`, settings that `hf-cner train --config` takes.

    Args:
        settings: resolved settings of a run; plain values are checked first.
        trials: number of finished trials at the end, those of a resumed study included.
        space: what to vary, see `search_space`; by default `default_space`.
        shares: of the training part: to learn from, and to choose by.
        prune: stop a trial whose objective at an epoch is below the median of the others (from the sixth trial on).
        resume: continue the study in `output_dir`.
        overwrite: start again there.

    Returns:
        `best` (value, trial, parameters), `trials` (a row for each), `settings` of the best, `files`, `protocol`.

    Raises:
        ImportError: Optuna is not installed.
        ValueError: an impossible space or settings, or a study with another space, other settings or data.
    """
    settings = settings if isinstance(settings, TrainSettings) else TrainSettings.of(settings)
    _check_possible(settings, trials, shares)
    varied = read_values(space if space is not None else default_space(settings), settings)
    settings = checked(settings)
    folder = StudyFolder(output_dir_of(settings))
    with folder.held(resume=resume, overwrite=overwrite, inputs=read_by(settings.given())):
        study = Study(folder.work, folder.path)
        return _search_in(study, settings, varied, trials=trials, shares=shares, prune=prune)


def _search_in(
    study: Study,
    settings: TrainSettings,
    varied: Mapping[str, Varied],
    *,
    trials: int,
    shares: Sequence[float],
    prune: bool,
) -> dict[str, object]:
    """Search in a folder that is locked."""
    settings, learn, dev, types, protocol = _documents(settings, shares)
    parts = f"{fingerprint(learn)} {fingerprint(dev)}"
    known = by_content(recorded(settings.at(None).given()), OF_TRAINING)
    plain = {name: values.plain() for name, values in varied.items()}
    about = {"space": plain, "settings": known, "data": parts, "prune": prune}
    study.begin(about)
    trainer: DocumentTrainer | None = None
    with closing(bar_of("search", trials, unit="trials", initial=len(study.finished()))) as bar:
        while (done := len(study.finished())) < trials:
            trainer = trainer or _trainer(settings, varied, learn, dev, types)
            try:
                _one_trial(trainer, study, seed=(settings.seed or 0) + done, prune=prune)
            except RuntimeError as error:  # too little memory, as a rule
                raise ValueError(study.failure(error)) from error
            bar.update()
            bar.write(study.last_line())
            study.write(settings, protocol)
    return study.write(settings, protocol)


class _Trials(DocumentTrainer):
    """Makes one trial after the other. A trial that diverges counts as 0, and the search continues.

    transformers makes the model of a trial before it reads the trial's arguments, and keeps the features of the first
    trial. Both may depend on what is varied: a frozen encoder, the tags, the width of spans.

    Args:
        arguments_of: the arguments of a trial.
        varied: those of their fields that a trial changes.
    """

    objective: float | None

    def __init__(
        self,
        *,
        train_dataset: list[Document],
        eval_dataset: list[Document],
        arguments_of: Callable[[object], CnerTrainingArguments],
        varied: Collection[str],
        **options: Any,
    ) -> None:
        super().__init__(train_dataset=train_dataset, eval_dataset=eval_dataset, **options)
        self._learn, self._dev = train_dataset, eval_dataset
        self._arguments_of, self._varied = arguments_of, varied

    def train(self, *args: Any, trial: object = None, **kwargs: Any) -> TrainOutput:
        chosen = self._arguments_of(trial)
        for field in {*self._varied, "greater_is_better"}:  # which follows from the metric
            setattr(self.args, field, getattr(chosen, field))
        self.remove_callback(Patience)  # the trainer made it once, for all trials
        if self.args.early_stopping_patience is not None:
            self.add_callback(Patience(self.args.early_stopping_patience))
        try:
            return super().train(*args, trial=trial, **kwargs)
        except FloatingPointError as error:
            tqdm.write(f"{error} The trial counts as 0.", file=sys.stderr)
            self.objective = 0.0
            return TrainOutput(self.state.global_step, float("nan"), {})

    def call_model_init(self, trial: object = None) -> Any:
        model = super().call_model_init(trial)
        if trial is not None:
            assert self.processing_class is not None
            encoder = DocumentEncoder(model, self.processing_class)
            self.data_collator = encoder.collator()
            self.train_dataset, self.entity_report = encoder.features(self._learn)
            self.eval_dataset = encoder.dataset(self._dev)
        return model


def _check_possible(settings: TrainSettings, trials: int, shares: Sequence[float]) -> None:
    if importlib.util.find_spec("optuna") is None:
        raise ImportError(f"The search needs Optuna, which is not installed: {install('search')}.")
    if not settings.output_dir:
        raise ValueError("The settings need output_dir, the folder for the study.")
    if settings.training.get("prediction_loss_only"):
        raise ValueError(
            "training.prediction_loss_only leaves the metrics out, and a search compares trials by strict F1; leave it "
            "out."
        )
    if trials < 1:
        raise ValueError(f"{trials} trials are asked for; a search needs at least 1.")
    if len(shares) != 2 or min(shares) <= 0:
        raise ValueError(f"The training part is split in {list(shares)}; give two shares above 0, as 8:2.")
    if settings.data.split.folds:
        raise ValueError(
            "With folds every document is in a test part once, so there is no training part to search on; give shares, "
            "as in --split 8:2, and use the settings that are found for the folds."
        )
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ValueError("The search runs in one process; start it without torchrun.")


def _documents(
    settings: TrainSettings, shares: Sequence[float]
) -> tuple[TrainSettings, list[Document], list[Document], list[str], str]:
    """The settings with their questions, the documents to learn from and to choose by, the types, and the protocol."""
    data, corpus = settings.data, corpus_of(settings)
    problems = Problems(data.on_error, aloud=True)
    documents = read_corpus(corpus, data.data_dir, problems=problems, options=data.told)
    types = types_of_corpus(corpus) or types_in(documents)
    if not types:
        raise ValueError(f"The corpus {corpus} has no entities at all; there is nothing to learn.")
    train = parts_of(documents, data.split)["train"]
    learn, dev = split_by_record(train, shares, data.split.seed or 0)
    protocol = (
        f"{corpus}, the training part of {data.split.shares} by record "
        f"({len(train):,} of {len(documents):,} documents), split {':'.join(map(str, shares))} by record to learn from "
        f"({len(learn):,}) and to choose by ({len(dev):,}); strict micro-F1 of the best epoch"
    )
    return settings.with_queries(queries_of(settings, types)), learn, dev, list(types), protocol


def _trainer(
    settings: TrainSettings,
    space: Mapping[str, Varied],
    learn: list[Document],
    dev: list[Document],
    types: list[str],
) -> DocumentTrainer:
    set_seed(settings.seed or 0)
    _, tokenizer = build(settings, learn, types)

    def model_init(trial: Any = None) -> object:
        if trial is None:
            return build(settings, learn, types)[0]
        values = suggest(trial, space)
        try:
            return build(with_values(settings, values), learn, types)[0]
        except ValueError as error:
            raise ValueError(
                f"Trial {trial.number} cannot be built, with {shown(values)}: {error} Leave such values out of the "
                "search, and start again (--overwrite)."
            ) from error

    def arguments_of(trial: Any) -> CnerTrainingArguments:
        # Checked like those of a run; transformers would turn 0.01 into 0 if the option was 0 before.
        return training_arguments(_quiet(with_values(settings, suggest(trial, space))), has_dev=True)

    trainer = _Trials(
        model_init=model_init,
        arguments_of=arguments_of,
        varied={name.split(".")[1] for name in space if name.startswith("training.")},
        args=training_arguments(_quiet(settings), has_dev=True),
        train_dataset=learn,
        eval_dataset=dev,
        processing_class=tokenizer,
    )
    remove_progress_of_transformers(trainer)
    return trainer


def _one_trial(trainer: DocumentTrainer, study: Study, *, seed: int, prune: bool) -> None:
    """Make one more trial, by `Trainer.hyperparameter_search` in the study's storage."""
    import optuna

    trainer.hyperparameter_search(
        lambda trial: {},  # the trainer takes them from the trial itself
        BestOfTrial(),
        n_trials=1,
        direction="maximize",
        backend="optuna",
        storage=study.url,
        study_name=NAME,
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner() if prune else optuna.pruners.NopPruner(),
    )


def _quiet(settings: TrainSettings) -> TrainSettings:
    """The settings with a training that evaluates every epoch and saves nothing."""
    return settings.with_training(
        {"save_strategy": "no", "load_best_model_at_end": False, "eval_strategy": "epoch", "disable_tqdm": True}
    )
