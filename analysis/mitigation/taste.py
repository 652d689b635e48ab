"""After ranking: lists whose mix of item groups follows what each user took before (Steck 2018)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.mitigation.candidates import Array, Candidates, Lists, check_strength

SMOOTHING = 0.01
"""Share of the user's own mix that is added to the list's, so that the divergence stays finite (as in the paper)."""


def calibrated(
    candidates: Candidates, item_group: npt.NDArray, profile: sp.csr_matrix, strength: float, K: int
) -> Lists:
    """Greedy maximum of (1 - strength) x sum of scores - strength x KL(own mix | list's mix), place by place.

    Scores are scaled to 0..1 within the user. profile: csr [users, items], above 0 where the user took the item; users
    without keep their lists. strength in [0, 1]; 0 returns the lists as they were. The greedy list is at least
    (1 - 1/e) as good as the best one, because the objective is submodular. Returns int32 [users, K].
    """
    check_strength(strength)
    names, group, member = candidates.members(item_group)
    own = _mix(profile, group, len(names))  # [users, G]
    weight = np.where(own.any(axis=1), strength, 0.0)[:, None]
    value = candidates.relevance.copy()
    users = np.arange(len(value))
    counts = np.zeros_like(own)
    K = min(K, value.shape[1])
    lists = np.full((len(value), K), -1, np.int32)
    for place in range(K):
        after = _divergence(own, counts, place + 1)  # [users, G], were an item of the group added
        left = np.isfinite(value)
        mixed = np.take_along_axis(after, np.maximum(member, 0), axis=1)
        chosen = np.where(left, (1 - weight) * np.where(left, value, 0.0) - weight * mixed, -np.inf).argmax(axis=1)
        some = np.isfinite(value[users, chosen])
        lists[some, place] = candidates.codes[some, chosen[some]]
        counts[users[some], member[some, chosen[some]]] += 1
        value[users[some], chosen[some]] = -np.inf
    return lists


def _mix(profile: sp.csr_matrix, group: npt.NDArray[np.intp], groups: int) -> Array:
    """Share of each item group among what each user took [users, G]; zeros for users without."""
    taken = sp.csr_matrix(profile > 0, dtype=np.float64)
    member = sp.csr_matrix((np.ones(len(group)), (np.arange(len(group)), group)), shape=(len(group), groups))
    counts = np.asarray((taken @ member).todense())
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)


def _divergence(own: Array, counts: Array, length: int) -> Array:
    """KL(own | list) of each user's list of `length` items were its last of each group [users, G]."""
    now = (1 - SMOOTHING) * counts / length + SMOOTHING * own
    more = now + (1 - SMOOTHING) / length
    with np.errstate(divide="ignore", invalid="ignore"):
        term, other = (np.where(own > 0, own * np.log(own / mixed), 0.0) for mixed in (now, more))
    return np.asarray(term.sum(axis=1, keepdims=True) - term + other)
