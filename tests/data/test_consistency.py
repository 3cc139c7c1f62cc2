"""Strings of several types, and strings marked here and unmarked there, are named with document and offset."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.consistency import EXAMPLES, PLACES, SHORTEST, inconsistent_mentions, unmarked_mentions
from hf_cner.data.documents import Document, Span


def test_strings_of_several_types() -> None:
    spans = [Span(0, 2, "x"), Span(2, 4, "y"), Span(4, 6, "y"), Span(6, 7, "x")]
    assert inconsistent_mentions([Document("无"), Document("甲乙甲乙甲乙丙", tuple(spans))]) == {
        "distinct": 1,
        "mentions": 3,
        "minority": 1,
        "examples": [
            {
                "text": "甲乙",
                "types": {"y": 2, "x": 1},
                "places": {
                    "y": [
                        {"document": "number 2", "start": 2, "end": 4},
                        {"document": "number 2", "start": 4, "end": 6},
                    ],
                    "x": [{"document": "number 2", "start": 0, "end": 2}],
                },
            }
        ],
    }


def test_strings_marked_here_and_unmarked_there() -> None:
    documents = [
        Document("头痛、偏头痛", (Span(0, 2, "症状"), Span(3, 6, "疾病")), id="一"),
        Document("无头痛，有偏头痛。腹", (), id="二"),
        Document("腹头痛头痛", (Span(0, 1, "部位"), Span(3, 5, "症状")), id="三"),
    ]
    assert unmarked_mentions(documents) == {
        "distinct": 2,
        "unmarked": 3,
        "examples": [
            {
                **{"text": "头痛", "types": {"症状": 2}, "marked": 2, "unmarked": 2},
                "places": [{"document": "二", "start": 1, "end": 3}, {"document": "三", "start": 1, "end": 3}],
            },
            {
                **{"text": "偏头痛", "types": {"疾病": 1}, "marked": 1, "unmarked": 1},
                "places": [{"document": "二", "start": 5, "end": 8}],
            },
        ],
    }
    assert unmarked_mentions([Document("无")]) == {"distinct": 0, "unmarked": 0, "examples": []}


def test_the_lists_are_bounded_and_the_totals_are_not() -> None:
    names = [f"病{chr(0x4E00 + 10 * number)}" for number in range(EXAMPLES + 5)]
    marked = [Document(name, (Span(0, 2, "a"),)) for name in names] + [Document(n, (Span(0, 2, "b"),)) for n in names]
    found = unmarked_mentions([*marked, Document("，".join(names * (PLACES + 2)))])
    assert (found["distinct"], found["unmarked"]) == (len(names), len(names) * (PLACES + 2))
    assert len(found["examples"]) == EXAMPLES and len(found["examples"][0]["places"]) == PLACES
    unlike = inconsistent_mentions(marked)
    assert unlike["distinct"] == len(names) and len(unlike["examples"]) == EXAMPLES


@given(
    st.lists(
        st.tuples(
            st.text("甲乙丙 ", max_size=12), st.lists(st.tuples(st.integers(0, 11), st.integers(1, 4)), max_size=4)
        ),
        max_size=5,
    )
)
def test_what_is_named_is_known_and_stands_unmarked_where_it_is_said_to(
    rows: list[tuple[str, list[tuple[int, int]]]],
) -> None:
    documents = [
        Document(text, tuple({Span(s, min(s + n, len(text)), "x") for s, n in places if s < len(text)}), id=str(number))
        for number, (text, places) in enumerate(rows)
    ]
    known = {document.mention(span) for document in documents for span in document.spans}
    for case in unmarked_mentions(documents)["examples"]:
        assert case["text"] in known and len(case["text"]) >= SHORTEST
        for place in case["places"]:
            document = documents[int(place["document"])]
            assert document.text[place["start"] : place["end"]] == case["text"]
            assert all(span.end <= place["start"] or place["end"] <= span.start for span in document.spans)
