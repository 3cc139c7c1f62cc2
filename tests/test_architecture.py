"""The rules of the house, executed: who may import whom, what a checkpoint can copy, how large things grow."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer

from hf_cner.cli.main import app
from hf_cner.modeling.attention import ATTENTIONS
from hf_cner.modeling.context import CONTEXTS
from hf_cner.modeling.decoders import DECODERS
from hf_cner.modeling.encoders import ENCODERS
from hf_cner.modeling.interaction import INTERACTIONS
from hf_cner.modeling.mrc_decoders import MRC_DECODERS

PACKAGE = Path(__file__).parents[1] / "hf_cner"
MODULES = sorted(PACKAGE.rglob("*.py"))
PORTABLE = sorted(p for p in (PACKAGE / "modeling").glob("*.py") if p.name != "__init__.py")
PORTABLE_IMPORTS = {"torch", "torchcrf", "numpy", "transformers", "huggingface_hub"} | sys.stdlib_module_names
TORCH_FREE = {"characters", "labels", "schemes", "window_batches", "windows"}  # of `modeling`, without its models
TABLES = (ENCODERS, CONTEXTS, ATTENTIONS, INTERACTIONS, DECODERS, MRC_DECODERS)
ALLOWED = {  # folder -> folders that it may import, besides itself
    "modeling": set(),
    "data": {"modeling", "settings"},
    "metrics": {"data", "modeling"},
    "runtime": {"modeling", "data"},
    "inference": {"modeling", "data", "runtime"},
    "export": {"modeling", "data", "inference", "runtime"},
    "fast": {"modeling", "data"},
    "encoders": {"modeling", "data"},
    "pretraining": {"modeling", "data", "encoders", "inference", "settings", "runs"},
    "runs": {"modeling", "data", "settings"},
    "settings": set(),
    "training": {"modeling", "data", "encoders", "metrics", "inference", "settings", "runs", "hub"},
    "scale": {"inference", "runtime", "data", "modeling"},
    "hub": {"data", "metrics", "settings"},
    "service": {"data", "inference", "runtime", "viewer"},
    "viewer": {"data", "metrics"},
    "reproduction": {"data", "encoders", "metrics", "inference", "settings", "runs", "training", "pretraining"},
    "cli": {
        *("modeling", "data", "encoders", "metrics", "inference", "settings", "runs", "training", "pretraining"),
        *("hub", "reproduction", "scale", "service", "viewer", "runtime", "export"),
    },
}
ONLY_TORCH_FREE = {"data", "metrics", "runtime"}  # of `modeling` these may import the torch-free files and no others
# Imported only where it is there -> the extra that installs it.
OPTIONAL = {"gensim": "vectors", "matplotlib": "plots", "optuna": "search"}
OPTIONAL |= {"onnxruntime": "onnx", "onnxscript": "onnx", "openvino": "openvino"}
OPTIONAL |= {"numba": "fast", "pytorch_optimizer": "optimizers", "ray": "ray"}
OPTIONAL |= dict.fromkeys(("fastapi", "prometheus_client", "starlette", "swagger_ui_bundle", "uvicorn"), "serve")
OPTIONAL |= {"spacy": "spacy"}
LONGEST_FILE, LONGEST_BODY = 300, 60


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Level, module and names of every import in the file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name, []


def own_imports(path: Path) -> Iterator[tuple[str, ...]]:
    """Every import of the package itself, as a path from its root: `("data", "documents")`."""
    here = path.relative_to(PACKAGE).with_suffix("").parts[:-1]
    for level, module, names in imports(path):
        parts = tuple(module.split(".")) if module else ()
        if level:
            base = here[: len(here) - level + 1]
            target = (*base, *parts)
            yield from [(*target, name) for name in names] if not parts else [target]
        elif parts[:1] == ("hf_cner",):
            yield parts[1:] or ("__init__",)


def siblings(path: Path) -> set[str]:
    return {module for level, module, _ in imports(path) if level == 1}


def test_every_folder_has_its_rule() -> None:
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and any(p.rglob("*.py"))}
    assert folders <= set(ALLOWED), f"say in ALLOWED what {sorted(folders - set(ALLOWED))} may import"


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent != PACKAGE], ids=relative)
def test_folder_imports_only_what_it_may(path: Path) -> None:
    folder = path.relative_to(PACKAGE).parts[0]
    for target in own_imports(path):
        assert target[0] in ALLOWED[folder] | {folder, "__init__", "__version__"}, (
            f"{folder} may not import {'.'.join(target)}"
        )
        if folder in ONLY_TORCH_FREE and target[0] == "modeling":
            assert target[1] in TORCH_FREE, (
                f"{folder} may import of modeling only {sorted(TORCH_FREE)}, not {target[1]}"
            )


@pytest.mark.parametrize("name", sorted(TORCH_FREE))
def test_torch_free_file_imports_neither_torch_nor_transformers(name: str) -> None:
    todo, seen = {name}, set()
    while todo:
        current = todo.pop()
        seen.add(current)
        path = PACKAGE / "modeling" / f"{current}.py"
        roots = {module.split(".")[0] for level, module, _ in imports(path) if level == 0}
        assert not roots & {"torch", "torchcrf", "transformers"}, f"{path.name} imports {roots}"
        todo |= siblings(path) - seen


def test_modeling_package_imports_nothing() -> None:
    assert not list(imports(PACKAGE / "modeling" / "__init__.py")), "or schemes and windows would come with torch"


@pytest.mark.parametrize("path", PORTABLE, ids=relative)
def test_portable_file_imports_only_what_a_checkpoint_can_have(path: Path) -> None:
    names = {p.stem for p in PORTABLE}
    for level, module, _ in imports(path):
        if level == 0:
            assert module.split(".")[0] in PORTABLE_IMPORTS, module
        else:
            assert level == 1 and module in names, f"write `from .sibling import name`, not {'.' * level}{module}"


@pytest.mark.parametrize("path", PORTABLE, ids=relative)
def test_no_relative_import_hides_in_a_string(path: Path) -> None:
    by_regex = set(re.findall(r"^\s*from\s+\.(\S+)\s+import", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert by_regex == siblings(path), "transformers finds a checkpoint's files by a regular expression"


@pytest.mark.parametrize("path", PORTABLE, ids=relative)
def test_portable_file_never_tests_the_config_class(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"isinstance\([^)]*Cner\w*Config", text), "a checkpoint's configuration is another copy of it"


def test_no_helper_of_the_command_line_is_the_twin_of_a_command() -> None:
    names = {path.stem for path in (PACKAGE / "cli").glob("*.py")}
    commands = {command.name for command in typer.main.get_command(app).commands.values()}
    assert commands <= names, "a command's module has its name"
    for command in commands:
        stem = command.removesuffix("e")
        twins = {name for name in names - commands if re.fullmatch(rf"{stem}(e|e?s|e?r|ing|ion|ment)", name)}
        assert not twins, f"{sorted(twins)} beside {command}: name a helper after what it holds"


def test_every_import_is_declared_in_setup_cfg() -> None:
    metadata = configparser.ConfigParser()
    metadata.read(PACKAGE.parent / "setup.cfg", encoding="utf-8")
    declared = {
        _canonical(re.split(r"[<>=!~;\[ ]", line)[0])
        for line in metadata["options"]["install_requires"].split("\n")
        if line
    }
    distributions = packages_distributions()
    roots = {module.split(".")[0] for path in MODULES for level, module, _ in imports(path) if level == 0}
    third_party = roots - sys.stdlib_module_names - {"hf_cner", *OPTIONAL}
    undeclared = [
        root for root in sorted(third_party) if not declared & set(map(_canonical, distributions.get(root, [])))
    ]
    assert not undeclared, f"say in setup.cfg's install_requires where {undeclared} come from"
    for root, extra in OPTIONAL.items():
        assert root in metadata["options.extras_require"][extra]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def test_no_import_cycles() -> None:
    edges = {relative(p): {t for t in map(_file_of, own_imports(p)) if t} for p in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name in done:
            return
        for target in sorted(edges[name] - {name}):
            visit(target, (*trail, name))
        done.add(name)

    for name in edges:
        if name != "__init__.py":  # it only loads names when they are asked for
            visit(name, ())


def _file_of(target: tuple[str, ...]) -> str | None:
    """The file that an import path leads to; the package's own `__init__` aside, which imports lazily."""
    for length in range(len(target), 0, -1):
        for candidate in (Path(*target[:length]).with_suffix(".py"), Path(*target[:length]) / "__init__.py"):
            if (PACKAGE / candidate).is_file() and candidate != Path("__init__.py"):
                return candidate.as_posix()
    return None


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_file_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= LONGEST_FILE, f"{lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = (node.end_lineno or 0) - node.body[0].lineno + 1
            assert body <= LONGEST_BODY, f"{node.name} has {body} lines"


def test_no_code_asks_for_a_kind_by_its_name() -> None:
    """A class says itself what other code must know of its kind, so a new kind is one file and one line."""
    kinds = {kind for table in TABLES for kind in table}
    found = [
        f"{module.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}"
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare) and "kind" in ast.unparse(node)
        for side in ast.walk(node)
        if isinstance(side, ast.Constant) and side.value in kinds
    ]
    assert [place for place in found if "modeling/backbone.py" not in place] == []  # which writes the slot itself
