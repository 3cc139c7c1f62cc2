"""`hf-cner review`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import messages, say_what_was_left_out
from .options import OnError, OnErrorOption


def review(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="JSON lines with entities: the output of `hf-cner predict`, or gold to review.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write (.html).", show_default=False)],
    type_names: Annotated[
        list[str] | None,
        typer.Option("--type", help="A type to choose, besides those that occur; may be repeated."),
    ] = None,
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Write one page on which a person corrects entities; it needs a browser, but no server and no network.

    The page keeps the decisions in the browser, for this content of INPUT, and saves them as a file of corrections: one
    JSON object per line with document, hash of the text, action, entity before and after, person and time. `hf-cner
    apply` makes training data from it.

    \b
    Examples:
      hf-cner review notes.jsonl -o review.html
      hf-cner review notes.jsonl -o review.html --type 手术 --type 药物
    """
    from ..data.corpora import types_in
    from ..data.documents import read_jsonl, type_fault
    from ..data.endings import PAGES
    from ..data.problems import DataError, Problems
    from ..data.reading.names import suffix_of, without_gz
    from ..data.shown import brief
    from ..data.writing import atomic_write, check_output
    from ..viewer.page import rows_of, write_page

    check_output(output, inputs=(source,), endings=PAGES)
    for name in type_names or ():
        if fault := type_fault(name):
            raise ValueError(f"--type {name!a} has {fault}; give a name without.")
    problems = Problems(on_error.value)
    documents = list(read_jsonl(source, problems=problems, gold="required"))
    if not documents:
        raise DataError(f"{source}: found no document; expected JSON lines with text and entities; name another file.")
    seen: set[tuple[str, str]] = set()
    for document in documents:
        if (document.id, document.text) in seen:
            raise DataError(
                f"{source}: found two documents with the id {brief(document.id)} and the same text, which corrections "
                "could not tell apart; expected an id for each; leave one out, or give it another id."
            )
        seen.add((document.id, document.text))
    stem = without_gz(source.name).removesuffix(suffix_of(source.name))
    about = {"saveAs": f"{stem}.corrections.jsonl"}
    types = list(dict.fromkeys([*types_in(documents), *(type_names or ())]))
    with atomic_write(output) as stream:
        number = write_page(stream, rows_of(documents), title=source.name, mode="review", types=types, about=about)
    say_what_was_left_out(problems)
    messages().print(f"{number:,} documents in {output}: open it in a browser", markup=False, soft_wrap=True)
