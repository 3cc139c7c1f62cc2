from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span
from hf_cner.data.features import EntityReport, build_features, encode_documents
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.characters import CharacterTable, TokenTypes
from hf_cner.modeling.schemes import decode, encode, tag_names

TYPES = ["症状", "部位"]
TAGS = tag_names("BIOES", TYPES)
TABLE = CharacterTable(build_character_tokenizer("患者右上腹痛无发热。，"))
SENTENCES = {"policy": "sentence", "max_length": 8, "overlap": 2}
STRIDE = {"policy": "stride", "max_length": 6, "overlap": 3}


def targets(spans: Any, length: int) -> list[int]:
    return [TAGS.index(tag) for tag in encode(spans, length, "BIOES")]


def run(document: Document, windows: dict[str, Any], **options: Any) -> tuple[list[dict[str, Any]], EntityReport]:
    report = EntityReport()
    options = {"encode_targets": targets, **options}
    encoded = list(encode_documents([document], TABLE, windows=windows, entity_types=TYPES, report=report, **options))
    return build_features(encoded, TABLE, [document.id]), report


def tags(feature: dict[str, Any]) -> str:
    return " ".join("_" if label == -100 else TAGS[label] for label in feature["labels"])


def test_a_window_becomes_ids_and_tags() -> None:
    features, report = run(Document("右上腹痛。无发热。", (Span(0, 3, "部位"), Span(6, 8, "症状")), "d"), SENTENCES)
    assert [tags(f) for f in features] == ["B-部位 I-部位 E-部位 O O", "O B-症状 E-症状 O"]
    assert features[0]["input_ids"] == TABLE.ids("右上腹痛。")
    assert features[0]["length"] == 5 and features[0]["attention_mask"] == [1] * 5 and features[0]["document"] == "d"
    assert (report.documents, report.windows, report.entities, report.lost) == (1, 2, 2, 0)
    assert str(report) == "1 documents, 2 windows, 2 entities, none lost"


def test_a_cut_entity_has_no_label_there_and_another_window_shows_it_whole() -> None:
    features, report = run(Document("患者右上腹痛无发热", (Span(4, 8, "症状"),)), STRIDE)
    assert [tags(f) for f in features] == ["O O O O _ _", "O B-症状 I-症状 I-症状 E-症状 O"]
    assert report.lost == 0


def test_an_entity_that_no_window_shows_is_counted_and_named() -> None:
    document = Document("患者右上腹痛无发热", (Span(1, 8, "症状"),), "note-7")
    features, report = run(document, STRIDE)
    assert [tags(f) for f in features] == ["O _ _ _ _ _", "_ _ _ _ _ O"]
    assert (report.by_window, report.examples) == (1, [("note-7", 1, 8, "症状", "cut by every window")])
    assert "1 of them without a label (1 cut by every window): in the metrics they are misses" in str(report)


def test_a_window_without_any_label_is_no_feature() -> None:
    features, _ = run(Document("右上腹痛无发热患者", (Span(0, 9, "症状"),)), STRIDE)
    assert features == []


def test_what_the_scheme_cannot_hold_is_dropped_and_counted() -> None:
    spans = (Span(0, 4, "症状"), Span(0, 3, "部位"), Span(6, 8, "症状"), Span(6, 8, "症状"), Span(6, 8, "部位"))
    features, report = run(Document("右上腹痛。无发热。", spans), {"policy": "stride", "max_length": 9, "overlap": 0})
    assert tags(features[0]) == "B-症状 I-症状 I-症状 E-症状 O O B-症状 E-症状 O"
    assert report.to_dict() == {
        "documents": 1,
        "windows": 1,
        "entities": 5,
        "lost": 3,
        "lost_by_scheme": {"duplicate": 1, "nested": 1, "same span, other type": 1},
        "lost_by_window": 0,
        "longest_lost": ["0", 0, 3, "部位", "nested"],
    }


def test_span_targets_are_relative_to_the_window_and_keep_nested_entities() -> None:
    def triples(spans: Any, length: int) -> list[list[int]]:
        return [[start, end, TYPES.index(kind)] for start, end, kind in spans]

    spans = (Span(0, 4, "症状"), Span(0, 3, "部位"), Span(6, 8, "症状"))
    features, report = run(Document("右上腹痛。无发热。", spans), SENTENCES, encode_targets=triples, tagging=False)
    assert [f["labels"] for f in features] == [[[0, 3, 1], [0, 4, 0]], [[1, 3, 0]]]
    assert report.lost == 0
    empty, _ = run(Document("无发热。"), SENTENCES, encode_targets=triples, tagging=False)
    assert [f["labels"] for f in empty] == [[]]


def test_what_a_span_scorer_cannot_hold_is_counted_and_the_longest_named() -> None:
    def triples(spans: Any, length: int) -> list[list[int]]:
        return [[start, end, TYPES.index(kind)] for start, end, kind in spans]

    def too_wide(spans: Any) -> list[Any]:
        return [(span, "longer than max_width 2") for span in spans if span[1] - span[0] > 2]

    spans = (Span(0, 4, "症状"), Span(0, 3, "部位"), Span(0, 2, "部位"), Span(6, 8, "症状"))
    features, report = run(
        Document("右上腹痛。无发热。", spans, "note-3"),
        SENTENCES,
        encode_targets=triples,
        tagging=False,
        inexpressible=too_wide,
    )
    assert [f["labels"] for f in features] == [[[0, 2, 1]], [[1, 3, 0]]]
    assert report.by_scheme == {"longer than max_width 2": 2} and report.lost == 2
    assert report.longest == ("note-3", 0, 4, "症状", "longer than max_width 2")
    assert str(report).endswith(
        "4 entities, 2 of them without a label (2 longer than max_width 2): in the metrics they are misses; the "
        "longest has 4 characters (症状 at 0-4 in note-3: longer than max_width 2)"
    )


def test_an_empty_document_has_no_windows() -> None:
    assert run(Document(""), SENTENCES)[0] == []


def test_an_unknown_type_is_refused_with_its_document() -> None:
    with pytest.raises(ValueError, match=r"Document 'n1' has an entity of type '药物' at 0-2, but the model knows"):
        run(Document("患者", (Span(0, 2, "药物"),), "n1"), SENTENCES)


def test_special_tokens_carry_no_label_and_token_types_follow_the_table() -> None:
    class Framed:
        prefix, suffix, token_types = [], [8, 9], TokenTypes([], 0, [0, 2])

        def ids(self, text: str) -> list[int]:
            return [7] * len(text)

    document = Document("腹痛", (Span(0, 2, "症状"),))
    encoded = encode_documents([document], Framed(), windows=SENTENCES, entity_types=TYPES, encode_targets=targets)
    feature = build_features(encoded, Framed(), [""])[0]
    assert feature["input_ids"] == [7, 7, 8, 9]
    assert tags(feature) == "B-症状 E-症状 _ _"
    assert feature["token_type_ids"] == [0, 0, 0, 2]


@st.composite
def flat_documents(draw: st.DrawFn) -> Document:
    text = draw(st.text("患者右上腹痛无发热。，", min_size=1, max_size=40))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return Document(text, tuple(Span(start, end, draw(st.sampled_from(TYPES))) for start, end in pairs))


@settings(max_examples=150, deadline=None)
@given(flat_documents(), st.sampled_from([SENTENCES, STRIDE, {"policy": "sentence", "max_length": 40, "overlap": 4}]))
def test_every_entity_stands_whole_in_a_window_or_is_counted(document: Document, windows: dict[str, Any]) -> None:
    report = EntityReport()
    (slices,) = encode_documents(
        [document], TABLE, windows=windows, entity_types=TYPES, encode_targets=targets, report=report
    )
    found = set()
    for item in slices:
        names = ["O" if label == -100 else TAGS[label] for label in item.labels]
        found |= {(s + item.window.start, e + item.window.start, t) for s, e, t in decode(names, "BIOES")}
        assert len(item.labels) == len(item.input_ids) == item.window.end - item.window.start
    gold = {(span.start, span.end, span.type) for span in document.spans}
    assert found <= gold
    assert len(gold - found) == report.by_window == report.lost
