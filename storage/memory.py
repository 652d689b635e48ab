"""Telling that memory ran out from other faults."""

from __future__ import annotations

_SAID = ("failed to map segment", "cannot allocate memory", "can't allocate memory", "can't start new thread")
"""What the loader of libraries, the system, torch and Python say; none of them raises a MemoryError."""


def of_memory(error: BaseException) -> bool:
    """Whether an error, or what led to it, says that no memory was left: for values, a thread, or a library's code."""
    if isinstance(error, MemoryError) or any(said in str(error).casefold() for said in _SAID):
        return True
    cause = error.__cause__ or error.__context__
    return cause is not None and of_memory(cause)
