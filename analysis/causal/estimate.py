"""Estimates with their intervals: from cells by a bootstrap of users, from influences by clustered errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from analysis.causal.cells import Cells, Estimand, arm_means, naive, standardised
from analysis.causal.doubly_robust import Nuisances, clustered_error, influence, naive_influence
from analysis.causal.regression import Linear
from analysis.causal.study import Codes, Numbers, Study
from analysis.fairness.infer import limits
from analysis.fairness.paired import sign_flip_p

LEVEL = 0.95
USABLE = 0.9
"""Share of bootstrap replicates that must be defined (every needed cell drawn) for an interval to be given."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval, the 90% one of the equivalence test, standard error and two-sided p."""

    value: float
    low: float
    high: float
    inner: tuple[float, float]
    error: float
    p: float


@dataclass(frozen=True)
class Adjusted:
    """What one estimator says about one estimand, all of it from the same replicates or influences.

    selection: naive minus adjusted, paired. ratio: outcome with treatment over outcome without, standardised, and
    its limit nearest 1 (for the E-value); None where an arm's mean is not above 0.
    """

    effect: Estimate
    naive: Estimate
    selection: Estimate
    ratio: tuple[float, float] | None


def from_replicates(value: float, replicates: Numbers, users: int) -> Estimate | None:
    """Expanded percentile interval over users; None where too many replicates are undefined.

    p: twice the share of replicates beyond 0. Where none is, that cannot tell p below 2 / (replicates + 1), too large
    to pass a correction over many groups: then p is Student's t's with the replicates' standard error, if smaller.
    """
    kept = replicates[np.isfinite(replicates)]
    if not np.isfinite(value) or users < 2 or len(kept) < USABLE * len(replicates):
        return None
    error = float(kept.std(ddof=1))
    if error == 0:
        p = sign_flip_p(users) if value else 1.0  # all users alike
        return Estimate(value, value, value, (value, value), 0.0, p)
    n = np.array([users])
    low, high = limits(kept, np.array([error]), n, LEVEL)
    inner = limits(kept, np.array([error]), n, 2 * LEVEL - 1)
    tails = float(min((kept <= 0).sum(), (kept >= 0).sum()))
    p = min(1.0, 2 * (1 + tails) / (1 + len(kept)))
    if tails == 0:
        p = min(p, student_p(value, error, users))
    return Estimate(value, min(low, value), max(high, value), inner, error, p)


def student_p(value: float, error: float, users: int) -> float:
    """Two-sided p of a value against 0 by Student's t with users - 1 degrees of freedom; in (0, 1]."""
    return max(2 * float(stdtr(users - 1, -abs(value) / error)), float(np.finfo(float).tiny))


def from_error(value: float, error: float, users: int) -> Estimate | None:
    """Student's interval with users - 1 degrees of freedom; None where the error is undefined."""
    from scipy import stats

    if not np.isfinite(value) or not np.isfinite(error) or error <= 0 or users < 2:
        return None
    wide, narrow = (float(stats.t.ppf(quantile, users - 1)) * error for quantile in (0.975, 0.95))
    inner = (value - narrow, value + narrow)
    return Estimate(value, value - wide, value + wide, inner, error, student_p(value, error, users))


def raw(cells: Cells, replicates: int, seed: int) -> Estimate | None:
    """The naive difference of means."""
    n, y = _overall(*cells.totals())
    drawn = [naive(*_overall(rows, sums)) for rows, sums in cells.resampled(replicates, seed)]
    return from_replicates(float(naive(n, y)), np.concatenate(drawn), cells.users)


def by_strata(cells: Cells, estimand: Estimand, replicates: int, seed: int) -> Adjusted | None:
    """Standardisation over strata; None where a value or its interval is undefined."""
    n, y = _overall(*cells.totals())
    drawn = [_draw(*_overall(rows, sums), estimand) for rows, sums in cells.resampled(replicates, seed)]
    plain, without, treated = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    point = _draw(n, y, estimand)
    effect = from_replicates(float(point[2] - point[1]), treated - without, cells.users)
    crude = from_replicates(float(point[0]), plain, cells.users)
    selected = from_replicates(float(point[0] - (point[2] - point[1])), plain - (treated - without), cells.users)
    if effect is None or crude is None or selected is None:
        return None
    return Adjusted(effect, crude, selected, _ratio(float(point[1]), float(point[2]), without, treated))


def by_models(study: Study, fitted: Nuisances, estimand: Estimand) -> Adjusted | None:
    """Cross-fitted doubly robust estimate, paired with the naive one by their influences."""
    value, score = influence(study, fitted, estimand)
    crude, crude_score = naive_influence(study)

    def sure(point: float, scores: Numbers) -> Estimate | None:
        return from_error(point, clustered_error(scores, study.user, study.users), study.users)

    effect, plain = sure(value, score), sure(crude, crude_score)
    selected = sure(crude - value, crude_score - score)
    if effect is None or plain is None or selected is None:
        return None
    without = float(fitted.without.mean() if estimand == "ATE" else fitted.without[study.treated == 1].mean())
    nearest = effect.low if value > 0 else effect.high
    ratio = ((without + value) / without, (without + nearest) / without) if min(without, without + value) > 0 else None
    return Adjusted(effect, plain, selected, ratio)


def by_line(fitted: Linear, users: int) -> Estimate | None:
    """Linear regression's coefficient of the treatment."""
    return from_error(fitted.effect, fitted.error, users)


@dataclass(frozen=True)
class GroupEffects:
    """Effects within groups; None where undefined. gap[(a, b)]: effect in a minus effect in b."""

    effect: tuple[Estimate | None, ...]
    gap: dict[tuple[int, int], Estimate | None]


def within_groups(
    cells: Cells,
    estimand: Estimand,
    replicates: int,
    seed: int,
    pairs: list[tuple[int, int]],
    users: tuple[int, ...],
) -> GroupEffects:
    """Standardisation inside each group of cells.shape[0] groups, and the differences of `pairs`; users [groups]."""
    point = standardised(*cells.totals(), estimand)
    drawn = [standardised(n, y, estimand) for n, y in cells.resampled(replicates, seed)]
    replicate = np.concatenate(drawn)  # [B, groups]
    effects = [from_replicates(float(value), replicate[:, group], users[group]) for group, value in enumerate(point)]
    gaps = {
        (a, b): from_replicates(float(point[a] - point[b]), replicate[:, a] - replicate[:, b], min(users[a], users[b]))
        for a, b in pairs
    }
    return GroupEffects(tuple(effects), gaps)


def within_groups_by_models(
    study: Study, fitted: Nuisances, estimand: Estimand, group: Codes, groups: int, pairs: list[tuple[int, int]]
) -> GroupEffects:
    """The doubly robust score averaged inside each group (of the treated rows, for the ATT)."""
    value, score = influence(study, fitted, estimand)
    share = study.treated / study.treated.mean() if estimand == "ATT" else np.ones(study.rows)
    whole = score + share * value  # the uncentred score: its mean over a group estimates share * effect there
    points, influences = [], []
    for code in range(groups):
        member = (group == code).astype(float)
        weight = (member * share).mean()
        point = float((member * whole).mean() / weight) if weight > 0 else float("nan")
        points.append(point)
        influences.append(member * (whole - share * point) / weight if weight > 0 else np.zeros(study.rows))

    def sure(point: float, scores: Numbers, users: int) -> Estimate | None:
        return from_error(point, clustered_error(scores, study.user, study.users), users)

    users = [len(np.unique(study.user[group == code])) for code in range(groups)]
    effects = tuple(sure(points[code], influences[code], users[code]) for code in range(groups))
    gaps = {
        (a, b): sure(points[a] - points[b], influences[a] - influences[b], min(users[a], users[b])) for a, b in pairs
    }
    return GroupEffects(effects, gaps)


def _overall(n: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """[..., groups, strata, 2] with one group -> [..., strata, 2]."""
    return n[..., 0, :, :], y[..., 0, :, :]


def _draw(n: Numbers, y: Numbers, estimand: Estimand) -> tuple[Numbers, Numbers, Numbers]:
    without, treated = arm_means(n, y, estimand)
    return naive(n, y), without, treated


def _ratio(
    without: float, treated: float, drawn_without: Numbers, drawn_treated: Numbers
) -> tuple[float, float] | None:
    if min(without, treated) <= 0:
        return None
    usable = (drawn_without > 0) & (drawn_treated > 0)
    if usable.mean() < USABLE:
        return None
    low, high = np.quantile(drawn_treated[usable] / drawn_without[usable], [0.025, 0.975])
    return treated / without, float(low if treated > without else high)
