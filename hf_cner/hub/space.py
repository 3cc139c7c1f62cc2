"""A Space: the folder of a Gradio app that shows what a model finds, as the Hub and `python app.py` run it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path, PurePosixPath

from jinja2 import Template

from ..data.folders import new_folder
from ..settings.yaml_text import dump_yaml
from .folder import publish, published_files
from .run import LOG, RESULTS

GRADIO = "6.31.0"  # the version that the app was opened with
APP, REQUIREMENTS, PAGE, MODEL = "app.py", "requirements.txt", "README.md", "model"
NEEDED = ("torch", "transformers", "pytorch-crf", "safetensors")
_STAYS = (RESULTS, LOG)  # of a checkpoint: an app does not need them


def write_space(out: Path, *, title: str, folder: Path | None = None, name: str = "", licence: str = "other") -> None:
    """Write app.py, requirements.txt and README.md, and the model's files into `model/` where it is a folder.

    The app loads the model by the code in its checkpoint, so a Space does not need this package.

    Args:
        title: shown above the app.
        folder: the model's, whose published files are copied.
        name: its name on the Hub instead.

    Raises:
        ValueError: `out` is there already, or the checkpoint is not whole.
    """
    data: dict[str, object] = {
        "title": title,
        "sdk": "gradio",
        "sdk_version": GRADIO,
        "app_file": APP,
        "license": licence,
        "tags": ["token-classification", "medical", "zh"],
    }
    if name:
        data["models"] = [name]
    with new_folder(out, writes=_is_ours, inputs=(folder,)) as space:
        (space / PAGE).write_text(_page(data), encoding="utf-8")
        (space / REQUIREMENTS).write_text(_requirements(), encoding="utf-8")
        template = Template(files(__package__).joinpath("space_app.py.jinja").read_text(encoding="utf-8"))
        app = template.render(model=repr(name), title=repr(title)) + "\n"
        (space / APP).write_text(app, encoding="utf-8")
        if folder is not None:
            (space / MODEL).mkdir()
            for file in published_files(folder):
                if file not in _STAYS:
                    publish(folder / file, space / MODEL / file)


def _is_ours(name: PurePosixPath) -> bool:
    return str(name) in (APP, REQUIREMENTS, PAGE) or name.parts[0] == MODEL


def _requirements() -> str:
    """The versions that are installed here, without what only this machine's build is called (`+cpu`)."""
    return "".join(f"{name}=={version(name).partition('+')[0]}\n" for name in NEEDED)


def _page(data: Mapping[str, object]) -> str:
    return (
        f"---\n{dump_yaml(data)}---\n\n# {data['title']}\n\n"
        "Finds the entities of a Chinese clinical text and marks them. On your own machine: `pip install gradio -r "
        "requirements.txt`, then `python app.py`. For research only: this is no medical device. Do "
        "not paste patients' texts into a Space that is not yours.\n"
    )
