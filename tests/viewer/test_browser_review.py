"""Correcting in a real Chromium, by mouse and keyboard, to the file of corrections and the training data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_browser import NOTES, Opened, saved

from hf_cner.data.documents import Document, Span
from hf_cner.viewer.corrections import apply_corrections, read_corrections

pytestmark = pytest.mark.slow
TYPES = ["部位", "检查", "症状", "手术"]


@pytest.fixture
def review(opened: Opened, tmp_path: Path) -> Callable[[], Any]:
    def begin(documents: list[Document] = NOTES) -> Any:
        return opened(
            saved(tmp_path, documents, mode="review", types=TYPES, about={"saveAs": "notes.corrections.jsonl"})
        )

    return begin


def rows(page: Any, folder: Path, who: str = "王医生") -> list[dict[str, Any]]:
    """What the page saves, written to `saved.jsonl`."""
    page.locator("#who").fill(who)
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename == "notes.corrections.jsonl"
    download.value.save_as(folder / "saved.jsonl")
    return [json.loads(line) for line in (folder / "saved.jsonl").read_text(encoding="utf-8").splitlines()]


def rows_of_page(page: Any) -> list[dict[str, Any]]:
    """What the page would save."""
    return list(page.evaluate("corrections()"))


def said(found: list[dict[str, Any]]) -> list[tuple[str, str, tuple[Any, ...] | None]]:
    return [(row["document"], row["action"], row["after"] and tuple(row["after"].values())) for row in found]


def keys(page: Any, *names: str) -> None:
    for name in names:
        page.keyboard.press(name)


def test_every_step_by_keyboard_ends_in_training_data(review: Callable[[], Any], tmp_path: Path) -> None:
    page = review()
    keys(page, "j", "a")  # 检查 is accepted, and the next one is chosen
    keys(page, "r")  # 部位 is rejected
    keys(page, "[", "4")  # 头痛: the start one to the left, another type
    keys(page, "d", "n")  # the first document is done; the second
    keys(page, "j", "}", "}")  # 𬌗面 → 𬌗面😀缺
    keys(page, "m", "Shift+ArrowRight", "ArrowRight", "2")  # a new one behind it
    keys(page, "d")
    found = rows(page, tmp_path)
    assert said(found) == [
        ("一", "accept", (0, 4, "检查")),
        ("一", "reject", None),
        ("一", "change", (7, 10, "手术")),
        ("一", "done", None),
        ("二", "change", (0, 4, "部位")),
        ("二", "add", (5, 7, "检查")),
        ("二", "done", None),
    ]
    assert {row["by"] for row in found} == {"王医生"} and all(row["at"].endswith("Z") for row in found)
    applied = apply_corrections(NOTES, read_corrections(tmp_path / "saved.jsonl"))
    assert applied.conflicts == [] and applied.done == [True, True, False]
    assert applied.documents[0].spans == (Span(0, 4, "检查"), Span(7, 10, "手术"))
    second = applied.documents[1]
    assert [second.mention(span) for span in second.spans] == ["𬌗面😀缺", "缺损", "，C", "右侧上肢", "上肢麻木"]


def test_a_new_entity_by_mouse_stands_where_the_characters_are(review: Callable[[], Any], tmp_path: Path) -> None:
    page = review([Document("𬌗面😀缺损，CT见右侧上肢", (Span(0, 2, "部位"),), id="二")])
    page.evaluate(
        """() => {
        const [first, second] = document.querySelectorAll("[data-start]"), range = document.createRange();
        range.setStart(first.firstChild, 2); range.setEnd(second.firstChild, 4);
        getSelection().removeAllRanges(); getSelection().addRange(range);
        second.dispatchEvent(new MouseEvent("mouseup", { bubbles: true })); }"""
    )
    page.wait_for_selector("#types:not([hidden])")
    assert "面😀缺损" in page.locator("#about").text_content()
    page.locator("#types .chip", has_text="症状").click()
    assert said(rows(page, tmp_path)) == [("二", "add", (1, 5, "症状"))]


def test_dragging_over_the_text_marks_it(review: Callable[[], Any], tmp_path: Path) -> None:
    page = review([Document("患者3天前头痛发热", id="四")])
    box = page.locator("[data-start='0']").bounding_box()
    middle, width = box["y"] + box["height"] / 2, box["width"] / 9
    page.mouse.move(box["x"] + 5 * width + 1, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 7 * width, middle, steps=5)
    page.mouse.up()
    page.wait_for_selector("#types:not([hidden])")
    assert page.locator("#about").text_content().endswith("头痛")


def test_undo_redo_and_what_the_browser_keeps(review: Callable[[], Any], tmp_path: Path) -> None:
    page = review()
    keys(page, "j", "a", "r", "d", "Control+z")
    assert [row["action"] for row in rows(page, tmp_path)] == ["accept", "reject"]
    keys(page, "Escape")
    page.reload()
    assert page.locator("#who").input_value() == "王医生"
    assert [row["action"] for row in rows(page, tmp_path)] == ["accept", "reject"]
    page.locator("h1").click()
    keys(page, "Control+y")
    assert [row["action"] for row in rows(page, tmp_path)] == ["accept", "reject", "done"]
    page.locator("h1").click()
    keys(page, "Control+z", "Control+z", "Control+z")
    assert page.locator("#undo").is_disabled() and rows(page, tmp_path) == []
    assert "0 of 7 entities decided" in page.locator("#progress").text_content()


def test_what_cannot_be_is_refused(review: Callable[[], Any], tmp_path: Path) -> None:
    page = review([Document("头痛", (Span(0, 2, "症状"), Span(0, 2, "部位")), id="一")])
    keys(page, "j", "[", "}")  # beyond both ends of the text
    assert page.locator("#undo").is_disabled()
    chosen = page.locator("#about").text_content()
    keys(page, "3" if chosen.startswith("部位") else "1")
    assert page.locator("#notice").text_content() == "This entity is already there."
    keys(page, "{", "{")  # never empty
    assert [row["after"]["end"] for row in rows(page, tmp_path)] == [1]
    page.locator("#who").fill("")
    page.locator("#save").click()
    assert page.evaluate("document.activeElement.id") == "who"
    assert page.locator("#notice").text_content().startswith("Enter your name first")


def test_letters_work_while_a_chinese_input_method_is_on(review: Callable[[], Any], tmp_path: Path) -> None:
    page = review()
    event = "new KeyboardEvent('keydown', { key: 'Process', code, bubbles: true, cancelable: true })"
    for code in ("KeyJ", "KeyA"):
        page.evaluate(f"code => document.body.dispatchEvent({event})", code)
    assert said(rows(page, tmp_path)) == [("一", "accept", (0, 4, "检查"))]


def test_the_types_are_reached_with_the_arrows(review: Callable[[], Any], tmp_path: Path) -> None:
    page = review()
    keys(page, "j", "t", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Enter")
    assert said(rows(page, tmp_path)) == [("一", "change", (0, 4, "症状"))]


def test_a_browser_that_keeps_nothing_says_so(browser: Any, opened: Opened, tmp_path: Path) -> None:
    context = browser.new_context(locale="en-US")
    context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('closed'); } })")
    page = opened(saved(tmp_path, NOTES, mode="review", types=TYPES, about={"saveAs": "x.jsonl"}), context=context)
    page.wait_for_selector("#notice:not([hidden])")
    assert page.locator("#notice").text_content().startswith("This browser keeps no progress")
    keys(page, "j", "a")
    assert [row["action"] for row in rows_of_page(page)] == ["accept"]
    context.close()


def test_a_rejected_new_entity_is_gone_and_a_verdict_can_be_taken_back(
    review: Callable[[], Any], tmp_path: Path
) -> None:
    page = review()
    keys(page, "m", "1", "r", "j", "a", "k", "a")
    found = said(rows(page, tmp_path))
    assert all(action != "add" for _, action, _ in found)


def select(page: Any, start: int, end: int) -> None:
    """Selects code units of the first piece of text, as the handles of a selection do under a finger."""
    page.evaluate(
        """([start, end]) => {
        const node = document.querySelector("[data-start]").firstChild, range = document.createRange();
        range.setStart(node, start); range.setEnd(node, end);
        getSelection().removeAllRanges(); getSelection().addRange(range); }""",
        [start, end],
    )


def test_a_finger_marks_a_new_entity(browser: Any, opened: Opened, tmp_path: Path) -> None:
    """The handles move as often as one likes: the selection stays, and the last one counts. There is no mouse event."""
    context = browser.new_context(has_touch=True, is_mobile=True, locale="en-US")
    notes = [Document("患者𬌗痛3天，发热", id="四")]
    path = saved(tmp_path, notes, mode="review", types=TYPES, about={"saveAs": "x.jsonl"})
    page = opened(path, context=context)
    page.locator("[data-start]").first.tap()
    for end, mention in ((4, "𬌗"), (5, "𬌗痛")):
        select(page, 2, end)
        page.wait_for_function("said => document.getElementById('about').textContent.endsWith(said)", arg=mention)
        assert page.evaluate("getSelection().toString()") == mention
    page.locator("#types .chip", has_text="症状").tap()
    assert said(rows_of_page(page)) == [("四", "add", (2, 4, "症状"))]
    select(page, 0, 2)
    page.wait_for_selector("#about >> text=患者")
    page.evaluate("getSelection().removeAllRanges()")
    page.locator("[data-start]").last.tap()  # beside it: nothing is marked
    assert page.locator("#types").is_hidden() and len(rows_of_page(page)) == 1
    context.close()
