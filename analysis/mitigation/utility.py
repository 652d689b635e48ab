"""After ranking: lists whose foreseen usefulness differs less between two groups of users (after Li and others 2021).

Their program maximises the sum of the recommender's scores while the difference of the groups' utility is at most a
bound. The published results measure that utility with the labels of the test part, which no recommender has when it
ranks; there the gap closes and accuracy rises. Here it is foreseen from the validation part, so the lists can be made,
and what they do to the test part is a fair answer, mostly a smaller one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.fairness.peruser import discounts
from analysis.mitigation.candidates import Array, Candidates, Lists, best_places, check_strength

HIGHEST_PRICE = 64.0
"""At this price the worse-served group's lists are sorted by foreseen use alone."""
PRECISION = 1e-5


def utility_levelled(
    candidates: Candidates,
    chance: Array,
    wanted: Array,
    user_group: npt.NDArray[np.intp],
    strength: float,
    K: int,
) -> Lists:
    """The program's lists: at the smallest loss of score, foreseen NDCG of the best- and the worst-served group differs
    by (1 - strength) x its present difference at most.

    Scores are scaled to 0..1 within the user, and weigh 1 / log2(1 + rank). chance: [users, M], that a candidate is
    wanted. wanted: float64 [users], how many held-out items a user is foreseen to want. user_group: int [users], -1
    for users whose lists stay. strength in [0, 1]; 0 returns the lists as they were. Returns int32 [users, K].

    Solved by its dual, exactly up to PRECISION and one place of one list: each user's best list is the one sorted by
    score plus (worse-served) or minus (better-served) price x chance / ideal, and the difference falls as the price
    rises. Where even the highest price leaves more than that, it is what the candidates allow.
    """
    check_strength(strength)
    if strength == 0.0 or not chance.any() or len(np.unique(user_group[user_group >= 0])) < 2:
        return candidates.codes[:, :K].copy()
    use = chance / _ideal(wanted, K)[:, None]  # [users, M], foreseen NDCG of a first place
    side = _sides(use, candidates, user_group, K)
    now = _difference(use, best_places(candidates.relevance, K), side)
    low, high = 0.0, HIGHEST_PRICE
    if _difference(use, _order(candidates, use, side, high, K), side) > (1 - strength) * now:
        low = high
    while high - low > PRECISION * max(1.0, high):
        middle = (low + high) / 2
        enough = _difference(use, _order(candidates, use, side, middle, K), side) <= (1 - strength) * now
        low, high = (low, middle) if enough else (middle, high)
    return np.take_along_axis(candidates.codes, _order(candidates, use, side, high, K), axis=1)


def foreseen_ndcg(use: Array, order: npt.NDArray[np.intp]) -> Array:
    """Foreseen NDCG of each user's list in that order of places, float64 [users]."""
    placed = np.take_along_axis(use, order, axis=1)
    return np.asarray(placed @ discounts(placed.shape[1]))


def _ideal(wanted: Array, K: int) -> Array:
    """Discounted gain of the best list of a user who wants so many items, read between whole numbers."""
    gains = np.concatenate([[0.0], np.cumsum(discounts(K))])
    return np.interp(np.clip(wanted, 1.0, K), np.arange(K + 1), gains)


def _sides(use: Array, candidates: Candidates, user_group: npt.NDArray[np.intp], K: int) -> Array:
    """float64 [users]: 1 / users of the worse-served group, minus that of the better-served; 0 for all others."""
    served = foreseen_ndcg(use, best_places(candidates.relevance, K))
    groups = np.unique(user_group[user_group >= 0])
    means = [served[user_group == group].mean() for group in groups]
    side = np.zeros(len(served))
    for group, sign in ((groups[int(np.argmin(means))], 1.0), (groups[int(np.argmax(means))], -1.0)):
        members = user_group == group
        side[members] = sign / members.sum()
    return side


def _difference(use: Array, order: npt.NDArray[np.intp], side: Array) -> float:
    """Foreseen NDCG of the better-served group less that of the worse-served."""
    return float(-(side * foreseen_ndcg(use, order)).sum())


def _order(candidates: Candidates, use: Array, side: Array, price: float, K: int) -> npt.NDArray[np.intp]:
    weight = price * side * len(side)
    return best_places(candidates.relevance + weight[:, None] * use, K)
