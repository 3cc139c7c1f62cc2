"""Endings are listed once, in `data/endings.py`."""

from __future__ import annotations

import ast
from pathlib import Path

import hf_cner
from hf_cner.data.endings import GZIP, JSON, JSON_LINES, KNOWN, OTHER_FORMS, TABLES, TEXT
from hf_cner.modeling.weight_files import PICKLES

PACKAGE = Path(hf_cner.__file__).parent
PORTABLE = PACKAGE / "modeling"  # is copied into checkpoints, and imports nothing else


def listed_in(tree: ast.AST) -> list[list[str]]:
    """The endings in each list, tuple, set and dict of a file that names two or more."""
    known = {*KNOWN, *JSON_LINES, *TEXT, JSON, GZIP}
    collections = [node for node in ast.walk(tree) if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict)]
    members = [node.values + node.keys if isinstance(node, ast.Dict) else node.elts for node in collections]
    found = [[item.value for item in items if isinstance(item, ast.Constant)] for items in members]
    named = [[value for value in values if isinstance(value, str) and value in known] for values in found]
    return [values for values in named if len(values) > 1]


def test_no_other_file_lists_endings() -> None:
    files = [p for p in PACKAGE.rglob("*.py") if PORTABLE not in p.parents and p != PACKAGE / "data" / "endings.py"]
    found = {file.name: listed_in(ast.parse(file.read_text(encoding="utf-8"))) for file in files}
    assert {name: lists for name, lists in found.items() if lists} == {}


def test_every_kind_has_its_own_endings() -> None:
    texts = {*TEXT, *JSON_LINES, JSON, GZIP}
    assert not texts & set(KNOWN) and set(TABLES) <= set(KNOWN) and not set(PICKLES) - set(KNOWN)
    assert set(KNOWN) > OTHER_FORMS and ".csv" not in OTHER_FORMS
