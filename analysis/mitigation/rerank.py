"""After ranking: lists that give item groups their share of attention, at the smallest loss of relevance.

Objective: the largest sum over users and ranks of v_r s(u, i), with v_r = 1 / log2(1 + r) and s the recommender's score
of a candidate, scaled to 0..1 within the user. Constraint: each group that gets less than its target share of the
attention must get at least (1 - strength) x its present share + strength x its target share, over all users together.

With a price for each such group added to its items' scores, the best list of every user is simply the sorted one (each
list is a linear assignment whose weights fall with rank). So the linear program is solved by its dual: the smallest
prices at which the constraints hold, found by bisection. Prices are exact to PRECISION; attention moves in steps of
single list places, so with one short group the constraint is met with about one such step to spare, and with several it
may be missed by one, the first place of one list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt

from words import Refusal

Lists = npt.NDArray[np.int32]
Array = npt.NDArray[np.float64]

PRECISION = 1e-6
HIGHEST_PRICE = 4.0
"""Scores span 0..1, so a group at this price comes before all others even where others are priced too."""
FIRST_STEP = 1e-3
ROUNDS = 200
"""Raising one price takes attention from other priced groups, so prices are revisited until none moves."""


def exposure_constrained(
    candidates: Lists,
    scores: npt.NDArray[np.float32],
    item_group: npt.NDArray,
    strength: float,
    K: int,
    target: Mapping[str, float] | None = None,
) -> Lists:
    """The `K` best places of every user under the constraint above.

    candidates: int32 [users, M], best first, -1 padded. scores: float32 [users, M], -inf where padded. item_group:
    str [items]. strength in [0, 1]; 0 returns the lists as they were. target: group -> share of attention; None: the
    group's share of the catalogue. Returns int32 [users, K], -1 padded, ties in the order of the candidates.
    Where the candidates cannot meet a target, the group gets all that they allow.
    Raises Refusal for a strength outside [0, 1].
    """
    if not 0.0 <= strength <= 1.0:
        raise Refusal("mitigation.refusal.strength", strength=strength)
    if strength == 0.0:
        return candidates[:, :K].copy()
    names, group = np.unique(np.asarray(item_group, dtype=str), return_inverse=True)
    wanted = _targets(names, group, target)
    member = np.where(candidates >= 0, group[candidates], -1)  # [users, M]
    relevance = _scaled(candidates, scores)
    present = _shares(member, _order(relevance, candidates, K), len(names))
    goal = (1 - strength) * present + strength * wanted
    price = _prices(relevance, candidates, member, K, goal, np.flatnonzero(wanted > present))
    order = _order(_priced(relevance, member, price), candidates, K)
    return np.take_along_axis(candidates, order, axis=1)


def attention_shares(lists: Lists, item_group: npt.NDArray) -> dict[str, float]:
    """Share of the attention of all lists that each item group gets; sums to 1; empty where nothing is listed."""
    names, group = np.unique(np.asarray(item_group, dtype=str), return_inverse=True)
    member = np.where(lists >= 0, group[lists], -1)
    if not (member >= 0).any():
        return {}
    order = np.broadcast_to(np.arange(lists.shape[1]), lists.shape)
    return dict(zip(names.tolist(), _shares(member, order, len(names)).tolist(), strict=True))


def _targets(names: npt.NDArray, group: npt.NDArray, target: Mapping[str, float] | None) -> Array:
    if target is None:
        return np.bincount(group, minlength=len(names)) / len(group)
    return np.array([target.get(str(name), 0.0) for name in names])


def _scaled(candidates: Lists, scores: npt.NDArray[np.float32]) -> Array:
    """Scores within 0..1 of each user's candidates; -inf where padded."""
    listed = candidates >= 0
    value = np.asarray(scores, dtype=np.float64)
    high = np.where(listed, value, -np.inf).max(axis=1, keepdims=True)
    low = np.where(listed, value, np.inf).min(axis=1, keepdims=True)
    span = np.where(high > low, high - low, 1.0)
    return np.where(listed, (value - np.where(np.isfinite(low), low, 0.0)) / span, -np.inf)


def _order(value: Array, candidates: Lists, K: int) -> npt.NDArray[np.intp]:
    """Places of the K best candidates of each user, best first, ties by place."""
    return np.argsort(-value, axis=1, kind="stable")[:, : min(K, candidates.shape[1])]


def _priced(relevance: Array, member: npt.NDArray, price: Array) -> Array:
    return relevance + np.where(member >= 0, price[member], 0.0)


def _shares(member: npt.NDArray, order: npt.NDArray, groups: int) -> Array:
    """Share of the attention of each group [G] when candidates are listed in `order`."""
    placed = np.take_along_axis(member, order, axis=1)
    weight = np.broadcast_to(1.0 / np.log2(np.arange(2, placed.shape[1] + 2)), placed.shape)
    kept = placed >= 0
    total = np.bincount(placed[kept], weights=weight[kept], minlength=groups)
    return total / total.sum()


def _attention(candidates: Lists, K: int) -> float:
    """All the attention that the first K places of the lists get; the first place of one list is 1 of it."""
    listed = np.sort(candidates >= 0, axis=1)[:, ::-1][:, :K]
    return float((listed / np.log2(np.arange(2, listed.shape[1] + 2))).sum())


def _prices(relevance: Array, candidates: Lists, member: npt.NDArray, K: int, goal: Array, short: npt.NDArray) -> Array:
    """The smallest price of each group in `short` at which all reach their goals (after round one, to one place)."""
    price = np.zeros(len(goal))

    def share(index: int, at: float) -> float:
        tried = price.copy()
        tried[index] = at
        order = _order(_priced(relevance, member, tried), candidates, K)
        return float(_shares(member, order, len(goal))[index])

    def reached(index: int, at: float) -> bool:
        return share(index, at) >= goal[index]

    place = 1.0 / _attention(candidates, K)
    for turn in range(ROUNDS):
        before = price.copy()
        for index in short:
            if share(index, price[index]) < goal[index] - (place if turn else 0.0):
                price[index] = _bisected(partial(reached, index), price[index])
        if np.array_equal(price, before):
            break
    return price


def _bisected(enough: Callable[[float], bool], low: float) -> float:
    """The smallest price above `low` at which `enough` holds, HIGHEST_PRICE where none does."""
    step = FIRST_STEP
    while not enough(min(low + step, HIGHEST_PRICE)):
        if low + step >= HIGHEST_PRICE:
            return HIGHEST_PRICE
        low, step = low + step, 4 * step
    high = min(low + step, HIGHEST_PRICE)
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
