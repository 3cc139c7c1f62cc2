"""`hf-cner version`."""

from __future__ import annotations

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


def version() -> None:
    """Print the versions of hf_cner and of the libraries it stands on: what to say when you report a fault."""
    import platform
    from importlib.metadata import version as installed

    from .. import __version__

    print(f"hf_cner {__version__}")
    print(f"python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for library in LIBRARIES:
        print(f"{library} {installed(library)}")
