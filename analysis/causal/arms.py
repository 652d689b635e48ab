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
"""The smallest p of a difference with a part of alike users: beyond it, levels cannot be told from 1."""


@dataclass(frozen=True)
class Arms:
    """What the means rest on that are added up to a difference: two, or four of a difference between two groups.

    n: float64 [arms], effective users (Kish 1965, of each user's share in the mean). seen: the lowest and the highest
    outcome of any user. share, people, value: float64 [parts], parts of the arms in which all users have one outcome:
    what they count in the difference (below 0: taken off), their effective users, and that outcome.
    """

    n: Numbers
    seen: tuple[float, float]
    share: Numbers
    people: Numbers
    value: Numbers

    @property
    def alike(self) -> bool:
        """Whether resamples leave out what users unlike those of a part would do."""
        return self.share.size > 0

    def beside(self, other: Arms) -> Arms:
        """The arms of this difference less `other`."""
        return Arms(
            n=np.append(self.n, other.n),
            seen=self.seen,
            share=np.append(self.share, -other.share),
            people=np.append(self.people, other.people),
            value=np.append(self.value, other.value),
        )

    def stretched(self, plain: tuple[float, float], value: float, level: float) -> tuple[float, float]:
        """An interval of that level, joined with how far parts of alike users may reach."""
        return stretched(plain, value, *self._reach(level)) if self.alike else plain

    def error(self, plain: float, level: float) -> float:
        """The standard error that tells what could have been shown, the reach of alike users among it."""
        reach = np.maximum(*self._reach(level)) / two_sided(level)
        return float(np.linalg.norm([plain, *reach]))

    def p(self, value: float, plain: float, freedom: float) -> float:
        """1 less the level at which the interval of `value`, of error `plain` but for alike users, reaches 0."""
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
        """How far each part may move the difference down and up."""
        fall, rise = unseen_reach(np.ones(self.share.shape, np.bool_), self.people, self.value, self.seen, level)
        up, size = self.share > 0, np.abs(self.share)
        return size * np.where(up, fall, rise), size * np.where(up, rise, fall)


def whole_arms(sign: Numbers, n: Numbers, flat: Marks, value: Numbers, seen: tuple[float, float]) -> Arms:
    """Arms of which each that is `flat` consists of alike users; sign: what each counts."""
    return Arms(n, seen, sign[flat], n[flat], value[flat])


def arms_of(cells: Cells, estimand: Estimand | None, group: int = 0) -> Arms:
    """The arms of the difference within a group, standardised over strata; estimand None: of the raw one.

    Of outcomes from 0 to 1 the strata in which an arm has nothing but 0, or but 1, are a part; else an arm of one
    outcome is: where a stratum that weighs .7 has 5 treated users whose chance is .1, resampling alone held the truth
    in 38% of samples.
    """
    strata, seen = cells.shape[1], cells.seen
    n, y = (each[group] for each in cells.totals())
    weight = arm_weights(n, estimand)  # of each row in its arm's mean
    users, parts = np.zeros(2), []
    for arm, sign in enumerate(WHICH):
        at = np.flatnonzero(weight[:, arm] > 0)
        if not at.size:
            continue
        columns = (group * strata + at) * 2 + arm
        own, rows = weight[at, arm], cells.n[:, columns]
        users[arm] = _kish(rows @ own)
        mean = y[at, arm] / n[at, arm]
        if seen == (0.0, 1.0):
            alike = [(end, np.abs(mean - end) <= SAME) for end in seen]
        else:
            value = float((own * y[at, arm]).sum())
            apart = abs(cells.y[:, columns] - rows * value)
            flat = apart.max() <= SAME * max(np.abs(seen)) * rows.max()
            alike = [(float(np.clip(value, *seen)), np.full(at.size, flat))]
        for value, marks in alike:
            if marks.any():
                counted = float((own * n[at, arm])[marks].sum())
                parts.append((sign * counted, _kish(rows[:, np.flatnonzero(marks)] @ own[marks]), value))
    share, people, values = np.array(parts).reshape(-1, 3).T
    return Arms(users, seen, share, people, values)


def arms_of_rows(study: Study, weight: Numbers) -> Arms:
    """The arms of a weighted difference of rows; weight: float64 [rows], at least 0, of each in its arm's mean."""
    users, flat, value = np.zeros(2), np.zeros(2, np.bool_), np.zeros(2)
    for arm in (0, 1):
        own = (study.treated == arm) & (weight > 0)
        if own.any():
            users[arm] = _kish(np.bincount(study.user[own], weights=weight[own]).astype(float))
            value[arm], flat[arm] = study.outcome[own][0], np.ptp(study.outcome[own]) == 0
    return whole_arms(WHICH, users, flat, value, (float(study.outcome.min()), float(study.outcome.max())))


def row_freedom(study: Study, score: Numbers, arms: Arms) -> float:
    """Welch's degrees of freedom of a difference whose rows have these influences."""
    errors = [clustered_error(score * (study.treated == arm), study.user, study.users) for arm in (0, 1)]
    return welch_freedom(np.array(errors), arms.n)


def _kish(weight: Numbers) -> float:
    """Effective number of users of these weights."""
    return float(weight.sum() ** 2 / (weight @ weight))
