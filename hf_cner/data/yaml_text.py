"""YAML from outside as a tree of nodes, within the bounds of settings.

Only nodes are composed, no values, so no number is converted, and each node has its line.
"""

from __future__ import annotations

from os import PathLike

import yaml

from ..settings.yaml_text import YamlFault, bounded_events
from .files import read_text
from .problems import DataError
from .shown import clipped


def read_yaml_nodes(path: str | PathLike[str]) -> yaml.Node | None:
    """The root node of a YAML file; None where the file is empty.

    Raises:
        DataError: an error of `read_text`, or a fault of `bounded_events`, with file and line.
    """
    text = read_text(path)
    try:
        for _ in bounded_events(text):
            pass
    except YamlFault as fault:
        found = clipped(" ".join(str(fault).split()), 300)
        raise DataError(f"{path}:{fault.line}: {found}; expected lines `name: value`; correct the file.") from fault
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    return node
