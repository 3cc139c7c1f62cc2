"""transformers' Trainer, for documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Sampler
from transformers import EvalPrediction, PreTrainedModel, PreTrainedTokenizerBase
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, EvalLoopOutput, PredictionOutput, TrainOutput

from ..data.collator import CnerDataCollator
from ..data.features import EntityReport
from ..modeling.extraction import extract
from ..modeling.labels import IGNORED
from ..runs.callbacks import EpochOfSampler, FiniteWeights, Patience
from ..runs.checkpoints import incompleteness, last_complete_checkpoint, whole_or_removed
from ..runs.linear import FasterTrainer
from ..runs.sampling import DocumentBatches, LengthBuckets
from .arguments import CnerTrainingArguments
from .encoding import DocumentDataset, DocumentEncoder, FeatureDataset, as_documents, documents_to_evaluate, lengths_of
from .evaluation import IndexCollator, default_metrics, of_documents, pack
from .optimizers import UNDECAYED, optimizer_of, parameter_groups


class DocumentTrainer(FasterTrainer):
    """Trains an entity recogniser on documents and evaluates what it decodes in documents.

    It is used like transformers' Trainer. `train_dataset` and `eval_dataset` may be a list of `Document`s, a dataset
    with the columns `text` and `entities` as `load_corpus` gives it, or ready features. Ready features hold no
    documents, so they are evaluated as the plain Trainer does it, by the argmax of `logits`.

    In the evaluation of documents the windows of a document are stitched and decoded as a whole, and `compute_metrics`
    gets an `EvalPrediction` with `predictions` and `label_ids` both lists of `Document`s: the predicted and the
    original ones, in the same order. By default it counts the metrics of `hf_cner.metrics`.

    Args:
        processing_class: the character tokenizer of the model; it is saved with every checkpoint.
        compute_metrics: from `EvalPrediction` to a dict of numbers; called by `evaluate` and `predict`.

    Attributes:
        train_documents: the training documents; None for ready features.
        entity_report: what became of their gold entities; None for ready features.

    Raises:
        ValueError: `compute_loss_func` or `preprocess_logits_for_metrics`, which would bypass the decoder; documents
            without a tokenizer, or with types that are not among the model's.
    """

    args: CnerTrainingArguments
    model: Any
    train_dataset: Any
    eval_dataset: Any
    processing_class: Any

    def __init__(
        self,
        model: nn.Module | None = None,
        args: CnerTrainingArguments | None = None,
        data_collator: Callable[[list[Any]], dict[str, Any]] | None = None,
        train_dataset: object = None,
        eval_dataset: object = None,
        processing_class: PreTrainedTokenizerBase | None = None,
        model_init: Callable[..., PreTrainedModel] | None = None,
        compute_loss_func: Callable[..., object] | None = None,
        compute_metrics: Callable[[EvalPrediction], dict[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        for name, given in [("compute_loss_func", compute_loss_func), *kwargs.items()]:
            if name in ("compute_loss_func", "preprocess_logits_for_metrics") and given is not None:
                raise ValueError(f"{name} would bypass the decoder, which makes the loss and the spans; leave it out.")
        super().__init__(
            model=model,
            args=args if args is not None else CnerTrainingArguments(output_dir="tmp_trainer"),
            data_collator=data_collator,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            processing_class=processing_class,
            model_init=model_init,
            compute_metrics=compute_metrics if compute_metrics is not None else default_metrics,
            callbacks=[FiniteWeights(), *(callbacks or [])],
            **kwargs,
        )
        self.entity_report: EntityReport | None = None
        self._document_encoder: DocumentEncoder | None = None
        self._evaluated: DocumentDataset | None = None
        self._epoch_of_sampler = EpochOfSampler()
        self.add_callback(self._epoch_of_sampler)
        if self.args.fast_linear:
            self.take_faster_linears()
        if self.args.early_stopping_patience is not None:
            self.add_callback(Patience(self.args.early_stopping_patience))
        if self.args.freeze_encoder:
            self.model.cner.encoder.requires_grad_(False)
        if data_collator is None and processing_class is not None:
            self.data_collator = self.document_encoder.collator()
        self.train_documents = as_documents(train_dataset)
        if self.train_documents is not None:
            self.train_dataset, self.entity_report = self.document_encoder.features(self.train_documents)
        if isinstance(eval_dataset, dict):
            self.eval_dataset = {name: self._evaluable(dataset) for name, dataset in eval_dataset.items()}
        elif eval_dataset is not None:
            self.eval_dataset = self._evaluable(eval_dataset)

    @property
    def document_encoder(self) -> DocumentEncoder:
        """The encoder of documents for this model and tokenizer."""
        if self._document_encoder is None or self._document_encoder.model is not self.model:
            if self.processing_class is None:
                raise ValueError("Documents need the model's character tokenizer: pass it as processing_class.")
            self._document_encoder = DocumentEncoder(self.model, self.processing_class)
        return self._document_encoder

    def _evaluable(self, dataset: object) -> object:
        documents = documents_to_evaluate(dataset)
        return dataset if documents is None else self.document_encoder.dataset(documents)

    def call_model_init(self, trial: Any = None) -> Any:
        """A new model from `model_init`, with a frozen encoder if the arguments ask for it."""
        model: Any = super().call_model_init(trial)
        if self.args.freeze_encoder:
            model.cner.encoder.requires_grad_(False)
        return model

    # ---- data loading

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[object] | None:
        dataset = self.train_dataset if train_dataset is None else train_dataset
        if self.args.train_sampling_strategy != "group_by_length" or not hasattr(dataset, "__len__"):
            return super()._get_train_sampler(train_dataset)
        lengths = lengths_of(dataset, self.args.length_column_name)
        together = self.args.train_batch_size * self.args.world_size
        multiple = together if self.args.world_size > 1 and isinstance(dataset, FeatureDataset) else 1
        step = together * self.args.gradient_accumulation_steps
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        self._epoch_of_sampler.sampler = LengthBuckets(lengths, step, seed, multiple=multiple)
        return self._epoch_of_sampler.sampler

    def _get_collator_with_removed_columns(self, data_collator: Callable[..., object], description: Any = None) -> Any:
        if isinstance(data_collator, CnerDataCollator):
            return data_collator  # it takes what the model needs, and the document's name for its messages
        return super()._get_collator_with_removed_columns(data_collator, description)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[object]:
        chosen = self.eval_dataset if eval_dataset is None else eval_dataset
        if isinstance(chosen, str):
            chosen = self.eval_dataset[chosen]
        dataset = self._evaluable(chosen)
        if isinstance(dataset, DocumentDataset):
            return self._document_loader(dataset)
        return super().get_eval_dataloader(eval_dataset)

    def get_test_dataloader(self, test_dataset: Any) -> DataLoader[object]:
        dataset = self._evaluable(test_dataset)
        if isinstance(dataset, DocumentDataset):
            return self._document_loader(dataset)
        return super().get_test_dataloader(test_dataset)

    def _document_loader(self, dataset: DocumentDataset) -> DataLoader[object]:
        """The batches of this process. The accelerator does not shard them: it would give documents out twice."""
        size = self.args.eval_batch_size
        batches = DocumentBatches(
            dataset.lengths(), size, rank=self.args.process_index, world_size=self.args.world_size
        )
        return DataLoader(dataset, batch_sampler=batches, collate_fn=IndexCollator(size))

    # ---- training

    def get_decay_parameter_names(self, model: nn.Module) -> list[str]:
        """Weights that are decayed: no biases, no norms, no transitions of a CRF."""
        return [name for name in super().get_decay_parameter_names(model) if not UNDECAYED.search(name)]

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """transformers' optimiser, or the named one, with a rate and a decay for each slot that has its own."""
        rates: Any = self.args.slot_learning_rates
        decays: Any = self.args.slot_weight_decays
        named = self.args.optimizer if self.optimizer_cls_and_kwargs is None else None
        if self.optimizer is not None or not (rates or decays or named):
            # transformers 5.2 took no model here, and gave none.
            return super().create_optimizer() if model is None else super().create_optimizer(model)
        target: Any = self.model if model is None else model
        groups = parameter_groups(
            target,
            decayed=set(self.get_decay_parameter_names(target)),
            learning_rate=self.args.learning_rate,
            weight_decay=self.args.weight_decay,
            slot_learning_rates=rates,
            slot_weight_decays=decays,
        )
        given = self.optimizer_cls_and_kwargs
        chosen = None if named else given or self.get_optimizer_cls_and_kwargs(self.args, target)
        self.optimizer = optimizer_of(groups, self.args, chosen)
        return self.optimizer

    def create_accelerator_and_postprocess(self) -> None:
        super().create_accelerator_and_postprocess()
        # The loss is already divided by all the units of a step; with transformers 5.2 the accelerator divided again.
        self.accelerator.gradient_accumulation_steps = 1

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The model's loss; a frozen encoder is in evaluation mode meanwhile."""
        if self.args.freeze_encoder and model.training:
            self.model.cner.encoder.eval()
        return super().compute_loss(model, inputs, *args, **kwargs)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> tuple[list[Any], Any]:
        """Batches of one step and their number of units, counted here because span labels do not hold it."""
        samples, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        if items is not None and not getattr(self.model, "gives_tags", True):
            masks = [self.model.unit_mask(batch["input_ids"], batch.get("attention_mask")) for batch in samples]
            counted = [{"labels": torch.where(mask, 0, IGNORED)} for mask in masks]
            items = self._get_num_items_in_batch(counted, device)  # as over tags, on however many devices
        return samples, items

    def train(self, resume_from_checkpoint: str | bool | None = None, *args: Any, **kwargs: Any) -> TrainOutput:
        """Train; `resume_from_checkpoint=True` continues from the last complete checkpoint in `output_dir`.

        Raises:
            ValueError: there is no complete checkpoint, or the named one was cut off; the message says where.
            FloatingPointError: the training diverged, see `FiniteWeights`.
        """
        if resume_from_checkpoint is True:
            found = last_complete_checkpoint(str(self.args.output_dir))
            if found is None:
                raise ValueError(f"There is no complete checkpoint in {self.args.output_dir} to resume from.")
            resume_from_checkpoint = found
        elif resume_from_checkpoint and (problem := incompleteness(resume_from_checkpoint)):
            raise ValueError(f"Training cannot be resumed from {resume_from_checkpoint}: {problem}.")
        return super().train(resume_from_checkpoint, *args, **kwargs)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        folder = Path(self._get_output_dir(trial)) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
        with whole_or_removed(folder):
            super()._save_checkpoint(model, trial)

    # ---- evaluation

    def prediction_step(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[Any, Any, Any]:
        """Decode some documents whole.

        Returns:
            The loss per unit; spans `(b, m, 4)` (document, start, end, type number), padded with -100, with the sums of
            loss and units `(b, 2)`; no labels, so that transformers' loop computes no metrics: they are over documents.
        """
        if self._evaluated is None or "document" not in inputs:
            return super().prediction_step(model, inputs, prediction_loss_only, ignore_keys)
        numbers = inputs["document"].to(self.args.device)
        indices = [index for index in numbers.tolist() if index >= 0]
        found = extract(
            self.model,
            self._evaluated.windows(indices),
            len(indices),
            table=self.document_encoder.table,
            max_tokens=self.args.eval_batch_tokens,
            scores=False,
        )
        loss = torch.tensor(found.loss_sum / max(1, found.units), device=self.args.device)
        return loss, pack(found, numbers, self.model.config.entity_types), None

    def evaluation_loop(
        self,
        dataloader: DataLoader[object],
        description: str,
        prediction_loss_only: bool | None = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> EvalLoopOutput:
        """Transformers' loop, whose result is documents: the loss is per unit, the metrics are over documents."""
        dataset = dataloader.dataset
        if not isinstance(dataset, DocumentDataset):
            return super().evaluation_loop(
                dataloader, description, prediction_loss_only, ignore_keys, metric_key_prefix
            )
        self._evaluated = dataset
        self.gather_function = self.accelerator.gather  # `gather_for_metrics` would drop what it takes for duplicates
        try:
            output = super().evaluation_loop(dataloader, description, False, ignore_keys, metric_key_prefix)
        finally:
            self._evaluated = None
        asked = None if self.args.prediction_loss_only else self.compute_metrics
        types = self.model.config.entity_types
        return of_documents(output, dataset.documents, types, asked, metric_key_prefix, self.args.include_for_metrics)

    def predict(self, test_dataset: Any, *args: Any, **kwargs: Any) -> PredictionOutput:
        """Predictions as documents (without scores: `Predictor` gives them), the original documents, and metrics.

        `test_dataset` may be what `eval_dataset` may be.
        """
        return super().predict(test_dataset, *args, **kwargs)
