"""The Auto classes know our models, whatever a process imports first."""

from __future__ import annotations

import subprocess
import sys

import pytest

FIRST = [
    "import hf_cner; from transformers import AutoConfig",
    "import hf_cner; from transformers import Trainer",  # imports the Auto classes half-way through its base class
    "from hf_cner import CnerForTokenClassification",
    "import hf_cner.modeling.pipeline_cner",
]
THEN = """
from transformers import AutoConfig, AutoModelForTokenClassification
config = AutoConfig.for_model("cner", entity_types=["症状"])
assert type(AutoModelForTokenClassification.from_config(config)).__name__ == "CnerForTokenClassification"
"""


@pytest.mark.parametrize("first", FIRST)
def test_the_models_are_registered_whatever_is_imported_first(first: str) -> None:
    done = subprocess.run([sys.executable, "-c", first + "\n" + THEN], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_package_itself_imports_neither_torch_nor_transformers() -> None:
    code = "import sys, hf_cner; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
