from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.cli.decoding import decoding_options


def test_thresholds_are_for_all_types_or_for_one() -> None:
    given = decoding_options(Path("q.yaml"), "flat", ["0.3", "药物=0.5", "a=b=0.25"])
    assert given == {
        "queries": Path("q.yaml"),
        "decoding": "flat",
        "threshold": 0.3,
        "thresholds": {"药物": 0.5, "a=b": 0.25},
    }
    assert set(decoding_options(None, None, None).values()) == {None}


def test_a_threshold_that_is_none_is_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"--threshold takes a probability, or TYPE=probability; found '药物=high'"):
        decoding_options(None, None, ["药物=high"])
    with pytest.raises(ValueError, match="--threshold is given twice for 药物; give it once"):
        decoding_options(None, None, ["药物=0.5", "药物=0.6"])
    with pytest.raises(ValueError, match="given twice for all types"):
        decoding_options(None, None, ["0.5", "=0.6"])
