"""`hf-cner version`."""

from __future__ import annotations

from .json_report import Json, check_json, report_console, write_json

LIBRARIES = (
    "torch",
    "transformers",
    "datasets",
    "evaluate",
    "accelerate",
    "huggingface_hub",
    "tokenizers",
    "pytorch-crf",
)


def version(json_file: Json = None) -> None:
    """Print the versions of hf_cner and its libraries, for reports of faults."""
    import platform
    from importlib.metadata import version as installed

    from .. import __version__

    check_json(json_file)
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    found = {"hf_cner": __version__, "python": python, **{library: installed(library) for library in LIBRARIES}}
    for name, number in found.items():
        report_console(json_file).print(f"{name} {number}", markup=False, soft_wrap=True)
    write_json(json_file, found)
