"""Loops over arrays as machine code, which is kept for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as machine code: compiled at its first call, kept beside its source where that can be written."""
    import numba

    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # neither the source's folder nor the user's cache can be written
        return numba.njit(nogil=True)(function)
