"""The part of a model card that machines read: licence, task, and the figures as `model-index`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .run import Run, RunError, check_finite

if TYPE_CHECKING:  # importing it takes a moment, and `--help` needs none of it
    from huggingface_hub import EvalResult, ModelCardData

TASK = ("token-classification", "Clinical named entity recognition")
TAGS = ("hf-cner", "clinical-ner", "named-entity-recognition", "medical")
SPLITS = {"dev": "validation"}  # our name of a part -> the library's name of a split
FIGURES = {"f1": "F1", "precision": "precision", "recall": "recall"}
METRICS = {
    "strict": "strict",
    "relaxed_boundary": "relaxed, boundaries only",
    "relaxed_overlap": "relaxed, overlap of the same type",
}
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")


def reported_part(metrics: Mapping[str, object]) -> str:
    """The part whose figures are reported: test if there is one, since nothing was chosen on it."""
    return "test" if "test" in metrics else next(iter(metrics))


def eval_results(run: Run) -> list[EvalResult]:
    """The figures of the reported part, micro and macro; every number is finite.

    Raises:
        RunError: a figure is missing or not finite.
    """
    from huggingface_hub import EvalResult

    part = reported_part(run.results["metrics"])
    data = run.results.get("data") or {}
    corpus = str(data.get("corpus") or "unknown")
    split = data.get("split") or {}
    about = {"fingerprint": data.get("fingerprint"), "split": split.get("shares"), "split_hash": split.get("hash")}
    found = []
    for kind, name, value in _figures(run.results["metrics"][part], f"metrics.{part}"):
        found.append(
            EvalResult(
                task_type=TASK[0],
                task_name=TASK[1],
                dataset_type=corpus,
                dataset_name=corpus,
                dataset_split=SPLITS.get(part, part),
                dataset_args={key: item for key, item in about.items() if item is not None} or None,
                metric_type=kind,
                metric_name=name,
                metric_value=value,
            )
        )
    return found


def card_data(
    run: Run, *, name: str, licence: str, base_model: str = "", more_tags: Sequence[str] = ()
) -> ModelCardData:
    """The metadata of a model's card.

    Args:
        name: of the model.
        licence: the Hub's name of a licence, e.g. `apache-2.0`; `other` if the text names it.
        base_model: Hub name of the encoder; default: that of the run's settings, unless it is a path.
    """
    from huggingface_hub import ModelCardData

    encoder = ((run.results.get("settings") or {}).get("model") or {}).get("encoder") or {}
    base = base_model or str(encoder.get("name_or_path") or "")
    return ModelCardData(
        language=["zh"],
        license=licence,
        library_name="transformers",
        pipeline_tag=TASK[0],
        base_model=base if _HUB_NAME.match(base) else None,
        metrics=list(FIGURES),
        tags=[*TAGS, *more_tags],
        model_name=name,
        eval_results=eval_results(run),
    )


def check_card(text: str, run: Run | None = None) -> None:
    """Raise unless a card's metadata can be parsed, are complete, and say what the run's results say.

    It parses as strictly as the Hub's own library, and needs no network.

    Raises:
        RunError: no metadata, metadata that cannot be parsed, no licence, a figure that is not finite, or other
            figures than the results'.
    """
    import yaml
    from huggingface_hub import ModelCard

    text = text.removeprefix("\ufeff")
    if not re.match(r"---\r?\n", text):
        raise RunError("The card (README.md) has no metadata; they stand at its top between two lines of `---`.")
    try:
        data: Any = ModelCard(text).data
    except (ValueError, TypeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"The metadata of the card (README.md) are invalid: {reason}") from error
    if not data.license:
        raise RunError("The metadata of the card (README.md) name no license; add e.g. `license: other`.")
    figures = {(r.dataset_split, r.metric_name): r.metric_value for r in data.eval_results or []}
    check_finite({str(key): value for key, value in figures.items()}, "The card's model-index")
    expected = {(r.dataset_split, r.metric_name): r.metric_value for r in eval_results(run)} if run else {}
    for key in expected.keys() & figures.keys():
        if not _equal(figures[key], expected[key]):
            raise RunError(
                f"The card (README.md) gives {key[1]} as {figures[key]}, but results.json says {expected[key]}; make "
                "the card again (`hf-cner card`), or remove it."
            )


def _equal(shown: object, counted: float) -> bool:
    return isinstance(shown, (int, float)) and math.isclose(
        shown, counted, abs_tol=5e-5
    )  # it may have been rounded by hand


def _figures(report: Mapping[str, Any], where: str) -> Iterator[tuple[str, str, float]]:
    for metric, title in METRICS.items():
        rows = report.get(metric) or {}
        for average in ("micro", "macro"):
            for figure, spelled in FIGURES.items():
                value = (rows.get(average) or {}).get(figure)
                if not isinstance(value, (int, float)) or isinstance(value, bool):
                    raise RunError(
                        f"results.json: {where}.{metric}.{average}.{figure} is {value!r}; expected a number."
                    )
                check_finite(float(value), f"results.json: {where}.{metric}.{average}.{figure}")
                yield figure, f"{spelled} ({title}, {average} average)", float(value)
