"""A trial of a loaded encoder: that it encodes texts of any length, and that padding changes nothing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from ..modeling.encoder_pretrained import PretrainedEncoder
from .load import characters_of, quiet

LENGTHS = (3, 11, 64)  # tokens; those that the encoder has positions for are tried
SAME = 1e-2  # of the largest output: float32 rounds a hundred times less, an encoder that reads padding differs more


def try_out(model: PreTrainedModel, seed: int = 0) -> str | None:
    """Encode random tokens of several lengths, alone and padded.

    Args:
        model: an encoder with its weights, with or without a head.

    Returns:
        A warning where padding changes what the encoder says; else None.

    Raises:
        ValueError: the encoder cannot encode texts of some length, or what leaves it is not a number.
    """
    base: Any = model.base_model
    encoder = _around(base)
    random = torch.Generator().manual_seed(seed)
    rows = characters_of(model).num_embeddings
    lengths = [length for length in LENGTHS if encoder.max_length is None or length <= encoder.max_length]
    texts = [torch.randint(rows, (length,), generator=random) for length in lengths]
    training = model.training
    model.eval()
    try:
        alone = [_encoded(encoder, [text])[0] for text in texts]
        together = _encoded(encoder, texts)
    finally:
        model.train(training)
    kind = model.config.model_type
    for length, one in zip(lengths, alone, strict=True):
        if not one.isfinite().all():
            raise ValueError(f"The {kind} encoder gives NaN or infinity for a text of {length} tokens; use others.")
    differences = [float((one - row).abs().max() / one.abs().max()) for one, row in zip(alone, together, strict=True)]
    if max(differences, default=0.0) > SAME:
        return f"this {kind} encoder reads padding: what it says of a text changes with the texts beside it"
    return None


def _around(model: PreTrainedModel) -> PretrainedEncoder:
    """The slot's encoder with a model that is there already, so that its weights are not held twice."""
    with quiet(), torch.device("meta"):
        encoder = PretrainedEncoder(config=model.config.to_dict(), packing=False)
    encoder.model = model
    return encoder


@torch.inference_mode()
def _encoded(encoder: PretrainedEncoder, texts: list[Tensor]) -> list[Tensor]:
    """The encoder's output for each text, `(n, d)`, from one batch padded on the right."""
    ids = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(text) for text in texts], batch_first=True)
    try:
        output = encoder(input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids)).last_hidden_state
        return [row[: len(text)] for row, text in zip(output, texts, strict=True)]
    except Exception as error:  # of code that is not ours: any class
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(
            f"The {encoder.model.config.model_type} encoder cannot encode {ids.shape[1]} tokens: {reason}; choose an "
            "encoder that takes texts of any length and an attention mask."
        ) from error
