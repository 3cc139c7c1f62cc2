"""The questions of the question-answering model: one YAML file per corpus, `type: question`."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import yaml

from ..problems import DataError
from ..registry import key as key_of
from ..shown import brief
from ..yaml_text import read_yaml_nodes

SAME_AS = {  # corpora with the types of another corpus
    "sample": "ccks2017",
    "ccks2017-early": "ccks2017",
    "ccks2017-csv": "ccks2017",
    "cblue-cmeee": "cmeee",
}


def query_file(corpus: str) -> Path | None:
    """The file with the questions of a corpus; None if it has none."""
    wanted = key_of(corpus)
    name = f"{SAME_AS.get(wanted, wanted)}.yaml"
    return next((path for path in Path(__file__).parent.glob("*.yaml") if path.name == name), None)


def read_queries(path: str | PathLike[str]) -> dict[str, str]:
    """Questions of a YAML file, in its order.

    Raises:
        DataError: no mapping of type to question, no question, a repeated type, an empty question, or a question for
            two types.
    """
    root = read_yaml_nodes(path)
    if not isinstance(root, yaml.MappingNode) or not root.value:
        raise DataError(f"{path}: found no questions; expected lines `type: question`; write one per entity type.")
    queries: dict[str, str] = {}
    asked: dict[str, str] = {}
    for key, value in root.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise DataError(f"{path}:{line}: found no type; expected lines `type: question`; correct the line.")
        kind = brief(key.value)
        if key.value in queries:
            raise DataError(f"{path}:{line}: found a second query for {kind}; expected one; remove one of them.")
        if not isinstance(value, yaml.ScalarNode) or value.tag.endswith(":null") or not value.value.strip():
            raise DataError(f"{path}:{line}: found an empty query for {kind}; expected a question; write it.")
        if value.value in asked:
            raise DataError(
                f"{path}:{line}: found the query of {brief(asked[value.value])} again for {kind}; expected another "
                "one for each type; ask differently."
            )
        queries[key.value] = value.value
        asked[value.value] = key.value
    return queries


def queries_for(
    corpus: str, entity_types: Sequence[str], *, source: str | PathLike[str] | None = None
) -> dict[str, str]:
    """One question for each type, in the order of the types.

    Args:
        corpus: its questions are the default.
        source: a YAML file of questions, or the name of another corpus.

    Raises:
        DataError: no such file, a corpus without questions of its own, or a type without one.
    """
    path = query_file(corpus if source is None else str(source))
    if source is not None and (path is None or Path(source).is_file()):
        path = Path(source)
    if path is None:
        raise DataError(
            f"The corpus {corpus!r} has no queries of its own; write a YAML file with a line `type: question` for each "
            f"of {list(entity_types)} and name it (hf-cner train: --set model.queries=FILE; convert: --queries FILE)."
        )
    queries = read_queries(path)
    missing = [name for name in entity_types if name not in queries]
    if missing:
        raise DataError(f"{path}: found no query for the type {missing[0]!r}; expected one for each type; add it.")
    return {name: queries[name] for name in entity_types}
