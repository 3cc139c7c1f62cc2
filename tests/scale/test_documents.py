"""Documents predicted by several processes: the same as by one, in order, and one sentence for what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import psutil
import pytest
from shards import MODEL, rows_of_sample

from hf_cner import Document, Predictor
from hf_cner.data.documents import to_row
from hf_cner.data.problems import DataError
from hf_cner.inference.checkpoint import CheckpointError
from hf_cner.scale.documents import Documents, WorkerFinder
from hf_cner.scale.pool import MOST_WORKERS, check_workers, usable_cores

OPTIONS = {"device": "cpu", "linear": "torch"}


@pytest.mark.slow
def test_two_workers_give_what_one_process_gives(predictor: Predictor) -> None:
    texts = [str(row["text"]) for row in rows_of_sample(400)]
    finder = WorkerFinder(predictor, Documents(str(MODEL), OPTIONS), 2)
    counts: list[int] = []
    found = list(finder.predict(texts, read_ahead=500, progress=counts.append))
    expected = list(predictor.predict(texts, read_ahead=500))
    assert [document.text for document in found] == texts and sum(counts) == sum(map(len, texts))
    assert [to_row(document) for document in found] == [to_row(document) for document in expected]  # scores as well
    assert finder.weights == predictor.weights and finder.entity_types == predictor.entity_types


@pytest.mark.slow
def test_an_endless_input_is_read_only_so_far_and_workers_end_with_the_iterator(predictor: Predictor) -> None:
    read: list[int] = []

    def endless() -> Iterator[str]:
        while True:
            read.append(1)
            yield "患者头痛3天。"

    found = WorkerFinder(predictor, Documents(str(MODEL), OPTIONS), 2).predict(endless(), read_ahead=10)
    assert len(list(islice(found, 4))) == 4
    assert len(read) < 100
    found.close()  # type: ignore[attr-defined]
    assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.slow
def test_what_goes_wrong_in_a_worker_is_raised_here(predictor: Predictor) -> None:
    gone = WorkerFinder(predictor, Documents("./no/such/model", OPTIONS), 1)
    with pytest.raises(CheckpointError, match="There is no folder"):
        gone(["患者头痛3天。"])
    with pytest.raises(TypeError, match="Input 1 is int"):
        WorkerFinder(predictor, Documents(str(MODEL), OPTIONS), 1)([1])  # type: ignore[list-item]


@pytest.mark.parametrize("workers", [0, -1, 100_000])
def test_numbers_of_workers_that_are_refused(workers: int) -> None:
    most = MOST_WORKERS * usable_cores()
    with pytest.raises(DataError, match=f"as the number of workers; expected 1 to {most}, 4 for each of"):
        check_workers(workers)
    check_workers(most)


def test_documents_at_which_workers_die_are_named() -> None:
    died = Documents("m").died([Document("a", id="n7")], -9)
    assert isinstance(died, DataError) and "(the first is 'n7'): signal 9, as the system ends one" in str(died)

    class Odd(Exception):
        def __init__(self, one: str, two: str) -> None:
            super().__init__(one)

    assert str(Documents("m").failed(Odd("a", "b"))) == "Odd: a"
