"""Errors of stores that are not this machine's disk, such as S3, as one sentence."""

from __future__ import annotations

from .shown import clipped

_LONGEST = 300  # characters of the client's own words


def store_fault(error: BaseException) -> str | None:
    """The sentence about an error of a store's client; None for any other error.

    Each store is used through fsspec, which stands between our code and the store's client. Without a network or a key
    clients raise errors of classes of their own. Those that are `OSError` say enough.
    """
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "fsspec":
            said = clipped(" ".join(str(error).split()), _LONGEST)
            return (
                f"found a store that cannot be used ({type(error).__name__}: {said}); expected one that answers; check "
                "its address, the network and your credentials, and give the command again."
            )
        trace = trace.tb_next
    return None
