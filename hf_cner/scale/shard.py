"""The contract: one shard in, the same shard with entities out, exactly once."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, cast

from ..data.documents import Document, entities_of
from ..data.problems import DataError
from ..data.reading.names import without_gz
from ..data.shown import brief, printable
from .forms import form_of, opened_form
from .identity import code_version, model_hash, options_of
from .ids import Seen
from .manifest import counts, flat, manifest_of, read_manifest, refuse_other, write_manifest
from .report import ShardReport
from .rows import Chunk, Columns, Form, Found, Row
from .source import Shard, digest
from .target import content, written

if TYPE_CHECKING:
    from ..inference.predictor import Predictor

_ANEW = "choose another target, restore its old content, or remove the shard and its manifest to annotate it again"


def annotate_shard(
    source: str | os.PathLike[str] | Shard,
    target: str | os.PathLike[str],
    predictor: Predictor,
    *,
    text_column: str = "text",
    id_column: str = "id",
    allow_duplicate_ids: bool = False,
    model: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ShardReport:
    """Annotate one shard of Parquet, JSON lines or CSV, in bounded memory.

    The rows keep their order and all other columns, and get `entities` (start, end, type, text and score, as
    `data.documents.entities_of` says; in CSV as JSON) and `error`. A row without a usable text gets an error and no
    entities. Columns `entities` and `error` in the input are replaced, and counted.

    The target takes its name when it is whole. `.NAME.manifest` beside it has hashes of input, model, options and code.
    A complete target with the same hashes is not annotated again. The same hashes give the same bytes.

    Args:
        source: a file or URL, or a part of it; its ending names the form.
        target: a file or URL of the same form.
        predictor: computes on its device; its options are part of the contract.
        text_column: the column, or key, of the texts.
        id_column: the column, or key, of the ids; it may be missing.
        allow_duplicate_ids: accept repeated ids in the shard.
        model: `identity.model_hash` of the predictor, so that it is computed once for many shards.
        progress: called with the number of rows done since the last call.

    Returns:
        The counts, also of a shard that was complete before.

    Raises:
        DataError: a shard that cannot be read or changes while it is read; a target of another form, with other hashes,
            or from somebody else; a repeated id.
        Held: another process writes the target.
        OSError: no room or no permission, in one sentence.
    """
    shard = source if isinstance(source, Shard) else Shard(os.fspath(source))
    out = os.fspath(target)
    if form_of(shard.path) is not None and form_of(out) is not form_of(shard.path):
        raise DataError(f"{printable(out)}: found a name of another form than {shard}; expected the same ending.")
    columns = Columns(text_column, id_column)
    chosen = {**options_of(predictor), "text_column": text_column, "id_column": id_column}
    with opened_form(shard, columns) as form:
        made_of = {
            "input": digest(shard, form.signature),
            "model": model or model_hash(predictor),
            "options": chosen,
            "code": code_version(),
        }
        if (before := _complete(out, made_of)) is not None:
            return before
        seen = None if allow_duplicate_ids else Seen()
        tally = {"rows": 0, "errors": 0, "replaced": 0, "entities": 0}
        with written(out) as output:
            with ExitStack() as stack:
                stream = cast(IO[bytes], output)
                if without_gz(out) != out:
                    packed = gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0)
                    stream = cast(IO[bytes], stack.enter_context(packed))
                form.write(stream, _annotated(form, shard, predictor, seen, tally, progress))
            if digest(shard, form.signature) != made_of["input"]:
                raise DataError(
                    f"{shard}: found other content than at the beginning; expected a file at rest; run again."
                )
            report = ShardReport(tally["rows"], tally["errors"], tally["replaced"], tally["entities"])
            write_manifest(manifest_of(out), made_of, output=output.content(), counts=counts(report))
    return report


def _complete(target: str, made_of: dict[str, Any]) -> ShardReport | None:
    """The counts of a complete target; None if there is no target.

    Raises:
        DataError: it has no manifest, was changed since it was written, or was made from other inputs.
    """
    there = content(target)
    if there is None:
        return None
    manifest = read_manifest(manifest_of(target))
    shown = printable(target)
    if manifest is None:
        raise DataError(f"{shown}: found a file that was not annotated here; expected none; choose another target.")
    refuse_other(target, flat(manifest["made_of"]), flat(made_of), _ANEW)
    if manifest.get("output") != there:
        raise DataError(f"{shown}: found a shard that was changed since it was written; expected it whole; {_ANEW}.")
    return ShardReport(**manifest["counts"], done_before=True)


def _annotated(
    form: Form[Any],
    shard: Shard,
    predictor: Predictor,
    seen: Seen | None,
    tally: dict[str, int],
    progress: Callable[[int], None] | None,
) -> Iterator[tuple[Chunk[Any], list[Found]]]:
    for chunk in form.chunks():
        if seen is not None:
            seen.add(chunk.rows, shard)
        found = _found(chunk.rows, predictor)
        tally["rows"] += len(found)
        tally["errors"] += sum(item.error is not None for item in found)
        tally["replaced"] += chunk.replaced
        tally["entities"] += sum(len(item.entities or ()) for item in found)
        yield chunk, found
        if progress is not None:
            progress(len(found))
    if seen is not None:
        seen.settle(shard)


def _found(rows: list[Row], predictor: Predictor) -> list[Found]:
    """The results of a chunk's rows. If the chunk fails, its rows are tried one by one: one text may be at fault."""
    texts = [row.text for row in rows if row.fault is None]
    try:
        documents: Iterator[Document | str] = iter(list(predictor.predict(texts)))
    except Exception as error:
        if _is_no_texts_fault(error):
            raise
        tried = [_tried(text, predictor) for text in texts]
        if len(tried) > 1 and all(isinstance(item, str) for item in tried):
            raise
        documents = iter(tried)
    return [_result(row.fault if row.fault is not None else next(documents)) for row in rows]


def _result(found: Document | str) -> Found:
    return Found(None, found) if isinstance(found, str) else Found(entities_of(found))


def _tried(text: str, predictor: Predictor) -> Document | str:
    """A document, or the error that its text causes."""
    try:
        return next(iter(predictor.predict([text])))
    except Exception as error:
        if _is_no_texts_fault(error):
            raise
        return f"the model failed: {type(error).__name__} ({brief(str(error))})"


def _is_no_texts_fault(error: Exception) -> bool:
    """Whether memory or the system failed, so that other texts would fail too."""
    return isinstance(error, MemoryError | OSError) or type(error).__name__ == "OutOfMemoryError"
