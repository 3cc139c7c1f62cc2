"""Arguments of `CnerTrainer`: those of transformers, with defaults for entity recognition, and a few more."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from transformers import IntervalStrategy, TrainingArguments
from transformers.trainer_utils import SaveStrategy

from ..runs.precision import only_a_cpu_has_bf16
from ..runs.sampling import check_strategy
from ..runs.sharding import refuse_sharding
from ..settings.merging import SLOTS
from ..settings.ranges import check_ranges
from .named_optimizers import optimizer_name, parse_options


@dataclass
class CnerTrainingArguments(TrainingArguments):
    """`transformers.TrainingArguments` with other defaults, and options for the slots of a model.

    Evaluated and saved after each epoch, the checkpoint with the best strict F1 is restored at the end; batches hold
    windows of similar length; the learning rate warms up over the first tenth of the steps and then falls linearly.
    Without evaluation (`eval_strategy="no"`) there is no best checkpoint, and the last one stays.

    Args:
        slot_learning_rates: learning rate of single slots, e.g. `{"encoder": 2e-5, "span_decoder": 1e-3}`; the others
            get `learning_rate`. A slot may be followed by the path of a part: `span_decoder.crf`.
        slot_weight_decays: weight decay, likewise. Biases, layer norms and the CRF's transitions are never decayed.
        optimizer: adagrad, rmsprop, adam, adamw, radam, nadam or sgd, or `lookahead+` before one of them; `optim_args`
            gives it options (`"momentum=0.9"`, and Lookahead's `"k=5, alpha=0.5"`). By default `optim` decides.
        freeze_encoder: the encoder gets no gradient and stays in evaluation mode (no dropout) while the rest trains.
        early_stopping_patience: stop after so many evaluations without a better `metric_for_best_model`.
        eval_batch_tokens: padded tokens in one batch of evaluation; by default what is fast on the device.
        auto_bf16: train in bf16 (autocast) where the accelerator has it and neither `bf16` nor `fp16` is given. On a
            CPU set `bf16=True`; without an accelerator it sets `use_cpu` too.
        fast_linear: on a CPU and in fp32, compute linear layers by oneDNN where it is clearly faster than torch's own
            product, which is measured once. Both are exact in fp32 and differ in rounding.

    Raises:
        ValueError: an option that would bypass the decoder (`label_smoothing_factor`, `batch_eval_metrics`), a slot
            that does not exist, an unknown optimiser, two of them (`optimizer` and `optim`), or FSDP or DeepSpeed.
    """

    # On a command line these may be given as JSON.
    _VALID_DICT_FIELDS = [*TrainingArguments._VALID_DICT_FIELDS, "slot_learning_rates", "slot_weight_decays"]  # noqa: RUF012

    slot_learning_rates: dict[str, object] | str | None = field(
        default=None, metadata={"help": "Learning rate of single slots: encoder, context, …, span_decoder."}
    )
    slot_weight_decays: dict[str, object] | str | None = field(
        default=None, metadata={"help": "Weight decay of single slots: encoder, context, …, span_decoder."}
    )
    optimizer: str | None = field(
        default=None, metadata={"help": "adagrad, rmsprop, adam, adamw, radam, nadam, sgd, or lookahead+ one of them."}
    )
    freeze_encoder: bool = field(default=False, metadata={"help": "No gradient and no dropout in the encoder."})
    early_stopping_patience: int | None = field(
        default=None, metadata={"help": "Stop after so many evaluations without improvement."}
    )
    eval_batch_tokens: int | None = field(default=None, metadata={"help": "Padded tokens in a batch of evaluation."})
    auto_bf16: bool = field(default=True, metadata={"help": "Use bf16 where the accelerator has it."})
    fast_linear: bool = field(default=True, metadata={"help": "On a CPU, fp32 products by what is measured faster."})

    eval_strategy: IntervalStrategy | str = field(default="epoch", metadata={"help": "When to evaluate."})
    save_strategy: SaveStrategy | str = field(default="epoch", metadata={"help": "When to save."})
    save_total_limit: int | None = field(default=2, metadata={"help": "How many checkpoints stay."})
    logging_strategy: IntervalStrategy | str = field(default="epoch", metadata={"help": "When to log."})
    load_best_model_at_end: bool = field(default=True, metadata={"help": "Restore the best checkpoint at the end."})
    metric_for_best_model: str | None = field(default="strict_f1", metadata={"help": "Metric of the best checkpoint."})
    greater_is_better: bool | None = field(default=None, metadata={"help": "Whether a larger value is better."})
    train_sampling_strategy: str = field(
        default="group_by_length", metadata={"help": "Order of training: group_by_length, random or sequential."}
    )
    per_device_eval_batch_size: int = field(default=64, metadata={"help": "Documents in one step of evaluation."})
    learning_rate: float = field(default=1e-3, metadata={"help": "Peak learning rate of the slots without their own."})
    warmup_steps: float = field(default=0.1, metadata={"help": "Steps of warm-up, or below 1 their share."})
    max_grad_norm: float = field(default=5.0, metadata={"help": "Gradients are clipped to this norm."})

    def __post_init__(self) -> None:
        check_ranges(vars(self))
        refuse_sharding(fsdp=self.fsdp, deepspeed=self.deepspeed)
        if self.label_smoothing_factor:
            raise ValueError(
                "label_smoothing_factor would replace the decoder's loss by a cross-entropy over single tags, and a "
                "CRF would never be trained; leave it at 0."
            )
        if self.batch_eval_metrics:
            raise ValueError(
                "batch_eval_metrics is not possible: metrics are counted over whole documents, after all their windows "
                "were decoded; leave it at False."
            )
        check_strategy(self.train_sampling_strategy)
        if self.optimizer is not None:
            self.optimizer = optimizer_name(self.optimizer)
            parse_options(self.optim_args)
            if getattr(self.optim, "value", self.optim) != self.default_optim:
                raise ValueError(
                    f"optimizer is {self.optimizer} and optim is {getattr(self.optim, 'value', self.optim)}; a run has "
                    "one optimiser: leave one of them out."
                )
        self._choose_the_best()
        if self.auto_bf16 and not (self.bf16 or self.fp16 or self.use_cpu):
            self.bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
        if torch.backends.mps.is_available() and not torch.cuda.is_available():
            self.use_cpu = True  # Apple's devices have no float64, which the CRF computes in
        self.use_cpu = self.use_cpu or ((self.bf16 or self.bf16_full_eval) and only_a_cpu_has_bf16())
        if not torch.cuda.is_available():
            self.dataloader_pin_memory = False  # there is nothing to copy to, and torch warns at every epoch
        super().__post_init__()
        for name in ("slot_learning_rates", "slot_weight_decays"):
            _check_slots(name, getattr(self, name))

    def _choose_the_best(self) -> None:
        """Check that the best checkpoint can be chosen; without evaluation or checkpoints there is none."""
        evaluated, saved = (getattr(chosen, "value", chosen) for chosen in (self.eval_strategy, self.save_strategy))
        self.load_best_model_at_end = self.load_best_model_at_end and "no" not in (evaluated, saved)
        if self.load_best_model_at_end and saved not in (evaluated, "best"):
            raise ValueError(
                f"eval_strategy is {evaluated} and save_strategy {saved}, so there would be no checkpoint of the best "
                "evaluation; make them alike, or set load_best_model_at_end=false."
            )
        if self.early_stopping_patience is not None and evaluated == "no":
            raise ValueError(
                "early_stopping_patience is set and eval_strategy is no, so there would be nothing to watch; leave one "
                "of them out."
            )
        watched = self.load_best_model_at_end or self.early_stopping_patience is not None or saved == "best"
        metric = (self.metric_for_best_model or "loss").removeprefix("eval_")
        if self.prediction_loss_only and watched and metric != "loss":
            raise ValueError(
                f"prediction_loss_only leaves the metrics out, and the best epoch is chosen by {metric}; leave "
                "prediction_loss_only out, or set metric_for_best_model=loss."
            )


def _check_slots(name: str, values: object) -> None:
    if values is None:
        return
    if not isinstance(values, dict):
        raise ValueError(f"{name} must be a dict from slot to number; found {values!r}.")
    for slot, value in values.items():
        if slot.partition(".")[0] not in (*SLOTS, "decoder"):
            raise ValueError(
                f"{name} names the slot {slot!r}; choose from {list(SLOTS)}, or a part, as span_decoder.crf."
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise ValueError(f"{name} gives {slot} the value {value!r}; it must be a number from 0 to 1.")
