"""Mistakes of a trained model, in the form of P4's table 3: the prediction beside the true entity."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..data.documents import Document
from ..data.writing import atomic_write
from ..metrics.errors import count_errors, find_errors

SAMPLES = "samples.json"
MOST = 12  # pairs that are shown


def drop_samples(folder: Path) -> None:
    """Remove the samples of a model that is trained again."""
    (folder / SAMPLES).unlink(missing_ok=True)


def error_samples(folder: Path, documents: Sequence[Document]) -> dict[str, object]:
    """Predictions of a trained model that overlap a true entity and are not it, the most frequent first.

    Args:
        folder: of the trained model; the samples are kept in it, and read from there the next time.
        documents: with gold.

    Returns:
        `kinds`: how many mistakes there are of each kind of `metrics.errors`; `pairs`: the predicted words, the true
        ones, their types, the kind and how often.

    Raises:
        CheckpointError: the model's weights are gone.
    """
    stored = folder / SAMPLES
    if stored.is_file():
        found: dict[str, object] = json.loads(stored.read_text(encoding="utf-8"))
        return found
    from ..inference.predictor import Predictor

    predictor = Predictor.from_pretrained(str(folder), scores=False)
    errors = find_errors(documents, list(predictor.predict(documents)))
    pairs: Counter[tuple[str, str, str, str, str]] = Counter()
    for error in errors:
        if error.gold is not None and error.predicted is not None:
            text = documents[error.document].text
            (start, end, guess), (first, last, true) = error.predicted, error.gold
            pairs[(text[start:end], text[first:last], guess, true, error.kind)] += 1
    names = ("predicted", "true", "predicted_type", "true_type", "kind")
    shown = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    found = {
        "kinds": count_errors(errors),
        "pairs": [{**dict(zip(names, pair, strict=True)), "times": times} for pair, times in shown],
    }
    with atomic_write(stored) as stream:
        json.dump(found, stream, ensure_ascii=False, indent=2)
    return found
