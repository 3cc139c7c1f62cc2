"""The model inside spaCy: every entity comes back, or is counted."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import pytest

pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[spacy]'")

import spacy

from hf_cner.data.documents import Document, Span
from hf_cner.inference.predictor import Predictor
from hf_cner.inference.spacy_component import HfCner

CHECKPOINTS = Path(__file__).parents[1] / "fixtures" / "checkpoints"
TEXTS = ["患者头痛3天。\n 无发热，\U0001f600腹部CT示胆囊结石。", "", "双下肢水肿。"]


class Fixed:
    """A predictor that finds what it is told."""

    def __init__(self, *spans: Span) -> None:
        self.spans = spans

    def __call__(self, texts: Iterable[str]) -> list[Document]:
        return [Document(text, tuple(sorted(self.spans))) for text in texts]


def component(*spans: Span) -> HfCner:
    return HfCner(Fixed(*spans))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["tagging-bilstm-crf", "asking-bilstm-biaffine"])
def test_spans_and_scores_are_those_of_the_predictor(name: str) -> None:
    nlp = spacy.blank("zh")
    nlp.add_pipe("hf_cner", config={"model": str(CHECKPOINTS / name)})
    expected = Predictor.from_pretrained(CHECKPOINTS / name)(TEXTS)
    assert any(document.spans for document in expected)
    for doc, document in zip(nlp.pipe(TEXTS), expected, strict=True):
        group = doc.spans["hf_cner"]
        found = [(span.start_char, span.end_char, span.label_) for span in group]
        exact = [(span.start, span.end, span.type) for span in document.spans]
        assert doc._.hf_cner.spans == document.spans
        assert set(found) <= set(exact) and len(found) + _cut(doc, document) == len(exact)
        assert len(group.attrs["scores"]) == len(found) and all(0 < score <= 1 for score in group.attrs["scores"])


def _cut(doc: spacy.tokens.Doc, document: Document) -> int:
    return sum(doc.char_span(span.start, span.end) is None for span in document.spans)


def test_nested_entities_stand_in_spans_and_the_outer_ones_in_ents() -> None:
    doc = component(Span(2, 4, "症状", 0.9), Span(2, 3, "部位", 0.8), Span(4, 5, "数", 0.7))(
        spacy.blank("zh")("患者头痛3天")
    )
    assert [span.text for span in doc.spans["hf_cner"]] == ["头", "头痛", "3"]
    assert doc.spans["hf_cner"].attrs["scores"] == [0.8, 0.9, 0.7]
    assert [(span.text, span.label_) for span in doc.ents] == [("头痛", "症状"), ("3", "数")]


def test_an_entity_that_a_token_cuts_is_counted_and_said() -> None:
    found = component(Span(2, 4, "症状"), Span(0, 6, "全部"))
    with pytest.warns(UserWarning, match="1 of 2 entities begin or end inside a token of spaCy's"):
        doc = found(spacy.blank("xx")("患者头痛3天"))
    assert found.cut == 1 and [span.text for span in doc.ents] == ["患者头痛3天"]
    assert doc._.hf_cner.spans[1] == Span(2, 4, "症状")


def test_what_is_saved_by_spacy_is_read_again(tmp_path: Path) -> None:
    nlp = spacy.blank("zh")
    nlp.add_pipe("hf_cner", config={"model": str(CHECKPOINTS / "tagging-bilstm-crf")})
    nlp.to_disk(tmp_path / "nlp")
    again = spacy.load(tmp_path / "nlp")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [span.text for span in again("患者头痛3天。").ents] == ["头痛"]


def test_a_component_without_a_model_says_how() -> None:
    with pytest.raises(ValueError, match="needs a model"):
        spacy.blank("zh").add_pipe("hf_cner")
