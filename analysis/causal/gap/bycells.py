"""The rungs from cells: shares and means counted, every mean resampled with its users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from analysis.causal.gap.sample import Sample
from analysis.causal.study import Codes, Numbers, crossed
from analysis.fairness.infer import BLOCK, resampling_counts

Rungs = Callable[[Numbers, Numbers, "Tally"], Numbers]


@dataclass(frozen=True)
class Tally:
    """Rows and outcomes of every user in every cell (confounders x mediators x arm).

    n, y: csr float64 [users, 2 * cells], arm varying fastest. up: for 0..m mediators, csr float64 [cells, coarser
    cells], 1 where a cell lies in the coarser one. parent[j] maps the coarser cells of j mediators to those of j - 1
    (for 0 mediators: to one cell of all).
    """

    n: sp.csr_matrix
    y: sp.csr_matrix
    up: tuple[sp.csr_matrix, ...]
    parent: tuple[Codes, ...]

    def counted(self) -> tuple[Numbers, Numbers]:
        """Rows and sum of outcomes, each float64 [1, cells, 2]."""
        return self._shaped(np.asarray(self.n.sum(axis=0))), self._shaped(np.asarray(self.y.sum(axis=0)))

    def resampled(self, replicates: int, seed: int) -> Iterator[tuple[Numbers, Numbers]]:
        """The same of users drawn with replacement, float64 [r, cells, 2] twice, in blocks of bounded memory."""
        users = int(self.n.shape[0])
        rng = np.random.default_rng(seed)
        block = max(1, BLOCK // max(users, int(self.n.shape[1])))
        for start in range(0, replicates, block):
            weights = resampling_counts(users, min(block, replicates - start), rng)
            yield self._shaped((self.n.T @ weights.T).T), self._shaped((self.y.T @ weights.T).T)

    def _shaped(self, sums: Numbers) -> Numbers:
        return np.asarray(sums, dtype=float).reshape(len(sums), -1, 2)


def tally(rows: Sample) -> Tally:
    """One pass over the rows."""
    codes = [crossed(tuple(one.strata for one in rows.upto(count)), rows.rows)[0] for count in range(_levels(rows))]
    finest = codes[-1]
    cells = int(finest.max()) + 1
    first = np.unique(finest, return_index=True)[1]
    shape = (rows.users, 2 * cells)

    def summed(values: Numbers) -> sp.csr_matrix:
        return sp.csr_matrix(sp.coo_matrix((values, (rows.user, finest * 2 + rows.arm)), shape=shape))

    coarse = [each[first] for each in codes]
    up = tuple(sp.csr_matrix((np.ones(cells), (np.arange(cells), each))) for each in coarse)
    above = [np.zeros(cells, np.int64), *coarse[:-1]]
    parent = tuple(
        above[count][np.unique(each, return_index=True)[1]].astype(np.int64) for count, each in enumerate(coarse)
    )
    return Tally(summed(np.ones(rows.rows)), summed(rows.outcome), up, parent)


def lacking(rows: Sample, both: bool) -> float:
    """Share of the rows of x0 (`both`: of all rows) in cells without a row of the other arm, in [0, 1]."""
    cell = crossed(tuple(one.strata for one in rows.upto(len(rows.between))), rows.rows)[0] * 2 + rows.arm
    n = np.bincount(cell, minlength=2 * (int(cell.max()) // 2 + 1)).reshape(-1, 2)
    alone = (n[:, 0] > 0) & (n[:, 1] == 0)
    if both:
        alone |= (n[:, 1] > 0) & (n[:, 0] == 0)
        return float(n[alone].sum() / n.sum())
    return float(n[alone, 0].sum() / n[:, 0].sum())


def gap_rungs(n: Numbers, y: Numbers, cells: Tally) -> Numbers:
    """[r, cells, 2] -> [r, m + 3]: E[Y|x0], then E[mu1(Z, W_1..W_j)|x0] for j = m..0, then E[Y|x1].

    A cell that x1 does not reach takes the mean of the coarser cell around it, so that the steps keep their sum.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = y.sum(axis=1) / n.sum(axis=1)  # [r, 2]
        share = n[..., 0] / n[..., 0].sum(axis=1, keepdims=True)
        means = _means(n, y, cells)
        middle = [((share @ up) * mean).sum(axis=1) for up, mean in zip(cells.up, means, strict=True)]
    return np.column_stack([plain[:, 0], *reversed(middle), plain[:, 1]])


def effect_rungs(n: Numbers, y: Numbers, cells: Tally) -> Numbers:
    """[r, cells, 2] -> [r, m + 2]: E[Y_x0], then E[Y_x1, (W_1..W_j)_x0] for j = m..1, then E[Y_x1].

    Averaged over the confounders' strata that hold rows of both arms (those of all rows else).
    """
    top = cells.up[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = np.stack([n[..., arm] @ top for arm in (0, 1)], axis=-1)  # [r, strata, 2]
        weight = np.where((inside > 0).all(axis=-1), inside.sum(axis=-1), 0.0)
        weight = weight / weight.sum(axis=1, keepdims=True)
        control = np.where(inside[..., 0] > 0, (y[..., 0] @ top) / inside[..., 0], 0.0)
        spread = np.where(inside[..., 0] > 0, weight / inside[..., 0], 0.0) @ top.T * n[..., 0]  # P(z) P(w | x0, z)
        means = _means(n, y, cells)
        middle = [((spread @ up) * mean).sum(axis=1) for up, mean in zip(cells.up[1:], means[1:], strict=True)]
        treated = (weight * means[0]).sum(axis=1)
    return np.column_stack([(weight * control).sum(axis=1), *reversed(middle), treated])


def _means(n: Numbers, y: Numbers, cells: Tally) -> list[Numbers]:
    """mu1 of the coarser cells of 0..m mediators, each [r, coarser cells], filled from the next coarser one."""
    wider = (y[..., 1].sum(axis=1) / n[..., 1].sum(axis=1))[:, None]
    found = []
    for up, parent in zip(cells.up, cells.parent, strict=True):
        rows, sums = n[..., 1] @ up, y[..., 1] @ up
        wider = np.where(rows > 0, sums / rows, wider[:, parent])
        found.append(wider)
    return found


def _levels(rows: Sample) -> int:
    return len(rows.between) + 1
