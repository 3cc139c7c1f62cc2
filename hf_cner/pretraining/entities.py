"""The entities that entity masking hides: words of a lexicon, gold mentions, or predictions of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..data.documents import Document
from ..data.lexicon import Lexicon, mentions_of, read_lexicon
from ..settings.pretraining import PretrainingSettings
from .windows import Spans


class Entities(NamedTuple):
    """Where entities come from.

    Attributes:
        documents: their spans are hidden if there is no `find`.
        find: from a text to the entities in it; None to use the documents' spans.
        words: replacements for an entity.
        about: facts for the results.
    """

    documents: list[Document]
    find: Callable[[str], Spans] | None
    words: list[str]
    about: dict[str, object]


def entities_for(settings: PretrainingSettings, documents: Sequence[Document]) -> Entities:
    """The source that the settings `masking`, `entities`, `lexicon` and `entity_model` describe.

    `lexicon` takes the words of a file, wherever they stand (the longest first); `mentions` does the same with the gold
    mentions of the labelled documents; `gold` takes gold where it stands; `model` what a trained model predicts.

    Raises:
        ValueError: an empty lexicon, a lexicon without any word of the texts, or documents without any entity.
    """
    if settings.masking != "entity":
        return Entities(list(documents), None, [], {})
    source = settings.entities or "gold"
    if source == "lexicon":
        return _from_words(read_lexicon(str(settings.lexicon)), documents, str(settings.lexicon))
    if source == "model":
        documents = _predicted(str(settings.entity_model), documents)
    words = mentions_of(documents)
    if not words:
        raise ValueError(
            f"Entity masking found no entity: none of the {len(documents)} documents has "
            f"{'a predicted' if source == 'model' else 'a gold'} mention; give a lexicon (--lexicon), a labelled "
            "corpus with --entities mentions, or mask at random."
        )
    if source == "mentions":
        return _from_words(words, documents, "the gold mentions")
    spans = sum(len(document.spans) for document in documents)
    return Entities(list(documents), None, words, {"source": source, "entities": spans, "words": len(words)})


def _from_words(words: Sequence[str], documents: Sequence[Document], name: str) -> Entities:
    lexicon = Lexicon(words, fold=True)  # most tokenizers fold case too, and an entity is an entity in either case
    unused = lexicon.unused(document.text for document in documents)
    if len(unused) == len(lexicon):
        raise ValueError(
            f"None of the {len(lexicon)} words of {name} stands in the texts (the first is {unused[0]!r}); check its "
            "form, one word per line, and its encoding, or give another lexicon."
        )
    about = {"source": name, "words": len(lexicon), "in_no_text": len(unused), "first_in_no_text": unused[:5]}
    return Entities(list(documents), lexicon.find, list(lexicon.words), about)


def _predicted(name: str, documents: Sequence[Document]) -> list[Document]:
    from ..inference.predictor import Predictor

    return list(Predictor.from_pretrained(name)([document.with_spans(()) for document in documents]))
