"""Linear adjustment on compressed rows, with an interval that allows for several rows of one user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from analysis.causal.study import Codes, Numbers, Rows, Stratified, Study


@dataclass(frozen=True)
class Linear:
    """Coefficient of the treatment in outcome ~ treatment + confounders, and its cluster-robust standard error."""

    effect: float
    error: float


@dataclass(frozen=True)
class Units:
    """Rows alike in their confounders: design float64 [units, p] (a constant first), unit int64 [rows]."""

    design: Numbers
    unit: Codes


def units(study: Rows) -> Units:
    """Strata where every confounder is a category (as indicators); else every row, numbers centred and scaled."""
    if study.continuous:
        first = np.arange(study.rows)
        unit = first.astype(np.int64)
    else:
        first = np.unique(study.stratum, return_index=True)[1]
        unit = np.unique(study.stratum, return_inverse=True)[1].astype(np.int64)
    columns = [_numbers(study, one) if one.edges else _indicators(one, first) for one in study.confounders]
    return Units(np.hstack([np.ones((len(first), 1)), *columns]), unit)


def line_effect(design: Numbers, n: Numbers, y: Numbers) -> float:
    """Coefficient of the treatment from sums over units: n, y float64 [units, 2], rows and outcomes by arm.

    Frisch & Waugh 1933: outcome and treatment less what the design explains of them. NaN where it explains all of
    the treatment.
    """
    rows, treated = n.sum(axis=1), n[:, 1]
    gram = design.T @ (design * rows[:, None])
    explained = np.linalg.pinv(gram, hermitian=True) @ np.stack([design.T @ y.sum(axis=1), design.T @ treated], axis=1)
    cross = y[:, 1].sum() - (design.T @ treated) @ explained[:, 0]
    own = treated.sum() - (design.T @ treated) @ explained[:, 1]
    return float(cross / own) if own > 1e-9 * rows.sum() else float("nan")


def linear_adjustment(study: Study) -> Linear:
    """Ordinary least squares of the outcome on treatment and confounders (categories as indicators, numbers as such).

    Equals the row-by-row regression: rows alike in treatment and confounders are one weighted row. The standard
    error is Liang & Zeger's (1986) with users as clusters and the factor U/(U-1) * (n-1)/(n-p).
    """
    alike = units(study)
    cells = 2 * len(alike.design)
    full = np.hstack(
        [np.repeat(alike.design, 2, axis=0), np.tile([[0.0], [1.0]], (len(alike.design), 1))]
    )  # [cells, p]
    where = (study.user, alike.unit * 2 + study.treated)
    n, y = (
        sp.csr_matrix(sp.coo_matrix((values, where), shape=(study.users, cells)))
        for values in (np.ones(study.rows), study.outcome)
    )
    counts, sums = (np.asarray(each.sum(axis=0)).ravel() for each in (n, y))
    gram = full.T @ (full * counts[:, None])
    inverse = np.linalg.pinv(gram, hermitian=True)
    coefficients = inverse @ (full.T @ sums)
    residual = y - n.multiply((full @ coefficients)[None, :])
    scores = sp.csr_matrix(residual) @ full  # [users, p]: a user's rows pull together
    rank = int(np.linalg.matrix_rank(gram, hermitian=True))
    scale = study.users / max(study.users - 1, 1) * (study.rows - 1) / max(study.rows - rank, 1)
    covariance = inverse @ (scores.T @ scores) @ inverse * scale
    return Linear(float(coefficients[-1]), float(np.sqrt(max(covariance[-1, -1], 0.0))))


def _numbers(study: Rows, one: Stratified) -> Numbers:
    values = study.table[one.name].astype(float).to_numpy()
    values = np.where(np.isfinite(values), values, np.nanmean(values))
    return ((values - values.mean()) / values.std())[:, None]


def _indicators(one: Stratified, rows: Codes) -> Numbers:
    return (one.codes[rows][:, None] == np.arange(1, len(one.labels))[None, :]).astype(float)
