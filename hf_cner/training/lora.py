"""Fine-tuning with LoRA: small matrices beside the encoder's, and everything new trained in full.

PEFT has no defaults for our models, and its `"all-linear"` would also put LoRA into our own layers. What is neither
adapted nor saved stays frozen: without `modules_to_save` the CRF would keep its random transitions. So:

    from peft import LoraConfig, PeftModel, get_peft_model
    from hf_cner import CnerForTokenClassification, lora_targets

    model = CnerForTokenClassification.from_encoder_pretrained(encoder, config)
    model.save_pretrained("start")                    # what the adapter will be put on: the encoder, and where it began
    peft_model = get_peft_model(model, LoraConfig(r=8, **lora_targets(model)))
    …                                                 # transformers' Trainer, or CnerTrainer, on peft_model
    peft_model.save_pretrained("adapter")

    model = PeftModel.from_pretrained(CnerForTokenClassification.from_pretrained("start"), "adapter")
    model.merge_and_unload().save_pretrained("merged")  # an ordinary checkpoint: Predictor, pipeline, hf-cner read it
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from torch import nn

# Query and value, which the paper adapts (Hu et al. 2022, section 4.2), as the encoders of transformers call them.
QUERY_AND_VALUE = ("query", "value", "query_proj", "value_proj", "q_proj", "v_proj", "q_lin", "v_lin")


def lora_targets(model: Any, projections: Sequence[str] | None = None) -> dict[str, object]:
    """The arguments of `peft.LoraConfig` for a model of ours: `LoraConfig(r=8, **lora_targets(model))`.

    Args:
        model: a tagging, span or question-answering model with a pretrained encoder.
        projections: names of the encoder's linear layers to adapt; default: query and value of its attention.

    Returns:
        `target_modules`, a regular expression that matches these layers of the encoder and nothing else, and
        `modules_to_save`, every part with parameters outside the encoder.

    Raises:
        ValueError: the encoder has no such layers.
    """
    wanted = QUERY_AND_VALUE if projections is None else tuple(projections)
    linear = [name for name, module in model.cner.encoder.named_modules() if isinstance(module, nn.Linear)]
    found = sorted({name.rpartition(".")[2] for name in linear} & set(wanted))
    if not found:
        kind = model.config.encoder["kind"]
        others = sorted({name.rpartition(".")[2] for name in linear})
        raise ValueError(
            f"The {kind} encoder has no linear layers called {', '.join(wanted)}; "
            + (f"name some of {others} as projections." if others else "LoRA has nothing to adapt: train it whole.")
        )
    parts = [*model.named_children(), *((f"cner.{name}", part) for name, part in model.cner.named_children())]
    new = [
        name for name, part in parts if name not in ("cner", "cner.encoder") and any(True for _ in part.parameters())
    ]
    names = "|".join(map(re.escape, found))
    return {"target_modules": rf"cner\.encoder\..*\.({names})", "modules_to_save": new}
