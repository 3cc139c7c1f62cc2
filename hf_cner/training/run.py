"""A whole run: read the corpus, split it by record, build, train, evaluate, and record all of it in a folder."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from transformers import PreTrainedTokenizerBase, TrainerState, set_seed
from transformers.trainer import TRAINER_STATE_NAME

from ..data.bars import no_bars
from ..data.corpora import entity_types as types_of_corpus
from ..data.corpora import read_corpus, types_in
from ..data.documents import Document
from ..data.fingerprint import fingerprint
from ..data.folders import refuse_inputs
from ..data.problems import Problems
from ..data.shown import printable
from ..data.splits import k_folds, split_by_record
from ..data.unknown_characters import check_unknown
from ..encoders.findings import say
from ..metrics.report import evaluate_documents
from ..runs.callbacks import Patience, ProgressLines, Stopwatch, remove_progress_of_transformers
from ..runs.checkpoints import last_complete_checkpoint, whole_or_removed
from ..runs.checks import check_trainer, taken_by_libraries
from ..runs.energy import EnergyMeter
from ..runs.folder import LOG, RESULTS, SAVING, RunFolder, is_first_process
from ..runs.inputs import read_by
from ..settings.training import TrainSettings, corpus_of, output_dir_of
from .arguments import CnerTrainingArguments
from .build import build
from .checks import check_checkpointing, check_metric, checked, training_arguments
from .parts import DEV_SHARE, Parts, parts_of, split_of
from .questions import queries_of
from .record import begin_in, chosen_epoch, what_it_depended_on
from .trainer import DocumentTrainer


def train(
    settings: TrainSettings | Mapping[str, object], *, resume: bool = False, overwrite: bool = False
) -> dict[str, Any]:
    """Train and evaluate a model as the settings say.

    The records are split into train and dev (two ratios), train, test and dev (three), or folds: then every fold is
    the test part once, and a tenth of the other records its dev part. The best epoch on dev is kept; with `join_dev`
    dev belongs to the training part, and the last epoch is kept. `output_dir` then holds the model with its tokenizer
    (`Predictor` loads it, and so do the Auto classes), `settings.yaml`, `split.json`, `training_log.json` and
    `results.json`; with folds each stands in `fold-<number>`.

    Args:
        settings: resolved settings, see `hf_cner.settings.training`; plain values are checked first.
        resume: continue a run that was cut off, from its last complete checkpoint. A finished run is only read.
        overwrite: replace a run that stands in `output_dir`.

    Returns:
        What `results.json` holds.

    Raises:
        ValueError: impossible settings, a folder that may not be used, or data that do not fit the model.
    """
    settings = checked(settings)
    folder = RunFolder(output_dir_of(settings))
    if resume and not overwrite and folder.finished():
        return folder.read_results()
    folder.refuse_others()  # before the corpus is read, which may take long
    refuse_inputs(folder.path, read_by(settings.given()))
    data = settings.data
    problems = Problems(data.on_error, aloud=True)
    corpus = corpus_of(settings)
    documents = read_corpus(corpus, data.data_dir, problems=problems, options=data.told)
    types = types_of_corpus(corpus) or types_in(documents)
    if not types:
        raise ValueError(f"The corpus {corpus} has no entities at all; there is nothing to learn.")
    settings = settings.with_queries(queries_of(settings, types))
    about = problems.listing() if problems.items else {}
    if data.split.folds:
        return _train_folds(settings, documents, types, about, resume, overwrite)
    parts = parts_of(documents, data.split)
    return train_on(parts, types, settings, about=about, resume=resume, overwrite=overwrite)


def train_on(
    parts: Parts,
    entity_types: Sequence[str],
    settings: TrainSettings | Mapping[str, object],
    *,
    about: Mapping[str, object] | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> dict[str, object]:
    """Train on `parts["train"]`, choose the epoch on `parts["dev"]` and report `parts["test"]`, if they exist.

    Args:
        entity_types: in the order of the labels.
        about: written into the results as it is; `protocol` in place of the sentence that describes a split.
    """
    settings = checked(settings)
    folder = RunFolder(output_dir_of(settings))
    with folder.held(resume=resume, overwrite=overwrite, inputs=read_by(settings.given())):
        if resume and not overwrite and folder.finished():  # killed before it took its name
            return folder.read_results()
        return _train_in(folder, parts, entity_types, settings, about=about, resume=resume and not overwrite)


def _train_in(
    folder: RunFolder,
    parts: Parts,
    entity_types: Sequence[str],
    settings: TrainSettings,
    *,
    about: Mapping[str, object] | None,
    resume: bool,
) -> dict[str, object]:
    """Train in a folder that is locked."""
    dev = parts.get("dev")
    args = training_arguments(settings.at(str(folder.work)), has_dev=bool(dev))
    if dev:
        check_metric(args.metric_for_best_model or "loss", dev)
    begin = time.perf_counter()
    set_seed(settings.seed or 0)
    notes: dict[str, Any] = dict(about or {})
    model, tokenizer = build(settings, parts["train"], entity_types, notes=notes)
    check_checkpointing(args, model)
    if is_first_process():
        say(notes.get("encoder"), quiet=bool(args.disable_tqdm))
    notes["unknown_characters"] = _unknown(parts["train"], tokenizer, settings, quiet=bool(args.disable_tqdm))
    watch, meter = Stopwatch(), EnergyMeter()
    with taken_by_libraries():
        trainer = DocumentTrainer(
            model,
            args,
            train_dataset=parts["train"],
            eval_dataset=dev or None,
            processing_class=tokenizer,
            callbacks=[watch, meter],
        )
    check_trainer(trainer)
    if is_first_process():
        begin_in(folder, settings, split_of(parts))
    remove_progress_of_transformers(trainer)
    lines = ProgressLines()
    if not args.disable_tqdm:
        trainer.add_callback(lines)
        _say(trainer, notes)
    with no_bars(), closing(lines):
        trainer.train(checkpoint := _checkpoint(folder, args) if resume else None)
        reports = {name: _report(trainer, part, entity_types) for name, part in parts.items() if name != "train"}
        results = {
            "metrics": reports,
            **what_it_depended_on(parts, settings, notes),
            "entities": trainer.entity_report.to_dict() if trainer.entity_report else None,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "epochs": trainer.state.epoch,
            "best_epoch": chosen_epoch(args, trainer.state),
            # The whole time and energy of a run that was cut off are not known.
            "seconds": {"total": None if checkpoint else time.perf_counter() - begin, "training_epochs": watch.epochs},
            "energy": None if checkpoint else meter.result(),
            "checkpoint": str(folder.path),
        }
        _finish(trainer, folder, results)
    return results


def _unknown(
    documents: Sequence[Document], tokenizer: PreTrainedTokenizerBase, settings: TrainSettings, *, quiet: bool
) -> dict[str, int | float]:
    """The share of unknown characters, for the results; many are a warning, too many are refused."""
    texts = (document.text for document in documents)
    found = check_unknown(texts, tokenizer, most=settings.data.max_unknown)
    if is_first_process() and (found.is_notable() or not quiet):
        print(f"{'warning: ' if found.is_notable() else ''}training part: {found}", file=sys.stderr)
    return found.to_dict()


def _say(trainer: DocumentTrainer, notes: Mapping[str, Any]) -> None:
    """Print how many entities of the training part can be learnt, and what the lexicon holds."""
    if not is_first_process():
        return
    print(printable(f"training part: {trainer.entity_report}"), file=sys.stderr)
    if found := notes.get("lexicon"):
        said = "lexicon: {words:,} words, {in_no_training_text:,} of them in no training text"
        print(said.format(**found), file=sys.stderr)


def _checkpoint(folder: RunFolder, args: CnerTrainingArguments) -> str | None:
    """The checkpoint to continue from. If early stopping had already triggered, no further step is trained."""
    checkpoint = last_complete_checkpoint(folder.work)
    if checkpoint is None:
        return None
    state = TrainerState.load_from_json(os.path.join(checkpoint, TRAINER_STATE_NAME))
    patience = args.early_stopping_patience
    if patience is not None and Patience(patience).is_out(args, state) and float(state.epoch or 0).is_integer():
        args.max_steps = state.global_step
    return checkpoint


def _train_folds(
    settings: TrainSettings,
    documents: Sequence[Document],
    types: Sequence[str],
    about: Mapping[str, object],
    resume: bool,
    overwrite: bool,
) -> dict[str, object]:
    folder = RunFolder(output_dir_of(settings))
    with folder.held(resume=resume, overwrite=overwrite, inputs=read_by(settings.given())):
        if resume and not overwrite and folder.finished():
            return folder.read_results()
        return _train_folds_in(folder, settings, documents, types, about, resume and not overwrite)


def _train_folds_in(
    folder: RunFolder,
    settings: TrainSettings,
    documents: Sequence[Document],
    types: Sequence[str],
    about: Mapping[str, object],
    resume: bool,
) -> dict[str, object]:
    split = settings.data.split
    seed, count = split.seed or 0, split.folds or 0
    if is_first_process():
        begin_in(folder, settings, {"folds": count, "fingerprint": fingerprint(documents)})
    folds = []
    for number, (rest, held_out) in enumerate(k_folds(documents, count, seed)):
        own = settings.at(str(folder.path / f"fold-{number}"))
        fold = RunFolder(output_dir_of(own), work=folder.work / f"fold-{number}")
        if resume and fold.finished():
            folds.append(fold.read_results())
            continue
        if split.join_dev:
            parts = {"train": rest, "test": held_out}
        else:
            learn, dev = split_by_record(rest, DEV_SHARE, seed)
            parts = {"train": learn, "test": held_out, "dev": dev}
        folds.append(_train_in(fold, parts, types, own, about={**about, "fold": number}, resume=resume))
    scores = [fold["metrics"]["test"]["strict"]["micro"] for fold in folds]
    results = {
        "metrics": {
            "test": {
                key: {"mean": statistics.fmean(values), "sd": statistics.stdev(values)}
                for key in ("precision", "recall", "f1")
                if (values := [score[key] for score in scores])
            }
        },
        "folds": folds,
        **what_it_depended_on({"all": list(documents)}, settings, about),
        "checkpoint": str(folder.path),
    }
    if is_first_process():
        folder.write_json(RESULTS, results)
    return results


def _report(trainer: DocumentTrainer, part: list[Document], types: Sequence[str]) -> dict[str, Any]:
    predicted: Any = trainer.predict(part).predictions
    return evaluate_documents(part, predicted, types=types)


def _finish(trainer: DocumentTrainer, folder: RunFolder, results: Mapping[str, object]) -> None:
    """Save the final model, then its card and results; `results.json` comes last."""
    saving = folder.work / SAVING
    with whole_or_removed(saving):
        trainer.save_model(str(saving))
    if trainer.is_world_process_zero():
        folder.adopt(saving)
        folder.write_json(LOG, trainer.state.log_history)
        folder.write_json(RESULTS, results)
        folder.drop_checkpoints()
