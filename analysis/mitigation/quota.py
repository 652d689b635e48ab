"""After ranking: every first part of every list holds enough of each item group (DetGreedy and FA*IR)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from analysis.mitigation.candidates import Candidates, Lists, check_strength

Counts = npt.NDArray[np.int64]

ALPHA = 0.1
"""Chance with which FA*IR may turn down a list that was drawn fairly, as in the paper."""


def det_greedy(candidates: Candidates, item_group: npt.NDArray, strength: float, K: int) -> Lists:
    """DetGreedy (Geyik, Ambler and Kenthapadi 2019): after k places a group of share p has floor(p k) to ceil(p k).

    p: the group's share of the catalogue. item_group: str [items]. strength s in [0, 1]: at least floor(s p k), at most
    ceil((1 - s + s p) k); 0 returns the lists as they were. Of the groups that may come next, the candidate with the
    highest score is taken; where none of them has candidates left, the best of all. Returns int32 [users, K].
    """
    check_strength(strength)
    names, group, member = candidates.members(item_group)
    share = strength * np.bincount(group, minlength=len(names)) / len(group)
    places = np.arange(1, K + 1)[:, None]
    least = np.floor(share * places + 1e-9).astype(np.int64)
    most = np.ceil((1 - strength + share) * places - 1e-9).astype(np.int64)
    return filled(candidates, member, least, most)


def fair_top(candidates: Candidates, protected: npt.NDArray[np.bool_], strength: float, K: int) -> Lists:
    """FA*IR (Zehlike and others 2017): no first part of a list has so few protected items that chance would not do it.

    protected: bool [items]. The share to be reached is strength x their share of the catalogue; a list is turned down
    where, were each place protected with that chance, so few would come with a chance of ALPHA at most, over all
    first parts together (the exact correction for testing K of them). strength 0 returns the lists as they were.
    """
    check_strength(strength)
    member = np.where(candidates.codes >= 0, protected[candidates.codes].astype(np.intp), -1)
    least = np.zeros((K, 2), np.int64)
    least[:, 1] = adjusted_minimum(K, strength * float(protected.mean()), ALPHA)[1]
    return filled(candidates, member, least, np.full((K, 2), K))


def filled(candidates: Candidates, member: npt.NDArray[np.intp], least: Counts, most: Counts) -> Lists:
    """Lists filled place by place with the best candidate of a group that must come now, else of one that may.

    member: [users, M], -1 padded. least, most: [K, groups], items of each group after each place.
    """
    value = candidates.relevance.copy()  # [users, M], -inf once taken
    users = np.arange(len(value))
    counts = np.zeros((len(value), least.shape[1]), np.int64)
    K = min(len(least), value.shape[1])
    lists = np.full((len(value), K), -1, np.int32)
    for place in range(K):
        left = np.isfinite(value)
        for allowed in (counts < least[place], counts < most[place]):
            may = left & allowed[users[:, None], member]
            left = np.where(may.any(axis=1, keepdims=True), may, left)
        chosen = np.where(left, value, -np.inf).argmax(axis=1)
        some = left.any(axis=1)
        lists[some, place] = candidates.codes[some, chosen[some]]
        counts[users[some], member[some, chosen[some]]] += 1
        value[users[some], chosen[some]] = -np.inf
    return lists


def minimum(K: int, share: float, alpha: float) -> Counts:
    """The fewest protected items after each of K places: smallest x with P(X <= x) > alpha, X binomial."""
    places = np.arange(1, K + 1)
    below = bdtr(np.arange(K + 1)[None, :].astype(float), places[:, None], share)  # [place, x]
    below[np.arange(K + 1)[None, :] >= places[:, None]] = 1.0
    return np.asarray((below > alpha).argmax(axis=1), np.int64)


def chance_of_refusal(least: Counts, share: float) -> float:
    """Chance that a list whose places are protected independently with chance `share` misses `least` somewhere."""
    alive = np.ones(1)  # chance of each count of protected items so far, lists that missed a minimum left out
    for fewest in least:
        alive = np.append(alive * (1 - share), 0.0) + np.append(0.0, alive * share)
        alive[:fewest] = 0.0
    return float(1.0 - alive.sum())


def adjusted_minimum(K: int, share: float, alpha: float) -> tuple[float, Counts]:
    """alpha_c and the minima under it: the strictest test of every first part that refuses at most `alpha` fair lists.

    The minima change only where alpha_c passes a value of one of the K distributions, so the search is over these and
    its result is exact.
    """
    if not 0.0 < share < 1.0:
        return alpha, np.full(K, 0, np.int64) if share <= 0 else np.arange(1, K + 1)
    places = np.arange(1, K + 1)[:, None]
    steps = np.unique(bdtr(np.arange(K)[None, :].astype(float), places, share)[np.arange(K)[None, :] < places])
    steps = np.append(0.0, steps[steps <= alpha])
    low, high = 0, len(steps)  # steps[low] is within alpha, steps[high] is not
    while high - low > 1:
        middle = (low + high) // 2
        within = chance_of_refusal(minimum(K, share, steps[middle]), share) <= alpha
        low, high = (middle, high) if within else (low, middle)
    return float(steps[low]), minimum(K, share, steps[low])
