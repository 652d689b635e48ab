"""Estimates with their intervals: from cells by a bootstrap of users, from influences by clustered errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from analysis.causal.arms import WHICH, Arms, arms_of, arms_of_rows, row_freedom
from analysis.causal.cells import Cells, Estimand, arm_means, naive
from analysis.causal.doubly_robust import Nuisances, clustered_error, influence, naive_influence, weights
from analysis.causal.regression import linear_adjustment
from analysis.causal.study import Codes, Numbers, Study
from analysis.fairness.infer import expanded_p, limits, welch_freedom
from analysis.fairness.paired import sign_flip_p

LEVEL, INNER = 0.95, 0.90
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


def from_replicates(
    value: float, replicates: Numbers, users: int, arms: Arms | None = None, drawn: Numbers | None = None
) -> Estimate | None:
    """Expanded percentile interval over users; None where too many replicates are undefined.

    arms, drawn float64 [B, arms]: the means that the value adds up, and their replicates, where it is a difference of
    treatments: an arm of few users then has few degrees of freedom, and one of alike users its own bounds.

    p: the level at which such an interval reaches 0. Where no replicate is beyond 0 that cannot tell p below about
    2 / (replicates + 1), too large to pass a correction over many groups: then p is Student's t's with the replicates'
    standard error, if smaller.
    """
    finite = np.isfinite(replicates)
    kept = replicates[finite]
    if not np.isfinite(value) or users < 2 or len(kept) < USABLE * len(replicates):
        return None
    error, errors, n = float(kept.std(ddof=1)), None, np.array([users], dtype=float)
    if arms is not None and drawn is not None:
        errors, n = drawn[finite].std(axis=0, ddof=1), arms.n
    if error == 0 and (arms is None or not arms.alike):
        p = sign_flip_p(users) if value else 1.0  # all users alike
        return Estimate(value, value, value, (value, value), 0.0, p)
    errors = np.array([error]) if errors is None else errors
    low, high = limits(kept, errors, n, LEVEL)
    inner = limits(kept, errors, n, INNER)
    freedom = welch_freedom(errors, n)
    if arms is not None and arms.alike:
        low, high = arms.stretched((min(low, value), max(high, value)), value, LEVEL)
        inner = arms.stretched(inner, value, INNER)
        p = arms.p(value, error, freedom)
        return Estimate(value, low, high, inner, arms.error(error, LEVEL), p)
    tails = float(min((kept <= 0).sum(), (kept >= 0).sum()))
    p = expanded_p((1 + tails) / (1 + len(kept)), errors, n)
    if tails == 0:
        p = min(p, student_p(value, error, freedom))
    return Estimate(value, min(low, value), max(high, value), inner, error, p)


def student_p(value: float, error: float, freedom: float) -> float:
    """Two-sided p of a value against 0 by Student's t with so many degrees of freedom; in (0, 1]."""
    return max(2 * float(stdtr(freedom, -abs(value) / error)), float(np.finfo(float).tiny))


def from_error(
    value: float, error: float, users: int, arms: Arms | None = None, freedom: float | None = None
) -> Estimate | None:
    """Student's interval; None where the error is undefined.

    freedom: its degrees of freedom, None: users - 1. arms: those of a difference of treatments, of which one of alike
    users has its own bounds.
    """
    if not np.isfinite(value) or not np.isfinite(error) or error < 0 or users < 2:
        return None
    flat = arms is not None and arms.alike
    if error == 0 and not flat:
        return None
    freedom = users - 1 if freedom is None else freedom
    wide, inner = ((value - half, value + half) for half in stdtrit(freedom, [0.975, 0.95]) * error)
    if arms is None or not flat:
        return Estimate(value, *wide, inner, error, student_p(value, error, freedom))
    wide, inner = arms.stretched(wide, value, LEVEL), arms.stretched(inner, value, INNER)
    return Estimate(value, *wide, inner, arms.error(error, LEVEL), arms.p(value, error, freedom))


def raw(cells: Cells, replicates: int, seed: int) -> Estimate | None:
    """The naive difference of means."""
    n, y = _overall(*cells.totals())
    drawn = np.concatenate([_means(*_overall(rows, sums)) for rows, sums in cells.resampled(replicates, seed)])
    return from_replicates(float(naive(n, y)), drawn @ WHICH, cells.users, arms_of(cells, None), drawn)


def by_strata(cells: Cells, estimand: Estimand, replicates: int, seed: int) -> Adjusted | None:
    """Standardisation over strata; None where a value or its interval is undefined."""
    n, y = _overall(*cells.totals())
    drawn = [_draw(*_overall(rows, sums), estimand) for rows, sums in cells.resampled(replicates, seed)]
    plain, adjusted = (np.concatenate(parts) for parts in zip(*drawn, strict=True))  # each [B, 2]
    own = _draw(n, y, estimand)
    crude_value, value = (float(each @ WHICH) for each in own)
    arms = arms_of(cells, estimand)
    effect = from_replicates(value, adjusted @ WHICH, cells.users, arms, adjusted)
    crude = from_replicates(crude_value, plain @ WHICH, cells.users, arms_of(cells, None), plain)
    selected = from_replicates(crude_value - value, (plain - adjusted) @ WHICH, cells.users)
    if effect is None or crude is None or selected is None:
        return None
    without, treated = (float(each) for each in own[1])
    ratio = _bounded(without, effect) if arms.alike else _ratio(without, treated, *adjusted.T)
    return Adjusted(effect, crude, selected, ratio)


def by_models(study: Study, fitted: Nuisances, estimand: Estimand) -> Adjusted | None:
    """Cross-fitted doubly robust estimate, paired with the naive one by their influences."""
    value, score = influence(study, fitted, estimand)
    crude, crude_score = naive_influence(study)
    arms = arms_of_rows(study, weights(study, fitted.clipped, estimand))
    effect = from_scores(study, value, score, arms)
    plain = from_scores(study, crude, crude_score, arms_of_rows(study, np.ones(study.rows)))
    error = clustered_error(crude_score - score, study.user, study.users)
    selected = from_error(crude - value, error, study.users)
    if effect is None or plain is None or selected is None:
        return None
    without = float(fitted.without.mean() if estimand == "ATE" else fitted.without[study.treated == 1].mean())
    return Adjusted(effect, plain, selected, _bounded(without, effect))


def from_scores(study: Study, value: float, score: Numbers, arms: Arms) -> Estimate | None:
    """A difference of treatments from each row's influence, float64 [rows], and its arms."""
    error = clustered_error(score, study.user, study.users)
    return from_error(value, error, study.users, arms, row_freedom(study, score, arms))


def by_line(study: Study) -> Estimate | None:
    """Linear regression's coefficient of the treatment."""
    fitted, arms = linear_adjustment(study), arms_of_rows(study, np.ones(study.rows))
    return from_error(fitted.effect, fitted.error, study.users, arms, max(1.0, float(arms.n.min()) - 1))


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
    point = np.stack(arm_means(*cells.totals(), estimand), axis=-1)  # [groups, 2]
    drawn = [np.stack(arm_means(n, y, estimand), axis=-1) for n, y in cells.resampled(replicates, seed)]
    replicate, value = np.concatenate(drawn), point @ WHICH  # [B, groups, 2]
    arms = [arms_of(cells, estimand, group) for group in range(len(point))]
    effects = [
        from_replicates(
            float(value[group]), replicate[:, group] @ WHICH, users[group], arms[group], replicate[:, group]
        )
        for group in range(len(point))
    ]
    gaps = {}
    for a, b in pairs:
        both = replicate[:, [a, b]]
        apart = (both[:, 0] - both[:, 1]) @ WHICH
        four = both.reshape(len(both), 4)
        people = min(users[a], users[b])
        gaps[(a, b)] = from_replicates(float(value[a] - value[b]), apart, people, arms[a].beside(arms[b]), four)
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

    weight = weights(study, fitted.clipped, estimand)
    arms = [arms_of_rows(study, weight * (group == code)) for code in range(groups)]
    freedom = [row_freedom(study, score, own) for score, own in zip(influences, arms, strict=True)]
    effects = tuple(from_scores(study, points[code], influences[code], arms[code]) for code in range(groups))
    gaps = {}
    for a, b in pairs:
        error = clustered_error(influences[a] - influences[b], study.user, study.users)
        both, least = arms[a].beside(arms[b]), min(freedom[a], freedom[b])
        gaps[(a, b)] = from_error(points[a] - points[b], error, study.users, both, least)
    return GroupEffects(effects, gaps)


def _overall(n: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """[..., groups, strata, 2] with one group -> [..., strata, 2]."""
    return n[..., 0, :, :], y[..., 0, :, :]


def _draw(n: Numbers, y: Numbers, estimand: Estimand) -> tuple[Numbers, Numbers]:
    """Means of both arms, raw and standardised: [..., strata, 2] -> [..., 2] twice."""
    return _means(n, y), np.stack(arm_means(n, y, estimand), axis=-1)


def _means(n: Numbers, y: Numbers) -> Numbers:
    """Mean outcome of both arms, [..., strata, 2] -> [..., 2]; NaN where an arm is empty."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(y.sum(axis=-2) / n.sum(axis=-2))


def _bounded(without: float, effect: Estimate) -> tuple[float, float] | None:
    """The ratio of an effect to the outcome without treatment, and that of its limit nearest 0."""
    if min(without, without + effect.value) <= 0:
        return None
    nearest = effect.low if effect.value > 0 else effect.high
    return (without + effect.value) / without, (without + nearest) / without


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
