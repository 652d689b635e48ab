"""Multinomial logistic regression on counted rows, fast enough to be refitted hundreds of times."""

from __future__ import annotations

import numpy as np

from analysis.causal.study import Numbers

PENALTY = 0.1
"""Half of this times the squared slopes is added to the loss (scikit-learn's C = 10): separation ends finite."""
FREE = 1e-6
"""The same for the constant: only so that a category that nobody has does not run off."""
SETTLED = 1e-8
"""Newton's decrement (twice the loss that is left to win, in nats over all rows) at which the fit is done."""
STEPS = 60
HALVINGS = 12


def fit(design: Numbers, counts: Numbers, start: Numbers | None = None, steps: int = STEPS) -> Numbers:
    """Slopes float64 [p, L - 1] of log P(level l) / P(level 0) = design @ slopes; the first column is the constant.

    design: float64 [m, p]; counts: float64 [m, L], how many rows of each level are alike in the design. start: where
    Newton's method begins (the whole data's fit, for a resample).
    """
    seen = counts.sum(axis=1) > 0
    design, counts = design[seen], counts[seen]
    p, levels = design.shape[1], counts.shape[1]
    penalty = np.full((p, levels - 1), PENALTY)
    penalty[0] = FREE
    slopes: Numbers = np.zeros((p, levels - 1)) if start is None else start
    loss = _loss(design, counts, slopes, penalty)
    for _ in range(steps):
        slope, curve = _derivatives(design, counts, slopes, penalty)
        step = np.asarray(np.linalg.solve(curve, slope.T.ravel()).reshape(levels - 1, p).T, dtype=float)
        slopes, loss, won = _descended(design, counts, slopes, step, penalty, loss)
        if float((slope * step).sum()) < SETTLED or not won:
            break
    return slopes


def shares(design: Numbers, slopes: Numbers) -> Numbers:
    """Probability of each level, float64 [m, L]; rows sum to 1."""
    odds = np.hstack([np.zeros((len(design), 1)), design @ slopes])
    odds -= odds.max(axis=1, keepdims=True)
    weight = np.exp(odds)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=float)


def _loss(design: Numbers, counts: Numbers, slopes: Numbers, penalty: Numbers) -> float:
    known = np.maximum(shares(design, slopes), np.finfo(float).tiny)
    return float(-(counts * np.log(known)).sum() + (penalty * slopes**2).sum() / 2)


def _derivatives(design: Numbers, counts: Numbers, slopes: Numbers, penalty: Numbers) -> tuple[Numbers, Numbers]:
    """Downhill direction [p, L - 1] and the loss's second derivatives [(L - 1) p, (L - 1) p], level by level."""
    rows = counts.sum(axis=1)
    share = shares(design, slopes)[:, 1:]
    slope = design.T @ (counts[:, 1:] - rows[:, None] * share) - penalty * slopes
    p, free = design.shape[1], share.shape[1]
    curve = np.empty((free, p, free, p))
    for a in range(free):
        for b in range(a, free):
            weight = rows * share[:, a] * ((a == b) - share[:, b])
            curve[a, :, b] = design.T @ (design * weight[:, None])
            curve[b, :, a] = curve[a, :, b].T
    return slope, curve.reshape(free * p, free * p) + np.diag(penalty.T.ravel())


def _descended(
    design: Numbers, counts: Numbers, slopes: Numbers, step: Numbers, penalty: Numbers, loss: float
) -> tuple[Numbers, float, bool]:
    """One step, halved until the loss falls; and whether it did."""
    for _ in range(HALVINGS):
        tried = slopes + step
        reached = _loss(design, counts, tried, penalty)
        if reached <= loss:
            return tried, reached, True
        step = np.asarray(step / 2)
    return slopes, loss, False
