"""From scores to lists."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from models.data import Floats, Ints


def best_unseen(scores: Floats, seen: sp.csr_matrix, k: int) -> tuple[Ints, Floats]:
    """The exact k best unseen items of each row, best first, ties by item code.

    scores: finite floats [rows, items]. seen: csr [rows, items], its stored entries are never returned.
    Returns codes int32 [rows, k] and scores float32 [rows, k]; where a row has fewer than k unseen items
    the rest is -1 with score -inf. Raises ValueError where a score is NaN or infinite.
    """
    if scores.shape != seen.shape:
        raise ValueError(f"scores {scores.shape} and seen {seen.shape} differ")
    codes = np.full((len(scores), k), -1, np.int32)
    best = np.full((len(scores), k), -np.inf, np.float32)
    if codes.size == 0:
        return codes, best
    from models.scan import scan

    read = np.ascontiguousarray(scores, np.float32)
    if not scan(read, read.view(np.int32), seen.indptr, seen.indices, codes, best):
        raise ValueError("a score is NaN or infinite: it has no rank")
    return codes, best
