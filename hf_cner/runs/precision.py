"""Whether a run can compute in bf16."""

from __future__ import annotations

import torch
from transformers.utils.import_utils import is_torch_bf16_gpu_available


def only_a_cpu_has_bf16() -> bool:
    """Whether bf16 can mean the CPU alone; transformers refuses it there unless `use_cpu` is given as well.

    With an NVIDIA GPU without bf16, transformers refuses it too.
    """
    return not (torch.cuda.is_available() or is_torch_bf16_gpu_available())
