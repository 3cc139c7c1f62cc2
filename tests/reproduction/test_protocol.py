"""Which documents a table is trained on and reported on."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_runs import notes
from small_tables import corpus

from hf_cner.data.documents import Document, Span, write_jsonl
from hf_cner.reproduction.protocol import Protocol, prepare
from hf_cner.reproduction.tables import read_table


def read(folder: Path, table: str, **options: object) -> Protocol:
    return prepare(read_table(table), corpus="jsonl", data_dir=corpus(folder, 40), **options)  # type: ignore[arg-type]


def sizes(protocol: Protocol) -> dict[str, int]:
    return {name: len(part) for name, part in protocol.parts.items()}


def held_out(folder: Path, documents: list[Document]) -> Path:
    path = folder / "test.jsonl"
    write_jsonl(documents, path)
    return path


def test_the_papers_shares_without_a_test_file(tmp_path: Path) -> None:
    found = read(tmp_path, "p4-table2")
    assert sizes(found) == {"train": 28, "test": 8, "dev": 4} and found.reported == "test"
    assert "split 7:2:1 (train, test, dev) by record with seed 42" in found.sentence
    assert found.data["split"] == {"ratios": [7, 2, 1], "folds": None, "join_dev": False, "seed": 42}
    again = read(tmp_path, "p4-table2").about()
    assert again == found.about() != read(tmp_path, "p4-table2", seed=1).about()


def test_p3_joins_dev_to_train(tmp_path: Path) -> None:
    found = read(tmp_path, "p3-table4")
    assert set(found.parts) == {"train", "test"} and len(found.parts["train"]) + len(found.parts["test"]) == 40
    assert "dev joined to train (the last epoch counts)" in found.sentence
    beside = read(tmp_path, "p3-table4", test=held_out(tmp_path, notes(6, 9)))
    assert sizes(beside) == {"train": 40, "test": 6} and "nothing held out as dev" in beside.sentence


def test_a_test_file_is_held_out_and_what_it_shares_leaves_the_training(tmp_path: Path) -> None:
    shared = notes(40, 1)[3]
    found = read(tmp_path, "p2-table8", test=held_out(tmp_path, [*notes(5, 9), shared]))
    assert sizes(found)["test"] == 6 and sizes(found)["train"] + sizes(found)["dev"] == 39
    assert sizes(found)["dev"] == 12  # 7:3
    assert "1 documents with a text of the test file left out" in found.sentence
    assert shared.text not in {d.text for name in ("train", "dev") for d in found.parts[name]}
    assert all(document.id.startswith("test/") for document in found.parts["test"])


def test_p1_splits_all_records_together(tmp_path: Path) -> None:
    found = read(tmp_path, "p1-table3", test=held_out(tmp_path, notes(10, 9)))
    assert sizes(found) == {"train": 35, "test": 10, "dev": 5} and "(corpus and test file together)" in found.sentence


def test_other_shares(tmp_path: Path) -> None:
    found = read(tmp_path, "p4-table2", split={"ratios": [8, 2], "folds": None, "join_dev": False})
    assert sizes(found) == {"train": 32, "dev": 8} and found.reported == "dev"
    assert "The epoch was chosen on the part that is reported." in found.sentence
    beside = read(tmp_path, "p4-table2", split={"ratios": [8, 2], "folds": None}, test=held_out(tmp_path, notes(4, 9)))
    assert sizes(beside) == {"train": 32, "test": 4, "dev": 8}


def test_splits_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folds are not possible"):
        read(tmp_path, "p4-table2", split={"ratios": None, "folds": 5})
    with pytest.raises(ValueError, match="A table needs a part to be reported on; found the split 1"):
        read(tmp_path, "p4-table2", split={"ratios": [1]})


def test_a_test_file_that_does_not_fit_is_named(tmp_path: Path) -> None:
    other = Document("患者发热。", (Span(2, 4, "别的"),), id="x")
    with pytest.raises(
        ValueError, match=r"test.jsonl: found the entity type 别的 \(1 mentions\), expected those of jsonl"
    ):
        read(tmp_path, "p4-table2", test=held_out(tmp_path, [other]))
    with pytest.raises(ValueError, match=r"found no entities in the test part, expected gold"):
        read(tmp_path, "p4-table2", test=held_out(tmp_path, [Document("患者发热。", id="x")]))
    with pytest.raises(ValueError, match=r"There is no test part .*nowhere; check --test"):
        read(tmp_path, "p4-table2", test=tmp_path / "nowhere")


@pytest.mark.data
def test_published_corpora_are_split_without_a_text_on_two_sides(data_dir: Path) -> None:
    p4 = prepare(read_table("p4-table2"), data_dir=data_dir / "ccks2019")
    texts = {name: {document.text for document in part} for name, part in p4.parts.items()}
    assert sum(sizes(p4).values()) == 1000 and not texts["train"] & (texts["test"] | texts["dev"])
    p3 = prepare(read_table("p3-table4"), data_dir=data_dir / "ccks2017" / "train")
    records = {name: len({document.record for document in part}) for name, part in p3.parts.items()}
    assert sum(records.values()) == 300 and 24 <= records["test"] <= 26 and set(records) == {"train", "test"}
    tcm = prepare(read_table("p3-table6"), data_dir=data_dir / "tcm" / "literature")
    assert sum(sizes(tcm).values()) == 5259 and len(tcm.types) == 5
