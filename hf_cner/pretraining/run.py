"""A whole pretraining run: read the texts, hold some out, build, train, measure, and write an encoder's folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedTokenizerBase, set_seed

from ..data.bars import no_bars
from ..data.documents import Document
from ..data.fingerprint import fingerprint
from ..data.leakage import without_held_out
from ..data.problems import Problems
from ..data.splits import record_of, split_by_record
from ..data.texts import read_texts
from ..data.unknown_characters import check_unknown
from ..encoders.findings import say
from ..encoders.published import open_encoder
from ..runs.checkpoints import last_complete_checkpoint, whole_or_removed
from ..runs.checks import check_trainer, taken_by_libraries
from ..runs.environment import hardware, versions
from ..runs.folder import LOG, RESULTS, SAVING, RunFolder, is_first_process
from ..runs.inputs import OF_PRETRAINING, inputs_of, read_by
from ..settings.denied import recorded
from ..settings.pretraining import PretrainingSettings, complete
from .arguments import training_arguments
from .entities import Entities, entities_for
from .mlm import pair_label
from .objectives import Collate, Objective, objective_of
from .pairs import SentencePairs, can_pair
from .tokenizers import SETTING, tokenizer_for
from .trainer import PretrainingTrainer
from .windows import NothingToPredict, TextWindows

Data = TextWindows | SentencePairs


def pretrain(
    settings: PretrainingSettings | Mapping[str, object], *, resume: bool = False, overwrite: bool = False
) -> dict[str, object]:
    """Pretrain an encoder as the settings say.

    `output_dir` then holds the encoder with its heads and its character tokenizer, which the Auto classes and a tagger
    read (`--set model.encoder.name_or_path=OUTPUT_DIR`), `settings.yaml`, `training_log.json` and `results.json`.

    Args:
        settings: see `hf_cner.settings.pretraining`; plain values are checked, and get the defaults, first.
        resume: continue a run that was cut off, from its last complete checkpoint. A finished run is only read.
        overwrite: replace a run that stands in `output_dir`.

    Returns:
        What `results.json` holds: perplexity and accuracy on the texts held out, data, settings and time.

    Raises:
        ValueError: impossible settings, a folder that may not be used, or texts that do not fit the objective.
    """
    settings = complete(settings)
    folder = RunFolder(str(settings.output_dir))
    if resume and not overwrite and folder.finished():
        return folder.read_results()
    with folder.held(resume=resume, overwrite=overwrite, inputs=read_by(settings.given())):
        if resume and not overwrite and folder.finished():  # killed before it took its name
            return folder.read_results()
        return _pretrain_in(folder, settings, resume=resume and not overwrite)


def _pretrain_in(folder: RunFolder, settings: PretrainingSettings, *, resume: bool) -> dict[str, object]:
    """Pretrain in a folder that is locked."""
    begin = time.perf_counter()
    args = training_arguments(settings, output_dir=str(folder.work))  # before anything is read
    problems = Problems(settings.data.on_error, aloud=True)
    documents, dropped = _documents(settings, problems)
    entities = entities_for(settings, documents)
    train, held_out = _held_out(settings, entities.documents)
    if not held_out:
        args = training_arguments(settings, output_dir=str(folder.work), has_held_out=False)
    set_seed(args.seed)
    objective = objective_of(settings)
    model, tokenizer, notes = _model(objective, settings, train)
    learn = _data(settings, train, tokenizer, entities, model)
    check = _data(settings, held_out, tokenizer, entities, model) if held_out else None
    collate = objective.collator(settings, tokenizer, entities)
    with taken_by_libraries():
        trainer = PretrainingTrainer(model, args, train_dataset=learn, eval_dataset=check, data_collator=collate)
    check_trainer(trainer)
    written = recorded(settings.to_dict())
    if is_first_process():
        texts = {"hash": fingerprint(entities.documents), "train": len(train), "held_out": len(held_out)}
        folder.begin(written, texts, inputs=inputs_of(written, OF_PRETRAINING), complete=_completed)
    with no_bars():
        trainer.train(checkpoint := last_complete_checkpoint(folder.work) if resume else None)
    results = {
        "objective": settings.objective,
        "metrics": {"held_out": _measure(objective, trainer, check, collate)},
        "data": {
            **_about(entities, {"train": (train, learn), "held_out": (held_out, check)}, problems, dropped),
            **notes,
        },
        "vocabulary": len(tokenizer),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "epochs": trainer.state.epoch,
        "steps": trainer.state.global_step,
        "seconds": None if checkpoint else time.perf_counter() - begin,  # a resumed run is not timed
        "seed": settings.seed,
        "settings": written,
        "versions": versions(),
        "hardware": hardware(),
        "checkpoint": str(folder.path),
    }
    if trainer.is_world_process_zero():
        _finish(objective, trainer, tokenizer, folder, results)
    return results


def _completed(before: Mapping[str, object]) -> Mapping[str, object]:
    """Recorded settings, with today's defaults for settings that did not exist then."""
    try:
        return recorded(PretrainingSettings.of(before).to_dict())
    except ValueError:  # of a version that had other settings
        return before


def _model(
    objective: Objective, settings: PretrainingSettings, documents: list[Document]
) -> tuple[Any, PreTrainedTokenizerBase, dict[str, Any]]:
    """The model, its tokenizer, and facts about both for the results; too many unknown characters are refused."""
    texts = [document.text for document in documents]
    encoder, opened = settings.encoder, None
    if encoder.name_or_path and objective.OF_TRANSFORMERS:
        opened = open_encoder(encoder.name_or_path, model_type=encoder.model_type, setting=SETTING)
    tokenizer = opened.tokenizer if opened else tokenizer_for(encoder, texts, framed=objective.OF_TRANSFORMERS)
    model = objective.build(settings, tokenizer, opened=opened)
    found = {"encoder": opened.findings.to_dict()} if opened else {}
    unknown = check_unknown(texts, tokenizer, most=settings.data.max_unknown)
    if is_first_process():
        say(found.get("encoder"), quiet=False)
        print(f"{'warning: ' if unknown.is_notable() else ''}{unknown}", file=sys.stderr)
    return model, tokenizer, {"unknown_characters": unknown.to_dict(), **found}


def _about(
    entities: Entities,
    parts: Mapping[str, tuple[list[Document], Data | None]],
    problems: Problems,
    dropped: int,
) -> dict[str, object]:
    """Facts about the texts for the results."""
    return {
        "documents": {name: len(documents) for name, (documents, _) in parts.items()},
        "windows": {name: len(data) if data else 0 for name, (_, data) in parts.items()},
        "characters": {name: data.characters if data else 0 for name, (_, data) in parts.items()},
        "fingerprint": fingerprint(entities.documents),
        "entities": entities.about,
        **problems.listing(),
        "dropped": dropped,
    }


def _documents(settings: PretrainingSettings, problems: Problems) -> tuple[list[Document], int]:
    """The documents to read, and how many were left out because they hold texts of the test part."""
    data = settings.data
    documents = read_texts(
        data.files,
        corpus=data.corpus,
        data_dir=data.data_dir,
        options=data.told,
        unit=data.unit,
        gold="optional" if settings.masking == "entity" else "ignored",
        problems=problems,
    )
    kept = without_held_out(documents, data.exclude, overlap=data.overlap, problems=problems)
    return kept, len(documents) - len(kept)


def _held_out(settings: PretrainingSettings, documents: list[Document]) -> tuple[list[Document], list[Document]]:
    """Texts to learn from and texts to measure on; no texts to measure on if there are too few records."""
    share = settings.data.held_out
    if not share or min(len({f(d) for d in documents}) for f in (record_of, lambda d: d.text)) < 2:
        return documents, []
    train, held_out = split_by_record(documents, [1 - share, share], settings.seed)
    if settings.next_sentence and not can_pair(held_out, settings.max_length):
        return documents, []
    return train, held_out


def _data(
    settings: PretrainingSettings,
    documents: list[Document],
    tokenizer: PreTrainedTokenizerBase,
    entities: Entities,
    model: object,
) -> Data:
    options: dict[str, Any] = {
        "max_length": settings.max_length,
        "find": entities.find,
        "seed": settings.seed,
    }
    data: Data
    if settings.next_sentence:
        data = SentencePairs(documents, tokenizer, label=str(pair_label(model)), **options)
    else:
        data = TextWindows(documents, tokenizer, **options)
    data.set_epoch(0)  # the trainer sets the later epochs of the training data; the masks of the held-out texts stay
    return data


def _measure(
    objective: Objective, trainer: PretrainingTrainer, data: Data | None, collate: Collate
) -> dict[str, float] | None:
    if data is None:
        return None
    features = [data[number] for number in range(len(data))]
    size, model = trainer.args.eval_batch_size, trainer.model
    assert model is not None
    try:
        return objective.measure(model, features, collate, batch_size=size)
    except NothingToPredict:  # the encoder is kept all the same
        return None
    except OverflowError as error:
        raise FloatingPointError(
            "Training diverged: the perplexity on the texts held out is beyond what a number can hold. Start again "
            f"(--overwrite) with a lower training.learning_rate (now {trainer.args.learning_rate:g}), or more "
            "training.warmup_steps."
        ) from error


def _finish(
    objective: Objective,
    trainer: PretrainingTrainer,
    tokenizer: PreTrainedTokenizerBase,
    folder: RunFolder,
    results: Mapping[str, object],
) -> None:
    """Save the encoder, then its results; `results.json` comes last."""
    saving = folder.work / SAVING
    with whole_or_removed(saving), no_bars():
        saving.mkdir(parents=True, exist_ok=True)
        objective.save(trainer.accelerator.unwrap_model(trainer.model), tokenizer, saving)
    folder.adopt(saving)
    folder.write_json(LOG, trainer.state.log_history)
    folder.write_json(RESULTS, results)
    folder.drop_checkpoints()
