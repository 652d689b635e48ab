"""Sufficient statistics of a study: per user, how many rows and how much outcome in each cell.

A cell is group x stratum x treatment. Every estimate, bootstrap replicate and refutation is arithmetic on these
arrays; it equals the row-by-row answer exactly, and its cost grows with cells and users, not with rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import scipy.sparse as sp

from analysis.causal.resample import resampled_totals
from analysis.causal.study import Codes, Numbers, Study
from analysis.fairness.infer import resampling_counts

Estimand = Literal["ATE", "ATT"]
BLOCK = 200
"""Replicates drawn at once: bounds the memory to 200 x users counts."""
MANY_USERS = 20_000
"""From so many users on, each user's count is drawn for itself (Poisson) instead of all together (multinomial)."""


@dataclass(frozen=True)
class Cells:
    """n and y: csr float64 [users, groups * strata * 2], rows and sum of outcomes; shape: (groups, strata, 2)."""

    n: sp.csr_matrix
    y: sp.csr_matrix
    shape: tuple[int, int, int]

    @property
    def users(self) -> int:
        return int(self.n.shape[0])

    @cached_property
    def seen(self) -> tuple[float, float]:
        """The lowest and the highest mean outcome of any user in any cell."""
        rows = self.n.copy()
        rows.data = 1 / rows.data
        mean = self.y.multiply(rows).tocsr().data
        ends = mean if mean.size == rows.nnz else np.append(mean, 0.0)  # outcomes of 0 may not be kept
        return float(ends.min()), float(ends.max())

    def totals(self) -> tuple[Numbers, Numbers]:
        """Rows and sum of outcomes, each float64 [groups, strata, 2]."""
        n, y = (np.asarray(each.sum(axis=0), dtype=float).reshape(self.shape) for each in (self.n, self.y))
        return n, y

    def weighted(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """The totals with each user counted weights[r, user] times: float64 [r, groups, strata, 2] twice."""
        shape = (len(weights), *self.shape)
        return (self.n.T @ weights.T).T.reshape(shape), (self.y.T @ weights.T).T.reshape(shape)

    def resampled(self, replicates: int, seed: int) -> Iterator[tuple[Numbers, Numbers]]:
        """Totals of bootstrap samples of users (drawn with replacement), some replicates at a time."""
        if self.users >= MANY_USERS:
            shape = (-1, *self.shape)
            for n, y in resampled_totals(self.n, self.y, replicates, seed):
                yield n.reshape(shape), y.reshape(shape)
            return
        rng = np.random.default_rng(seed)
        for start in range(0, replicates, BLOCK):
            yield self.weighted(resampling_counts(self.users, min(BLOCK, replicates - start), rng))


def compress(study: Study, group: Codes | None = None, groups: int = 1) -> Cells:
    """One pass over the rows; `group` int64 [n] in 0..groups-1 splits every stratum."""
    member = np.zeros(study.rows, np.int64) if group is None else group
    strata = len(study.strata)
    cell = (member * strata + study.stratum) * 2 + study.treated
    shape = (study.users, groups * strata * 2)

    def summed(values: Numbers) -> sp.csr_matrix:
        return sp.csr_matrix(sp.coo_matrix((values, (study.user, cell)), shape=shape))

    return Cells(summed(np.ones(study.rows)), summed(study.outcome), (groups, strata, 2))


def naive(n: Numbers, y: Numbers) -> Numbers:
    """Mean outcome of the treated minus that of the others, [..., strata, 2] -> [...]; NaN where an arm is empty."""
    rows, outcome = n.sum(axis=-2), y.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = outcome / rows
    return mean[..., 1] - mean[..., 0]


def arm_means(n: Numbers, y: Numbers, estimand: Estimand) -> tuple[Numbers, Numbers]:
    """Standardised mean outcome without and with treatment, [..., strata, 2] -> [...] twice.

    The g-formula on strata: means within strata, weighted by all rows (ATE) or the treated rows (ATT) of the strata
    that have both treated and untreated rows. NaN where no stratum has.
    """
    weight = _target(n, estimand)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(weight[..., None] > 0, y / n, 0.0)
        share = weight / weight.sum(axis=-1, keepdims=True)
        return (share * mean[..., 0]).sum(axis=-1), (share * mean[..., 1]).sum(axis=-1)


def arm_weights(n: Numbers, estimand: Estimand | None) -> Numbers:
    """What one row of each cell weighs in its arm's mean, [strata, 2]: in that of `arm_means`, or (None) of `naive`.

    0 where the stratum has no part in it.
    """
    if estimand is None:
        return np.where(n > 0, 1 / np.maximum(n.sum(axis=0), 1), 0.0)
    weight = _target(n, estimand)
    return weight[:, None] / max(weight.sum(), 1) / np.maximum(n, 1)


def _target(n: Numbers, estimand: Estimand) -> Numbers:
    """Rows that each stratum stands for, [..., strata]; 0 where it lacks an arm."""
    supported = (n > 0).all(axis=-1)
    return np.where(supported, n.sum(axis=-1) if estimand == "ATE" else n[..., 1], 0.0)


def standardised(n: Numbers, y: Numbers, estimand: Estimand) -> Numbers:
    """The adjusted difference of `arm_means`, with treatment minus without."""
    without, treated = arm_means(n, y, estimand)
    return treated - without
