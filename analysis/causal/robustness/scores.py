"""What each user adds to an estimate: the influence of its rows, for the estimators in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from analysis.causal.cells import Estimand
from analysis.causal.regression import units
from analysis.causal.study import Numbers, Study

Scores = Callable[[Study, Estimand], Numbers]


def strata_scores(study: Study, estimand: Estimand) -> Numbers:
    """Influence of each row on standardisation over strata, float64 [rows], summing to 0.

    A change of the estimate is the sum over the users drawn, to first order (Hahn 1998's efficient influence on
    strata). Rows of strata without both kinds add nothing.
    """
    strata = len(study.strata)
    cell = study.stratum * 2 + study.treated
    n = np.bincount(cell, minlength=2 * strata).reshape(strata, 2).astype(float)
    y = np.bincount(cell, weights=study.outcome, minlength=2 * strata).reshape(strata, 2)
    both = np.asarray((n > 0).all(axis=1))
    mean = np.divide(y, n, out=np.zeros_like(y), where=n > 0)
    weight = np.where(both, n.sum(axis=1) if estimand == "ATE" else n[:, 1], 0.0)
    effect = mean[:, 1] - mean[:, 0]
    overall = float(weight @ effect / weight.sum())
    counts = np.ones(study.rows) if estimand == "ATE" else study.treated.astype(float)
    arm = np.divide(weight[:, None], n, out=np.zeros_like(n), where=both[:, None])[study.stratum, study.treated]
    residual = study.outcome - mean[study.stratum, study.treated]
    sign = np.where(study.treated == 1, 1.0, -1.0)
    own: Numbers = counts * (effect[study.stratum] - overall) + sign * arm * residual
    own[~both[study.stratum]] = 0.0
    return own / weight.sum()


def linear_scores(study: Study, estimand: Estimand) -> Numbers:
    """Influence of each row on the treatment's coefficient in a linear regression, float64 [rows], summing to 0."""
    alike = units(study)
    x, size = alike.design, len(alike.design)
    rows = np.bincount(alike.unit, minlength=size).astype(float)
    sums = [np.bincount(alike.unit, weights=values, minlength=size) for values in (study.treated, study.outcome)]
    gram = x.T @ (x * rows[:, None])
    explained = x @ (np.linalg.pinv(gram, hermitian=True) @ (x.T @ np.stack(sums, axis=1)))  # [units, 2]
    treated = study.treated - explained[alike.unit, 0]
    outcome = study.outcome - explained[alike.unit, 1]
    square = treated @ treated
    slope = (treated @ outcome) / square
    return np.asarray(treated * (outcome - slope * treated) / square, dtype=float)


def by_user(scores: Numbers, study: Study, people: Numbers) -> Numbers:
    """Sums over each user's rows, float64 [people], where `people` (str, sorted) may hold users without rows here."""
    own = np.bincount(study.user, weights=scores, minlength=study.users)
    whole = np.zeros(len(people))
    whole[np.searchsorted(people, np.unique(study.table["user"].astype(str).to_numpy(dtype=str)))] = own
    return whole


SCORES: Mapping[str, Scores] = MappingProxyType(
    {"difference": strata_scores, "strata": strata_scores, "linear": linear_scores}
)
"""Estimator -> its influence. The others refit models whose own influence they do not give out."""
