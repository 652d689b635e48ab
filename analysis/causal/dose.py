"""A treatment that is a number: the effect of one more of it, and how the outcome moves over its range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal.doubly_robust import FOLDS, clustered_error, features_of, predictor, user_folds
from analysis.causal.estimate import Adjusted, Estimate, GroupEffects, from_error
from analysis.causal.regression import units
from analysis.causal.strata import Codes, Numbers, Stratified
from analysis.causal.study import Dosed

LEFT = 0.02
"""Share of the treatment's variance that the confounders must leave: under it nothing like it was seen to vary."""


@dataclass(frozen=True)
class Residuals:
    """dose, outcome: float64 [rows], less what the confounders explain of each. used: parameters behind them."""

    dose: Numbers
    outcome: Numbers
    used: int


def within_strata(study: Dosed) -> Residuals:
    """Less the means of the row's stratum: regression on compressed cells with every stratum its own level."""
    return Residuals(demeaned(study.dose, study.stratum), demeaned(study.outcome, study.stratum), len(study.strata))


def demeaned(values: Numbers, code: Codes) -> Numbers:
    """values less their mean among rows of the same code."""
    total = np.bincount(code, weights=values)
    return np.asarray(values - (total / np.maximum(np.bincount(code), 1))[code], dtype=float)


def on_line(study: Dosed) -> Residuals:
    """Less a linear regression on the confounders (indicators of categories, numbers as such)."""
    alike = units(study)
    design = alike.design[alike.unit]
    return Residuals(projected(study.dose, design), projected(study.outcome, design), design.shape[1])


def projected(values: Numbers, design: Numbers) -> Numbers:
    """values [rows] less their least-squares fit on design [rows, p]."""
    slopes = np.linalg.pinv(design.T @ design, hermitian=True) @ (design.T @ values)
    return np.asarray(values - design @ slopes, dtype=float)


def raw(study: Dosed) -> Residuals:
    """Less the overall means: nothing adjusted for."""
    return Residuals(study.dose - study.dose.mean(), study.outcome - study.outcome.mean(), 1)


def cross_fitted(study: Dosed, seed: int) -> Residuals:
    """Less what models say that never saw the row's user (Robinson 1988; Chernozhukov et al. 2018)."""
    return Residuals(out_of_fold(study, study.dose, seed), out_of_fold(study, study.outcome, seed), 0)


def out_of_fold(study: Dosed, values: Numbers, seed: int) -> Numbers:
    """values less their cross-fitted expectation given the confounders, float64 [rows].

    Among numbers a line comes first and the trees learn what it leaves: trees alone are too coarse for a steep line in
    small data, and the interval would miss the truth too often.
    """
    features, fold = features_of(study), user_folds(study.user, study.users, seed)
    alike = units(study)
    left = np.empty(study.rows)
    for part in range(FOLDS):
        rows = fold == part
        if not rows.any():
            continue
        target = values
        if study.continuous:
            design = alike.design[alike.unit]
            slopes = np.linalg.lstsq(design[~rows], values[~rows], rcond=None)[0]
            target = values - design @ slopes
        left[rows] = target[rows] - predictor(features, target, ~rows, False, study, seed)(features[rows])
    return left


def slope(residuals: Residuals) -> tuple[float, Numbers]:
    """Outcome per unit of dose, and each row's influence [rows]; NaN where nothing of the dose is left."""
    square = float(residuals.dose @ residuals.dose) / len(residuals.dose)
    if square == 0:
        return float("nan"), np.zeros(len(residuals.dose))
    value = float(residuals.dose @ residuals.outcome) / len(residuals.dose) / square
    return value, residuals.dose * (residuals.outcome - value * residuals.dose) / square


def estimated(study: Dosed, residuals: Residuals, scale: float) -> Estimate | None:
    """The slope per `scale` of dose, its interval clustered by user as in `linear_adjustment`."""
    value, score = slope(residuals)
    return from_error(scale * value, scale * _error(study, score, residuals.used), study.users)


def adjusted(study: Dosed, residuals: Residuals, scale: float) -> Adjusted | None:
    """Adjusted and raw slope and their difference, paired by their influences; per `scale` of dose."""
    value, score = slope(residuals)
    crude, crude_score = slope(raw(study))
    effect, plain = estimated(study, residuals, scale), estimated(study, raw(study), scale)
    error = _error(study, crude_score - score, residuals.used)
    selection = from_error(scale * (crude - value), scale * error, study.users)
    if effect is None or plain is None:
        return None
    return Adjusted(effect, plain, selection or _none(), None)


def _none() -> Estimate:
    """The difference of two estimates that are one and the same."""
    return Estimate(0.0, 0.0, 0.0, (0.0, 0.0), 0.0, 1.0)


def lacking(study: Dosed, residuals: Residuals, by: Literal["strata", "model"]) -> float:
    """Share of the rows in strata where the dose never varies; by model: 1 where too little of its variance is left."""
    if by == "model":  # shrinkage and folds leave a little even of what the confounders tell exactly
        left = min(residuals.dose.var(), on_line(study).dose.var())
        return float(left < LEFT * study.dose.var())
    low, high = np.full(len(study.strata), np.inf), np.full(len(study.strata), -np.inf)
    np.minimum.at(low, study.stratum, study.dose)
    np.maximum.at(high, study.stratum, study.dose)
    return float((low == high)[study.stratum].mean())


def within_groups(
    study: Dosed, residuals: Residuals, scale: float, split: Stratified, pairs: list[tuple[int, int]]
) -> GroupEffects:
    """The slope among each group's residuals, and the differences of `pairs`."""
    points, scores, users = [], [], []
    for code in range(len(split.labels)):
        member = (split.codes == code).astype(float)
        value, score = slope(Residuals(residuals.dose * member, residuals.outcome * member, residuals.used))
        points.append(value)
        scores.append(score)
        users.append(len(np.unique(study.user[split.codes == code])))

    def sure(value: float, score: Numbers, people: int) -> Estimate | None:
        return from_error(scale * value, scale * _error(study, score, residuals.used), people)

    effects = tuple(sure(*one) for one in zip(points, scores, users, strict=True))
    gaps = {(a, b): sure(points[a] - points[b], scores[a] - scores[b], min(users[a], users[b])) for a, b in pairs}
    return GroupEffects(effects, gaps)


@dataclass(frozen=True)
class Response:
    """Quantile bins of the dose: edges [bins + 1]; users [bins]; against the lowest bin, None where undefined."""

    edges: tuple[float, ...]
    users: tuple[int, ...]
    against_lowest: tuple[Estimate | None, ...]


def response(study: Dosed, bins: int, by: Literal["strata", "model"], seed: int) -> Response | None:
    """Mean outcome of each bin of the dose minus that of the lowest, adjusted as the slope is.

    Residuals of the outcome on the residuals of the bins' indicators; the interval is clustered by user. None with
    fewer than two bins.
    """
    edges = np.unique(np.quantile(study.dose, np.linspace(0, 1, bins + 1)))
    if len(edges) < 3:
        return None
    code = np.searchsorted(edges[1:-1], study.dose, side="right")

    def left(values: Numbers) -> Numbers:
        return demeaned(values, study.stratum) if by == "strata" else out_of_fold(study, values, seed)

    marks = np.column_stack([left((code == one).astype(float)) for one in range(1, len(edges) - 1)])
    outcome = left(study.outcome)
    inverse = np.linalg.pinv(marks.T @ marks, hermitian=True)
    values = inverse @ (marks.T @ outcome)
    scores = (marks * (outcome - marks @ values)[:, None]) @ inverse * study.rows
    used = marks.shape[1] + (len(study.strata) if by == "strata" else 0)
    found = [
        from_error(float(values[one]), _error(study, scores[:, one], used), study.users) for one in range(len(values))
    ]
    people = tuple(len(np.unique(study.user[code == one])) for one in range(len(edges) - 1))
    return Response(tuple(map(float, edges)), people, (None, *found))


def _error(study: Dosed, score: Numbers, used: int) -> float:
    """Clustered standard error with `linear_adjustment`'s small-sample factor for `used` parameters and a slope."""
    scale = (study.rows - 1) / max(study.rows - used - 1, 1) if used else 1.0
    return float(np.sqrt(scale)) * clustered_error(score, study.user, study.users)
