"""Attempts to break an estimate: placebo, random common cause, subset, each refitted honestly.

Every simulation recomputes the whole estimate (strata, propensities and means alike) on data that were changed in
one known way. Nothing fitted on the original data is carried over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.causal.cells import Estimand, standardised
from analysis.causal.regression import linear_adjustment
from analysis.causal.study import Marks, Numbers, Stratified, Study

SUBSET = 0.8
"""Share of the users kept by the subset refutation."""
STEADY = 0.25
"""Share of its interval's width that a random cause may move an estimate."""
Kind = Literal["strata", "line"]


@dataclass(frozen=True)
class Refutation:
    """Estimates of many simulations, their mean and 95% range, and whether the estimate stood.

    placebo: stood = 0 lies in the range. random_cause: stood = the range stays within a quarter of the
    interval's width around the estimate. subset: stood = the estimate lies in the range.
    """

    kind: Literal["placebo", "random_cause", "subset"]
    mean: float
    low: float
    high: float
    stood: bool
    simulations: int


def refit(study: Study, estimand: Estimand, kind: Kind) -> float:
    """The estimate from scratch: standardisation over strata, or linear regression."""
    if kind == "line":
        return linear_adjustment(study).effect
    cell = study.stratum * 2 + study.treated
    strata = len(study.strata)
    n = np.bincount(cell, minlength=2 * strata).reshape(strata, 2).astype(float)
    y = np.bincount(cell, weights=study.outcome, minlength=2 * strata).reshape(strata, 2).astype(float)
    return float(standardised(n, y, estimand))


def placebo(study: Study, estimand: Estimand, kind: Kind, simulations: int, seed: int) -> Refutation:
    """The treatment shuffled among the rows of a stratum (as many treated as before): the effect should vanish.

    With 0/1 outcomes and strata it is drawn from its exact distribution, a hypergeometric one in every stratum;
    else rows are shuffled.
    """
    rng = np.random.default_rng(seed)
    if kind == "strata" and study.binary:
        drawn = _placebo_counts(study, estimand, simulations, rng)
    else:
        drawn = np.array([refit(study.with_treated(_shuffled(study, rng)), estimand, kind) for _ in range(simulations)])
    mean, low, high = _range(drawn)
    return Refutation("placebo", mean, low, high, low <= 0 <= high, simulations)


def random_cause(study: Study, estimand: Estimand, kind: Kind, simulations: int, seed: int, width: float) -> Refutation:
    """A coin tossed for every row joins the adjustment set: the estimate should stay. width: of its interval."""
    rng = np.random.default_rng(seed)
    before = refit(study, estimand, kind)
    drawn = np.array([refit(_with_coin(study, rng), estimand, kind) for _ in range(simulations)])
    mean, low, high = _range(drawn)
    moved = max(abs(low - before), abs(high - before))
    return Refutation("random_cause", mean, low, high, moved <= STEADY * width, simulations)


def subset(study: Study, estimand: Estimand, kind: Kind, simulations: int, seed: int) -> Refutation:
    """Estimated on a random 80% of the users: the whole data's estimate should lie among those of the parts."""
    rng = np.random.default_rng(seed)
    before = refit(study, estimand, kind)
    kept = max(2, round(SUBSET * study.users))
    drawn = []
    for _ in range(simulations):
        chosen = np.zeros(study.users, bool)
        chosen[rng.permutation(study.users)[:kept]] = True
        drawn.append(refit(_part(study, chosen[study.user]), estimand, kind))
    mean, low, high = _range(np.array(drawn))
    return Refutation("subset", mean, low, high, low <= before <= high, simulations)


def e_value(ratio: float) -> float:
    """How strongly a hidden cause must raise both treatment and outcome (as risk ratios) to explain `ratio` away.

    VanderWeele & Ding 2017: RR + sqrt(RR (RR - 1)), of 1/RR for ratios under 1. 1 means that nothing is needed.
    """
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))


def approximate_ratio(effect: float, spread: float) -> float:
    """Risk ratio that a difference of means corresponds to, exp(0.91 d) with d = effect / sd of the outcome."""
    return float(np.exp(0.91 * effect / spread))


def _placebo_counts(study: Study, estimand: Estimand, simulations: int, rng: np.random.Generator) -> Numbers:
    strata = len(study.strata)
    rows = np.bincount(study.stratum, minlength=strata)
    treated = np.bincount(study.stratum, weights=study.treated, minlength=strata).astype(np.int64)
    ones = np.bincount(study.stratum, weights=study.outcome, minlength=strata).astype(np.int64)
    n = np.stack([rows - treated, treated], axis=-1).astype(float)
    moved = rng.hypergeometric(ones, rows - ones, treated, size=(simulations, strata))
    y = np.stack([ones - moved, moved], axis=-1).astype(float)
    return standardised(np.broadcast_to(n, y.shape), y, estimand)


def _shuffled(study: Study, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    order = np.lexsort((rng.random(study.rows), study.stratum))
    home = np.argsort(study.stratum, kind="stable")
    treated = np.empty_like(study.treated)
    treated[home] = study.treated[order]
    return treated


def _with_coin(study: Study, rng: np.random.Generator) -> Study:
    coin = rng.integers(0, 2, study.rows)
    strata = len(study.strata)
    return replace(
        study,
        stratum=study.stratum + strata * coin,
        strata=(*((*names, "0") for names in study.strata), *((*names, "1") for names in study.strata)),
        confounders=(*study.confounders, Stratified("coin", coin, ("0", "1"))),
    )


def _part(study: Study, rows: Marks) -> Study:
    return replace(
        study,
        treated=study.treated[rows],
        outcome=study.outcome[rows],
        user=study.user[rows],
        stratum=study.stratum[rows],
        confounders=tuple(replace(one, codes=one.codes[rows]) for one in study.confounders),
        table=study.table.loc[rows] if study.continuous else study.table,
    )


def _range(drawn: Numbers) -> tuple[float, float, float]:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(np.nanmean(drawn)), float(low), float(high)
