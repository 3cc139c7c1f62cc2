"""The trainer that also writes this package's model card."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..data.documents import Span
from ..data.fingerprint import fingerprint
from ..data.models import CARD
from ..data.writing import whole_file
from ..hub.card import About
from ..hub.folder import write_card
from ..hub.run import Run
from ..metrics.report import evaluate_documents
from ..modeling.characters import CharacterTable
from ..modeling.extraction import extract
from ..runs.environment import hardware, versions
from ..settings.merging import SLOTS
from .encoding import DocumentDataset
from .record import chosen_epoch
from .trainer import DocumentTrainer

OF_MODEL = (*SLOTS, "dropout", "windows")
_SHOWN = (
    *("num_train_epochs", "per_device_train_batch_size", "gradient_accumulation_steps", "learning_rate"),
    *("slot_learning_rates", "weight_decay", "slot_weight_decays", "warmup_steps", "lr_scheduler_type"),
    *("optimizer", "optim", "optim_args", "max_grad_norm", "freeze_encoder", "early_stopping_patience"),
    *("bf16", "fp16", "seed"),
)


class CnerTrainer(DocumentTrainer):
    """`DocumentTrainer` that writes this package's model card.

    `create_model_card`, and so `push_to_hub`, evaluates the model once more, on the documents of `eval_dataset`, for
    the figures of the card. Without such documents, or where the model is an adapter, the card is transformers' own.
    """

    def create_model_card(
        self,
        language: str | None = None,
        license: str | None = None,
        tags: str | list[str] | None = None,
        model_name: str | None = None,
        finetuned_from: str | None = None,
        tasks: str | list[str] | None = None,
        dataset_tags: str | list[str] | None = None,
        dataset: str | list[str] | None = None,
        dataset_args: str | list[str] | None = None,
    ) -> None:
        """Write `README.md` and the picture of the training curve into `output_dir`.

        The arguments are those of transformers. Used are `license` (of the model, by the Hub's name), `tags`,
        `model_name`, `finetuned_from` (Hub name of the encoder) and `dataset` (name of the data).
        """
        if not self.is_world_process_zero():
            return
        parts = self._evaluated_parts()
        if not parts or hasattr(self.model, "peft_config"):
            super().create_model_card(
                language, license, tags, model_name, finetuned_from, tasks, dataset_tags, dataset, dataset_args
            )
            return
        corpus = dataset if isinstance(dataset, str | None) else ", ".join(dataset)
        folder = Path(str(self.args.output_dir))
        about = About(
            name=model_name or folder.resolve().name,
            repo=self.hub_model_id or "",
            licence=license or "other",
            base_model=finetuned_from or "",
            tags=(tags,) if isinstance(tags, str) else tuple(tags or ()),
        )
        folder.mkdir(parents=True, exist_ok=True)
        run = Run(self.model.config.to_dict(), self._results(parts, corpus), self.state.log_history)
        with tempfile.TemporaryDirectory() as scratch:
            write_card(run, Path(scratch) / CARD, about)
            for made in Path(scratch).iterdir():
                with whole_file(folder / made.name) as beside:
                    shutil.copyfile(made, beside)

    def _evaluated_parts(self) -> dict[str, DocumentDataset]:
        given = self.eval_dataset if isinstance(self.eval_dataset, dict) else {"dev": self.eval_dataset}
        return {name: part for name, part in given.items() if isinstance(part, DocumentDataset)}

    def _results(self, parts: dict[str, DocumentDataset], corpus: str | None) -> dict[str, object]:
        """The part of a run's `results.json` that a Trainer knows."""
        documents = {} if self.train_documents is None else {"train": self.train_documents}
        documents |= {name: part.documents for name, part in parts.items()}
        config = self.model.config
        runtimes = [entry["train_runtime"] for entry in self.state.log_history if "train_runtime" in entry]
        arguments = {name: getattr(self.args, name) for name in _SHOWN if hasattr(self.args, name)}
        if arguments.get("optimizer") is not None:
            del arguments["optim"]  # the default of a setting that had no effect
        return {
            "metrics": {name: self._report(part) for name, part in parts.items()},
            "protocol": "the Trainer's eval_dataset; counted over whole documents against the original gold",
            "data": {
                "corpus": corpus,
                "fingerprint": fingerprint(document for part in documents.values() for document in part),
                "documents": {name: len(part) for name, part in documents.items()},
                "entities": {name: sum(len(d.spans) for d in part) for name, part in documents.items()},
            },
            "settings": {
                "model": {name: _slot(getattr(config, name)) for name in OF_MODEL if hasattr(config, name)},
                "training": {name: _plain(value) for name, value in arguments.items() if value is not None},
            },
            "entities": None if self.entity_report is None else self.entity_report.to_dict(),
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "epochs": self.state.epoch,
            "best_epoch": chosen_epoch(self.args, self.state),
            "seconds": {"total": sum(runtimes) if runtimes else None},
            "versions": versions(),
            "hardware": hardware(),
        }

    def _report(self, part: DocumentDataset) -> dict[str, Any]:
        """Metrics of this process alone: where several train, only the first one makes a card."""
        found = extract(
            self.model,
            part.windows(range(len(part))),
            len(part),
            table=CharacterTable(self.processing_class),
            scores=False,
        )
        pairs = zip(part.documents, found.spans, strict=True)
        predicted = [document.with_spans(_spans(spans)) for document, spans in pairs]
        return evaluate_documents(part.documents, predicted, types=self.model.config.entity_types)


def _spans(found: Iterable[tuple[Any, ...]]) -> list[Span]:
    return [Span(start, end, kind) for start, end, kind, _ in found]


def _slot(value: object) -> object:
    """A slot of the configuration without the encoder's own configuration, which is long."""
    return {key: item for key, item in value.items() if key != "config"} if isinstance(value, dict) else value


def _plain(value: object) -> object:
    return getattr(value, "value", value)
