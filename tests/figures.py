"""Figures of the package: `python tests/figures.py` prints them, and `test_figures.py` bounds them.

Counted over `hf_cner/`; duplicates also over `examples/` and `benchmarks/`. A duplicate is a pair of places with the
same six lines or more, without blank lines, comments, docstrings, imports, signatures and indentation (as in pylint).
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHORTEST_DUPLICATE = 6


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def annotations(tree: ast.AST) -> Iterator[ast.expr]:
    """Every annotation of a parameter, a result or a variable."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield node.returns


def share_of_any() -> float:
    """The part of all annotations in which `Any` stands."""
    found = [
        any(isinstance(part, ast.Name) and part.id == "Any" for part in ast.walk(annotation))
        for path in files("hf_cner")
        for annotation in annotations(ast.parse(path.read_text(encoding="utf-8")))
    ]
    return sum(found) / len(found)


def share_of_kwargs() -> float:
    """The part of all functions that take `**kwargs`."""
    found = [
        node.args.kwarg is not None
        for path in files("hf_cner")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return sum(found) / len(found)


def silenced() -> list[str]:
    """Where a comment `noqa` stands."""
    return [
        f"{path.relative_to(ROOT).as_posix()}:{token.start[0]}"
        for path in files("hf_cner")
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if token.type == tokenize.COMMENT and "noqa" in token.string
    ]


def lines() -> dict[str, int]:
    """Lines of each room, and of the files beside the rooms."""
    rooms = sorted(path.name for path in (ROOT / "hf_cner").iterdir() if any(path.rglob("*.py")))
    found = {room: _lines(files(f"hf_cner/{room}")) for room in rooms}
    return {"": _lines(files("hf_cner")) - sum(found.values()), **found}


def _lines(paths: list[Path]) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def duplicates() -> list[str]:
    """Pairs of places that share six lines or more, each pair as `FILE:LINE = FILE:LINE (LINES)`."""
    code = {
        path.relative_to(ROOT).as_posix(): _code(path.read_text(encoding="utf-8"))
        for path in files("hf_cner", "examples", "benchmarks")
    }
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, kept in code.items():
        for start in range(len(kept) - SHORTEST_DUPLICATE + 1):
            places[tuple(text for _, text in kept[start : start + SHORTEST_DUPLICATE])].append((name, start))
    pairs = {pair for same in places.values() for pair in combinations(same, 2)}
    found = []
    for (name, start), (other, second) in sorted(pairs):
        if ((name, start - 1), (other, second - 1)) in pairs or (name == other and second - start < SHORTEST_DUPLICATE):
            continue
        length = SHORTEST_DUPLICATE
        while (
            (name, start + length - SHORTEST_DUPLICATE + 1),
            (other, second + length - SHORTEST_DUPLICATE + 1),
        ) in pairs:
            length += 1
        found.append(f"{name}:{code[name][start][0]} = {other}:{code[other][second][0]} ({length} lines)")
    return found


def _code(text: str) -> list[tuple[int, str]]:
    """Number and content of the lines that are compared."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        docstring = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        if docstring or isinstance(node, ast.Import | ast.ImportFrom):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            left_out.update(range(node.lineno, node.body[0].lineno))
    stripped = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if number not in left_out)
    return [(number, line) for number, line in stripped if line and not line.startswith("#")]


if __name__ == "__main__":
    print(f"Any in annotations: {share_of_any():.1%}")
    print(f"functions with **kwargs: {share_of_kwargs():.1%}")
    print(f"noqa: {len(silenced())}", *silenced(), sep="\n  ")
    print(f"duplicates: {len(duplicates())}", *duplicates(), sep="\n  ")
    print(f"lines of hf_cner/: {sum(lines().values())}", lines())
