"""From scores to lists."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.data import Floats, Ints

NO_RANK = "a score is NaN or infinite: it has no rank"


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
    if not scan(read, seen.indptr, seen.indices, codes, best):
        raise ValueError(NO_RANK)
    return codes, best


def gains(
    scores: Floats, seen: sp.csr_matrix, wanted: sp.csr_matrix, k: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """What each row's list would be worth, without making it: discounted gain at `k` and wanted items shown, [rows].

    Lists are those of `best_unseen`, gains binary, the discount of rank r 1/log2(1 + r). wanted: csr [rows, items] with
    no cell of `seen`. Raises ValueError where a score is NaN or infinite.
    """
    from models import scan

    gain, hits = np.zeros(len(scores)), np.zeros(len(scores), np.int64)
    cells = (seen.indptr, seen.indices, wanted.indptr, wanted.indices)
    work = np.empty(scores.shape[1], np.float32)
    if not scan.gains(np.ascontiguousarray(scores, np.float32), *cells, discounts(k), work, gain, hits):
        raise ValueError(NO_RANK)
    return gain, hits


def discounts(k: int) -> npt.NDArray[np.float64]:
    """1 / log2(1 + rank) of ranks 1..k, float64 [k]."""
    return 1 / np.log2(np.arange(2, k + 2))


def ideal(relevant: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.float64]:
    """The gain of the best list of users with so many relevant items, at least one each."""
    return np.cumsum(discounts(k))[np.minimum(relevant, k) - 1]
