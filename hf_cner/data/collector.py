"""Python's garbage collector in processes that load a model and then make many small objects."""

from __future__ import annotations

import gc


def keep_loaded() -> None:
    """Exempt every object that exists now from later collections; only for a process of our own, after it has loaded.

    Each full collection visits all objects of torch and transformers, which takes 60 ms. Without these visits,
    predictions of a small model take a quarter less time (`benchmarks/bench_scale.py`). If objects that exist now
    become garbage in a cycle, they stay until the process ends, or until `gc.unfreeze()`.
    """
    gc.collect()
    gc.freeze()
