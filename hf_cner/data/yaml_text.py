"""YAML from outside as a tree of nodes, with its nesting bounded before anything recursive sees it.

Only nodes are composed, no values: so no tag makes an object, no number is converted, and aliases are not unrolled.
"""

from __future__ import annotations

from os import PathLike

import yaml

from .files import read_text
from .problems import DataError
from .shown import clipped

DEEPEST = 20
LARGEST = 1 << 20  # bytes; PyYAML in pure Python reads about 200 kB a second


def read_yaml_nodes(path: str | PathLike[str]) -> yaml.Node | None:
    """The root node of a YAML file; None where the file is empty.

    Raises:
        DataError: what `read_text` raises, broken YAML, several documents, or nesting deeper than `DEEPEST`.
    """
    text = read_text(path, most=LARGEST)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):  # no recursion: the parser keeps a list of states
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise DataError(
                    f"{path}: found YAML nested more than {DEEPEST} deep; expected a flat file; correct it."
                )
            if isinstance(event, yaml.ScalarEvent):
                event.value.encode()  # an escape can write half a surrogate pair, which no text can hold
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        return node
    except DataError:
        raise
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an escape beyond Unicode
        found = clipped(" ".join(str(error).split()), 300)
        raise DataError(f"{path}: found broken YAML ({found}); expected a YAML text; correct it.") from error
