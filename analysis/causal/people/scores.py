"""Doubly robust scores of rows: their mean over any group of rows estimates the effect there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.doubly_robust import FOLDS, Nuisances, clustered_error, influence, user_folds
from analysis.causal.estimate import Estimate, from_error
from analysis.causal.study import Codes, Marks, Numbers, Study
from analysis.fairness.infer import welch_freedom


@dataclass(frozen=True)
class Scores:
    """Scores of rows: gain float64 [rows], in the outcome's unit; user, fold int64 [rows]; a user is in one fold.

    gain is the cross-fitted score of the augmented inverse-propensity estimator (Robins, Rotnitzky & Zhao 1994). Its
    nuisances know every covariate that the effect is split by, so its mean given those covariates is the effect there
    (Semenova & Chernozhukov 2021).

    Whatever is learnt from scores (an order of rows, a rule) is judged fold by fold, each by what the folds before it
    taught (Wager 2024, Sequential Validation of Treatment Heterogeneity). Plain cross-fitting would not do: two folds
    that teach each other find the same chance pattern, and where effects do not differ the intervals of 95% hold the
    truth in 75% of logs.
    """

    gain: Numbers
    user: Codes
    users: int
    fold: Codes

    @property
    def later(self) -> tuple[int, ...]:
        """The folds that can be judged by what the folds before them taught."""
        return tuple(part for part in range(1, FOLDS) if (self.fold == part).any())

    def of(self, rows: Marks) -> Scores:
        """The scores of some rows."""
        return Scores(self.gain[rows], self.user[rows], self.users, self.fold[rows])


@dataclass(frozen=True)
class Part:
    """A mean over some rows: `influence` float64 [rows] has mean 0; users: people in it."""

    value: float
    influence: Numbers
    users: int


def scores(study: Study, fitted: Nuisances, seed: int) -> Scores:
    """Scores of the rows of `study`; `fitted` from `nuisances` with the same seed, so that the folds are theirs."""
    value, centred = influence(study, fitted, "ATE")
    return Scores(value + centred, study.user, study.users, user_folds(study.user, study.users, seed))


def mean_over(values: Numbers, member: Marks, user: Codes) -> Part | None:
    """Mean of `values` over the rows marked in `member`; None where none is."""
    share = member.mean()
    if share == 0:
        return None
    value = float(values[member].mean())
    return Part(value, np.where(member, values - value, 0.0) / share, len(np.unique(user[member])))


def estimated(part: Part | None, user: Codes, users: int) -> Estimate | None:
    """A mean with Student's interval, its error clustered by user; None where either is undefined."""
    if part is None or part.users < 2:
        return None
    return from_error(part.value, clustered_error(part.influence, user, users), part.users)


def difference(a: Part | None, b: Part | None, user: Codes, users: int) -> Estimate | None:
    """a minus b, with Welch's degrees of freedom; None where either is undefined."""
    if a is None or b is None or min(a.users, b.users) < 2:
        return None
    errors = np.array([clustered_error(one.influence, user, users) for one in (a, b)])
    if errors.min() <= 0:
        return None
    freedom = int(welch_freedom(errors, np.array([a.users, b.users])))
    error = clustered_error(a.influence - b.influence, user, users)
    return from_error(a.value - b.value, error, freedom + 1)
