"""The real Label Studio and the real doccano, where they are installed: they give back the spans that they were given.

HF_CNER_LABEL_STUDIO and HF_CNER_DOCCANO name their programs, in environments of their own; `benchmarks/
annotation_tools.py` says how these are made.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "annotation_tools.py"


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["label-studio", "doccano"])
def test_a_tool_gives_back_what_it_was_given(tool: str) -> None:
    variable = f"HF_CNER_{tool.replace('-', '_').upper()}"
    program = os.environ.get(variable)
    if not program:
        pytest.skip(f"{variable} is not set: it names the program of {tool}")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), f"--{tool}", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "there and back: the same" in done.stdout, done.stdout + done.stderr
