"""What is asked for, and what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_tables import request

from hf_cner.reproduction.plan import row_settings


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seeds": 0}, "--seeds is 0; a row needs at least one run"),
        ({"scale": "tiny"}, "The scale is 'tiny'; choose full or small"),
        (
            {"scale": "small"},
            r"pretrained on the spot \(albert for p4-table2\), and there is no text .* --unlabelled FILE",
        ),
        ({"encoders": {"bert": "x"}}, "p4-table2 has no row with the encoder 'bert'; its rows use albert"),
        ({"assignments": ("seed=5",)}, "A table sets seed itself, for each of its runs; give --seed and --seeds, not"),
        (
            {"assignments": ("data.corpus=x",)},
            "A table sets data itself, .* --data-dir, --split, .*, not data.corpus=x",
        ),
        (
            {"assignments": ("training.seed=5",)},
            "sets training.seed itself, .* --seed and --seeds, not training.seed=5",
        ),
        (
            {"assignments": ("vectors.path=x",)},
            "A table sets vectors.path itself, .* give --vectors, not vectors.path=x",
        ),
        (
            {"assignments": ("model.encoder.name_or_path=x",)},
            "A table sets model.encoder.name_or_path itself, .* give --encoder NAME=FOLDER, not",
        ),
        ({"rows": ("LSTM",)}, "p4-table2 has no row 'LSTM'; its rows are BiLSTM-CRF, IDCNN-CRF"),
    ],
)
def test_requests_that_cannot_be(options: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        request(tmp_path, **options).check()


def test_rows_are_named_as_in_the_paper_or_by_their_preset(tmp_path: Path) -> None:
    chosen = request(tmp_path, rows=("idcnn-crf", "BiLSTM-CRF"), scale="small")
    chosen.check()  # no text is needed for these rows
    assert [row.name for row in chosen.chosen_rows()] == ["BiLSTM-CRF", "IDCNN-CRF"]
    by_alias = request(tmp_path, rows=("p4-bilstm-crf",)).chosen_rows()
    assert [row.name for row in by_alias] == ["BiLSTM-CRF"]


def test_text_is_asked_for_encoders_that_were_not_given(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pretrained on the spot \(albert, bert, xlnet for p1-table3\)"):
        request(tmp_path, "p1-table3", scale="small").check()
    encoders = {"bert": "folder", "albert": "folder", "xlnet": "folder"}
    request(tmp_path, "p1-table3", scale="small", encoders=encoders).check()


def test_settings_are_the_presets_with_the_small_scale_and_what_is_set_over_them(tmp_path: Path) -> None:
    asked = request(tmp_path, "p4-table5", scale="small", unlabelled=("x",), assignments=("model.dropout=0",))
    settings = {
        row.name: row_settings(asked, row, 42, {"corpus": "jsonl"}, encoder="folder", vectors=None).to_dict()
        for row in asked.table.rows
    }
    radam, adagrad = settings["RAdam"], settings["AdaGrad"]
    assert radam["model"]["encoder"]["name_or_path"] == "folder" and radam["model"]["dropout"] == 0
    assert radam["training"]["optimizer"] == "radam" and radam["training"]["learning_rate"] == 1e-3
    assert adagrad["training"]["learning_rate"] == 0.01 and adagrad["training"]["slot_learning_rates"] == {
        "encoder": 0.002
    }
    assert asked.small_rows(asked.table.rows)["rows"] == {
        "AdaGrad": {"training": {"learning_rate": 0.01, "slot_learning_rates": {"encoder": 0.002}}}
    }
    assert radam["seed"] == 42 and radam["output_dir"].endswith("runs/jsonl/albert-idcnn-mha-crf-radam-small/seed-42")
    full = row_settings(
        request(tmp_path, "p4-table5"), asked.table.rows[4], 42, {}, encoder="folder", vectors=None
    ).to_dict()
    assert full["training"]["learning_rate"] == 3e-5 and "slot_learning_rates" not in full["training"]


def test_an_encoder_that_was_given_is_no_small_one(tmp_path: Path) -> None:
    asked = request(tmp_path, scale="small", encoders={"albert": "folder"})
    asked.check()  # so no text is needed
    row = asked.table.rows[3]
    settings = row_settings(asked, row, 42, {"corpus": "jsonl"}, encoder="folder", vectors=None).to_dict()
    assert row.name == "ALBERT-IDCNN-CRF" and settings["training"]["learning_rate"] == 3e-5  # the paper's
    assert not settings["output_dir"].endswith("-small/seed-42") and asked.small_rows(asked.table.rows) == {}


def test_a_small_encoder_learns_though_the_preset_freezes_the_published_one(tmp_path: Path) -> None:
    asked = request(tmp_path, "p5-ccks2019", scale="small", unlabelled=("x",), assignments=())
    row = asked.table.rows[0]
    settings = row_settings(asked, row, 42, {}, encoder="folder", vectors=None).to_dict()
    assert settings["training"]["freeze_encoder"] is False and settings["model"]["windows"]["max_length"] == 128
    full = row_settings(
        request(tmp_path, "p5-ccks2019", assignments=()), row, 42, {}, encoder="folder", vectors=None
    ).to_dict()
    assert full["training"]["freeze_encoder"] is True and full["model"]["windows"]["max_length"] == 256


def test_what_is_made_from_a_given_encoder_is_no_small_one(tmp_path: Path) -> None:
    asked = request(tmp_path, "p2-table6", scale="small", encoders={"bert": "folder"}, unlabelled=("x",))
    asked.check()
    assert not any(asked.is_small(row) for row in asked.table.rows)
    with pytest.raises(ValueError, match=r"no row with the encoder 'bert'; its rows use albert"):
        request(tmp_path, "p4-table2", encoders={"bert": "folder"}).check()
