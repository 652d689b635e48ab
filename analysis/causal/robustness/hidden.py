"""How strong a cause that nobody recorded would have to be: partial R^2, robustness value and contour.

Cinelli & Hazlett 2020 ("Making sense of sensitivity", JRSS-B 82), for the linear regression of the outcome on treatment
and confounders. A hidden cause Z is described by two shares: how much it explains of the treatment that the confounders
leave (R^2 of treatment ~ Z), and of the outcome that treatment and confounders leave (R^2 of outcome ~ Z). Then the
estimate is off by exactly sqrt(R2_outcome * R2_treatment / (1 - R2_treatment)) * scale: an identity, no approximation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.causal.estimate import Estimate, from_error
from analysis.causal.regression import Units, linear_adjustment, units
from analysis.causal.study import Codes, Numbers, Study

EXPLAINED = 1e-9
"""Share of the treatment (or outcome) that must be left by the confounders for a partial R^2 to be defined."""


@dataclass(frozen=True)
class Strength:
    """A cause by its two shares, each in [0, 1): of what is left of the treatment, of what is left of the outcome."""

    treatment: float
    outcome: float


@dataclass(frozen=True)
class Benchmark:
    """A hidden cause `times` as strong as the recorded `name`. strength None: no cause can be that strong."""

    name: str
    times: float
    strength: Strength | None


@dataclass(frozen=True)
class Hidden:
    """The linear regression and what is needed to shift it. estimate: with its interval clustered by user.

    scale: sqrt(residual sum of squares of the outcome / of the treatment), in units of the effect.
    observed: each confounder's own partial shares (its indicators together), None where it explains everything.
    """

    estimate: Estimate
    scale: float
    observed: dict[str, Strength | None]

    @cached_property
    def partial(self) -> float:
        """Share of what is left of the outcome that the treatment explains: a hidden cause that explains all of the
        rest of the outcome must explain at least this share of the treatment to bring the estimate to none."""
        square = (self.estimate.value / self.scale) ** 2
        return square / (1 + square)

    @cached_property
    def value(self) -> float:
        """Robustness value: a hidden cause explaining this share of both brings the estimate to none; 0 to 1."""
        return robustness_value(self.estimate.value / self.scale)

    @cached_property
    def bound(self) -> float:
        """The same for bringing the nearer end of the interval to none; 0 where the interval holds none already."""
        near = nearest(self.estimate)
        return 0.0 if near is None else robustness_value(near / self.scale)

    def bias(self, strength: Strength) -> float:
        """By how much the estimate is off, in its own unit, never negative."""
        share = strength.outcome * strength.treatment / (1 - strength.treatment)
        return float(np.sqrt(share)) * self.scale

    def adjusted(self, strength: Strength) -> float:
        """The estimate if such a cause had been adjusted for, and had pulled it away from none."""
        return float(self.estimate.value - np.sign(self.estimate.value) * self.bias(strength))

    def needed(self, treatment: Numbers, target: float) -> Numbers:
        """Share of the outcome that brings |estimate| down by `target`, for shares of the treatment in (0, 1)."""
        needed: Numbers = (target / self.scale) ** 2 * (1 - treatment) / treatment
        return needed


def robustness_value(f: float) -> float:
    """(sqrt(f^4 + 4 f^2) - f^2) / 2 with f = |estimate| / scale, that is |t| / sqrt(degrees of freedom).

    Cinelli & Hazlett 2020, eq. 18. For the interval's end f is that end over the scale, which for an unclustered
    interval is their f - t* / sqrt(df).
    """
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2)


def nearest(estimate: Estimate) -> float | None:
    """The end of the interval nearer to none; None where it holds none."""
    if estimate.low <= 0 <= estimate.high:
        return None
    return estimate.low if estimate.value > 0 else estimate.high


def hidden(study: Study) -> Hidden | None:
    """The regression of `study`, its scale and its confounders' own strengths.

    None where the confounders explain all of the treatment, or treatment and confounders all of the outcome.
    """
    alike = units(study)
    found = linear_adjustment(study)
    estimate = from_error(found.effect, found.error, study.users)
    gram = _gram(study, alike)
    spans = _spans(study)
    design = np.arange(alike.design.shape[1], dtype=np.int64)
    treatment, outcome = len(design), len(design) + 1
    left = _left(gram, treatment, design)
    rest = _left(gram, outcome, np.append(design, treatment))
    if estimate is None or left <= EXPLAINED * study.rows or rest <= EXPLAINED * gram[outcome, outcome]:
        return None
    observed: dict[str, Strength | None] = {}
    for name, own in spans.items():
        others = np.setdiff1d(design, own)
        of_treatment = 1 - left / _left(gram, treatment, others)
        of_outcome = 1 - rest / _left(gram, outcome, np.append(others, treatment))
        certain = max(of_treatment, of_outcome) >= 1 - EXPLAINED
        observed[name] = None if certain else Strength(max(of_treatment, 0.0), max(of_outcome, 0.0))
    return Hidden(estimate, float(np.sqrt(rest / left)), observed)


def times_as_strong(name: str, own: Strength | None, times: float) -> Benchmark:
    """A hidden cause that, beside all that is recorded, matters `times` as much as the recorded `name`.

    Cinelli & Hazlett 2020, section 4.4 and appendix B.1: relative strengths are ratios of the variance that Z and X_j
    each explain given the other confounders, Z unrelated to what is recorded. Shares over 1 are impossible.
    """
    if own is None:
        return Benchmark(name, times, None)
    treatment = times * own.treatment / (1 - own.treatment)
    between = times * own.treatment**2 / ((1 - times * own.treatment) * (1 - own.treatment))
    if treatment >= 1 or times * own.treatment >= 1 or between >= 1:
        return Benchmark(name, times, None)
    factor = (np.sqrt(times) + np.sqrt(between)) / np.sqrt(1 - between)
    outcome = float(factor**2 * own.outcome / (1 - own.outcome))
    return Benchmark(name, times, Strength(treatment, min(outcome, 1.0)))


def _gram(study: Study, alike: Units) -> Numbers:
    """Sums of products of (design, treatment, outcome) over rows, float64 [p + 2, p + 2]; the outcome centred."""
    outcome = study.outcome - study.outcome.mean()
    size = len(alike.design)
    rows = np.bincount(alike.unit, minlength=size).astype(float)
    treated = np.bincount(alike.unit, weights=study.treated, minlength=size)
    sums = np.bincount(alike.unit, weights=outcome, minlength=size)
    x = alike.design
    inner = x.T @ (x * rows[:, None])
    edge = np.column_stack([x.T @ treated, x.T @ sums])
    both = float(outcome @ study.treated)
    corner = np.array([[treated.sum(), both], [both, float(outcome @ outcome)]])
    return np.block([[inner, edge], [edge.T, corner]])


def _left(gram: Numbers, target: int, given: Codes) -> float:
    """Residual sum of squares of one column after regression on others."""
    known = gram[np.ix_(given, given)]
    cross = gram[given, target]
    return max(float(gram[target, target] - cross @ np.linalg.pinv(known, hermitian=True) @ cross), 0.0)


def _spans(study: Study) -> dict[str, Codes]:
    """Each confounder's columns in the design of `units`: after the constant, one a number, levels - 1 a category."""
    spans, start = {}, 1
    for one in study.confounders:
        width = 1 if one.edges else len(one.labels) - 1
        if width:
            spans[one.name] = np.arange(start, start + width, dtype=np.int64)
        start += width
    return spans
