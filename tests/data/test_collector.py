"""What is loaded before predictions begin is not searched for garbage again."""

from __future__ import annotations

import gc

from hf_cner.data.collector import keep_loaded


def test_what_exists_is_kept_and_what_comes_later_is_collected() -> None:
    kept: list[object] = [[]]
    keep_loaded()
    assert not any(one is kept for one in gc.get_objects())
    before = gc.get_freeze_count()
    assert before > 0
    later: list[object] = []
    later.append(later)
    del later
    assert gc.collect() > 0 and gc.get_freeze_count() == before
