"""Whether the extra `fast` can be used here."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..data.extras import install

if TYPE_CHECKING:
    from .crf import NumbaBackend


def numba_backend() -> NumbaBackend:
    """The CRF's compiled loops.

    They are compiled once for each machine, in seconds, and kept beside the package, or in the user's cache where that
    cannot be written to, or where NUMBA_CACHE_DIR says.

    Raises:
        ImportError: numba is not installed, or there is no folder in which the compiled loops could be kept.
    """
    if find_spec("numba") is None:
        raise ImportError(f"numba is not installed: {install('fast')}.")
    try:
        from .crf import NumbaBackend
    except RuntimeError as error:
        raise ImportError(
            "there is no folder in which the compiled loops can be kept: set NUMBA_CACHE_DIR to one that can be "
            f"written to ({error})."
        ) from error
    return NumbaBackend()
