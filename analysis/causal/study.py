"""One causal question cut out of the data: treated or not, outcome, user and stratum of every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.causal.strata import (
    FEW_VALUES,
    Codes,
    Marks,
    Numbers,
    Stratified,
    as_numbers,
    crossed,
    is_number,
    label,
    stratified,
)
from analysis.charts.labels import number
from analysis.fairness.partition import held_label
from analysis.log import UNKNOWN
from words import Phrase, Refusal, listed

MAX_ARMS = 8
"""Treatments with more kinds are compared after merging some."""


@dataclass(frozen=True)
class Contrast:
    """Which rows are compared: those of one treatment with those of the reference."""

    reference: str
    level: str
    rows: Marks
    """[all rows] True where the row received one of the two."""
    treated: npt.NDArray[np.int8]
    """[rows of the contrast] 1 where it received `level`."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows [n] with complete treatment and outcome, whatever the treatment is.

    outcome float64; user and stratum int64 codes (dense); confounders: one `Stratified` each; strata: the confounders'
    labels of each stratum code; table: the same rows with every variable.
    """

    treatment: str
    outcome_name: str
    outcome: Numbers
    user: Codes
    stratum: Codes
    strata: tuple[tuple[str, ...], ...]
    confounders: tuple[Stratified, ...]
    table: pd.DataFrame
    dropped: int
    """Rows left out because treatment or outcome is missing."""

    @property
    def rows(self) -> int:
        return len(self.outcome)

    @property
    def users(self) -> int:
        return int(self.user.max()) + 1

    @property
    def binary(self) -> bool:
        """Whether the outcome is 0/1."""
        return bool(np.isin(self.outcome, (0.0, 1.0)).all())

    @property
    def continuous(self) -> tuple[Stratified, ...]:
        """Confounders that were cut at quantiles."""
        return tuple(one for one in self.confounders if one.edges)

    def stratum_name(self, code: int) -> str:
        """`gender=women, activity=low`, as a finding's key has it; empty where nothing is adjusted for."""
        named = zip(self.confounders, self.strata[code], strict=True)
        return ", ".join(f"{one.name}={label}" for one, label in named)

    def stratum_label(self, code: int, words: Mapping[str, str]) -> Phrase | str:
        """`gender: women, activity: low`, as people read it; `words`: column -> its spoken name."""
        named = zip(self.confounders, self.strata[code], strict=True)
        return listed(held_label(words.get(one.name, one.name), label) for one, label in named)


@dataclass(frozen=True, kw_only=True)
class Study(Rows):
    """Rows of one contrast: treated int8 [n], 0/1."""

    contrast: Contrast
    treated: npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Dosed(Rows):
    """Rows whose treatment is a number: dose float64 [n], in its own unit."""

    dose: Numbers


def contrasts(column: pd.Series, reference: str | None, threshold: float | str | None) -> tuple[Contrast, ...]:
    """The comparisons that a treatment column offers: one for 0/1, one a level against the reference else.

    Numbers with more than a few values need `threshold` ("median" or a number: above it is treated). Raises
    Refusal for a constant treatment, for numbers without a threshold and for more than 8 kinds.
    """
    known = column.notna().to_numpy()
    if threshold is not None:
        column = _above(column, threshold)
    elif is_dose(column):
        raise Refusal("effects.treatment_continuous", name=str(column.name), median=number(column.median()))
    value, values = pd.factorize(column[known])
    labels = pd.Series(np.array([label(one) for one in values], dtype=object)[value])
    levels = sorted(labels.unique())
    if len(levels) < 2:
        raise Refusal("effects.treatment_constant", name=str(column.name), level=levels[0] if levels else UNKNOWN)
    if len(levels) > MAX_ARMS:
        raise Refusal("effects.treatment_many", name=str(column.name), n=len(levels), limit=MAX_ARMS)
    base = reference_of(str(column.name), levels, labels.value_counts(), reference)
    all_labels = np.full(len(column), "", dtype=object)
    all_labels[known] = labels.to_numpy()
    return tuple(_contrast(all_labels, known, base, level) for level in levels if level != base)


def study(
    table: pd.DataFrame, treatment: str, outcome: str, contrast: Contrast, adjustment: tuple[str, ...], bins: int
) -> Study:
    """The rows of `contrast` in strata of `adjustment`; numbers with many values in `bins` quantile bins.

    Missing confounders are a category of their own. Raises Refusal for an outcome that is no number or constant
    and for a confounder with more than 50 categories.
    """
    complete, values = _complete(table, outcome, contrast.rows)
    treated = contrast.treated[complete[contrast.rows]]
    if len(np.unique(treated)) < 2:
        raise Refusal("effects.treatment_constant", name=treatment, level=contrast.reference)
    return Study(
        contrast=contrast,
        treated=treated,
        **_rows(table, treatment, outcome, contrast.rows, complete, values, adjustment, bins),
    )


def dosed(table: pd.DataFrame, treatment: str, outcome: str, adjustment: tuple[str, ...], bins: int) -> Dosed:
    """The rows with a number as treatment, in strata of `adjustment`; refuses what `study` refuses."""
    numbers = table[treatment].to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(numbers)
    complete, values = _complete(table, outcome, known)
    dose = numbers[complete]
    if len(np.unique(dose)) < 2:
        level = label(dose[0]) if len(dose) else UNKNOWN
        raise Refusal("effects.treatment_constant", name=treatment, level=level)
    return Dosed(dose=dose, **_rows(table, treatment, outcome, known, complete, values, adjustment, bins))


def reference_of(name: str, levels: Sequence[str], rows: Mapping[str, int] | pd.Series, reference: str | None) -> str:
    """What the others are compared with: as chosen, else 0, False or no, else the level with the most rows."""
    if reference is not None:
        if reference not in levels:
            raise Refusal("effects.no_reference", name=name, reference=reference, levels=", ".join(levels))
        return reference
    for none in ("0", "False", "false", "no"):
        if none in levels:
            return none
    return min(levels, key=lambda level: (-int(rows[level]), level))


def is_dose(column: pd.Series) -> bool:
    """Whether a treatment is a number with many values."""
    return is_number(column) and column.nunique() > FEW_VALUES


def _complete(table: pd.DataFrame, outcome: str, rows: Marks) -> tuple[Marks, Numbers]:
    """Which of `rows` have an outcome, and the outcomes of those."""
    measured = _outcome(table[outcome])
    complete = rows & np.isfinite(measured)
    values = measured[complete]
    if len(np.unique(values)) < 2:
        value = label(values[0]) if len(values) else UNKNOWN
        raise Refusal("effects.outcome_constant", name=outcome, value=value)
    return complete, values


def _rows(
    table: pd.DataFrame,
    treatment: str,
    outcome: str,
    rows: Marks,
    complete: Marks,
    values: Numbers,
    adjustment: tuple[str, ...],
    bins: int,
) -> dict[str, Any]:
    """What every kind of study shares."""
    kept = table.loc[complete].reset_index(drop=True)
    confounders = tuple(stratified(kept[name], bins) for name in adjustment)
    stratum, strata = crossed(confounders, len(kept))
    return {
        "treatment": treatment,
        "outcome_name": outcome,
        "outcome": values,
        "user": pd.factorize(kept["user"].astype(str), sort=True)[0].astype(np.int64),
        "stratum": stratum,
        "strata": strata,
        "confounders": confounders,
        "table": kept.assign(**{name: as_numbers(kept[name]) for name in adjustment}),
        "dropped": int(table[treatment].isna().sum()) + int((rows & ~complete).sum()),
    }


def _contrast(labels: npt.NDArray[np.object_], known: Marks, base: str, level: str) -> Contrast:
    rows = known & ((labels == base) | (labels == level))
    return Contrast(base, level, rows, (labels[rows] == level).astype(np.int8))


def _above(column: pd.Series, threshold: float | str) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    limit = float(numbers.median()) if threshold == "median" else float(threshold)
    above = (numbers > limit).astype("int8")
    return above.where(numbers.notna()).rename(str(column.name))


def _outcome(column: pd.Series) -> Numbers:
    if pd.api.types.is_bool_dtype(column):
        return column.to_numpy(dtype=float)
    if not is_number(column):
        raise Refusal("effects.outcome_text", name=str(column.name))
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(values).any():
        raise Refusal("effects.outcome_empty", name=str(column.name))
    return values
