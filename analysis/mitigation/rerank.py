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

from analysis.fairness.peruser import discounts
from analysis.mitigation.candidates import Array, Candidates, Lists, best_places, check_strength

PRECISION = 1e-6
HIGHEST_PRICE = 4.0
"""Scores span 0..1, so a group at this price comes before all others even where others are priced too."""
FIRST_STEP = 1e-3
ROUNDS = 200
"""Raising one price takes attention from other priced groups, so prices are revisited until none moves."""


def exposure_constrained(
    candidates: Candidates,
    item_group: npt.NDArray,
    strength: float,
    K: int,
    target: Mapping[str, float] | None = None,
) -> Lists:
    """The `K` best places of every user under the constraint above.

    item_group: str [items]. strength in [0, 1]; 0 returns the lists as they were. target: group -> share of attention;
    None: the group's share of the catalogue. Returns int32 [users, K], -1 padded, ties in the order of the candidates.
    Where the candidates cannot meet a target, the group gets all that they allow.
    Raises Refusal for a strength outside [0, 1].
    """
    check_strength(strength)
    if strength == 0.0 or (candidates.codes < 0).all():
        return candidates.codes[:, :K].copy()
    names, group, member = candidates.members(item_group)
    wanted = _targets(names, group, target)
    relevance = candidates.relevance
    present = _shares(member, best_places(relevance, K), len(names))
    goal = (1 - strength) * present + strength * wanted
    price = _prices(candidates, member, K, goal, np.flatnonzero(wanted > present))
    return candidates.best(_priced(relevance, member, price), K)


def attention_shares(lists: Lists, item_group: npt.NDArray) -> dict[str, float]:
    """Share of the attention of all lists that each item group gets; sums to 1; empty where nothing is listed."""
    names, group = np.unique(np.asarray(item_group, dtype=str), return_inverse=True)
    member = np.where(lists >= 0, group[lists], -1)
    if not (member >= 0).any():
        return {}
    order = np.broadcast_to(np.arange(lists.shape[1]), lists.shape)
    return dict(zip(names.tolist(), _shares(member, order, len(names)).tolist(), strict=True))


def merit_shares(candidates: Candidates, chance: Array, item_group: npt.NDArray) -> dict[str, float]:
    """Share of each item group in what is foreseen to be wanted, for disparate treatment (Singh and Joachims 2018).

    There exposure is proportional to merit: a group's attention over its merit is the same for all. Merit of a group
    is the sum over all users of `chance` [users, M], that a candidate is wanted; items outside everybody's candidates
    have none. Sums to 1.
    """
    names, _, member = candidates.members(item_group)
    listed = member >= 0
    merit = np.bincount(member[listed], weights=chance[listed], minlength=len(names))
    return dict(zip(names.tolist(), (merit / max(merit.sum(), 1e-12)).tolist(), strict=True))


def short_changed(candidates: Candidates, item_group: npt.NDArray, K: int) -> npt.NDArray[np.bool_]:
    """bool [items]: of an item group that gets less attention in lists of length K than its share of the catalogue."""
    names, group, member = candidates.members(item_group)
    present = _shares(member, best_places(candidates.relevance, K), len(names))
    return np.asarray((present < _targets(names, group, None))[group])


def _targets(names: npt.NDArray, group: npt.NDArray, target: Mapping[str, float] | None) -> Array:
    if target is None:
        return np.bincount(group, minlength=len(names)) / len(group)
    return np.array([target.get(str(name), 0.0) for name in names])


def _priced(relevance: Array, member: npt.NDArray, price: Array) -> Array:
    return relevance + np.where(member >= 0, price[member], 0.0)


def _shares(member: npt.NDArray, order: npt.NDArray, groups: int) -> Array:
    """Share of the attention of each group [G] when candidates are listed in `order`."""
    placed = np.take_along_axis(member, order, axis=1)
    weight = np.broadcast_to(discounts(placed.shape[1]), placed.shape)
    kept = placed >= 0
    total = np.bincount(placed[kept], weights=weight[kept], minlength=groups)
    return total / (total.sum() or 1.0)  # nothing listed: nobody has a share


def _attention(candidates: Lists, K: int) -> float:
    """All the attention that the first K places of the lists get; the first place of one list is 1 of it."""
    listed = np.sort(candidates >= 0, axis=1)[:, ::-1][:, :K]
    return float((listed * discounts(listed.shape[1])).sum())


def _prices(candidates: Candidates, member: npt.NDArray, K: int, goal: Array, short: npt.NDArray) -> Array:
    """The smallest price of each group in `short` at which all reach their goals (after round one, to one place)."""
    price = np.zeros(len(goal))

    def share(index: int, at: float) -> float:
        tried = price.copy()
        tried[index] = at
        order = best_places(_priced(candidates.relevance, member, tried), K)
        return float(_shares(member, order, len(goal))[index])

    def reached(index: int, at: float) -> bool:
        return share(index, at) >= goal[index]

    place = 1.0 / _attention(candidates.codes, K)
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
