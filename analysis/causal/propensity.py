"""Who is treated how often: support, balance, effective sample size, and propensities the system logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from analysis.causal.arms import arms_of_rows
from analysis.causal.cells import Cells, Estimand
from analysis.causal.doubly_robust import CLIP, weights
from analysis.causal.estimate import Estimate, from_scores
from analysis.causal.study import Marks, Numbers, Stratified, Study

SUPPORT = 0.02
"""A row whose modelled propensity leaves [0.02, 0.98] has practically nobody to be compared with."""
WITHHELD = 0.10
"""With more rows than this share lacking support the estimate is withheld (docs/metrics.md)."""
FAR_OFF = 0.05
"""Logged propensities that miss the share treated by more than this, on average over tenths, are not believed."""
STEPS = 10


@dataclass(frozen=True)
class Overlap:
    """How comparable treated and untreated rows are.

    propensity: float64 [rows]; lacking: share of the target rows without support; effective: Kish's effective
    sample size (sum w)^2 / sum w^2 of (untreated, treated) rows; clipped: share of rows whose propensity was
    kept from 0 or 1; `by` names where the propensities come from.
    """

    propensity: Numbers
    lacking: float
    effective: tuple[float, float]
    clipped: float
    by: Literal["strata", "model"]


@dataclass(frozen=True)
class Balance:
    """Standardised mean difference of one level (or number), before and after weighting; 0 is balanced."""

    name: str
    level: str
    before: float
    after: float


def stratum_propensity(study: Study) -> Numbers:
    """Share treated in each row's stratum, float64 [rows]."""
    strata = len(study.strata)
    treated = np.bincount(study.stratum, weights=study.treated, minlength=strata)
    shares: Numbers = (treated / np.bincount(study.stratum, minlength=strata))[study.stratum]
    return shares


def overlap_by_strata(study: Study, estimand: Estimand) -> Overlap:
    """Support where a stratum holds both treated and untreated rows."""
    e = stratum_propensity(study)
    lacking = _share(study, (e == 0) | (e == 1), estimand)
    return Overlap(e, lacking, _effective(study, e, estimand), 0.0, "strata")


def overlap_by_model(study: Study, propensity: Numbers, estimand: Estimand) -> Overlap:
    """Support where the cross-fitted propensity lies in [0.02, 0.98] (for the ATT: not above 0.98)."""
    clipped = float(((propensity < CLIP) | (propensity > 1 - CLIP)).mean())
    e = np.clip(propensity, CLIP, 1 - CLIP)
    return Overlap(
        propensity,
        _share(study, outside(propensity, estimand), estimand),
        _effective(study, e, estimand),
        clipped,
        "model",
    )


def outside(propensity: Numbers, estimand: Estimand) -> Marks:
    """Rows without support by a model: beyond [0.02, 0.98] (for the ATT: above 0.98), bool [rows]."""
    return np.asarray((propensity > 1 - SUPPORT) | ((propensity < SUPPORT) & (estimand == "ATE")))


def balance(study: Study, shown: tuple[Stratified, ...], propensity: Numbers, estimand: Estimand) -> list[Balance]:
    """Standardised mean differences (treated minus untreated over the pooled standard deviation before)."""
    weight = weights(study, propensity, estimand)
    return [_balance(study, one.name, label, values, weight) for one in shown for label, values in _columns(study, one)]


def propensity_by_stratum(cells: Cells) -> list[Estimate | None]:
    """Share treated in every stratum with Wilson's interval for rows that come in users.

    The rows count as many as independent ones of the same standard error would be (Korn & Graubard 1998; never more
    than there are), with Student's quantile for the stratum's users. None where fewer than two users are in it.
    """
    shape = (cells.users, *cells.shape)
    rows = np.asarray(cells.n.tocsc().sum(axis=0)).reshape(cells.shape)[0]  # [strata, 2]
    n = rows.sum(axis=1)
    share = rows[:, 1] / n
    own = cells.n.tocoo()
    stratum, arm = np.divmod(own.col, shape[-1])
    residual = own.data * (arm - share[stratum])
    by_user = sp.coo_matrix((residual, (own.row, stratum)), shape=(cells.users, len(n))).tocsr()
    counted = sp.coo_matrix((np.ones(len(own.row)), (own.row, stratum)), shape=(cells.users, len(n))).tocsr()
    users = np.diff(counted.tocsc().indptr)
    spread = np.asarray(by_user.multiply(by_user).sum(axis=0)).ravel()
    return [
        clustered_wilson(float(share[code]), float(n[code]), float(spread[code]), int(users[code]))
        for code in range(len(n))
    ]


def clustered_wilson(share: float, rows: float, spread: float, users: int) -> Estimate | None:
    """Wilson's interval of a share of rows that come in users; spread: sum of the users' squared residual sums."""
    from scipy import stats

    if users < 2:
        return None
    variance = users / (users - 1) * spread / rows**2
    plain = share * (1 - share) / rows
    effective = rows * min(1.0, plain / variance) if variance > 0 and plain > 0 else float(min(rows, users))
    wide, narrow = (_score_limits(share, effective, float(stats.t.ppf(q, users - 1))) for q in (0.975, 0.95))
    return Estimate(share, *wide, narrow, float(np.sqrt(variance)), 0.0)


def _score_limits(share: float, rows: float, quantile: float) -> tuple[float, float]:
    """Wilson 1927."""
    square = quantile**2
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    half = quantile * np.sqrt(share * (1 - share) / rows + square / (4 * rows**2)) / (1 + square / rows)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def logged_propensity(study: Study, logged: Numbers) -> Numbers | None:
    """P(treated) of each row from a logged column, or None where the column does not fit the treatments.

    Logs hold either the probability of treatment or that of what the row received; the reading whose tenths
    agree better with the share treated is taken, and neither where both miss it by more than 0.05.
    """
    usable = np.isfinite(logged) & (logged > 0) & (logged <= 1)
    if not usable.all():
        return None
    readings = (logged, np.where(study.treated == 1, logged, 1 - logged))
    misses = [_miss(study, reading) for reading in readings]
    best = int(np.argmin(misses))
    e = readings[best]
    return e if misses[best] <= FAR_OFF and ((e > 0) & (e < 1)).all() else None


def logged_of(study: Study) -> Numbers | None:
    """The logged propensities of the log's own treatment, or None where there are none or they do not fit."""
    if study.treatment != "treatment" or "propensity" not in study.table:
        return None
    return logged_propensity(study, study.table["propensity"].to_numpy(dtype=float, na_value=np.nan))


def by_logged(study: Study, e: Numbers, estimand: Estimand) -> Estimate | None:
    """Hajek's (self-normalised) inverse-propensity estimate with a clustered interval."""
    weight = weights(study, e, estimand)
    scores, means = [], []
    for arm in (0, 1):
        own = weight * (study.treated == arm)
        means.append(float(own @ study.outcome / own.sum()))
        scores.append(own * (study.outcome - means[arm]) / own.mean())
    return from_scores(study, means[1] - means[0], scores[1] - scores[0], arms_of_rows(study, weight))


def _share(study: Study, marked: Marks, estimand: Estimand) -> float:
    return float(np.mean(marked) if estimand == "ATE" else np.mean(marked[study.treated == 1]))


def _effective(study: Study, e: Numbers, estimand: Estimand) -> tuple[float, float]:
    weight = weights(study, e, estimand)
    parts = [weight[study.treated == arm] for arm in (0, 1)]
    none, one = (float(part.sum() ** 2 / (part @ part)) if part.any() else 0.0 for part in parts)
    return none, one


def _columns(study: Study, one: Stratified) -> list[tuple[str, Numbers]]:
    if one.edges:
        values = study.table[one.name].astype(float).to_numpy()
        return [("", np.where(np.isfinite(values), values, np.nanmean(values)))]
    kept = range(len(one.labels)) if len(one.labels) > 2 else range(len(one.labels) - 1, len(one.labels))
    return [(one.labels[code], (one.codes == code).astype(float)) for code in kept]


def _balance(study: Study, name: str, level: str, values: Numbers, weight: Numbers) -> Balance:
    treated = study.treated == 1
    spread = np.sqrt((values[treated].var() + values[~treated].var()) / 2)
    if spread == 0:
        return Balance(name, level, 0.0, 0.0)
    before = values[treated].mean() - values[~treated].mean()
    sums = [weight[arm].sum() for arm in (treated, ~treated)]
    if min(sums) == 0:
        return Balance(name, level, float(before / spread), float(before / spread))
    after = values[treated] @ weight[treated] / sums[0] - values[~treated] @ weight[~treated] / sums[1]
    return Balance(name, level, float(before / spread), float(after / spread))


def _miss(study: Study, e: Numbers) -> float:
    """Mean over tenths of e of |share treated - mean e|."""
    exact = np.round(e, 9)  # 1 - (1 - 0.2) is a hair under 0.2 and would fall into another tenth
    tenth = np.minimum((exact * STEPS).astype(int), STEPS - 1)
    rows = np.bincount(tenth, minlength=STEPS)
    gap = np.abs(np.bincount(tenth, weights=study.treated - e, minlength=STEPS))
    return float(gap.sum() / rows.sum())
