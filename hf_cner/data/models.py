"""Which files belong to a model's folder, and to what else was written here: another output never takes their place."""

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
LIST = ".hf-cner.json"  # in a folder that was written here: what was written into it
OF_A_MODEL = re.compile(
    r".*\.(safetensors|bin|model|py)|.*(config|tokenizer|special_tokens|added_tokens).*\.json|vocab\..*|merges\.txt"
    r"|.*\.index\.json|(results|training_log|split)\.json|settings\.yaml|study\.db"
)


def read_list(folder: Path) -> dict[str, str] | None:
    """What was written into a folder: relative names, and digests or nothing; None without a list."""
    try:
        found = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return {}
    files = found.get("files") if isinstance(found, dict) else None
    return {str(name): str(value) for name, value in files.items()} if isinstance(files, dict) else {}


def belongs_to_a_model(path: Path) -> bool:
    """Whether a file, there or not, is one of a model, or of another folder that was written here.

    A folder is a model's where it holds `config.json`. A name like `vocab.txt` counts there even where no such file
    is yet: whoever loads the model would take it for the model's own.
    """
    listed = read_list(path.parent)
    if listed is None and not (path.parent / "config.json").is_file():
        return False
    return path.name in (listed or {}) or OF_A_MODEL.fullmatch(path.name) is not None
