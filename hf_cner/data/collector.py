"""Python's garbage collector in processes that load a model and then make many small objects."""

from __future__ import annotations

import gc


def keep_loaded() -> None:
    """Exempt every object that exists now from later collections; only for a process of our own, after it has loaded.

    A full collection visits each object of torch and transformers, 60 ms each time. Without that, predictions of a
    small model take a quarter less time (`benchmarks/bench_scale.py`). Objects that exist now and later become garbage
    in a cycle stay until the process ends, or until `gc.unfreeze()`.
    """
    gc.collect()
    gc.freeze()
