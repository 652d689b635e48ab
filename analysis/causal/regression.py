"""Linear adjustment on compressed rows, with an interval that allows for several rows of one user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from analysis.causal.study import Codes, Numbers, Stratified, Study


@dataclass(frozen=True)
class Linear:
    """Coefficient of the treatment in outcome ~ treatment + confounders, and its cluster-robust standard error."""

    effect: float
    error: float
    columns: int
    """Columns of the design, constant included."""


def linear_adjustment(study: Study) -> Linear:
    """Ordinary least squares of the outcome on treatment and confounders (categories as indicators, numbers as such).

    Equals the row-by-row regression: rows alike in treatment and confounders are one weighted row. The standard
    error is Liang & Zeger's (1986) with users as clusters and the factor U/(U-1) * (n-1)/(n-p).
    """
    design, row_of = _design(study)
    shape = (study.users, len(design))
    n = sp.csr_matrix(sp.coo_matrix((np.ones(study.rows), (study.user, row_of)), shape=shape))
    y = sp.csr_matrix(sp.coo_matrix((study.outcome, (study.user, row_of)), shape=shape))
    counts, sums = np.asarray(n.sum(axis=0)).ravel(), np.asarray(y.sum(axis=0)).ravel()
    inverse = np.linalg.pinv(design.T @ (design * counts[:, None]), hermitian=True)
    coefficients = inverse @ (design.T @ sums)
    residual = y - n.multiply((design @ coefficients)[None, :])
    scores = sp.csr_matrix(residual) @ design  # [users, p]: a user's rows pull together
    rank = int(np.linalg.matrix_rank(design))
    scale = study.users / max(study.users - 1, 1) * (study.rows - 1) / max(study.rows - rank, 1)
    covariance = inverse @ (scores.T @ scores) @ inverse * scale
    return Linear(float(coefficients[1]), float(np.sqrt(max(covariance[1, 1], 0.0))), design.shape[1])


def _design(study: Study) -> tuple[Numbers, Codes]:
    """Distinct rows [cells, p] with constant and treatment first, numbers centred and scaled; and each row's cell."""
    columns = [_numbers(study, one) if one.edges else one.codes.astype(float) for one in study.confounders]
    grid = np.column_stack([study.treated.astype(float), *columns])
    found, row_of = np.unique(grid, axis=0, return_inverse=True)
    parts = [np.ones((len(found), 1)), found[:, :1]]
    for number, one in enumerate(study.confounders, 1):
        parts.append(found[:, [number]] if one.edges else _indicators(found[:, number], len(one.labels)))
    return np.hstack(parts), row_of.reshape(-1).astype(np.int64)


def _numbers(study: Study, one: Stratified) -> Numbers:
    values = study.table[one.name].astype(float).to_numpy()
    values = np.where(np.isfinite(values), values, np.nanmean(values))
    return (values - values.mean()) / values.std()


def _indicators(codes: Numbers, levels: int) -> Numbers:
    return (codes[:, None] == np.arange(1, levels)[None, :]).astype(float)
