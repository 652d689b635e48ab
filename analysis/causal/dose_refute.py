"""Attempts to break a slope: placebo, random common cause and subset, each refitted from scratch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from analysis.causal.estimate import Estimate
from analysis.causal.refute import STEADY, SUBSET, Refutation
from analysis.causal.regression import units
from analysis.causal.strata import Codes, Marks, Numbers
from analysis.causal.study import Dosed

Refit = Callable[[Numbers, Marks, Codes | None], float]
"""(dose [rows], rows kept, coin 0/1 [rows] or None) -> slope per unit of dose."""


def refutations(
    study: Dosed, kind: Literal["strata", "model"], simulations: int, seed: int, scale: float, effect: Estimate
) -> tuple[Refutation, ...]:
    """The three attempts, told per `scale` of dose. Strata are refitted as they are; a model by linear regression."""
    refit = _strata(study) if kind == "strata" else _line(study)
    every = np.ones(study.rows, bool)
    before = scale * refit(study.dose, every, None)
    width = effect.high - effect.low
    draws: dict[str, list[float]] = {"placebo": [], "random_cause": [], "subset": []}
    rng = np.random.default_rng(seed)
    for _ in range(simulations):
        draws["placebo"].append(scale * refit(_shuffled(study, rng), every, None))
        draws["random_cause"].append(scale * refit(study.dose, every, rng.integers(0, 2, study.rows)))
        kept = np.zeros(study.users, bool)
        kept[rng.permutation(study.users)[: max(2, round(SUBSET * study.users))]] = True
        draws["subset"].append(scale * refit(study.dose, kept[study.user], None))
    placebo, coin, part = ((float(np.nanmean(drawn)), *_ends(drawn)) for drawn in draws.values())
    moved = max(abs(coin[1] - before), abs(coin[2] - before))
    return (
        Refutation("placebo", *placebo, placebo[1] <= 0 <= placebo[2], simulations),
        Refutation("random_cause", *coin, moved <= STEADY * width, simulations),
        Refutation("subset", *part, part[1] <= before <= part[2], simulations),
    )


def _ends(drawn: list[float]) -> tuple[float, float]:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _shuffled(study: Dosed, rng: np.random.Generator) -> Numbers:
    """The doses shuffled among the rows of a stratum."""
    order = np.lexsort((rng.random(study.rows), study.stratum))
    home = np.argsort(study.stratum, kind="stable")
    shuffled = np.empty_like(study.dose)
    shuffled[home] = study.dose[order]
    return shuffled


def _strata(study: Dosed) -> Refit:
    """Slope within strata (crossed with the coin) from sums by stratum."""
    count = len(study.strata)

    def refit(dose: Numbers, kept: Marks, coin: Codes | None) -> float:
        code = study.stratum if coin is None else study.stratum + count * coin
        one, d, y = code[kept], dose[kept], study.outcome[kept]
        n = np.maximum(np.bincount(one, minlength=2 * count), 1)
        sum_d, sum_y = (np.bincount(one, weights=values, minlength=2 * count) for values in (d, y))
        square = float(d @ d - (sum_d**2 / n).sum())
        return float(d @ y - (sum_d * sum_y / n).sum()) / square if square > 1e-9 * float(d @ d) else float("nan")

    return refit


def _line(study: Dosed) -> Refit:
    """Linear regression's slope, the coin as one more column."""
    alike = units(study)
    design = alike.design[alike.unit]

    def refit(dose: Numbers, kept: Marks, coin: Codes | None) -> float:
        x = design if coin is None else np.column_stack([design, coin])
        x = np.column_stack([x, dose])[kept]
        return float((np.linalg.pinv(x.T @ x, hermitian=True) @ (x.T @ study.outcome[kept]))[-1])

    return refit
