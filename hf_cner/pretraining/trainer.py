"""transformers' Trainer with batches of like lengths, and with exact resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.data import Sampler
from transformers import TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, TrainOutput

from ..runs.callbacks import EpochOfSampler, FiniteWeights, ProgressLines, remove_progress_of_transformers
from ..runs.checkpoints import whole_or_removed
from ..runs.events import Moment, event
from ..runs.linear import FasterTrainer
from ..runs.sampling import LengthBuckets


class Epochs(EpochOfSampler):
    """Sets the epoch of sampler and data, so that order and masking are those of an unbroken run."""

    def __init__(self, dataset: Any) -> None:
        super().__init__()
        self.dataset = dataset

    @event
    def on_epoch_begin(self, now: Moment) -> None:
        for follower in (self.sampler, self.dataset):
            if follower is not None:
                follower.set_epoch(int(now.state.epoch or 0))


class Lines(ProgressLines):
    """Likewise, with the loss on held-out texts."""

    epochs_as = ".3g"

    def line(self, now: Moment) -> str:
        return f"held-out loss {now.metrics['eval_loss']:.4f}"


class PretrainingTrainer(FasterTrainer):
    """A Trainer for `TextWindows` and `SentencePairs`.

    Args:
        train_dataset: with `lengths` and `set_epoch`.

    The loss of a step is the mean over its micro-batches of the mean over the hidden characters: transformers' heads
    take the mean themselves, so that the loss must still be divided by the micro-batches of a step.
    """

    train_dataset: Any

    def __init__(self, model: Any, args: TrainingArguments, *, train_dataset: object, **options: Any) -> None:
        super().__init__(model, args, train_dataset=train_dataset, **options)
        if not hasattr(model, "accepts_loss_kwargs"):
            self.model_accepts_loss_kwargs = False
        self._epochs = Epochs(train_dataset)
        self.add_callback(self._epochs)
        self.add_callback(FiniteWeights())
        self.take_faster_linears()
        remove_progress_of_transformers(self)
        self._lines = Lines()
        if not args.disable_tqdm:
            self.add_callback(self._lines)

    def train(self, *args: Any, **kwargs: Any) -> TrainOutput:
        """Train; a run that fails leaves no open bar."""
        try:
            return super().train(*args, **kwargs)
        finally:
            self._lines.close()

    def create_accelerator_and_postprocess(self) -> None:
        super().create_accelerator_and_postprocess()
        # The loss is already divided by a step's micro-batches; with transformers 5.2 the accelerator divided again.
        self.accelerator.gradient_accumulation_steps = 1

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[object] | None:
        if self.args.train_sampling_strategy != "group_by_length":
            return super()._get_train_sampler(train_dataset)
        together = self.args.train_batch_size * self.args.world_size
        step = together * self.args.gradient_accumulation_steps
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        self._epochs.sampler = LengthBuckets(self.train_dataset.lengths, step, seed)
        return self._epochs.sampler

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        folder = Path(self._get_output_dir(trial)) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
        with whole_or_removed(folder):
            super()._save_checkpoint(model, trial)
