"""Matching: each row beside rows alike that were treated otherwise, with what still differs corrected for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.arms import arms_of_rows
from analysis.causal.cells import Estimand
from analysis.causal.estimate import Estimate, from_scores
from analysis.causal.propensity import WITHHELD, stratum_propensity
from analysis.causal.study import Codes, Marks, Numbers, Study
from analysis.causal.weighting import Logistic, supported

NEIGHBOURS = 4
"""Rows that each row is matched with: Abadie & Imbens' (2011) choice; with one the estimate is noisier."""
JITTER = 1e-9
"""Log-odds that rows alike are set apart by, so that ties fall by lot and not by the order of the file."""


@dataclass(frozen=True)
class Matched:
    """used: float64 [rows], 1 for the row itself plus the share of a match that it stands for in others' matches.

    without, treated: float64 [rows], expected outcomes of the regression that corrects for what still differs.
    """

    used: Numbers
    without: Numbers
    treated: Numbers


def by_matching(study: Study, fitted: Logistic | None, estimand: Estimand, seed: int) -> Estimate | None:
    """Bias-corrected matching with replacement, its interval clustered by user.

    Categories only: exactly, each row with all rows of its stratum that were treated otherwise. With numbers: on the
    fitted propensity's log-odds, with the 4 nearest. The estimate is written as sums over rows (Lin, Ding & Han 2023
    show bias-corrected matching to be the augmented weighting estimator whose weights are match counts), which is
    Abadie & Imbens' (2006) martingale variance once rows are summed by user. None where more than 10% of the rows
    have no match.
    """
    if study.continuous:
        if fitted is None:
            return None
        kept = supported(study, fitted.probability, estimand)
    else:
        share = stratum_propensity(study)
        kept = (share > 0) & (share < 1)
    target = (study.treated == 1 if estimand == "ATT" else np.ones(study.rows, bool)) & kept
    missing = 1 - target.sum() / max((study.treated == 1).sum() if estimand == "ATT" else study.rows, 1)
    if missing > WITHHELD or min(np.bincount(study.treated[kept], minlength=2)) < NEIGHBOURS:
        return None
    if study.continuous and fitted is not None:
        found = _nearest(study, fitted, kept, target, seed)
    else:
        found = _exact(study, target)
    return _averaged(study, found, kept, target)


def nearest(position: Numbers, pool: Numbers, count: int) -> Codes:
    """Indices int64 [n, count] of the `count` entries of `pool` nearest to each position; ties by the lower one."""
    order = np.argsort(pool, kind="stable")
    line = pool[order]
    start = np.searchsorted(line, position)
    window = start[:, None] + np.arange(-count, count)[None, :]
    inside = (window >= 0) & (window < len(line))
    near = line[np.clip(window, 0, len(line) - 1)]
    distance = np.where(inside, np.abs(near - position[:, None]), np.inf)
    best = np.argsort(distance, axis=1, kind="stable")[:, :count]
    return order[np.take_along_axis(np.clip(window, 0, len(line) - 1), best, axis=1)].astype(np.int64)


def _nearest(study: Study, fitted: Logistic, kept: Marks, target: Marks, seed: int) -> Matched:
    place = fitted.odds + JITTER * np.random.default_rng(seed).random(study.rows)
    design = fitted.design[fitted.unit]
    used = target.astype(float)
    predicted = []
    for arm in (0, 1):
        pool = np.flatnonzero(kept & (study.treated == arm))
        asking = np.flatnonzero(target & (study.treated != arm))
        matches = pool[nearest(place[asking], place[pool], NEIGHBOURS)]
        used += np.bincount(matches.ravel(), minlength=study.rows) / NEIGHBOURS
        slopes = np.linalg.lstsq(design[pool], study.outcome[pool], rcond=None)[0]
        predicted.append(design @ slopes)
    return Matched(used, predicted[0], predicted[1])


def _exact(study: Study, target: Marks) -> Matched:
    strata = len(study.strata)
    cell = study.stratum * 2 + study.treated
    n = np.bincount(cell, minlength=2 * strata).reshape(strata, 2).astype(float)
    y = np.bincount(cell, weights=study.outcome, minlength=2 * strata).reshape(strata, 2)
    mean = np.divide(y, n, out=np.zeros_like(y), where=n > 0)[study.stratum]
    asked = np.bincount(cell[target], minlength=2 * strata).reshape(strata, 2)[:, ::-1]  # by the other kind
    used = target + np.divide(asked, n, out=np.zeros_like(y), where=n > 0)[study.stratum, study.treated]
    return Matched(used, mean[:, 0], mean[:, 1])


def _averaged(study: Study, found: Matched, kept: Marks, target: Marks) -> Estimate | None:
    """Mean over the target rows; the score of each row as its own share of it."""
    sign = np.where(study.treated == 1, 1.0, -1.0)
    own = np.where(study.treated == 1, found.treated, found.without)
    gap = (found.treated - found.without) * target
    residual = sign * found.used * (study.outcome - own) * kept
    size = float(target.sum())
    value = float((gap + residual).sum() / size)
    score = (gap + residual - value * target) * (study.rows / size)
    return from_scores(study, value, score, arms_of_rows(study, found.used * kept))
