"""Who may read what is written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cases
import pytest

from hf_cner import CnerForTokenClassification


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask for readers")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_weights_follow_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        CnerForTokenClassification(cases.config()).save_pretrained(tmp_path / "OUT", max_shard_size="2KB")
    finally:
        os.umask(before)
    written = [path for path in (tmp_path / "OUT").iterdir() if path.is_file()]
    assert sum(path.suffix == ".safetensors" for path in written) > 1
    assert {path.stat().st_mode & 0o777 for path in written} == {mode}
