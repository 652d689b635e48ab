"""How the effect goes with each covariate: the best linear projection of the scores on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.estimate import Estimate, from_error
from analysis.causal.people.covariates import Design, Term
from analysis.causal.people.scores import Scores
from analysis.causal.study import Numbers

PENALTIES = tuple(float(value) for value in 10.0 ** np.arange(-3, 4))
"""Ridge penalties that are tried, in units of the mean squared column times rows."""


@dataclass(frozen=True)
class Slope:
    """By how much the effect is larger for `term`, all other covariates equal; None where undefined."""

    term: Term
    estimate: Estimate | None


def projection(scores: Scores, design: Design) -> tuple[Slope, ...]:
    """Least squares of the scores on the design with errors clustered by user (Semenova & Chernozhukov 2021).

    The factor U/(U-1) * (n-1)/(n-p) on the covariance, Student's quantile with the fewer of the term's users and the
    others minus one.
    """
    x = np.column_stack([np.ones(len(scores.gain)), design.columns])
    inverse = np.linalg.pinv(x.T @ x, hermitian=True)
    beta = inverse @ (x.T @ scores.gain)
    residual = scores.gain - x @ beta
    order = np.argsort(scores.user, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores.user[order]) > 0])
    sums = np.add.reduceat((x * residual[:, None])[order], starts, axis=0)  # [users, 1 + p]
    people, (n, p) = len(starts), x.shape
    scale = people / max(people - 1, 1) * (n - 1) / max(n - p, 1)
    errors = np.sqrt(np.maximum(np.diag(inverse @ (sums.T @ sums) @ inverse) * scale, 0.0))
    return tuple(
        Slope(term, from_error(float(beta[at]), float(errors[at]), min(term.users, max(people - p, 2))))
        for at, term in enumerate(design.terms, 1)
    )


def predicted(scores: Scores, design: Design) -> Numbers:
    """The gain expected of every row by a ridge regression on the folds before its own, float64 [rows]; NaN in the
    first fold, which has none before it.

    The penalty is chosen within the rows learnt from, by generalised cross-validation (Golub, Heath & Wahba 1979).
    """
    expected = np.full(len(scores.gain), np.nan)
    for part in scores.later:
        held, learn = scores.fold == part, scores.fold < part
        expected[held] = _ridge(design.columns[learn], scores.gain[learn], design.columns[held])
    return expected


def _ridge(x: Numbers, y: Numbers, new: Numbers) -> Numbers:
    centre, level = x.mean(axis=0), float(y.mean())
    x, y = x - centre, y - level
    values, vectors = np.linalg.eigh(x.T @ x)
    values = np.maximum(values, 0.0)
    along = vectors.T @ (x.T @ y)
    unit = max(float(values.mean()), 1e-12) if values.size else 1.0
    best, chosen = np.inf, np.zeros(len(along))
    for penalty in PENALTIES:
        weight = along / (values + penalty * unit)
        free = float((values / (values + penalty * unit)).sum()) + 1
        left = float(y @ y - 2 * weight @ along + weight**2 @ values)
        criterion = left / (1 - free / len(y)) ** 2 if free < len(y) else np.inf
        if criterion < best:
            best, chosen = criterion, weight
    fitted: Numbers = level + (new - centre) @ (vectors @ chosen)
    return fitted
