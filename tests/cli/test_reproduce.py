"""`hf-cner reproduce`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small_tables import TINY, corpus


def test_tables_are_listed(call: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert call("reproduce") == 0
    shown = capsys.readouterr().out
    assert "p4-table2" in shown and "ALBERT-IDCNN-MHA-CRF" in shown and "Table VII" in shown


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("p4-tabel2", "--output-dir", "OUT"), "No paper has a table 'p4-tabel2'. Did you mean p4-table2"),
        (("p4-table2",), "Name a folder for the report and the runs: --output-dir FOLDER."),
        (
            ("p4-table2", "--output-dir", "OUT", "--encoder", "albert"),
            "--encoder takes NAME=FOLDER, as bert=my-encoder",
        ),
        (("p4-table2", "--output-dir", "OUT"), "The corpus ccks2019 needs data_dir"),
        (
            ("p4-table2", "--output-dir", "OUT", "--corpus", "sample", "--split", "5fold"),
            "A table is reproduced on one split",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    call: Callable[..., int], arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("reproduce", *arguments) == 2
    shown = capsys.readouterr().err
    assert sentence in shown and "Traceback" not in shown


def test_a_row_is_trained_and_shown(
    call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [option for item in TINY for option in ("--set", item)]
    given = ["--corpus", "jsonl", "--data-dir", str(corpus(tmp_path)), "--output-dir", str(tmp_path / "out")]
    command = ["reproduce", "p4-table2", *given, "--row", "IDCNN-CRF", "--seeds", "1", *options]
    assert call(*command) == 0
    shown = capsys.readouterr()
    assert "81.49" in shown.out and "p4-table2.md" in shown.out and "here on jsonl" in shown.out
    assert "row 1 of 1: IDCNN-CRF" in shown.err and "seed 42: training in" in shown.err
    assert (tmp_path / "out" / "p4-table2.md").is_file()
    assert call(*command, "--set", "model.dropout=0.1") == 1  # the table is written, but not with all that was asked
    assert "failed: " in capsys.readouterr().err
