"""Random span sets for the metrics' tests: short, so that spans collide often."""

from __future__ import annotations

from hypothesis import strategies as st

TYPES = ("甲", "乙", "丙")


@st.composite
def keys(draw: st.DrawFn, length: int = 9) -> tuple[int, int, str]:
    start = draw(st.integers(0, length - 1))
    end = draw(st.integers(start + 1, min(length, start + 5)))
    return start, end, draw(st.sampled_from(TYPES))


span_lists = st.lists(keys(), max_size=6)
document_lists = st.lists(st.tuples(span_lists, span_lists), max_size=4)
