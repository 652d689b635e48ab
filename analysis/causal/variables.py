"""The variables a causal graph can name: the log beside its users and items, and a few derived columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from analysis.log import EACH_ROW, NO_ITEMS, Dataset

SELF_SELECTED = "self_selected"
ACTIVITY = "activity"
POPULARITY = "popularity"
NOT_CAUSES = frozenset({"user", "item", "time", "part", "propensity", "randomised", "text"})
"""Columns that name, date or describe a row: never nodes of a template."""


def variables(dataset: Dataset) -> pd.DataFrame:
    """`dataset.table()` with the derived columns, one row an event, in the log's order.

    self_selected  int8, 1 where the exposure was the user's (or the system's) choice, 0 where it was
                   randomised; only where the log marks both kinds of row
    activity       int64, rows of this user in the log; not where every row is a person of its own
    popularity     int64, rows of this item in the log; not where the rows are about no items

    A derived name that the files already use keeps the files' column. True and false with gaps, which pandas holds as
    objects, are 1.0, 0.0 and NaN.
    """
    table = dataset.table()
    gapped = [name for name in table.select_dtypes("object") if infer_dtype(table[name], skipna=True) == "boolean"]
    table = table.astype(dict.fromkeys(gapped, float))
    derived: dict[str, pd.Series] = {}
    if "randomised" in table and table["randomised"].nunique() == 2:
        derived[SELF_SELECTED] = (~table["randomised"].astype(bool)).astype("int8")
    if dataset.roles.user != EACH_ROW:
        derived[ACTIVITY] = _rows_of_each(table["user"])
    if dataset.roles.item != NO_ITEMS:
        derived[POPULARITY] = _rows_of_each(table["item"])
    return table.assign(**{name: column for name, column in derived.items() if name not in table.columns})


def _rows_of_each(column: pd.Series) -> pd.Series:
    """How many rows have each row's value, int64."""
    codes = pd.factorize(column)[0]
    return pd.Series(np.bincount(codes)[codes].astype("int64"), index=column.index)
