"""What displaCy is given, and draws."""

from __future__ import annotations

import pytest

from hf_cner.data.documents import Document, Span

FLAT = Document("患者头痛3天", (Span(2, 4, "症状", 0.9), Span(4, 6, "时间")), id="n1")
NESTED = Document("腹部疼痛", (Span(0, 2, "部位"), Span(0, 4, "症状")))


def test_entities_in_the_text() -> None:
    ents = [{"start": 2, "end": 4, "label": "症状"}, {"start": 4, "end": 6, "label": "时间"}]
    assert FLAT.to_displacy() == {"text": FLAT.text, "title": "n1", "ents": ents}


def test_nested_entities_are_lines_under_characters() -> None:
    drawn = NESTED.to_displacy("span")
    assert drawn["tokens"] == list(NESTED.text)
    assert drawn["spans"] == [
        {"start_token": 0, "end_token": 2, "label": "部位"},
        {"start_token": 0, "end_token": 4, "label": "症状"},
    ]
    with pytest.raises(ValueError, match=r'Entities overlap.*take style="span"'):
        NESTED.to_displacy()
    with pytest.raises(ValueError, match="'dep'; choose ent or span"):
        NESTED.to_displacy("dep")  # type: ignore[arg-type]


def test_displacy_draws_it() -> None:
    displacy = pytest.importorskip("spacy.displacy", reason="spaCy is not installed")
    assert "头痛" in displacy.render(FLAT.to_displacy(), style="ent", manual=True, jupyter=False)
    assert "部位" in displacy.render(NESTED.to_displacy("span"), style="span", manual=True, jupyter=False)
