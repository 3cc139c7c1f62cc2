"""Recognising a full or failing disk in the errors of all libraries."""

from __future__ import annotations

import errno
import os
import re

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
# safetensors and torch.save have messages of their own in place of the system's error.
_MESSAGES = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|os error 28|iostream error"
    r"|PytorchStreamWriter failed writing|inline_container\.cc:\d+\] \. unexpected pos"
)
_DEEPEST = 10  # causes of an error that are followed


class NotWritten(OSError):
    """Something could not be written; the message is the whole sentence, without the system's number."""

    def __str__(self) -> str:
        return str(self.strerror)


def no_room(error: BaseException) -> OSError | None:
    """The system's error behind an exception, if a disk is full or fails; else None.

    Libraries hide it behind their own errors. A `NotWritten` is returned unchanged.
    """
    seen: BaseException | None = error
    for _ in range(_DEEPEST):
        if seen is None:
            return None
        if isinstance(seen, OSError) and seen.errno in NO_ROOM:
            return seen
        if _MESSAGES.search(str(seen)[:2000]):
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        seen = seen.__cause__ or seen.__context__
    return None
