"""`hf-cner serve`: what it says before it starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MODEL = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "tagging-bilstm-crf"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--model", "nowhere"), "nowhere"),
        (("--model", MODEL, "--max-texts", 0), "The limit texts is 0; it must be above 0."),
        (("--model", MODEL, "--token-file", "nowhere"), "nowhere: could not be read"),
    ],
)
def test_a_wrong_start_is_one_sentence(
    call: Callable[..., int], capsys: pytest.CaptureFixture[str], options: tuple[object, ...], sentence: str
) -> None:
    assert call("serve", *options) == 2
    assert sentence in capsys.readouterr().err
