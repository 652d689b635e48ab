"""Accuracy of each user's list against the user's held-out items: one number a user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.fairness.ranking import Ranking

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Accuracy:
    """Per-user figures of lists cut at K, float64 [users]; 0 where `counted` is False, which must be left out.

    ndcg: sum over ranks of (2^grade - 1) / log2(1 + r), divided by the same sum of the user's best possible list
        cut at min(K, |T_u|) (Järvelin and Kekäläinen 2002); in [0, 1], 0 = no relevant item shown.
    recall: relevant items shown / |T_u|. precision: relevant items shown / K, whatever the list's length.
    map: average precision: precision at the rank of each relevant item shown, summed, over min(K, |T_u|); in [0, 1],
        0 = none shown, 1 = relevant items fill the top; its mean over users is MAP@K.
    hit: 1 where at least one relevant item is shown. mrr: 1 / rank of the first relevant item, 0 where none is shown.
    length: items in the list, in [0, K]; for every user.
    counted: bool [users], the user has held-out relevant items. `ndcg` ... `mrr` are undefined for the others.
    """

    ndcg: Array
    recall: Array
    precision: Array
    map: Array
    hit: Array
    mrr: Array
    length: Array
    counted: npt.NDArray[np.bool_]


def accuracy(ranking: Ranking, K: int) -> Accuracy:
    """The figures of `ranking`'s lists cut at `K`, users without held-out relevant items marked not counted."""
    if K < 1:
        raise ValueError("K is at least 1")
    lists = ranking.lists[:, :K]
    relevant = sp.csr_matrix(ranking.relevant, dtype=np.float64)
    relevant.eliminate_zeros()
    gain, ideal, shown, precisions, first = _found(lists, relevant, K)
    held_out = np.diff(relevant.indptr)
    return Accuracy(
        ndcg=_ratio(gain, ideal),
        recall=_ratio(shown, held_out),
        precision=shown / K,
        map=_ratio(precisions, np.minimum(held_out, K)),
        hit=(shown > 0).astype(np.float64),
        mrr=_ratio(np.ones(len(lists)), first),
        length=(lists >= 0).sum(axis=1).astype(np.float64),
        counted=held_out > 0,
    )


def _found(lists: npt.NDArray[np.int32], relevant: sp.csr_matrix, K: int) -> Array:
    """Discounted gain, the best possible one, relevant items shown, their precisions, first rank; [5, users]."""
    from analysis.fairness.walk import walk

    found = np.zeros((5, len(lists)))
    gains = np.exp2(relevant.data) - 1.0
    worth, best = np.zeros(relevant.shape[1]), np.zeros(K)
    walk(np.ascontiguousarray(lists), relevant.indptr, relevant.indices, gains, discounts(K), worth, best, found)
    return found


def discounts(K: int) -> Array:
    """v_r = 1 / log2(1 + r) for ranks 1..K, float64 [K]: the attention that a place in the list gets."""
    return 1.0 / np.log2(np.arange(2, K + 2, dtype=np.float64))


def listed_grades(relevant: sp.csr_matrix, lists: npt.NDArray[np.int32]) -> Array:
    """Grade of every listed item [users, K]; 0 where it is not relevant or the list has ended."""
    users, items = relevant.shape
    matrix = relevant.tocsr()
    matrix.sort_indices()
    rows = np.repeat(np.arange(users, dtype=np.int64), np.diff(matrix.indptr))
    keys = rows * items + matrix.indices  # sorted, one a stored grade
    wanted = np.arange(users, dtype=np.int64)[:, None] * items + lists
    if keys.size == 0:
        return np.zeros(lists.shape)
    place = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    return np.where((keys[place] == wanted) & (lists >= 0), matrix.data[place], 0.0)


def _ratio(top: npt.NDArray, bottom: npt.NDArray) -> Array:
    return np.divide(top, bottom, out=np.zeros(len(top)), where=bottom > 0)
