"""Figures of a simulated loop: one value a repetition, arm, round and figure, and intervals over repetitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

LEVEL = 0.95
FIGURES = ("clicks", "gap", "tail", "variety")


@dataclass(frozen=True)
class World:
    """What is known of a loop beforehand.

    chance: float64 [users, items], that a user clicks the item when it is listed. group: int [users], 1 and 0 for the
    two groups compared, -1 for others. tail: bool [items].
    """

    chance: Array
    group: npt.NDArray[np.int64]
    tail: npt.NDArray[np.bool_]

    def served(self, lists: Ints) -> bool:
        """Whether somebody of either group has a list; else their gap is undefined."""
        there = (lists >= 0).any(1)
        return all((there & (self.group == side)).any() for side in (0, 1))

    def figures(self, lists: Ints) -> Array:
        """[4], in the order of FIGURES, of lists [users, K], -1 where there is no more.

        clicks: mean over users of the chance that a listed item is clicked, 0..1. gap: that of group 1 minus that of
        group 0. tail: share of listed places with items of the tail, 0..1. variety: items of the catalogue that are in
        anybody's list, as a share of it.
        """
        there = lists >= 0
        chance = np.take_along_axis(self.chance, np.maximum(lists, 0), 1) * there
        served = there.any(1)
        mean = chance.sum(1) / np.maximum(there.sum(1), 1)
        one, other = (mean[served & (self.group == side)].mean() for side in (1, 0))
        shown = np.unique(lists[there])
        variety = len(shown) / len(self.tail)
        return np.array([mean[served].mean(), one - other, self.tail[lists[there]].mean(), variety])

    def clicked(self, lists: Ints, luck: Array) -> tuple[Ints, Ints]:
        """Users and items of the clicks: where `luck` [users, items], uniform on 0..1, is under the chance."""
        user, place = np.nonzero(lists >= 0)
        item = lists[user, place]
        hit = luck[user, item] < self.chance[user, item]
        return user[hit].astype(np.int32), item[hit].astype(np.int32)


@dataclass(frozen=True)
class Mean:
    """A mean over repetitions with its interval by Student's t; error: its standard error, times: repetitions."""

    value: float
    error: float
    times: int

    def limits(self, level: float = LEVEL) -> tuple[float, float]:
        reach = float(stdtrit(self.times - 1, (1 + level) / 2)) * self.error
        return self.value - reach, self.value + reach

    @property
    def p(self) -> float:
        """Two-sided, of a true mean of 0."""
        if self.error == 0:
            return 1.0 if self.value == 0 else float(np.finfo(float).tiny)
        return max(2 * float(stdtr(self.times - 1, -abs(self.value) / self.error)), float(np.finfo(float).tiny))


def mean_of(values: Array) -> Mean:
    """values: [repetitions], at least two."""
    return Mean(float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5, len(values))
