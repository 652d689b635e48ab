"""Would rows alike in a set of columns hold both treated and untreated ones? Asked before anything is estimated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.causal.settings import EffectSettings
from analysis.causal.strata import FEW_VALUES, MAX_LEVELS, Codes, crossed, is_number, stratified
from words import Refusal

BINS = int(EffectSettings.model_fields["bins"].default)
"""Quantile bins of a number with many values: those of the effects step."""


def comparable(table: pd.DataFrame, treatment: str, names: Sequence[str]) -> float | None:
    """Share of rows with rows of every treatment among those alike in `names`: 0 nothing can be compared, 1 all can.

    A treatment that is a number with many values counts as above its median or not; rows without a treatment are left
    out. The same strata as the effects step's (numbers in five quantile bins, missing a category of its own). None
    where a column is missing or has too many categories, or the treatment does not vary.
    """
    if any(name not in table.columns for name in (treatment, *names)):
        return None
    known = table.loc[table[treatment].notna(), [treatment, *names]]
    if known[treatment].nunique() < 2:
        return None
    arm = _arms(known[treatment])
    try:
        stratum, strata = crossed(tuple(stratified(known[name], BINS) for name in names), len(known))
    except Refusal:  # a column of too many categories, which the effects step names
        return None
    arms = int(arm.max()) + 1
    rows = np.bincount(stratum * arms + arm, minlength=len(strata) * arms).reshape(-1, arms)
    return float(rows[(rows > 0).all(axis=1)].sum() / rows.sum())


def compact(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that `comparable` can use, texts as categories: to be kept in memory for the next question."""
    kept = {}
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
            kept[name] = column
        elif column.nunique() <= MAX_LEVELS:
            kept[name] = column.astype("category")
    return pd.DataFrame(kept)


def _arms(column: pd.Series) -> Codes:
    if is_number(column) and column.nunique() > FEW_VALUES:
        column = column > column.median()
    return np.asarray(pd.factorize(column, sort=True)[0], dtype=np.int64)
