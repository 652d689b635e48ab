"""The arms of a difference: how many users each mean rests on, and what it may be where all of them are alike.

Resamples of an arm in which everybody has one outcome never vary, nor do clustered errors, as if its mean were known:
of 15 treated users of whom each buys with chance .05, such a 95% interval held the truth in 54% of samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit

from analysis.causal.cells import Cells, Estimand, arm_weights
from analysis.causal.doubly_robust import clustered_error
from analysis.causal.strata import Marks
from analysis.causal.study import Numbers, Study
from analysis.fairness.infer import SAME, stretched, two_sided, unseen_reach, welch_freedom

WHICH = np.array([-1.0, 1.0])
"""How the arms enter a difference: without treatment, with it."""
LEAST = 1e-12
"""The smallest p of a difference with a flat arm: beyond it, levels cannot be told from 1."""


@dataclass(frozen=True)
class Arms:
    """Means that are added up to a difference, each [arms]: two, or four of a difference between two groups.

    sign: what each mean counts, -1 or 1 in a difference. n: effective users (Kish 1965, of each user's share in the
    mean). flat: all these users have one outcome, `value`. seen: the lowest and the highest outcome of any user.
    """

    sign: Numbers
    n: Numbers
    flat: Marks
    value: Numbers
    seen: tuple[float, float]

    def beside(self, other: Arms) -> Arms:
        """The arms of this difference less `other`."""
        return Arms(
            sign=np.append(self.sign, -other.sign),
            n=np.append(self.n, other.n),
            flat=np.append(self.flat, other.flat),
            value=np.append(self.value, other.value),
            seen=self.seen,
        )

    def stretched(self, plain: tuple[float, float], value: float, level: float) -> tuple[float, float]:
        """An interval of that level, joined with how far flat arms may reach."""
        return stretched(plain, value, *self._reach(level)) if self.flat.any() else plain

    def error(self, plain: float, level: float) -> float:
        """The standard error that tells what could have been shown, flat arms' reach among it."""
        reach = np.maximum(*self._reach(level)) / two_sided(level)
        return float(np.linalg.norm([plain, *reach]))

    def p(self, value: float, plain: float, freedom: float) -> float:
        """1 less the level at which the interval of `value`, of standard error `plain` but for flat arms, reaches 0."""
        if value == 0:
            return 1.0

        def beyond(log_chance: float) -> float:
            chance = float(np.exp(log_chance))
            half = -float(stdtrit(freedom, chance / 2)) * plain
            low, high = self.stretched((value - half, value + half), value, 1 - chance)
            return low if value > 0 else -high

        least = float(np.log(LEAST))
        if beyond(0.0) <= 0:
            return 1.0
        return float(np.exp(brentq(beyond, least, 0.0))) if beyond(least) < 0 else LEAST

    def _reach(self, level: float) -> tuple[Numbers, Numbers]:
        """How far each arm may move the difference down and up."""
        fall, rise = unseen_reach(self.flat, self.n, self.value, self.seen, level)
        up, size = self.sign > 0, np.abs(self.sign)
        return size * np.where(up, fall, rise), size * np.where(up, rise, fall)


def arms_of(cells: Cells, estimand: Estimand | None, group: int = 0) -> Arms:
    """The arms of the difference within a group, standardised over strata; estimand None: of the raw one."""
    strata = cells.shape[1]
    n, y = (each[group] for each in cells.totals())
    weight = arm_weights(n, estimand)  # of each row in its arm's mean
    value = (weight * y).sum(axis=0)
    users, flat = np.zeros(2), np.zeros(2, np.bool_)
    for arm in (0, 1):
        at = np.flatnonzero(weight[:, arm] > 0)
        if not at.size:
            continue
        columns = (group * strata + at) * 2 + arm
        rows, sums = cells.n[:, columns], cells.y[:, columns]
        users[arm] = _kish(rows @ weight[at, arm])
        apart = abs(sums - rows * value[arm])
        flat[arm] = apart.max() <= SAME * max(abs(sums).max(), abs(value[arm]) * rows.max())
    seen = _seen(cells) if flat.any() else (0.0, 0.0)
    return Arms(WHICH, users, flat, np.clip(value, *seen) if flat.any() else value, seen)


def arms_of_rows(study: Study, weight: Numbers) -> Arms:
    """The arms of a weighted difference of rows; weight: float64 [rows], at least 0, of each in its arm's mean."""
    users, flat, value = np.zeros(2), np.zeros(2, np.bool_), np.zeros(2)
    for arm in (0, 1):
        own = (study.treated == arm) & (weight > 0)
        if own.any():
            users[arm] = _kish(np.bincount(study.user[own], weights=weight[own]).astype(float))
            value[arm], flat[arm] = study.outcome[own][0], np.ptp(study.outcome[own]) == 0
    return Arms(WHICH, users, flat, value, (float(study.outcome.min()), float(study.outcome.max())))


def row_freedom(study: Study, score: Numbers, arms: Arms) -> float:
    """Welch's degrees of freedom of a difference whose rows have these influences."""
    errors = [clustered_error(score * (study.treated == arm), study.user, study.users) for arm in (0, 1)]
    return welch_freedom(np.array(errors), arms.n)


def _kish(weight: Numbers) -> float:
    """Effective number of users of these weights."""
    return float(weight.sum() ** 2 / (weight @ weight))


def _seen(cells: Cells) -> tuple[float, float]:
    """The lowest and the highest mean outcome of any user in any cell."""
    rows = cells.n.copy()
    rows.data = 1 / rows.data
    mean = cells.y.multiply(rows).tocsr().data
    ends = mean if mean.size == rows.nnz else np.append(mean, 0.0)  # outcomes of 0 may not be kept
    return float(ends.min()), float(ends.max())
