"""The effect by an instrument: what moves the treatment and reaches the outcome only through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.estimate import Estimate, from_error
from analysis.causal.regression import units
from analysis.causal.study import Codes, Numbers, Rows
from analysis.causal.terms import whitened

WEAK = 10.0
"""First-stage F under which an instrument is called weak (Staiger & Stock 1997)."""
STRONG = 104.7
"""First-stage F above which Student's interval is right for one instrument (Lee, McCrary, Moreira & Porter 2022); under
it Anderson and Rubin's is given, which is right at any strength."""
DIFFER = 0.05
"""p of the over-identification test under which the instruments are said to differ."""
REACH = 200.0
"""Standard errors to either side that are searched for the limits with several instruments."""


@dataclass(frozen=True)
class Instrumented:
    """What the instrument tells.

    estimate: None where the data do not bound the effect. raw: least squares of the outcome on the treatment alone.
    strength: F of the first stage, clustered by user. exact: whether the interval is Anderson and Rubin's.
    agree: p of Hansen's (1982) test that all instruments tell one effect; None where one column is all there is.
    """

    estimate: Estimate | None
    strength: float
    exact: bool
    agree: float | None


@dataclass(frozen=True)
class _Stages:
    """One two-stage problem with the constant partialled out: k directions that the instruments vary in, U users.

    y, d: float64 [n]; z: float64 [n, k], of mean square 1 and uncorrelated; user int64 [n].
    """

    y: Numbers
    d: Numbers
    z: Numbers
    user: Codes
    users: int

    @property
    def scale(self) -> float:
        """Small-sample factor of the clustered variance, as in `linear_adjustment`."""
        n, used = len(self.y), self.z.shape[1] + 1
        return self.users / max(self.users - 1, 1) * (n - 1) / max(n - used, 1)

    def slope(self, values: Numbers) -> Numbers:
        """Least squares of values [n] on the instruments, [k]."""
        return np.asarray(self.z.T @ values / len(self.z))

    def spread(self, residual: Numbers) -> Numbers:
        """Clustered covariance [k, k] of the slopes whose residuals [n] these are."""
        scores = [np.bincount(self.user, weights=column * residual, minlength=self.users) for column in self.z.T]
        return np.asarray(self.scale * np.inner(scores, scores) / len(self.z) ** 2)


def by_instrument(rows: Rows, treatment: Numbers) -> Instrumented | None:
    """Two-stage least squares with the study's confounder columns as instruments; treatment float64 [rows].

    Categories enter as indicators, numbers as they are, all of them at once; what another column tells already enters
    once. None where no instrument varies or the treatment does not follow it at all. A user's rows count together
    everywhere.
    """
    z = units(rows)
    stages = _stages(rows, treatment, z.design[:, 1:][z.unit])
    if rows.users <= stages.z.shape[1] + 1:
        return None
    value, error = _two_stage(stages)
    if not np.isfinite(value) or error == 0:  # the treatment tells the outcome exactly: no error to measure by
        return None
    strength, agree = first_stage(stages), _agreement(stages, value)
    if strength >= STRONG:
        return Instrumented(from_error(value, error, rows.users), strength, False, agree)
    return Instrumented(_anderson_rubin(stages, value, error), strength, True, agree)


def first_stage(stages: _Stages) -> float:
    """Clustered Wald F that no instrument moves the treatment; 0 and up, about 1 where none does."""
    slope = stages.slope(stages.d)
    return _wald(stages, stages.d - stages.z @ slope, slope)


def test_of(stages: _Stages, effect: float) -> float:
    """Anderson & Rubin's (1949) F that the effect is `effect`, clustered: the instruments explain y - effect * d."""
    left = stages.y - effect * stages.d
    slope = stages.slope(left)
    return _wald(stages, left - stages.z @ slope, slope)


def _stages(rows: Rows, treatment: Numbers, z: Numbers) -> _Stages:
    spread = z.std(axis=0)
    varies = spread > 0
    z = whitened((z[:, varies] - z[:, varies].mean(axis=0)) / spread[varies])
    y, d = rows.outcome - rows.outcome.mean(), treatment - treatment.mean()
    return _Stages(y, d, z, rows.user, rows.users)


def _two_stage(s: _Stages) -> tuple[float, float]:
    """The estimate and its clustered standard error; NaN where the first stage is flat."""
    moved = s.z @ s.slope(s.d)
    power = float(moved @ s.d)
    if power <= 1e-12 * float(s.d @ s.d):
        return float("nan"), float("nan")
    value = float(moved @ s.y) / power
    total = np.bincount(s.user, weights=moved * (s.y - value * s.d), minlength=s.users)
    return value, float(np.sqrt(s.scale * (total @ total)) / power)


def _wald(s: _Stages, residual: Numbers, slope: Numbers) -> float:
    """F of all coefficients of z, with users as clusters."""
    return float(slope @ np.linalg.pinv(s.spread(residual), hermitian=True) @ slope) / s.z.shape[1]


def _agreement(s: _Stages, value: float) -> float | None:
    """Hansen's p that one effect leaves no instrument a slope, begun from the two-stage estimate `value`."""
    from scipy import stats

    extra = s.z.shape[1] - 1
    if extra == 0:
        return None
    left = s.y - value * s.d
    weight = np.linalg.pinv(s.spread(left - s.z @ s.slope(left)), hermitian=True)
    reduced, first = s.slope(s.y), s.slope(s.d)
    least = reduced - first * (first @ weight @ reduced) / (first @ weight @ first)
    return float(stats.f.sf(least @ weight @ least / extra, extra, s.users - 1))


def _anderson_rubin(s: _Stages, value: float, error: float) -> Estimate | None:
    """The effects that the test does not reject; None where they are not an interval around the estimate."""
    from scipy import stats

    k, freedom = s.z.shape[1], s.users - 1
    wide, narrow = (_accepted(s, value, error, float(stats.f.ppf(level, k, freedom))) for level in (0.95, 0.90))
    if wide is None:
        return None
    p = float(stats.f.sf(test_of(s, 0.0), k, freedom))
    return Estimate(value, wide[0], wide[1], narrow or wide, (wide[1] - wide[0]) / (2 * 1.959964), p)


def _accepted(s: _Stages, value: float, error: float, limit: float) -> tuple[float, float] | None:
    """Limits of the effects whose test stays under `limit`, None where they reach further than can be said."""
    from scipy.optimize import brentq

    def excess(effect: float) -> float:
        return test_of(s, effect) - limit

    if excess(value) > 0:
        return None  # several instruments that contradict each other
    if s.z.shape[1] == 1 and first_stage(s) <= limit:
        return None  # the set is unbounded: a line, or a line less an interval
    ends = []
    for side in (-1.0, 1.0):
        reach = error
        while excess(value + side * reach) <= 0:
            reach *= 1.5
            if reach > REACH * error:
                return None
        ends.append(float(brentq(lambda at: excess(value + side * at), 0.0, reach, xtol=1e-12 * reach)))  # noqa: B023
    return value - ends[0], value + ends[1]
