"""The page in a real Chromium: what is shown, filters, search, keys, languages, two thousand documents."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from test_page import HOSTILE

from hf_cner.data.documents import Document, Span
from hf_cner.viewer.errors import errors_per_type, write_errors_page
from hf_cner.viewer.page import rows_of, write_page

pytestmark = pytest.mark.slow
Opened = Callable[..., Any]

NOTES = [
    Document(
        "心肺检查无异常，头痛。", (Span(0, 2, "部位", 0.9), Span(0, 4, "检查", 0.6), Span(8, 10, "症状", 0.3)), id="一"
    ),
    Document(
        "𬌗面😀缺损，CT见右侧上肢麻木",
        (Span(0, 2, "部位", 0.8), Span(3, 5, "症状", 0.95), Span(9, 13, "部位", 0.5), Span(11, 15, "症状", 0.4)),
        id="二",
    ),
    Document("无特殊。", id="三"),
]


def saved(folder: Path, documents: list[Document], **options: Any) -> Path:
    path = folder / "page.html"
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_page(stream, rows_of(documents), **{"title": "notes.jsonl", **options})
    return path


def text_of(page: Any, number: int = 0) -> str:
    return str(
        page.evaluate(
            "n => [...document.querySelectorAll(`[data-number='${n}'] [data-start]`)].map(e => e.textContent).join('')",
            number,
        )
    )


def tags(page: Any) -> list[str]:
    return list(page.locator("article:not([hidden]) .tag").evaluate_all("list => list.map(tag => tag.textContent)"))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_text_is_shown_and_does_nothing(opened: Opened, tmp_path: Path, text: str) -> None:
    page = opened(saved(tmp_path, [Document(text, (Span(0, 1, text), Span(0, len(text), "全")), id=text)], title=text))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    shown = text_of(page)
    assert len(shown) == len(text) and page.locator(".tag").count() == 2
    assert all(a == b or b in "\u200b\u2400\u240d\u241b\u2421\ufffd" for a, b in zip(text, shown, strict=True))
    assert page.locator("script").count() == 2 and page.evaluate("window.frames.length") == 0


def test_entities_stand_where_they_are_also_behind_characters_of_two_units(opened: Opened, tmp_path: Path) -> None:
    page = opened(saved(tmp_path, NOTES))
    assert [text_of(page, number) for number in range(3)] == [note.text for note in NOTES]
    found = page.locator("[data-number='1'] .tag").evaluate_all(
        "list => list.map(tag => tag.getAttribute('aria-label'))"
    )
    assert [label.split(" · ")[0] for label in found] == [
        "部位: 𬌗面",
        "症状: 缺损",
        "部位: 右侧上肢",
        "症状: 上肢麻木",
    ]
    assert "characters 11–15" in found[3] and "score 0.400" in found[3]


def test_random_documents_are_drawn_whole(opened: Opened, tmp_path: Path) -> None:
    generator = random.Random(7)
    documents = []
    for number in range(150):
        text = "".join(generator.choices("心肺𬌗😀<&\r\n\t e\u0301\x00", k=generator.randint(1, 30)))
        places = [sorted(generator.sample(range(len(text) + 1), 2)) for _ in range(generator.randint(0, 8))]
        spans = {Span(start, end, generator.choice("甲乙丙")) for start, end in places}
        documents.append(Document(text, tuple(spans), id=str(number)))
    page = opened(saved(tmp_path, documents))
    found = page.evaluate(
        """docs.map(doc => { draw(doc); return {
        text: [...doc.element.querySelectorAll("[data-start]")].map(e => e.textContent).join(""),
        starts: [...doc.element.querySelectorAll("[data-start]")].map(e => [Number(e.dataset.start), e.textContent]),
        tags: [...doc.element.querySelectorAll(".tag")].map(e => doc.spans.find(s => s.key === Number(e.dataset.key))),
        shown: visible(doc.text) }; })"""
    )
    for document, drawn in zip(documents, found, strict=True):
        assert drawn["text"] == drawn["shown"] and len(drawn["shown"]) == len(document.text)
        assert all(drawn["shown"][start:].startswith(piece) for start, piece in drawn["starts"])
        tags = sorted((tag["start"], tag["end"], tag["type"]) for tag in drawn["tags"])
        assert tags == [(span.start, span.end, span.type) for span in document.spans]
        for one, other in combinations(drawn["tags"], 2):
            apart = one["end"] <= other["start"] or other["end"] <= one["start"]
            assert apart or one["level"] != other["level"]


def test_filters_and_search(opened: Opened, tmp_path: Path) -> None:
    page = opened(saved(tmp_path, NOTES, types=["部位", "检查", "症状"]))
    assert page.locator("#count").text_content() == "3 of 3 documents, 7 entities"
    page.locator("#legend .chip", has_text="部位").click()
    assert tags(page) == ["检查", "症状", "症状", "症状"]
    assert page.locator("#legend .chip", has_text="部位").get_attribute("aria-pressed") == "false"
    page.locator("#floor").fill("0.35")
    assert tags(page) == ["检查", "症状", "症状"]
    page.locator("#ceiling").fill("0.9")
    page.locator("#marked").check()
    assert page.locator("#count").text_content() == "2 of 3 documents, 2 entities"
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("ct")
    page.locator("#count", has_text="1 of 3").wait_for()
    assert page.locator(".hit").all_text_contents() == ["CT"]
    page.locator("#search").fill("nowhere")
    page.wait_for_selector("#nothing:not([hidden])")


def test_the_least_certain_document_comes_first(opened: Opened, tmp_path: Path) -> None:
    page = opened(saved(tmp_path, NOTES[::-1]))
    page.locator("#order").select_option("doubt")
    headings = page.locator("article h2 > span").all_text_contents()
    assert headings == ["一", "二", "三"]


def test_the_keyboard_reaches_every_entity(opened: Opened, tmp_path: Path) -> None:
    page = opened(saved(tmp_path, NOTES))
    seen = []
    for _ in range(8):
        page.keyboard.press("j")
        seen.append(page.locator("#about").text_content().split(" · ")[0])
    assert seen[:7] == [
        "检查: 心肺检查",
        "部位: 心肺",
        "症状: 头痛",
        "部位: 𬌗面",
        "症状: 缺损",
        "部位: 右侧上肢",
        "症状: 上肢麻木",
    ]
    assert seen[7] == seen[6], "there is no entity behind the last"
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("部位: 右侧上肢")
    outline = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert outline == "solid3px"
    page.keyboard.press("?")
    assert page.locator("dialog[open] kbd").count() >= 7
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_a_click_on_nested_text_chooses_the_inner_and_then_the_outer_entity(opened: Opened, tmp_path: Path) -> None:
    page = opened(saved(tmp_path, NOTES))
    for expected in ("部位: 心肺", "检查: 心肺检查", "部位: 心肺"):
        page.locator("[data-number='0'] [data-start='0']").click()
        assert page.locator("#about").text_content().startswith(expected)


@pytest.mark.parametrize(
    ("locale", "first", "second"), [("zh-CN", "3 篇文档中的 3 篇", "3 of 3"), ("de-DE", "3 of 3", "3 篇")]
)
def test_the_language_is_the_browsers_and_can_be_switched(
    opened: Opened, tmp_path: Path, locale: str, first: str, second: str
) -> None:
    page = opened(saved(tmp_path, NOTES), locale=locale)
    assert page.locator("#count").text_content().startswith(first)
    page.locator("#language").click()
    assert page.locator("#count").text_content().startswith(second)
    page.reload()
    assert page.locator("#count").text_content().startswith(second)


def test_light_and_dark(opened: Opened, tmp_path: Path) -> None:
    page = opened(saved(tmp_path, NOTES), color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(18, 20, 23)"
    page.locator("#theme").click()
    assert page.evaluate(ground) == "rgb(251, 250, 248)"


def test_errors_by_kind(opened: Opened, tmp_path: Path) -> None:
    text = "右侧上肢麻木3天伴头痛发热"
    gold = [
        Document(text, (Span(0, 4, "部位"), Span(4, 6, "症状"), Span(9, 11, "症状"), Span(11, 13, "症状")), id="一")
    ]
    found = [
        Document(text, (Span(2, 4, "部位"), Span(4, 6, "疾病"), Span(6, 8, "症状"), Span(9, 11, "症状", 0.9)), id="一")
    ]
    path = tmp_path / "errors.html"
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_errors_page(
            stream, gold, found, errors_per_type(gold, found, []), title="errors", remarks=["A <b>doubt</b>."]
        )
    page = opened(path)
    chips = page.locator("#kinds .chip").all_text_contents()
    assert chips == [
        "all",
        "correct1",
        "wrong boundary1",
        "wrong type1",
        "wrong boundary and type0",
        "missed1",
        "spurious1",
    ]
    assert page.locator("#figures .warning").text_content() == "A <b>doubt</b>."
    assert page.locator("#figures tr").first.locator("th").nth(1).text_content() == "gold"
    seen = []
    for _ in range(6):
        page.keyboard.press("j")
        seen.append(page.locator("#about").text_content().split(" · ", 2)[2])
    assert seen == [
        "wrong boundary · gold ↔ predicted: 部位 上肢",
        "wrong boundary · predicted ↔ gold: 部位 右侧上肢",
        "wrong type · gold ↔ predicted: 疾病 麻木",
        "wrong type · predicted ↔ gold: 症状 麻木",
        "spurious · predicted",
        "missed · gold",
    ]
    page.locator("#kinds .chip", has_text="missed").click()
    page.locator("#kinds .chip", has_text="correct").click()
    assert tags(page) == ["部位 · wrong boundary", "部位 · gold", "症状 · gold", "疾病 · wrong type", "症状 · spurious"]


def test_every_control_has_a_name(opened: Opened, tmp_path: Path) -> None:
    page = opened(saved(tmp_path, NOTES, mode="review", about={"saveAs": "x.jsonl"}))
    page.keyboard.press("j")
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, input, select")]
        .filter(e => e.offsetParent && !e.getAttribute("aria-label") && !(e.closest("label") || e).textContent.trim())
        .map(e => e.outerHTML)"""
    )
    assert nameless == []


def test_two_thousand_documents_do_not_stall(opened: Opened, tmp_path: Path) -> None:
    text = "患者3天前无明显诱因出现头部疼痛，伴恶心、呕吐，无发热。查体：心肺未见异常。\n" * 12
    places = [(12, 14, "部位"), (12, 16, "症状"), (18, 20, "症状"), (21, 23, "症状"), (31, 33, "部位")]
    line = len(text) // 12
    spans = tuple(
        Span(line * row + start, line * row + end, kind, 0.5) for row in range(12) for start, end, kind in places
    )
    documents = [Document(text, spans, id=f"病历{number}") for number in range(2000)]
    begin = time.monotonic()
    page = opened(saved(tmp_path, documents))
    page.wait_for_selector(".tag")
    loaded = time.monotonic() - begin
    drawn = page.locator(".tag").count()
    assert drawn < 20 * len(spans), "only what is near the screen is drawn"
    took = {
        name: page.evaluate(f"() => {{ const begin = performance.now(); {code}; return performance.now() - begin; }}")
        for name, code in {
            "search": "state.query = '病历19'; update()",
            "type": "state.query = ''; types.get('症状').on = false; update()",
            "sort": "types.get('症状').on = true; $('order').value = 'doubt'; reorder(); update()",
        }.items()
    }
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector("[data-number='1999'] .tag")
    assert page.locator(".tag").count() < 20 * len(spans), "what is far away is erased"
    print(f"loaded in {loaded:.2f} s, {drawn} tags drawn; milliseconds: {took}")
    assert loaded < 10 and max(took.values()) < 1500  # on a shared machine; alone it is a fifth of that
