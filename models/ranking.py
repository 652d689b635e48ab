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
    if not np.isfinite(scores).all():
        raise ValueError("a score is NaN or infinite: it has no rank")
    open_scores = np.array(scores, np.float32)  # [rows, items], a copy
    rows = np.repeat(np.arange(len(open_scores)), np.diff(seen.indptr))
    open_scores[rows, seen.indices] = -np.inf
    width = min(k, open_scores.shape[1])
    codes = np.full((len(open_scores), k), -1, np.int32)
    best = np.full((len(open_scores), k), -np.inf, np.float32)
    if width == 0 or len(open_scores) == 0:
        return codes, best
    codes[:, :width], best[:, :width] = _best(open_scores, width)
    codes[np.isneginf(best)] = -1
    return codes, best


def _best(scores: Floats, k: int) -> tuple[Ints, Floats]:
    """The k largest of each row of `scores`, ties by column; 1 <= k <= columns."""
    items = scores.shape[1]
    chosen = np.sort(np.argpartition(scores, items - k, axis=1)[:, items - k :], axis=1)  # [rows, k] by code
    values = np.take_along_axis(scores, chosen, axis=1)
    # The partition takes any of the items that tie at its edge; the definition wants the lowest codes.
    edge = values.min(axis=1, keepdims=True)
    tied = (scores == edge).sum(axis=1) > (values == edge).sum(axis=1)
    for row in np.nonzero(tied)[0]:
        above = np.nonzero(scores[row] > edge[row])[0]
        level = np.nonzero(scores[row] == edge[row])[0][: k - len(above)]
        chosen[row] = np.sort(np.concatenate([above, level]))
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return (
        np.take_along_axis(chosen, order, axis=1).astype(np.int32),
        np.take_along_axis(values, order, axis=1),
    )
