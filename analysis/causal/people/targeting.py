"""Is treating those with the highest expected gain first better than treating as many at random?

A row's place among the rows of its fold is given by a model learnt from the folds before, so only rows of later folds
are judged. R is the share of rows placed above a row, psi its doubly robust score, ATE the mean score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from analysis.causal.cells import BLOCK
from analysis.causal.doubly_robust import clustered_error
from analysis.causal.estimate import Estimate, from_error, from_replicates
from analysis.causal.people.scores import Part, Scores, difference, estimated, mean_over
from analysis.causal.study import Codes, Numbers
from analysis.fairness.infer import resampling_counts

FIFTHS = 5
GRID = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Shares treated at which the curve is drawn."""
BINS = 200
"""Steps to which places are rounded before users are resampled."""


@dataclass(frozen=True)
class Curve:
    """Gain per row of the whole log when the share `at` with the highest expected gain is treated; None: undefined."""

    at: tuple[float, ...]
    gain: tuple[Estimate | None, ...]
    random: tuple[float, ...]
    """The same share at random: a straight line to the effect of treating all."""


@dataclass(frozen=True)
class Fifth:
    """Rows by expected gain, 1 the lowest: what was expected (mean) and what the scores show."""

    expected: float
    users: int
    effect: Estimate | None


@dataclass(frozen=True)
class Targeting:
    """What a ranking is worth. qini, slope and spread are None where nothing can be ranked.

    qini: area between the curve and random targeting, in the outcome's unit per row. slope: of the score on the
    expected gain; 1 where expectations are borne out, 0 where they say nothing. spread: highest fifth minus lowest.
    """

    qini: Estimate | None
    curve: Curve | None
    fifths: tuple[Fifth, ...]
    spread: Estimate | None
    slope: Estimate | None


def targeting(scores: Scores, expected: Numbers, replicates: int, seed: int) -> Targeting:
    """Judge the order by `expected`, float64 [rows of all folds], NaN in those that are not judged."""
    known = np.isfinite(expected)
    scores, expected = scores.of(known), expected[known]
    if not any(np.ptp(expected[scores.fold == part]) > 0 for part in scores.later):
        return Targeting(None, None, (), None, None)
    place = placed(expected, scores.fold)
    fifths, spread = _fifths(scores, expected, seed)
    curve = _curve(scores, place, replicates, seed)
    return Targeting(qini(scores, expected), curve, fifths, spread, _slope(scores, expected))


def placed(expected: Numbers, fold: Codes) -> Numbers:
    """Share of the rows of its fold that stand below a row, those level with it counted half; float64 [rows]."""
    from scipy.stats import rankdata

    place = np.empty(len(expected))
    for part in np.unique(fold):
        held = fold == part
        place[held] = (rankdata(expected[held]) - 0.5) / held.sum()
    return place


def qini(scores: Scores, expected: Numbers) -> Estimate | None:
    """The Qini coefficient: the integral over q in 0..1 of [gain of treating the top q - q ATE].

    Exchanging the integrals gives mean(psi * (1/2 - R)): the covariance of score and place. It is 0 for a ranking
    that tells nothing, at most a quarter of the spread of effects. The error is that of a U-statistic's projection:
    psi_i (1/2 - R_i) + G_i, G_i the summed scores above i over the rows; clustered by user (the RATE of Yadlowsky et
    al. 2025 with linear weights).
    """
    influence = np.empty(len(expected))
    value = 0.0
    for part in scores.later:
        held = scores.fold == part
        own, centred = _covariance(scores.gain[held], expected[held])
        value += own * held.mean()
        influence[held] = centred
    people = len(np.unique(scores.user))
    return from_error(value, clustered_error(influence, scores.user, scores.users), people)


def _covariance(gain: Numbers, expected: Numbers) -> tuple[float, Numbers]:
    from scipy.stats import rankdata

    n = len(gain)
    place = (rankdata(expected) - 0.5) / n
    value = float(gain @ (place - 0.5)) / n
    level = np.unique(expected, return_inverse=True)[1]
    sums = np.bincount(level, weights=gain)
    above = (sums[::-1].cumsum()[::-1] - sums / 2)[level] / n
    projected = gain * (place - 0.5) + above
    return value, projected - projected.mean()


def _fifths(scores: Scores, expected: Numbers, seed: int) -> tuple[tuple[Fifth, ...], Estimate | None]:
    """Sorted group effects (Chernozhukov et al. 2025); rows level with each other are told apart at random."""
    draw = np.random.default_rng(seed).random(len(expected))
    fifth = np.empty(len(expected), np.int64)
    for part in scores.later:
        held = np.flatnonzero(scores.fold == part)
        order = np.lexsort((draw[held], expected[held]))
        fifth[held[order]] = np.arange(len(held)) * FIFTHS // len(held)
    parts: list[Part | None] = [mean_over(scores.gain, fifth == one, scores.user) for one in range(FIFTHS)]
    shown = tuple(
        Fifth(float(expected[fifth == one].mean()), part.users, estimated(part, scores.user, scores.users))
        for one, part in enumerate(parts)
        if part is not None
    )
    return shown, difference(parts[-1], parts[0], scores.user, scores.users)


def _slope(scores: Scores, expected: Numbers) -> Estimate | None:
    """Least squares of the score on the expected gain, both less their mean in the fold; clustered by user."""
    x, y = _centred(expected, scores), _centred(scores.gain, scores)
    square = float(x @ x)
    if square <= 0:
        return None
    slope = float(x @ y) / square
    influence = x * (y - slope * x) / (square / len(x))
    people = len(np.unique(scores.user))
    return from_error(slope, clustered_error(influence, scores.user, scores.users), people)


def _centred(values: Numbers, scores: Scores) -> Numbers:
    count = np.maximum(np.bincount(scores.fold), 1)
    return values - (np.bincount(scores.fold, weights=values) / count)[scores.fold]


def _curve(scores: Scores, place: Numbers, replicates: int, seed: int) -> Curve:
    """The curve with its pointwise interval, by resampling users whose rows keep their places."""
    step = np.minimum(((1 - place) * BINS).astype(np.int64), BINS - 1)  # 0: the highest
    shape = (scores.users, BINS)
    steps = [
        sp.csr_matrix(sp.coo_matrix((values, (scores.user, step)), shape=shape))
        for values in (np.ones(len(place)), scores.gain)
    ]

    def drawn_with(weights: Numbers) -> Numbers:
        rows, sums = (np.asarray(each.T @ weights.T, dtype=float).T for each in steps)
        return _gains(rows, sums)

    point = drawn_with(np.ones((1, scores.users)))[0]
    rng = np.random.default_rng(seed)
    sizes = [min(BLOCK, replicates - start) for start in range(0, replicates, BLOCK)]
    drawn = [drawn_with(resampling_counts(scores.users, size, rng)) for size in sizes]
    replicate = np.concatenate(drawn)  # [B, grid]
    people = len(np.unique(scores.user))
    gain = tuple(from_replicates(float(point[at]), replicate[:, at], people) for at in range(len(GRID)))
    return Curve(GRID, gain, tuple(float(share * point[-1]) for share in GRID))


def _gains(rows: Numbers, sums: Numbers) -> Numbers:
    """Gain per row at each share of the grid, from rows and summed scores by step [B, BINS] -> [B, grid]."""
    reached = np.cumsum(rows, axis=1)
    gained = np.cumsum(sums, axis=1)
    n = reached[:, -1:]
    return np.stack(
        [
            np.interp(np.array(GRID), np.r_[0.0, share], np.r_[0.0, gain])
            for share, gain in zip(reached / n, gained / n, strict=True)
        ]
    )
