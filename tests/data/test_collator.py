from __future__ import annotations

from typing import Any

import pytest
import torch

from hf_cner.data.collator import CnerDataCollator
from hf_cner.modeling.schemes import tag_names

TAGS = tag_names("BIOES", ["x", "y"])
NUMBER = {tag: number for number, tag in enumerate(TAGS)} | {"_": -100}


def feature(tags: str, **more: Any) -> dict[str, Any]:
    labels = [NUMBER[tag] for tag in tags.split()]
    return {"input_ids": list(range(5, 5 + len(labels))), "labels": labels, "length": len(labels), **more}


def collator(**options: Any) -> CnerDataCollator:
    return CnerDataCollator(**{"pad_token_id": 3, "tags": TAGS, "scheme": "BIOES", **options})


def test_batches_are_padded_to_their_longest_row() -> None:
    batch = collator()([feature("O B-x E-x"), feature("S-y")])
    assert {key: value.tolist() for key, value in batch.items()} == {
        "input_ids": [[5, 6, 7], [5, 3, 3]],
        "attention_mask": [[1, 1, 1], [1, 0, 0]],
        "labels": [[0, NUMBER["B-x"], NUMBER["E-x"]], [NUMBER["S-y"], -100, -100]],
    }
    assert all(value.dtype == torch.long for value in batch.values())


def test_left_padding_and_token_types() -> None:
    rows = [feature("O O", token_type_ids=[0, 2]), feature("O", token_type_ids=[2])]
    batch = collator(padding_side="left")(rows)
    assert batch["input_ids"].tolist() == [[5, 6], [3, 5]]
    assert batch["token_type_ids"].tolist() == [[0, 2], [0, 2]]
    assert batch["labels"].tolist() == [[0, 0], [-100, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1], [0, 1]]


def test_padding_to_a_multiple() -> None:
    assert collator(pad_to_multiple_of=8)([feature("O O O")])["input_ids"].shape == (1, 8)
    assert collator(pad_to_multiple_of=3)([feature("O O O")])["input_ids"].shape == (1, 3)


def test_given_attention_masks_are_kept_and_labels_may_be_absent() -> None:
    batch = collator()([{"input_ids": [5, 6], "attention_mask": [1, 0]}])
    assert batch["attention_mask"].tolist() == [[1, 0]] and "labels" not in batch


def test_span_labels_are_padded_to_the_most_spans() -> None:
    rows = [{"input_ids": [5, 6, 7], "labels": [[0, 2, 1], [1, 2, 0]]}, {"input_ids": [5], "labels": []}]
    batch = collator(tags=None, scheme=None, span_labels=True)(rows)
    assert batch["labels"].tolist() == [[[0, 2, 1], [1, 2, 0]], [[-100] * 3] * 2]
    assert collator(tags=None, scheme=None, span_labels=True)(rows[1:])["labels"].tolist() == [[[-100] * 3]]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("O I-x E-x", "has I-x after O (column 1)"),
        ("E-x O", "has E-x after the start (column 0)"),
        ("B-x E-y", "has E-y after B-x (column 1)"),
        ("O B-x", "ends with B-x (column 1)"),
        ("B-x _ O", "has O after B-x (column 2)"),
    ],
)
def test_illegal_gold_is_refused_by_name(tags: str, message: str) -> None:
    with pytest.raises(ValueError) as error:
        collator()([feature("S-x O"), feature(tags, document="note-3")])
    assert str(error.value).startswith(f"Document 'note-3' {message}, which the scheme BIOES forbids")


def test_legality_is_judged_over_the_labelled_positions() -> None:
    batch = collator()([feature("_ B-x _ E-x _"), feature("_ _ S-y"), feature("_")])
    found = [[TAGS[label] for label in row if label != -100] for row in batch["labels"].tolist()]
    assert found == [["B-x", "E-x"], ["S-y"], []]


def test_rows_do_not_leak_into_each_other() -> None:
    with pytest.raises(ValueError, match="Row 1 of the batch has E-x after the start"):
        collator()([feature("O O"), feature("E-x O")])


def test_bio_may_end_inside_an_entity_and_bioes_may_not() -> None:
    tags = tag_names("BIO", ["x"])
    row = {"input_ids": [1, 2], "labels": [tags.index("B-x"), tags.index("I-x")]}
    assert collator(tags=tags, scheme="BIO")([row])["labels"].tolist() == [row["labels"]]
    with pytest.raises(ValueError, match="which the scheme BIOES forbids"):
        collator()([feature("B-x I-x")])


@pytest.mark.parametrize("label", [len(TAGS), -1])
def test_a_label_of_another_model_is_refused(label: int) -> None:
    with pytest.raises(ValueError, match=rf"has the label {label}, but the model has {len(TAGS)} tags"):
        collator()([{"input_ids": [5, 6], "labels": [0, label]}])


def test_labels_must_be_as_long_as_the_ids() -> None:
    with pytest.raises(ValueError, match="Row 0 of the batch has 1 labels for 2 ids"):
        collator()([{"input_ids": [5, 6], "labels": [0]}])


def test_labels_of_the_other_kind_of_decoder_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Document 'n1' has numbers as labels, but the model's decoder takes spans"):
        collator(tags=None, scheme=None, span_labels=True)([feature("O O", document="n1")])
    with pytest.raises(ValueError, match="Row 0 of the batch has spans as labels, but one tag number for each id"):
        collator()([{"input_ids": [5], "labels": [[0, 1, 0]]}])


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="padding_side is 'both'"):
        collator(padding_side="both")
    with pytest.raises(ValueError, match="give one of BIO, BIOE, BIOES"):
        CnerDataCollator(pad_token_id=0, tags=TAGS)
