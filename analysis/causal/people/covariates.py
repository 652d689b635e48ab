"""What an effect may vary with, as columns of a design: indicators of categories, numbers in standard deviations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.study import Marks, Numbers, Stratified, Study

ALIKE = 1e-8
"""A column that others explain but for this share of its variance adds nothing and is left out."""


@dataclass(frozen=True)
class Term:
    """One column: a level against the `reference` of its covariate, or ("" both) a number per standard deviation."""

    name: str
    level: str
    reference: str
    users: int
    spread: float = 1.0
    """Standard deviation of a number, in its own unit."""


@dataclass(frozen=True)
class Design:
    """columns float64 [rows, p], centred and without a constant; one `Term` a column."""

    columns: Numbers
    terms: tuple[Term, ...]


def design(study: Study, names: tuple[str, ...]) -> Design:
    """The confounders of `study` called `names` as columns; those that others determine are left out."""
    columns: list[Numbers] = []
    terms: list[Term] = []
    for one in study.confounders:
        if one.name not in names:
            continue
        for term, values in _numbers(study, one) if one.edges else _levels(study, one):
            columns.append(values - values.mean())
            terms.append(term)
    if not columns:
        return Design(np.empty((study.rows, 0)), ())
    kept = independent(np.column_stack(columns))
    return Design(np.column_stack([columns[at] for at in kept] or [np.empty((study.rows, 0))]), _of(terms, kept))


def independent(columns: Numbers) -> list[int]:
    """Places of centred columns that those before them do not determine, by a pivoted Cholesky step each."""
    gram = columns.T @ columns
    own = np.diag(gram).copy()
    kept = []
    for at in range(len(own)):
        if own[at] <= 0 or gram[at, at] <= ALIKE * own[at]:
            continue
        kept.append(at)
        gram = gram - np.outer(gram[:, at], gram[at]) / gram[at, at]
    return kept


def _of(terms: list[Term], kept: list[int]) -> tuple[Term, ...]:
    return tuple(terms[at] for at in kept)


def _levels(study: Study, one: Stratified) -> list[tuple[Term, Numbers]]:
    """Every level but the most frequent, which is the reference."""
    counts = np.bincount(one.codes, minlength=len(one.labels))
    base = int(counts.argmax())
    return [
        (Term(one.name, label, one.labels[base], _people(study, one.codes == code)), (one.codes == code).astype(float))
        for code, label in enumerate(one.labels)
        if code != base
    ]


def _numbers(study: Study, one: Stratified) -> list[tuple[Term, Numbers]]:
    values = study.table[one.name].astype(float).to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(values)
    values = np.where(known, values, values[known].mean())
    spread = float(values.std())
    if spread <= 0:
        return []
    return [(Term(one.name, "", "", _people(study, known), spread), np.asarray(values / spread, dtype=np.float64))]


def _people(study: Study, rows: Marks) -> int:
    return len(np.unique(study.user[rows]))
