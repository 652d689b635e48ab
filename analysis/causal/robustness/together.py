"""What the ways of a specification curve say together: how far they agree, and whether they are more than chance.

The joint test of Simonsohn, Simmons & Nelson 2020 for observational data resamples under the null: each specification's
estimate is centred at none and the users' own contributions to it are kept, here with a random sign a user (which all
specifications share). Shuffling the treatment instead would treat the rows of one user as independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.causal.robustness.curve import Specification, Way
from analysis.causal.strata import Numbers

BLOCK = 500
"""Draws of the joint test at once."""


@dataclass(frozen=True)
class Told:
    """What the computed ways say together. Effects are in the scale of `values`.

    values: float64 [ways]; same: share with the sign of the headline (or of the median); sure: share of these signs
    whose interval excludes none too; opposite: share of the other sign that excludes none; share of the spread (sum of
    squares around the mean) that lies between estimators, sets and outcomes: None where there is one of a kind only.
    """

    values: Numbers
    median: float
    low: float
    high: float
    same: float
    sure: float
    opposite: float
    between: dict[str, float]


def told(every: Sequence[Way], scales: Sequence[float]) -> Told | None:
    """The summary of the ways with an estimate; scales: what each is divided by. None where there is none."""
    kept = [(way, way.estimate, scale) for way, scale in zip(every, scales, strict=True) if way.estimate is not None]
    if not kept:
        return None
    values = np.array([estimate.value / scale for _, estimate, scale in kept])
    median = float(np.median(values))
    leading = next(
        (value for (way, _, _), value in zip(kept, values, strict=True) if way.specification.headline), median
    )
    sign = np.sign(leading)
    excludes = np.array([not estimate.low <= 0 <= estimate.high for _, estimate, _ in kept])
    alike = np.sign(values) == sign
    specifications = [way.specification for way, _, _ in kept]
    return Told(
        values=values,
        median=median,
        low=float(values.min()),
        high=float(values.max()),
        same=float(alike.mean()),
        sure=float((alike & excludes).mean()),
        opposite=float((~alike & excludes).mean()),
        between=_between(values, specifications),
    )


def joint_p(every: Sequence[Way], scales: Sequence[float], draws: int, seed: int) -> tuple[float, float, int] | None:
    """(median, p, specifications) of the estimators in closed form: would ways without any effect give such a median?

    Each draw gives every user a random sign; the sum of the signed contributions is a draw of that estimate's error,
    the same users' signs for all specifications. p: share of draws whose median is as far from none, counting the
    data's own among them. None where no such way was computed, or fewer than two users contribute.
    """
    kept = [(way, scale) for way, scale in zip(every, scales, strict=True) if way.estimate is not None]
    scored = [
        (way.estimate.value / scale, way.score / scale) for way, scale in kept if way.estimate and way.score is not None
    ]
    if not scored:
        return None
    median = float(np.median([value for value, _ in scored]))
    scores = np.stack([score for _, score in scored], axis=1)  # [users, ways]
    scores = scores[(scores != 0).any(axis=1)]
    if len(scores) < 2:
        return None
    rng = np.random.default_rng(seed)
    beyond = 0
    for start in range(0, draws, BLOCK):
        signs = rng.choice([-1.0, 1.0], (min(BLOCK, draws - start), len(scores)))
        beyond += int((np.abs(np.median(signs @ scores, axis=1)) >= abs(median) * (1 - 1e-12)).sum())
    return median, (1 + beyond) / (1 + draws), len(scored)


def _between(values: Numbers, specifications: Sequence[Specification]) -> dict[str, float]:
    total = float(((values - values.mean()) ** 2).sum())
    shares = {}
    for name in ("estimator", "adjustment", "outcome"):
        codes = np.unique([str(getattr(one, name)) for one in specifications], return_inverse=True)[1]
        if codes.max() == 0 or total <= 0:
            continue
        means = np.bincount(codes, weights=values) / np.bincount(codes)
        shares[name] = float(((means[codes] - values.mean()) ** 2).sum()) / total
    return shares
