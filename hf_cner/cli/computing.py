"""How `hf-cner predict` and `evaluate` compute: precision, processes, and what a reduced precision changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import messages

if TYPE_CHECKING:
    from ..data.documents import Document
    from ..inference.agreement import PrecisionAgreement
    from ..runtime.finder import EntityFinder

PrecisionOption = Annotated[
    str,
    typer.Option(
        "--precision",
        help="On a CPU: auto or fp32 (both exact), bf16, int8, or bf16-emulated; see docs/speed.md. What a reduced one "
        "changes is measured on the first texts and said.",
    ),
]
LinearOption = Annotated[
    str | None,
    typer.Option(
        "--linear",
        help="torch or onednn: exact way to compute linear layers [default: the faster one, as it is measured here].",
        show_default=False,
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="Processes with one model and one thread each [default: this process, with all threads].",
        show_default=False,
    ),
]
CacheOption = Annotated[
    bool, typer.Option("--cache/--no-cache", help="Compute equal windows once among those that are read together.")
]


def open_finder(
    model: str,
    *,
    workers: int | None,
    precision: str,
    linear: str | None,
    cache: bool = True,
    **options: Any,
) -> EntityFinder:
    """A predictor, or several in processes of their own; `options` are those of `open_predictor`.

    Raises:
        DataError: a number of workers that this machine cannot use.
        ValueError: what `open_predictor` raises.
    """
    from ..data.collector import keep_loaded
    from ..inference.opening import open_predictor
    from ..runtime import is_exported
    from ..scale.documents import Documents, WorkerFinder
    from ..scale.pool import check_workers

    if workers is not None:
        check_workers(workers)
    options |= {"precision": None if precision == "auto" else precision, "linear": linear}
    exported = is_exported(model)
    if not exported:
        options |= {"precision": precision, "cache": cache}
    finder = open_predictor(model, **options)
    keep_loaded()
    if workers is None:
        return finder
    if not exported:
        import torch

        torch.set_num_threads(1)  # as each worker has it, so that the last digits are the same
        options["linear"] = linear or _exact_way(finder)
    return finder if workers == 1 else WorkerFinder(finder, Documents(model, options), workers)


def _exact_way(finder: Any) -> str | None:
    """The choice of this process, for its workers: each of them could measure another one."""
    from ..modeling.linear_paths import EXACT

    name: str = finder.linears.path.name
    return name if name in EXACT else None


def agreement_of(finder: EntityFinder, documents: Sequence[Document]) -> PrecisionAgreement | None:
    """Measure and print what a reduced precision changes in these documents; None in an exact one."""
    from ..inference.agreement import NOTABLE

    one: Any = getattr(finder, "predictor", finder)
    if not documents or getattr(one, "precision", "auto") in ("auto", "fp32"):
        return None
    found: PrecisionAgreement = one.agreement(documents)
    warn = found.is_notable()
    sentence = f"warning: {found}: more than {NOTABLE:.0%} are changed" if warn else str(found)
    messages().print(sentence, style="yellow" if warn else None, markup=False, soft_wrap=True)
    return found


def compared(finder: EntityFinder, documents: Iterable[Document]) -> Iterator[Document]:
    """The documents, unchanged; before the first one is returned, `agreement_of` the first ones is printed."""
    source = iter(documents)
    first = sample(source)
    agreement_of(finder, first)
    yield from chain(first, source)


def sample(documents: Iterator[Document]) -> list[Document]:
    """The first documents, as many as are compared."""
    from ..inference.agreement import SAMPLE_CHARACTERS, SAMPLE_DOCUMENTS

    first: list[Document] = []
    size = 0
    for document in documents:
        first.append(document)
        size += len(document.text)
        if len(first) == SAMPLE_DOCUMENTS or size >= SAMPLE_CHARACTERS:
            break
    return first
