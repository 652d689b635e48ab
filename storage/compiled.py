"""Loops over arrays as machine code, which is kept for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Loop = Callable[..., Any]


def compiled(function: Loop) -> Loop:
    """`function` as machine code: compiled at its first call, kept beside its source where that can be written."""
    return _made(function)


def summing(function: Loop) -> Loop:
    """The same for loops that add up long rows: the processor may add in an order of its own, eight at once."""
    return _made(function, fastmath={"reassoc", "contract"})


def _made(function: Loop, **options: Any) -> Loop:
    import numba

    try:
        return numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # neither the source's folder nor the user's cache can be written
        return numba.njit(nogil=True, **options)(function)
