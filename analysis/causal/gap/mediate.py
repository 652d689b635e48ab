"""How much of an effect runs through what lies in between: natural direct and indirect effects (Pearl 2001).

TE = E[Y_x1] - E[Y_x0], NDE = E[Y_{x1,W_x0}] - E[Y_x0], NIE = E[Y_x1] - E[Y_{x1,W_x0}]; so TE = NDE + NIE exactly. With
    E[Y_{x1,W_x0}] = sum_z P(z) sum_w P(w|x0,z) E[Y|x1,z,w].
Several mediators in causal order: the part through W_j is E[Y_{x1,(W_1..W_j-1)_x0}] - E[Y_{x1,(W_1..W_j)_x0}]; the
parts sum to the NIE.
"""

from __future__ import annotations

import numpy as np

from analysis.causal.doubly_robust import clustered_error
from analysis.causal.estimate import Estimate, from_error
from analysis.causal.gap import bycells, bymodels
from analysis.causal.gap.decompose import FEWEST, Parts, least, method_of, resampled, scored
from analysis.causal.gap.sample import Column, Sample
from analysis.causal.propensity import WITHHELD
from analysis.causal.study import Numbers


def mediate(rows: Sample, replicates: int, seed: int) -> Parts:
    """TE, NDE, NIE and the part of each mediator; everything None where support is lacking or people are too few."""
    m = len(rows.between)
    by, lacking = method_of(rows, both=True)
    nothing = (None,) * m
    if by == "cells":
        cells = bycells.tally(rows)
        ladder, clipped = resampled(rows, cells, bycells.effect_rungs, replicates, seed), 0.0
    elif least(rows) < FEWEST:
        return Parts(by, None, None, None, None, nothing, (np.nan, np.nan), lacking, 0.0)
    else:
        fitted = bymodels.nested(rows, seed, effect=True)
        lacking, clipped = bymodels.lacking(rows, fitted, both=True), bymodels.clipped(fitted)
        ladder = scored(rows, bymodels.effect_rungs(rows, fitted), fitted[0].columns)
    means = (float(ladder.rungs[0]), float(ladder.rungs[-1]))
    if lacking > WITHHELD:
        return Parts(by, None, None, None, None, nothing, means, lacking, clipped)
    return Parts(
        by=by,
        total=ladder.step(0, m + 1),
        direct=ladder.step(0, 1),
        indirect=ladder.step(1, m + 1),
        spurious=None,
        through=tuple(ladder.step(m - at, m + 1 - at) for at in range(m)),
        means=means,
        lacking=lacking,
        clipped=clipped,
    )


def linear(rows: Sample) -> Parts | None:
    """The same by least squares without products (Baron & Kenny 1986; several: VanderWeele & Vansteelandt 2014).

    NDE: coefficient of x1 in Y ~ x + Z + W; TE: the same without W; their difference is the sum over the mediators
    of (x -> W_j) * (W_j -> Y) exactly. Right where all is linear and no effect depends on anything. Errors
    are clustered by user and joint over the regressions. None where x1 is a linear combination of the others.
    """
    m = len(rows.between)
    fits = [_coefficient(rows, rows.upto(count)) for count in range(m + 1)]
    if any(fit is None for fit in fits):
        return None
    values = np.array([fit[0] for fit in fits if fit is not None])
    scores = np.column_stack([fit[1] for fit in fits if fit is not None])

    def step(value: float, score: Numbers) -> Estimate | None:
        return from_error(value, clustered_error(score, rows.user, rows.users), least(rows))

    return Parts(
        by="models",
        total=step(float(values[0]), scores[:, 0]),
        direct=step(float(values[m]), scores[:, m]),
        indirect=step(float(values[0] - values[m]), scores[:, 0] - scores[:, m]),
        spurious=None,
        through=tuple(step(float(values[at] - values[at + 1]), scores[:, at] - scores[:, at + 1]) for at in range(m)),
        means=(np.nan, np.nan),
        lacking=0.0,
        clipped=0.0,
    )


def _coefficient(rows: Sample, columns: tuple[Column, ...]) -> tuple[float, Numbers] | None:
    """Least squares coefficient of the arm and each row's influence on it (Frisch & Waugh 1933)."""
    design = np.column_stack([np.ones(rows.rows), *(part for one in columns for part in _plain(one))])
    arm = rows.arm.astype(float)
    both = np.column_stack([arm, rows.outcome])
    left = both - design @ np.linalg.lstsq(design, both, rcond=None)[0]
    own = float(left[:, 0] @ left[:, 0])
    if own <= 1e-9 * rows.rows:
        return None
    value = float(left[:, 0] @ left[:, 1]) / own
    score = left[:, 0] * (left[:, 1] - value * left[:, 0]) * (rows.rows / own)
    return value, np.asarray(score, dtype=float)


def _plain(one: Column) -> list[Numbers]:
    """A number as it is, missing ones at its mean; or an indicator a category but the first."""
    if one.numbers is None:
        return [(one.strata.codes == code).astype(float) for code in range(1, len(one.strata.labels))]
    known = np.isfinite(one.numbers)
    return [np.where(known, one.numbers, one.numbers[known].mean())]
