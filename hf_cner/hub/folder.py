"""Which files of a trained model's folder are published, and in which form.

Published are weights, configuration, tokenizer, code, results, log and card. Not published are record names
(`split.json`), settings with places of this machine (the card has them without the places), pickles, and all else.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from ..data.models import CARD
from .card import About, make_card
from .curve import PICTURE, draw_curve
from .metadata import check_card
from .run import CONFIG, LOG, RESULTS, Run, RunError, read_run, without_origins, without_places

_TOKENIZER = re.compile(r"(tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json|vocab\.txt|.*\.model")
_WEIGHTS = re.compile(r"model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json")
_IMPORT = re.compile(r"^[ \t]*from[ \t]+\.(\w+)[ \t]+import", re.MULTILINE)  # as transformers finds them
_IMAGE = re.compile(r"!\[[^\[\]]*\]\(([\w.-]{1,200})\)")
_MINE = {"LICENSE", "LICENSE.md"}


def code_files(folder: Path, config: dict[str, Any]) -> list[str]:
    """The code of a checkpoint: what its configuration names, and what those files import.

    Raises:
        RunError: the configuration names no code, or a file is missing.
    """
    named = [*(config.get("auto_map") or {}).values()]
    if not named:
        raise RunError(
            f"{folder / CONFIG} names no code (auto_map), so nobody could load the model without the package; save it "
            "again with model.save_pretrained."
        )
    named += [task["impl"] for task in (config.get("custom_pipelines") or {}).values()]
    todo = [(str(name).partition(".")[0], CONFIG) for name in named]
    found: set[str] = set()
    while todo:
        module, wanted_by = todo.pop()
        path = folder / f"{module}.py"
        if not path.is_file():
            raise RunError(f"{path} is missing, which {wanted_by} names; copy it too, or save the model again.")
        if path.name not in found:
            found.add(path.name)
            todo += [(name, path.name) for name in _IMPORT.findall(path.read_text(encoding="utf-8"))]
    return sorted(found)


def published_files(folder: Path) -> list[str]:
    """Names of the files of a checkpoint that are published as they are, or without this machine's places."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    there = [path.name for path in folder.iterdir() if path.is_file()]
    kept = [name for name in there if _TOKENIZER.fullmatch(name) or _WEIGHTS.fullmatch(name) or name in _MINE]
    names = sorted({CONFIG, *code_files(folder, config), *kept, *({RESULTS, LOG} & set(there))})
    for name in names:
        refuse_link(folder, name)
    return names


def refuse_link(folder: Path, name: str) -> None:
    """Raise RunError where a file is a link out of its folder; the Hub's own cache links to its blobs."""
    path, home = folder / name, folder.resolve()
    if not path.is_symlink():
        return
    real = path.resolve()
    blobs = home.parent.parent / "blobs"
    in_cache = home.parent.name == "snapshots" and home.parent.parent.name.startswith(("models--", "datasets--"))
    if not (real.is_relative_to(home) or (in_cache and real.is_relative_to(blobs))):
        raise RunError(
            f"{path} is a link to a file outside the folder, which would be published; put a copy of the file in its "
            "place, or remove the link."
        )


def left_here(folder: Path) -> list[str]:
    """Names of what is not published."""
    published = {*published_files(folder), CARD, *_images(_own_card(folder) or "")}
    mine = {path.name for path in folder.iterdir() if not path.name.startswith(".hf-cner")}
    return sorted(mine - published - {PICTURE})


def written_names(folder: Path) -> set[str]:
    """Names of all files that `assemble` may write."""
    return {*published_files(folder), CARD, PICTURE, *_images(_own_card(folder) or "")}


def assemble(folder: Path, target: Path, about: About) -> None:
    """Write the published files of a model's folder into the empty folder `target`.

    A card in the folder is copied if its metadata are valid and its figures are those of the results. Without one, a
    card is made from the run.

    Raises:
        RunError: a file is missing or broken, or the card is invalid.
    """
    own = _own_card(folder)
    run = read_run(folder) if own is None or (folder / RESULTS).is_file() else None
    if own is not None:
        check_card(own, run)
    for name in published_files(folder):
        publish(folder / name, target / name)
    if own is None:
        assert run is not None
        write_card(run, target / CARD, about)
        return
    (target / CARD).write_text(own, encoding="utf-8")
    for name in _images(own):
        refuse_link(folder, name)
        if not (folder / name).is_file():
            raise RunError(f"{folder / name} is missing, which the card ({CARD}) shows; add it, or take it out.")
        shutil.copyfile(folder / name, target / name)


def write_card(run: Run, path: Path, about: About) -> None:
    """Write a run's card, and the picture of its training curve beside it."""
    picture = picture_of(path)
    no_picture = draw_curve(run.log, path.with_name(picture))
    text = make_card(run, about, picture=None if no_picture else picture, no_picture=no_picture or "")
    path.write_text(text, encoding="utf-8")


def picture_of(card: Path) -> str:
    """Name of the picture beside a card; several cards in one folder have one each."""
    return PICTURE if card.name == CARD else f"{card.stem}.png"


def _own_card(folder: Path) -> str | None:
    path = folder / CARD
    refuse_link(folder, CARD)
    return path.read_text(encoding="utf-8-sig") if path.is_file() else None


def _images(card: str) -> list[str]:
    return sorted(set(_IMAGE.findall(card)))


def publish(source: Path, target: Path) -> None:
    """Copy a file; JSON without the places of this machine and the content of faulty data."""
    if source.suffix != ".json" or source.name == "tokenizer.json" or source.name.endswith(".index.json"):
        shutil.copyfile(source, target)
        return
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"{source}: found broken JSON; expected whole JSON; repair the file, or take it out.") from error
    ours = source.name in (RESULTS, LOG)
    cleaned = without_places(content) if ours else without_origins(content)
    if source.name == RESULTS:
        for run in (cleaned, *(cleaned.get("folds") or [])):
            if "left_out" in (about := run.get("data") or {}):
                about["left_out"] = about.pop("left_out_count", len(about["left_out"]))
            if (lost := run.get("entities") or {}).get("longest_lost"):
                lost["longest_lost"] = lost["longest_lost"][1:]  # the first is a record's name
    if cleaned == content:
        shutil.copyfile(source, target)
        return
    text = json.dumps(cleaned, ensure_ascii=False, indent=2, allow_nan=False)
    target.write_text(text + "\n", encoding="utf-8")
