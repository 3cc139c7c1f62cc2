"""The environment of a run: versions of the software, and the machine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import torch

PACKAGES = ("hf-cner", "torch", "transformers", "tokenizers", "accelerate", "datasets", "numpy", "pytorch-crf")
IF_INSTALLED = ("numba",)  # computes the CRF, with other rounding


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in (*PACKAGES, *IF_INSTALLED):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            if package in PACKAGES:
                found[package] = "not installed"  # the package itself, if it runs from its sources
    return found


def hardware() -> dict[str, str | int]:
    """Processor, threads and accelerator."""
    found: dict[str, str | int] = {
        "machine": platform.machine(),
        "cores": os.cpu_count() or 0,
        "threads": torch.get_num_threads(),
    }
    if torch.cuda.is_available():
        found["accelerator"] = torch.cuda.get_device_name()
        found["accelerators"] = torch.cuda.device_count()
    return found
