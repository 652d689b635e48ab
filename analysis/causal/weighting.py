"""Inverse-propensity weighting with a fitted propensity, its interval allowing for the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.arms import arms_of_rows
from analysis.causal.cells import Estimand
from analysis.causal.doubly_robust import weights
from analysis.causal.estimate import Estimate, from_scores
from analysis.causal.propensity import SUPPORT, WITHHELD
from analysis.causal.regression import units
from analysis.causal.strata import Codes, Marks, Numbers
from analysis.causal.study import Study

STEPS = 50
"""Newton steps of the logistic regression; it is given up where they do not settle."""
SETTLED = 1e-10
"""Largest change of a coefficient, on columns of unit scale, at which it has settled."""
FAR = 30.0
"""Log-odds beyond which a probability is 0 or 1 to machine precision: treatment and confounders separate perfectly."""


@dataclass(frozen=True)
class Logistic:
    """A propensity by maximum likelihood.

    design float64 [units, p] of rows alike in their confounders; unit int64 [rows]; slopes float64 [p].
    """

    design: Numbers
    unit: Codes
    slopes: Numbers

    @property
    def odds(self) -> Numbers:
        """Log-odds of treatment, float64 [rows]."""
        return np.asarray((self.design @ self.slopes)[self.unit], dtype=float)

    @property
    def probability(self) -> Numbers:
        """P(treated), float64 [rows]."""
        return np.asarray(1 / (1 + np.exp(-self.odds)), dtype=float)


def fitted_propensity(study: Study) -> Logistic | None:
    """Logistic regression of treatment on indicators of categories, numbers and their squares.

    Rows alike in their confounders are fitted as one weighted row. None where the likelihood has no maximum (some
    combination of confounders tells the treatment for certain) or the fit does not settle.
    """
    alike = units(study)
    widths = [1 if one.edges else len(one.labels) - 1 for one in study.confounders]
    ends = np.cumsum(widths)  # the design's first column is the constant, so a number's own is the last of its width
    numbers = [end for one, end in zip(study.confounders, ends, strict=True) if one.edges]
    design = np.column_stack([alike.design, *(alike.design[:, at] ** 2 for at in numbers)])
    rows, treated = (
        np.bincount(alike.unit, weights=weight, minlength=len(design)).astype(float)
        for weight in (np.ones(study.rows), study.treated)
    )
    slopes = logistic(design, rows, treated)
    return None if slopes is None else Logistic(design, alike.unit, slopes)


def logistic(design: Numbers, rows: Numbers, positive: Numbers) -> Numbers | None:
    """Coefficients [p] of a binomial logistic regression by Newton's method; rows, positive float64 [units].

    None where it does not settle or runs off to certainty.
    """
    slopes = np.zeros(design.shape[1])
    for _ in range(STEPS):
        e = 1 / (1 + np.exp(-np.clip(design @ slopes, -FAR, FAR)))
        information = design.T @ (design * (rows * e * (1 - e))[:, None])
        step = np.linalg.pinv(information, hermitian=True) @ (design.T @ (positive - rows * e))
        slopes = slopes + step
        if np.abs(design @ slopes).max() > FAR:
            return None
        if np.abs(step).max() < SETTLED:
            return slopes
    return None


def supported(study: Study, e: Numbers, estimand: Estimand) -> Marks:
    """The stated trimming rule: rows with a propensity outside [0.02, 0.98] are left out (ATT: above 0.98)."""
    return np.asarray(e <= 1 - SUPPORT if estimand == "ATT" else (e >= SUPPORT) & (e <= 1 - SUPPORT))


def hajek(study: Study, e: Numbers, kept: Marks, estimand: Estimand) -> tuple[float, Numbers, Numbers]:
    """Self-normalised weighted difference, each row's influence [rows], and its slope in each row's log-odds [rows].

    Normalised by the weights' own sum (Hajek 1971) in each arm, so stabilised weights, P(T = t) times these, give the
    very same value.
    """
    weight = weights(study, e, estimand) * kept
    treated = study.treated == 1
    value, score, slope = 0.0, np.zeros(study.rows), np.zeros(study.rows)
    for arm, sign in ((treated, 1.0), (~treated, -1.0)):
        own = weight * arm
        mean = float(own @ study.outcome / own.sum())
        share = own.mean()
        value += sign * mean
        score += sign * own * (study.outcome - mean) / share
        # d weight / d log-odds: -(1 - e)/e, e/(1 - e) for the ATE; 0, e/(1 - e) for the ATT
        change = np.where(treated, -(1 - e) / e, e / (1 - e)) * kept * arm
        if estimand == "ATT":
            change = np.where(treated, 0.0, change)
        slope += sign * change * (study.outcome - mean) / share
    return value, score, slope


def by_weighting(study: Study, fitted: Logistic | None, estimand: Estimand) -> Estimate | None:
    """Hajek's estimate with the fitted propensity; the clustered interval allows for the fit.

    The propensity's coefficients are estimated from the same rows; their influence on the estimate is added to each
    row's (stacked estimating equations, Lunceford & Davidian 2004; without it the interval is too wide). None where
    an arm is empty or more than 10% of the rows would be trimmed.
    """
    if fitted is None:
        return None
    e = fitted.probability
    kept = supported(study, e, estimand)
    target = study.treated == 1 if estimand == "ATT" else np.ones(study.rows, bool)
    if 1 - kept[target].mean() > WITHHELD or len(np.unique(study.treated[kept])) < 2:
        return None
    value, score, slope = hajek(study, e, kept, estimand)
    x, units_of = fitted.design, len(fitted.design)
    spread, pushed = (np.bincount(fitted.unit, weights=each, minlength=units_of) for each in (e * (1 - e), slope))
    pull = np.linalg.pinv(x.T @ (x * spread[:, None]), hermitian=True) @ (x.T @ pushed)
    score = score + (x @ pull)[fitted.unit] * (study.treated - e)
    return from_scores(study, value, score, arms_of_rows(study, weights(study, e, estimand) * kept))
