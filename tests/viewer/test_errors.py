"""The rows, counts and objects of `hf-cner errors` agree with the metric's own list of errors."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span
from hf_cner.metrics.errors import KINDS, count_errors, find_errors
from hf_cner.viewer.errors import error_rows, errors_as_json, errors_per_type

TEXT = "右侧上肢麻木3天伴头痛"
GOLD = Document(TEXT, (Span(0, 4, "部位"), Span(4, 6, "症状"), Span(9, 11, "症状")), id="一", record="甲")
PREDICTED = Document(TEXT, (Span(2, 4, "部位", 0.7), Span(4, 6, "疾病", 0.6), Span(6, 8, "症状", 0.2)), id="一")


def spans() -> st.SearchStrategy[tuple[Span, ...]]:
    places = st.tuples(st.integers(0, 10), st.integers(1, 11), st.sampled_from("甲乙丙"))
    return st.lists(places, max_size=6).map(
        lambda found: tuple({Span(*place, 0.5) for place in found if place[0] < place[1]})
    )


def test_rows_name_kind_side_and_partner() -> None:
    (row,) = error_rows([GOLD], [PREDICTED])
    assert row["spans"] == [
        [0, 4, "部位", None, "boundary", "gold", 1],
        [2, 4, "部位", 0.7, "boundary", "predicted", 0],
        [4, 6, "症状", None, "type", "gold", 3],
        [4, 6, "疾病", 0.6, "type", "predicted", 2],
        [6, 8, "症状", 0.2, "spurious", "predicted", None],
        [9, 11, "症状", None, "missed", "gold", None],
    ]


def test_counts_per_type() -> None:
    counts = errors_per_type([GOLD], [PREDICTED], ["症状", "手术"])
    assert list(counts) == ["症状", "手术", "部位", "疾病"]
    assert counts["症状"] == {
        "gold": 2,
        "predicted": 1,
        "correct": 0,
        **dict.fromkeys(KINDS, 0),
        "type": 1,
        "missed": 1,
        "spurious": 1,
    }


def test_objects_have_both_sides() -> None:
    found = errors_as_json([GOLD], [PREDICTED])
    assert (found[0]["kind"], found[0]["document"], found[0]["record"]) == ("boundary", "一", "甲")
    assert found[1]["gold"] == {"start": 4, "end": 6, "type": "症状", "text": "麻木"}
    assert found[1]["predicted"] == {"start": 4, "end": 6, "type": "疾病", "text": "麻木", "score": 0.6}
    assert found[3]["predicted"] is None


@given(spans(), spans())
def test_every_span_stands_there_once_and_partners_point_at_each_other(
    gold: tuple[Span, ...], other: tuple[Span, ...]
) -> None:
    one, two = Document(TEXT, gold), Document(TEXT, other)
    (row,) = error_rows([one], [two])
    rows = row["spans"]
    for side, wanted in (("gold", gold), ("predicted", other)):
        assert sorted(tuple(r[:3]) for r in rows if r[5] in (side, "both")) == sorted(
            (s.start, s.end, s.type) for s in wanted
        )
    for place, span in enumerate(rows):
        assert span[6] is None or (rows[span[6]][6] == place and rows[span[6]][5] != span[5])
    counted = errors_per_type([one], [two], ())
    sums = {kind: sum(row[kind] for row in counted.values()) for kind in KINDS}
    assert sums == count_errors(find_errors([one], [two]))
