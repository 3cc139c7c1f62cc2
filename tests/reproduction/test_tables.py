"""The published tables as data: complete, with presets that exist, and figures that follow from each other."""

from __future__ import annotations

import pytest

from hf_cner.data.corpora import entity_types
from hf_cner.reproduction.tables import read_table, small_scale, table_names
from hf_cner.settings.preset import load_preset, preset_names, read_preset

ROWS = {
    "p1-table3": ["BiLSTM-CRF", "BERT-BiLSTM-CRF", "XLNet-BiLSTM-CRF", "XLNet-BiLSTM-MHA-CRF", "ALBERT-BiGRU-MHA-CRF"],
    "p2-table5": ["None", "Attention", "Multi-Head Attention"],
    "p2-table6": ["None", "BERT", "our method"],
    "p2-table7": [
        *("Lattice LSTM", "BiLSTM-CRF", "BiGRU-CRF", "BiLSTM-CRF+ELMo", "BERT-BiLSTM-CRF", "BERT-BiGRU-CRF"),
        *("BERT-BiLSTM-Att-CRF", "BERT-BiGRU-Att-CRF"),
    ],
    "p2-table8": ["CNN-CRF", "IDCNN-CRF", "BERT-IDCNN-CRF", "BERT-BiGRU-Att-CRF"],
    "p3-table4": ["BiLSTM-CRF", "BERT-BiLSTM-CRF", "BERT-softmax", "BERT-MRC-Biaffine"],
    "p3-table6": ["BiLSTM-CRF", "BERT-BiLSTM-CRF", "BERT-softmax", "BERT-MRC-Biaffine"],
    "p3-table7": ["BERT-MRC-Biaffine", "BERT-MRC(-Biaffine)", "BERT-Biaffine(-MRC)", "BERT(-MRC-Biaffine)"],
    "p4-table2": ["BiLSTM-CRF", "IDCNN-CRF", "IDCNN-MHA-CRF", "ALBERT-IDCNN-CRF", "ALBERT-IDCNN-MHA-CRF"],
    "p4-table3": ["ALBERT-IDCNN-MHA-CRF"],
    "p4-table5": ["AdaGrad", "RMSprop", "Adam", "Lookahead + Adam", "RAdam"],
    "p4-figure3": ["ALBERT-IDCNN-MHA-CRF"],
    "p4-figure5": ["1", "2", "4", "8", "16"],
}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_the_papers_is_there_with_a_preset(name: str) -> None:
    table = read_table(name)
    assert [row.name for row in table.rows] == ROWS[name]
    for row in table.rows:
        assert row.preset in preset_names()
        assert read_preset(str(row.preset)).paper == table.paper


def test_the_contests_teams_have_figures_and_no_preset() -> None:
    table = read_table("p4-table6")
    assert [row.published["f1"] for row in table.rows] == [85.62, 85.59, 85.16, 84.85, 84.12, 83.80, 85.63]
    assert [row.preset for row in table.rows] == [None] * 6 + ["albert-idcnn-mha-crf-radam"]


def test_no_table_is_left_out() -> None:
    assert set(table_names()) == {*ROWS, "p4-table6", "p5-ccks2017", "p5-ccks2019"}


@pytest.mark.parametrize("name", table_names())
def test_f1_follows_from_precision_and_recall_or_is_said_to_be_doubtful(name: str) -> None:
    for row in read_table(name).rows:
        for what, figures in {"": row.published, **row.per_type}.items():
            if len(figures) == 3:
                precision, recall = figures["precision"], figures["recall"]
                follows = abs(2 * precision * recall / (precision + recall) - figures["f1"]) < 0.016
                assert follows or row.doubtful, (row.name, what)
                if "does not follow" in row.doubtful:
                    assert not follows, row.name


@pytest.mark.parametrize("name", table_names())
def test_encoders_types_and_times_fit(name: str) -> None:
    table = read_table(name)
    names = [row.name for row in table.rows]
    assert set(table.types.values()) <= set(entity_types(table.corpus))
    for row in table.rows:
        assert set(row.per_type) <= set(table.types)
        if row.preset is not None:
            kind = load_preset(row.preset)["model"]["encoder"]["kind"]
            assert (row.encoder is not None) == (kind in ("pretrained", "elmo"))
            assert (row.encoder == "elmo") == (kind == "elmo")
    for pair in table.times:
        assert pair["row"] in names and pair["against"] in names and pair["published"]


def test_figures_are_those_of_the_papers() -> None:
    p1 = {row.name: row for row in read_table("p1-table3").rows}
    assert p1["XLNet-BiLSTM-MHA-CRF"].per_type["body"] == {"precision": 87.48, "recall": 89.79, "f1": 88.62}
    p3 = {row.name: row for row in read_table("p3-table4").rows}
    assert p3["BERT-softmax"].per_type["treatment"] == {"precision": 62.48, "recall": 67.13, "f1": 64.72}
    assert read_table("p4-figure3").rows[0].per_type == {"exam": {"f1": 89.66}, "drug": {"f1": 92.62}}
    assert read_table("p2-table7").times[0]["ratio"] == pytest.approx(129.25 / 186.32, abs=5e-4)


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("p1-figure6", "p1-table3"),
        ("P3-figure2", "p3-table4"),
        ("p3-figure2a", "p3-table4"),
        ("p4-figure4", "p4-table5"),
        ("p2-tableVII", "p2-table7"),
    ],
)
def test_a_table_is_found_by_its_figure_and_its_roman_number(printed: str, name: str) -> None:
    assert read_table(printed) == read_table(name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("p4-tabel2", r"No paper has a table 'p4-tabel2'. Did you mean p4-table2"),
        ("p5-abstract", r"No paper has a table 'p5-abstract'. There are"),  # there are two
        ("zzz", r"No paper has a table 'zzz'. There are p1-table3, p2-table5"),
    ],
)
def test_an_unknown_table_shows_the_nearest(name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_table(name)


def test_the_small_scale_has_an_encoder_for_every_name() -> None:
    names = {str(row.encoder) for name in table_names() for row in read_table(name).rows if row.encoder}
    assert names - set(small_scale().encoders) == {"elmo"}  # ELMo is made by an objective of its own
    configured = small_scale().encoders["further-bert"]
    mc_bert = small_scale().encoders["mc-bert"]
    assert mc_bert["masking"] == "entity" and mc_bert["next_sentence"]  # as P5 has it
    assert configured["next_sentence"] and configured["encoder"] == small_scale().encoders["bert"]["encoder"]
