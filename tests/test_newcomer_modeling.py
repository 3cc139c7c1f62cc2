"""What a newcomer's layer, decoder or objective costs: one new file, and its entry (with an import, if it is a class).

Each edit is made in a temporary copy, where the tests that the table drives are run. They must reach the new entry.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTEXT = '''"""A context layer that mixes each unit with the mean of all units."""

from torch import Tensor, nn

from .layers import Linear
from .packing import keep_units


class MeanMixer(nn.Module):
    """Each unit beside the mean of its sequence, projected.

    Args:
        input_size: length of the vectors that come in.
        hidden_size: length of the vectors that leave.
    """

    def __init__(self, input_size: int, *, hidden_size: int = 6) -> None:
        super().__init__()
        self.output_size = hidden_size
        self.own, self.mean = Linear(input_size, hidden_size), Linear(input_size, hidden_size)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` bool to `(b, n, hidden_size)`, zero where no unit is."""
        vectors = keep_units(vectors, mask)
        mean = vectors.sum(1, keepdim=True) / mask.sum(1).clamp(min=1)[:, None, None]
        return keep_units(self.own(vectors) + self.mean(mean), mask)
'''
DECODER = '''"""Independent tags whose scores are divided by a temperature."""

from collections.abc import Sequence

from torch import Tensor

from .tagging_decoders import SoftmaxDecoder


class TemperedDecoder(SoftmaxDecoder):
    """As `SoftmaxDecoder`, with a distribution that is flatter or sharper.

    Args:
        temperature: above 1 the distribution is flatter, below 1 sharper.
    """

    def __init__(
        self, input_size: int, labels: Sequence[str], *, scheme: str = "BIOES", temperature: float = 2.0
    ) -> None:
        super().__init__(input_size, labels, scheme=scheme)
        self.temperature = temperature

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Emissions `(batch, length, tags)` of vectors `(batch, length, size)`."""
        return super().forward(vectors, mask) / self.temperature
'''
OBJECTIVE = '''"""The objective `last`: predicts the last character of each text from those before it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from ..modeling.labels import IGNORED
from ..settings.pretraining import PretrainingSettings
from .entities import Entities
from .mlm import LEARNING_RATES, NOT_TAKEN, OF_TRANSFORMERS, build, measure, save
from .objectives import Collate

__all__ = ["LEARNING_RATES", "NOT_TAKEN", "OF_TRANSFORMERS", "build", "collator", "measure", "save"]


def collator(settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, entities: Entities) -> Collate:
    """Hides the last character before the special token at the end."""
    pad, mask = int(tokenizer.pad_token_id), int(tokenizer.mask_token_id)

    def collate(features: Sequence[Mapping[str, object]]) -> dict[str, Tensor]:
        rows = [torch.as_tensor(feature["input_ids"], dtype=torch.long) for feature in features]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)
        labels = torch.full_like(ids, IGNORED)
        for number, row in enumerate(rows):
            labels[number, len(row) - 2], ids[number, len(row) - 2] = row[-2], mask
        return {"input_ids": ids, "attention_mask": (ids != pad).long(), "labels": labels}

    return collate
'''
EDITS = {  # what is added: its file, its text, the table's file, and what is put before which line of it
    "mean_mixer": (
        "hf_cner/modeling/mean_mixer.py",
        CONTEXT,
        "hf_cner/modeling/context.py",
        {"from .packing": "from .mean_mixer import MeanMixer\n", '    "parallel": P': '    "mean_mixer": MeanMixer,\n'},
        [
            "modeling/test_tables.py",
            "modeling/test_context.py",
            "modeling/test_modeling_cner.py",
            "modeling/test_checkpoint_code.py",
        ],
    ),
    "tempered": (
        "hf_cner/modeling/tempered.py",
        DECODER,
        "hf_cner/modeling/decoders.py",
        {
            "\nDECODERS:": "from .tempered import TemperedDecoder\n",
            '    "biaffine": B': '    "tempered": TemperedDecoder,\n',
        },
        [
            "modeling/test_tables.py",
            "modeling/test_span_probabilities.py",
            "modeling/test_modeling_cner.py",
            "modeling/test_stock_pipeline.py",
        ],
    ),
    "last": (
        "hf_cner/pretraining/last.py",
        OBJECTIVE,
        "hf_cner/settings/pretraining.py",
        {'"mlm", "bilm"': '"last", '},
        ["pretraining/test_objectives.py"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", EDITS)
def test_a_new_kind_is_one_file_and_its_entry_and_its_tests_run(kind: str, tmp_path: Path) -> None:
    file, text, table, insertions, tests = EDITS[kind]
    reached = 5 if kind == "last" else 20
    for folder in ("hf_cner", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.cfg"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / file).write_text(text, encoding="utf-8")
    changed = (tmp_path / table).read_text(encoding="utf-8")
    for before, line in insertions.items():
        assert changed.count(before) == 1
        changed = changed.replace(before, line + before)
    (tmp_path / table).write_text(changed, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow",
        "-k",
        f"{kind} or tables",
    ]
    command += ["tests/test_architecture.py", *(f"tests/{name}" for name in tests)]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= reached, done.stdout
