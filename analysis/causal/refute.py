"""Attempts to break an estimate: placebo, random common cause, subset, dummy outcome, bootstrap; refitted honestly.

Every simulation recomputes the whole estimate (strata, propensities and means alike) on data that were changed in
one known way. Nothing fitted on the original data is carried over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.causal.cells import Estimand, compress, standardised
from analysis.causal.regression import line_effect, units
from analysis.causal.study import Codes, Numbers, Study
from analysis.fairness.infer import resampling_counts

SUBSET = 0.8
"""Share of the users kept by the subset refutation."""
STEADY = 0.25
"""Share of its interval's width that a random cause may move an estimate."""
MISREAD = 0.1
"""Share of the rows whose confounders the bootstrap takes from other rows, as if they had been recorded wrong."""
Kind = Literal["strata", "line"]
Sums = tuple[Numbers, Numbers]
"""Rows and sum of outcomes, each float64 [units, 2]."""


@dataclass(frozen=True)
class Refutation:
    """Estimates of many simulations, their mean and 95% range, and whether the estimate stood.

    placebo: stood = 0 lies in the range. random_cause: stood = the range stays within a quarter of the
    interval's width around the estimate. subset: stood = the estimate lies in the range. dummy_outcome: stood = 0
    lies in the range. bootstrap: stood = the range lies on the estimate's side of 0, or, where the estimate could not
    be told from 0, holds the estimate.
    """

    kind: Literal["placebo", "random_cause", "subset", "dummy_outcome", "bootstrap"]
    mean: float
    low: float
    high: float
    stood: bool
    simulations: int


def refit(study: Study, estimand: Estimand, kind: Kind) -> float:
    """The estimate from scratch: standardisation over strata, or linear regression."""
    design, unit = _units(study, kind)
    n, y = _counts(study.treated, study.outcome, unit, len(design))
    return _estimate(design, n, y, estimand, kind)


def placebo(study: Study, estimand: Estimand, kind: Kind, simulations: int, seed: int) -> Refutation:
    """The treatment shuffled among the rows of a stratum (as many treated as before): the effect should vanish.

    With a 0/1 outcome and categories only, the sums are drawn from their exact distribution, a hypergeometric one in
    every stratum; else rows are shuffled.
    """
    rng = np.random.default_rng(seed)
    design, unit = _units(study, kind)
    if study.binary and not (kind == "line" and study.continuous):
        sums: Iterator[Sums] = _placebo_counts(study, simulations, rng)
    else:
        sums = (_counts(_shuffled(study, rng), study.outcome, unit, len(design)) for _ in range(simulations))
    mean, low, high = _range(np.array([_estimate(design, n, y, estimand, kind) for n, y in sums]))
    return Refutation("placebo", mean, low, high, low <= 0 <= high, simulations)


def random_cause(study: Study, estimand: Estimand, kind: Kind, simulations: int, seed: int, width: float) -> Refutation:
    """A coin tossed for every row joins the adjustment set: the estimate should stay. width: of its interval.

    With a 0/1 outcome the sums under each side of the coin are drawn from their binomial distribution.
    """
    rng = np.random.default_rng(seed)
    design, unit = _units(study, kind)
    before = _estimate(design, *_counts(study.treated, study.outcome, unit, len(design)), estimand, kind)
    tossed = np.hstack([np.tile(design, (2, 1)), np.repeat([[0.0], [1.0]], len(design), axis=0)])
    if study.binary and not (kind == "line" and study.continuous):
        sums: Iterator[Sums] = _coin_counts(study, unit, len(design), simulations, rng)
    else:
        coins = (unit + len(design) * rng.integers(0, 2, study.rows) for _ in range(simulations))
        sums = (_counts(study.treated, study.outcome, coin, len(tossed)) for coin in coins)
    drawn = np.array([_estimate(tossed, n, y, estimand, kind) for n, y in sums])
    mean, low, high = _range(drawn)
    moved = max(abs(low - before), abs(high - before))
    return Refutation("random_cause", mean, low, high, moved <= STEADY * width, simulations)


def subset(study: Study, estimand: Estimand, kind: Kind, simulations: int, seed: int) -> Refutation:
    """Estimated on a random 80% of the users: the whole data's estimate should lie among those of the parts."""
    rng = np.random.default_rng(seed)
    design, unit = _units(study, kind)
    before = _estimate(design, *_counts(study.treated, study.outcome, unit, len(design)), estimand, kind)
    kept = np.zeros((simulations, study.users))
    for row in kept:
        row[rng.permutation(study.users)[: max(2, round(SUBSET * study.users))]] = 1.0
    if kind == "strata" or not study.continuous:
        n, y = compress(study).weighted(kept)
        sums: Iterator[Sums] = zip(n[:, 0], y[:, 0], strict=True)
    else:
        sums = (_weighted(study, unit, len(design), row[study.user]) for row in kept)
    mean, low, high = _range(np.array([_estimate(design, n, y, estimand, kind) for n, y in sums]))
    return Refutation("subset", mean, low, high, low <= before <= high, simulations)


def dummy_outcome(study: Study, estimand: Estimand, kind: Kind, simulations: int, seed: int) -> Refutation:
    """Outcomes made up without any effect, but driven by the confounders as in the untreated rows: it should find none.

    Made up = what the confounders lead one to expect of untreated rows, by the other kind of model than the one under
    test, plus the rows' own residuals, all of a user's with one random sign (so rows of a user stay alike). Unlike the
    placebo this leaves the confounding in, so it falls where the adjustment does not take it all out.
    """
    rng = np.random.default_rng(seed)
    design, unit = _units(study, kind)
    cells = 2 * len(design)
    n, sums = _counts(study.treated, _expected_untreated(study, kind), unit, len(design))
    cell = unit * 2 + study.treated
    noise = sp.csr_matrix(sp.coo_matrix((_residual(study), (cell, study.user)), shape=(cells, study.users)))
    signs = (rng.choice([-1.0, 1.0], study.users) for _ in range(simulations))
    drawn = [_estimate(design, n, sums + (noise @ sign).reshape(-1, 2), estimand, kind) for sign in signs]
    mean, low, high = _range(np.array(drawn))
    return Refutation("dummy_outcome", mean, low, high, low <= 0 <= high, simulations)


def bootstrap(study: Study, estimand: Estimand, kind: Kind, simulations: int, seed: int, sure: bool) -> Refutation:
    """Users drawn with replacement and a tenth of the rows given another row's confounders: the verdict should stay.

    Confounders recorded with error are adjusted for only in part, so the estimate moves towards the raw difference.
    sure: whether the estimate's interval excludes none.
    """
    rng = np.random.default_rng(seed)
    design, unit = _units(study, kind)
    before = _estimate(design, *_counts(study.treated, study.outcome, unit, len(design)), estimand, kind)
    drawn = []
    for _ in range(simulations):
        weight = resampling_counts(study.users, 1, rng)[0][study.user]
        misread = rng.random(study.rows) < MISREAD
        found = np.where(misread, unit[rng.integers(0, study.rows, study.rows)], unit)
        drawn.append(_estimate(design, *_weighted(study, found, len(design), weight), estimand, kind))
    mean, low, high = _range(np.array(drawn))
    stood = (low if before > 0 else -high) > 0 if sure else low <= before <= high
    return Refutation("bootstrap", mean, low, high, stood, simulations)


def e_value(ratio: float) -> float:
    """How strongly a hidden cause must raise both treatment and outcome (as risk ratios) to explain `ratio` away.

    VanderWeele & Ding 2017: RR + sqrt(RR (RR - 1)), of 1/RR for ratios under 1. 1 means that nothing is needed.
    """
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))


def approximate_ratio(effect: float, spread: float) -> float:
    """Risk ratio that a difference of means corresponds to, exp(0.91 d) with d = effect / sd of the outcome."""
    return float(np.exp(0.91 * effect / spread))


def _units(study: Study, kind: Kind) -> tuple[Numbers, Codes]:
    """Units of the sums and their design; strata need none, so theirs is a column of ones."""
    if kind == "strata":
        return np.ones((len(study.strata), 1)), study.stratum
    alike = units(study)
    return alike.design, alike.unit


def _expected_untreated(study: Study, kind: Kind) -> Numbers:
    """Outcome of each row without treatment, float64 [rows]: by a line where strata are tested, else by strata."""
    untreated = study.treated == 0
    if kind == "strata":
        alike = units(study)
        rows, sums = (
            np.bincount(alike.unit[untreated], weights=values, minlength=len(alike.design))
            for values in (None, study.outcome[untreated])
        )
        gram = alike.design.T @ (alike.design * rows[:, None])
        slopes = np.linalg.pinv(gram, hermitian=True) @ (alike.design.T @ sums)
        return np.asarray((alike.design @ slopes)[alike.unit], dtype=float)
    n, y = _counts(study.treated, study.outcome, study.stratum, len(study.strata))
    overall = study.outcome[untreated].mean()
    mean = np.divide(y[:, 0], n[:, 0], out=np.full(len(n), overall), where=n[:, 0] > 0)
    return np.asarray(mean[study.stratum], dtype=float)


def _residual(study: Study) -> Numbers:
    """Outcome less the mean of the rows of its stratum and treatment, float64 [rows]."""
    n, y = _counts(study.treated, study.outcome, study.stratum, len(study.strata))
    mean = np.divide(y, n, out=np.zeros_like(y), where=n > 0)
    return np.asarray(study.outcome - mean[study.stratum, study.treated], dtype=float)


def _estimate(design: Numbers, n: Numbers, y: Numbers, estimand: Estimand, kind: Kind) -> float:
    return line_effect(design, n, y) if kind == "line" else float(standardised(n, y, estimand))


def _counts(treated: npt.NDArray[np.int8], outcome: Numbers, unit: Codes, count: int) -> Sums:
    cell = unit * 2 + treated
    return _summed(cell, np.ones(len(cell)), count), _summed(cell, outcome, count)


def _weighted(study: Study, unit: Codes, count: int, weight: Numbers) -> Sums:
    cell = unit * 2 + study.treated
    return _summed(cell, weight, count), _summed(cell, weight * study.outcome, count)


def _summed(cell: Codes, values: Numbers, count: int) -> Numbers:
    return np.asarray(np.bincount(cell, weights=values, minlength=2 * count), dtype=float).reshape(count, 2)


def _placebo_counts(study: Study, simulations: int, rng: np.random.Generator) -> Iterator[Sums]:
    """Sums of each simulation: of a stratum's positive outcomes, how many fall to its treated rows."""
    n, y = _counts(study.treated, study.outcome, study.stratum, len(study.strata))
    rows, ones = n.sum(axis=1).astype(np.int64), np.round(y.sum(axis=1)).astype(np.int64)
    for _ in range(simulations):
        moved = rng.hypergeometric(ones, rows - ones, n[:, 1].astype(np.int64))
        yield n, np.stack([ones - moved, moved], axis=-1).astype(float)


def _coin_counts(study: Study, unit: Codes, count: int, simulations: int, rng: np.random.Generator) -> Iterator[Sums]:
    """Sums of each simulation: every cell's positive and other rows split by a fair coin."""
    n, y = _counts(study.treated, study.outcome, unit, count)
    ones, others = np.round(y).astype(np.int64), np.round(n - y).astype(np.int64)
    for _ in range(simulations):
        heads, rest = rng.binomial(ones, 0.5), rng.binomial(others, 0.5)
        yield np.vstack([n - heads - rest, heads + rest]).astype(float), np.vstack([y - heads, heads]).astype(float)


def _shuffled(study: Study, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    order = np.lexsort((rng.random(study.rows), study.stratum))
    home = np.argsort(study.stratum, kind="stable")
    treated = np.empty_like(study.treated)
    treated[home] = study.treated[order]
    return treated


def _range(drawn: Numbers) -> tuple[float, float, float]:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(np.nanmean(drawn)), float(low), float(high)
