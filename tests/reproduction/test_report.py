"""Means and deviations, and the report and pictures that are made of them."""

from __future__ import annotations

import dataclasses
import statistics
import sys
from pathlib import Path
from typing import Any

import pytest

from hf_cner.reproduction import pictures
from hf_cner.reproduction.pictures import draw
from hf_cner.reproduction.report import lines_of, markdown, title
from hf_cner.reproduction.summary import curve, inversions, spread, summarise
from hf_cner.reproduction.tables import read_table


def results(f1: float, seconds: list[float]) -> dict[str, Any]:
    row = {"precision": f1 - 0.01, "recall": f1 + 0.01, "f1": f1, "support": 7}
    return {
        "metrics": {"test": {"strict": {"micro": row, "per_type": {"药物": row, "影像检查": row}}}},
        "seconds": {"training_epochs": seconds},
        "parameters": 1234,
        "versions": {"python": "3"},
        "hardware": {"cores": 2},
        "epochs": 2.0,
        "best_epoch": 1.0,
    }


def log(*f1: float) -> list[dict[str, Any]]:
    return [{"epoch": float(epoch), "eval_strict_f1": value} for epoch, value in enumerate(f1, 1)] + [{"loss": 1.0}]


def ours(*f1: float, seconds: float = 2.0) -> dict[str, Any]:
    runs = [(42 + number, results(value, [seconds, seconds, 9 * seconds])) for number, value in enumerate(f1)]
    return summarise(runs, [log(0.1, value) for value in f1], "test") | {"begins_with": "static vectors"}


def outcome(name: str, found: dict[str, Any], **changes: Any) -> dict[str, Any]:
    table = read_table(name)
    about = {key: getattr(table, key) for key in ("name", "title", "paper", "where", "corpus", "notes", "types")}
    rows = []
    for row in table.rows:
        given = dataclasses.asdict(row)
        rows.append(
            {key: given[key] for key in ("name", "preset", "doubtful", "note", "published")}
            | {"published_per_type": row.per_type, "ours": found.get(row.name)}
            | {"not_run": "" if row.name in found else "its encoder is not there"}
        )
    protocol = {
        "corpus": table.corpus,
        "sentence": "Split so.",
        "fingerprint": "f00",
        "split_hash": "5a5",
        "seeds": [42],
    }
    given = {
        "table": about | {"times": list(table.times), "samples": list(table.samples), "rows": len(table.rows)},
        "scale": "full", "small": {}, "protocol": protocol, "settings": [], "given": {}, "made": {},
        "encoders": {}, "vectors": None,
        "made_from": {"text": None, "vectors": None, "pretraining": []},
        "unlabelled_left_out": 0, "rows": rows,
        "pictures": [], "pictures_left_out": [],
    }  # fmt: skip
    return {**given, **changes}


def test_several_runs_are_mean_and_deviation_in_percent() -> None:
    found = ours(0.8, 0.9)
    assert found["f1"]["mean"] == pytest.approx(85) and found["f1"]["sd"] == pytest.approx(statistics.stdev([80, 90]))
    assert found["seconds_per_epoch"]["mean"] == 2.0  # the median: the slow first epoch does not count
    assert found["per_type"]["药物"]["recall"]["values"] == pytest.approx([81, 91])
    assert found["curve"] == [(1.0, pytest.approx(10)), (2.0, pytest.approx(85))]
    assert spread([1.0]) == {"mean": 1.0, "sd": None, "values": [1.0]}
    assert curve([[{"epoch": 1.0, "loss": 2.0}]]) == []


def test_rows_out_of_the_published_order_are_named() -> None:
    found = outcome("p4-table2", {"BiLSTM-CRF": ours(0.8), "IDCNN-CRF": ours(0.7), "IDCNN-MHA-CRF": ours(0.9)})
    assert inversions(found["rows"]) == [("IDCNN-CRF", "BiLSTM-CRF")]
    assert "- IDCNN-CRF over BiLSTM-CRF: ours 70.00 against 80.00" in markdown(found)
    equal = outcome("p4-table2", {"BiLSTM-CRF": ours(0.7), "IDCNN-CRF": ours(0.7)})
    assert inversions(equal["rows"]) == [("IDCNN-CRF", "BiLSTM-CRF")]
    right = outcome("p4-table2", {"BiLSTM-CRF": ours(0.7), "IDCNN-CRF": ours(0.8)})
    assert "come out in the published order" in markdown(right)


def test_the_report_sets_ours_beside_the_published_figures() -> None:
    text = markdown(outcome("p4-table2", {"BiLSTM-CRF": ours(0.8, 0.82, seconds=4), "IDCNN-CRF": ours(0.8, 0.84)}))
    line = next(line for line in text.splitlines() if line.startswith("| BiLSTM-CRF"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == [
        *("BiLSTM-CRF", "79.79", "82.81", "81.27", "80.00 ± 1.41", "82.00 ± 1.41", "81.00 ± 1.41", "-0.27"),
        *("1,234", "4.0 ± 0.0"),
    ]
    assert (
        "published 21 seconds per epoch faster; ours 2.0 s against 4.0 s per epoch, 2.0 s faster, a ratio of 0.500."
        in text
    )
    assert "- ALBERT-IDCNN-CRF: its encoder is not there." in text
    assert "Data fingerprint f00, split 5a5, seeds 42" in text


def test_doubts_and_ratios_and_random_vectors_are_said() -> None:
    random = ours(0.8) | {"begins_with": "random characters"}
    text = markdown(outcome("p2-table7", {"Lattice LSTM": random, "BiGRU-CRF": ours(0.8)}))
    assert "| Lattice LSTM (1) (a)" in text and "one of the two rows is wrong" in text
    assert "(a): its character vectors begin at random" in text
    assert "a ratio of 0.694; ours not measured here: a row was not run" in text


def test_a_row_that_found_nothing_is_named() -> None:
    nothing = ours(0.8)
    nothing["f1"] = spread([0.0])
    text = markdown(outcome("p4-table2", {"BiLSTM-CRF": nothing, "IDCNN-CRF": ours(0.8)}))
    assert "Nothing right was found by BiLSTM-CRF: before you conclude anything" in text
    assert "Nothing right" not in markdown(outcome("p4-table2", {"IDCNN-CRF": ours(0.8)}))


def test_rows_of_two_machines_are_told_apart_and_their_times_not_compared() -> None:
    other = ours(0.8)
    other["made_with"] = [{"versions": {"python": "3"}, "hardware": {"gpu": "one"}}]
    text = markdown(outcome("p4-table2", {"BiLSTM-CRF": ours(0.8), "IDCNN-CRF": other}))
    assert "ours not comparable: they were measured with different versions or on different machines" in text
    assert "BiLSTM-CRF: made with python 3; on cores 2." in text
    assert "IDCNN-CRF: made with python 3; on gpu one." in text
    alike = markdown(outcome("p4-table2", {"BiLSTM-CRF": ours(0.8), "IDCNN-CRF": ours(0.8)}))
    assert alike.rstrip().endswith("Made with python 3; on cores 2.")


def test_types_stand_beside_the_published_ones() -> None:
    text = markdown(outcome("p4-figure3", {"ALBERT-IDCNN-MHA-CRF": ours(0.9)}))
    drug = text[text.index("drug (药物)") :].splitlines()[2]
    assert [cell.strip() for cell in drug.strip("|").split("|")][3:] == ["92.62", "89.00", "91.00", "90.00"]


def test_the_title_says_what_is_not_as_in_the_paper() -> None:
    training = {"num_train_epochs": 15, "slot_learning_rates": {"encoder": 2e-4}}
    small = {"all": {"training": training}, "rows": {"IDCNN-CRF": {"training": {"learning_rate": 0.01}}}}
    found = outcome("p4-table2", {}, scale="small", small=small)
    found["protocol"]["corpus"] = "sample"
    found["made_from"] = {"text": "f00", "vectors": "ab12", "pretraining": ["seed=1"]}
    found["vectors"] = "mine.txt"
    found |= {"encoders": {"bert": "MINE", "albert": "org/albert"}, "given": {"bert": "cd34", "albert": "org/albert"}}
    assert title(found).endswith("on CCKS-2019; here on sample, at a small scale, with encoders pretrained on the spot")
    said = "a small encoder have training.num_train_epochs 15, training.slot_learning_rates.encoder 0.0002"
    assert f"{said}; IDCNN-CRF has training.learning_rate 0.01, where no setting" in markdown(found)
    assert "Encoders: bert is MINE (cd34), albert is org/albert." in markdown(found)
    assert "Static vectors: mine.txt (ab12)." in markdown(found) and "pretrained here: `seed=1`." in markdown(found)
    assert next(iter(lines_of(found))) == ["BiLSTM-CRF", "81.27", "not run: its encoder is not there"]


@pytest.mark.parametrize(
    ("name", "found", "drawn"),
    [
        ("p4-table2", {"BiLSTM-CRF": ours(0.8, 0.82)}, ["p4-table2-models.png"]),
        ("p4-table5", {"Adam": ours(0.8), "RAdam": ours(0.9)}, ["p4-table5-models.png", "p4-table5-training.png"]),
        ("p4-figure5", {"1": ours(0.8), "4": ours(0.9), "16": ours(0.85)}, ["p4-figure5-heads.png"]),
    ],
)
def test_pictures_are_drawn(name: str, found: dict[str, Any], drawn: list[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert draw(outcome(name, found), read_table(name), tmp_path) == (drawn, [])
    first = [(tmp_path / picture).read_bytes() for picture in drawn]
    assert all(content.startswith(b"\x89PNG") for content in first)
    draw(outcome(name, found), read_table(name), tmp_path)
    assert [(tmp_path / picture).read_bytes() for picture in drawn] == first  # equal results, equal pictures


def test_many_bars_make_a_picture_wider(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    widths = []
    for name, row in (("p4-table2", "BiLSTM-CRF"), ("p2-table7", "BiGRU-CRF")):
        [picture], _ = draw(outcome(name, {row: ours(0.8)}), read_table(name), tmp_path)
        widths.append(int.from_bytes((tmp_path / picture).read_bytes()[16:20], "big"))
    assert widths == [1170, 1716]  # 9 inches for 15 pairs of bars, 13.2 for 24


def test_types_are_drawn_for_rows_that_have_them(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    table = dataclasses.replace(read_table("p4-figure3"), types={"exam": "影像检查", "drug": "药物"})
    found = outcome("p4-figure3", {"ALBERT-IDCNN-MHA-CRF": ours(0.9)})
    found["table"]["types"] = table.types
    assert draw(found, table, tmp_path)[0] == ["p4-figure3-types.png"]


@pytest.mark.parametrize(
    ("f1", "label"), [(0.83, "published"), (0.55, "published with 4 heads: 84.69 (off the scale)")]
)
def test_a_published_figure_far_off_does_not_flatten_the_curve_of_heads(f1: float, label: str) -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    assert pictures._heads(figure, outcome("p4-figure5", {"1": ours(f1), "4": ours(f1 - 0.01)}))
    (axes,) = figure.axes
    assert label in [text.get_text() for text in axes.get_legend().get_texts()]
    low, high = axes.get_ylim()
    assert high - low < 7 and low < 100 * f1 < high


def test_why_a_picture_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, said = draw(outcome("p4-figure5", {}), read_table("p4-figure5"), tmp_path)
    assert drawn == [] and said == ["The picture of heads was not drawn: none of its rows was run."]
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    drawn, said = draw(outcome("p4-figure5", {"1": ours(0.8)}), read_table("p4-figure5"), tmp_path)
    assert drawn == [] and "pip install '.[plots]'" in said[0]
