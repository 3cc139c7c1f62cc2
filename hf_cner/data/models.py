"""The files of a model's folder, and of other folders that were written here: no other output replaces them."""

from __future__ import annotations

import json
import re
from pathlib import Path

CARD = "README.md"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
AUTO_CLASSES = {  # model type -> transformers' class that loads it
    "cner": "AutoModelForTokenClassification",
    "cner-mrc": "AutoModelForQuestionAnswering",
}
LIST = ".hf-cner.json"  # in a folder that was written here: the list of its files
OF_A_MODEL = re.compile(
    r".*\.(safetensors|bin|model|py)|.*(config|tokenizer|special_tokens|added_tokens).*\.json|vocab\..*|merges\.txt"
    r"|.*\.index\.json|(results|training_log|split)\.json|settings\.yaml|study\.db"
)


def read_list(folder: Path) -> dict[str, str] | None:
    """The list of a folder's own files: relative names, with or without digests; None without a list."""
    try:
        found = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return {}
    files = found.get("files") if isinstance(found, dict) else None
    return {str(name): str(value) for name, value in files.items()} if isinstance(files, dict) else {}


def belongs_to_a_model(path: Path) -> bool:
    """Whether a file, existing or not, belongs to a model or to another folder that was written here.

    A folder with `config.json` is a model's. A name like `vocab.txt` counts there even without such a file, since
    loading would take it for the model's.
    """
    listed = read_list(path.parent)
    if listed is None and not (path.parent / "config.json").is_file():
        return False
    return path.name in (listed or {}) or OF_A_MODEL.fullmatch(path.name) is not None
