"""An encoder that cannot encode ordinary texts is refused when it is read, not in the middle of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from published_shapes import write

from hf_cner.encoders.published import open_encoder
from hf_cner.encoders.trial import try_out


@pytest.mark.parametrize("kind", ["bert", "albert", "xlnet", "distilbert", "roformer", "electra"])
def test_an_encoder_that_ignores_padding_says_nothing(kind: str, tmp_path: Path) -> None:
    write(tmp_path / "published", kind, vocabulary="spiece.model" if kind == "xlnet" else "vocab.txt")
    opened = open_encoder(tmp_path / "published")
    model = opened.load()
    assert try_out(model) is None and not model.training
    assert not opened.findings.warnings


def test_an_encoder_without_a_mask_is_named(tmp_path: Path) -> None:
    write(tmp_path / "published", "fnet")
    opened = open_encoder(tmp_path / "published")
    opened.load()
    assert opened.findings.warnings[-1].startswith(
        "this fnet encoder reads padding: what it says of a text changes with the texts beside"
    )


def test_an_encoder_that_takes_some_lengths_alone_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "published", "nystromformer", num_landmarks=8, segment_means_seq_len=32)
    with pytest.raises(ValueError, match=r"^The nystromformer encoder cannot encode 3 tokens: .*; choose an encoder"):
        open_encoder(tmp_path / "published").load()


def test_an_encoder_without_a_table_of_characters_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "published", "canine")
    with pytest.raises(ValueError, match="The canine encoder has no table of characters"):
        open_encoder(tmp_path / "published").load()


def test_outputs_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = write(tmp_path / "published")
    model.encoder.layer[1].output.dense.weight.data[0, 0] = torch.inf
    with pytest.raises(ValueError, match="The bert encoder gives NaN or infinity for a text of 3 tokens"):
        try_out(model)
