"""What the log lacks and what lies far out, by user and before any rule of cleaning: does it befall groups alike?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.columns import as_outcome
from analysis.fairness.judge import Measure
from analysis.ingest import Tables
from analysis.log import Roles
from analysis.quality import fences
from words import phrase

ROWS, FAR = "rows", "outliers"
"""Columns of `lacking`: rows of a user, and those with an outcome beyond the outer fences."""
WATCHED = ("outcome", "treatment", "time", "position", "propensity")
"""Roles of the log whose missing values are counted."""


def lacking(tables: Tables, roles: Roles) -> pd.DataFrame:
    """Counts by user of the log as uploaded, index user: ROWS, ``missing[COLUMN]`` for each watched column, and FAR.

    tables: arranged. Columns that lack nothing and outcomes without outliers are left out, and rows without a user.
    """
    log = tables.log
    found: dict[str, pd.Series] = {}
    for role in WATCHED:
        name = getattr(roles, role)
        if name is not None:
            values = as_outcome(log[name], name) if role == "outcome" else log[name]
            found[f"missing[{name}]"] = values.isna()
            fence = fences(values) if role == "outcome" else None
            if fence is not None:
                found[FAR] = values.notna() & ~values.between(*fence)
    kept = {name: marks.to_numpy(np.int64) for name, marks in found.items() if marks.any()}
    counted = pd.DataFrame({ROWS: np.ones(len(log), np.int64)} | kept)
    by_user = counted.groupby(log[roles.user].to_numpy()).sum()
    by_user.index.name = "user"
    return by_user


def lacking_measures(counted: pd.DataFrame, users: pd.Index, outcome: str | None) -> list[Measure]:
    """Share of rows without a value, or with an outcome far out, over the users that cleaning left."""
    here = counted.reindex(users).fillna(0)
    rows = here[ROWS].to_numpy(np.float64)
    named = {
        name: phrase("figures.log.outliers", column=outcome or "")
        if name == FAR
        else phrase("figures.log.missing", column=name.removeprefix("missing[").removesuffix("]"))
        for name in counted.columns
        if name != ROWS
    }
    return [
        Measure(
            name=name,
            label=label,
            unit="share",
            numerator=here[name].to_numpy(np.float64),
            denominator=rows,
            method=phrase("figures.log.outliers_what" if name == FAR else "figures.log.missing_what"),
            pairs=False,
        )
        for name, label in named.items()
    ]
