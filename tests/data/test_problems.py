"""Problems: raised or collected, and how they read."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.data.problems import MOST_KEPT, DataError, Problems


def test_stop_raises_one_sentence_with_file_line_found_expected_and_advice() -> None:
    with pytest.raises(DataError) as caught:
        Problems().report(Path("a.txt"), 3, "no tag", "a character and its tag", "add the tag")
    assert str(caught.value) == "a.txt:3: found no tag; expected a character and its tag; add the tag."


def test_skip_collects_and_summarises() -> None:
    problems = Problems("skip")
    assert problems.summary() == "nothing left out"
    for line in range(1, 13):
        problems.report("a.txt", line, "x", "y", "z")
    problems.report("b.txt", None, "x", "y", "z")
    assert [item.line for item in problems.items][-2:] == [12, None]
    assert problems.summary(most=1) == "left out: 13\na.txt:1: found x; expected y; z.\n… and 12 more"
    assert "more" not in problems.summary(most=13)
    assert str(problems.items[-1]).startswith("b.txt: found x")


def test_a_bounded_number_is_kept_and_all_are_counted() -> None:
    problems = Problems("skip")
    for line in range(MOST_KEPT + 5):
        problems.report("a.txt", line, "x", "y", "z")
    assert problems.count == MOST_KEPT + 5 and len(problems.items) == MOST_KEPT
    assert problems.summary(1).splitlines() == [
        f"left out: {MOST_KEPT + 5}", "a.txt:0: found x; expected y; z.", f"… and {MOST_KEPT + 4} more",
    ]  # fmt: skip


def test_another_way_to_go_on_is_refused() -> None:
    with pytest.raises(ValueError, match=r"on_error is 'ignore'; choose one of \['stop', 'skip'\]"):
        Problems("ignore")


def test_notes_are_kept_by_folder_and_said_aloud_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for aloud, said in ((False, ""), (True, "a: read 1.\na: read 2\\x1b.\n")):
        problems = Problems(aloud=aloud)
        problems.note("a", "a: read 1.")
        problems.note(Path("a"), "a: read 2\x1b.")
        assert problems.notes == {"a": "a: read 2\x1b."} and not problems.items
        problems.note("a", "")
        assert problems.notes == {} and capsys.readouterr().err == said


def test_a_message_is_short_and_acts_on_no_terminal() -> None:
    problems = Problems("skip")
    problems.report("a\x1b[2J.txt", 3, "x" * 10**6, "\u202ey", "z\n")
    assert problems.items[0].path == "a\x1b[2J.txt", "files are found by it"
    text = str(problems.items[0])
    assert text.isprintable() and len(text) < 500 and text.startswith(r"a\x1b[2J.txt:3: found xxx")
    with pytest.raises(DataError) as caught:
        Problems().report("a", None, "\x1b", "y", "z")
    assert str(caught.value) == r"a: found \x1b; expected y; z."
