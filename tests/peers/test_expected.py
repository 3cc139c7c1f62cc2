"""The table of what does not pass holds no row that is of no test."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from expected import EXPECTED


def test_every_row_is_of_some_test(request: pytest.FixtureRequest) -> None:
    if request.config.option.keyword:  # then the others were left out
        return
    tests = [item.nodeid.partition("tests/peers/")[2] for item in request.session.items]
    collected = {test.partition("::")[0] for test in tests}
    rows = [row for row in EXPECTED if row.pattern.partition("::")[0] in collected]
    assert [row.pattern for row in rows if not any(fnmatchcase(test, row.pattern) for test in tests)] == []
