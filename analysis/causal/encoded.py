"""Columns of a log as arrays that tests of independence work on: categories as codes, numbers as ranks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.causal.strata import Codes, Marks, Numbers

FEW = 12
"""A number with at most so many different values is taken as categories; with more it is a number."""
MOST_LEVELS = 8
"""Categories that a tested column is told apart by; the rarer ones are one (which cannot make unrelated columns
look related)."""
MOST_ROWS = 100_000
"""A larger log is tested on the rows of randomly chosen users."""


@dataclass(frozen=True)
class Encoded:
    """One column of n rows.

    codes: int64 [n], dense, -1 where missing. scores: float64 [n], normal scores of the ranks, NaN where missing, for
    a number with many values; None for categories.
    """

    codes: Codes
    scores: Numbers | None

    @cached_property
    def levels(self) -> int:
        return int(self.codes.max(initial=-1)) + 1

    @cached_property
    def known(self) -> Marks:
        return self.codes >= 0


class Columns:
    """The columns of a table, encoded when first asked for.

    user, item: int64 [n] dense codes of whom and of what a row is about; every row its own user, and no items, where
    the table has no such column. `people`: users of the whole table.
    """

    def __init__(self, table: pd.DataFrame, seed: int = 0, limit: int = MOST_ROWS) -> None:
        self.people = int(table["user"].nunique()) if "user" in table else len(table)
        self._table = _some_users(table, seed, limit)
        self._kept: dict[str, Encoded] = {}
        rows = len(self._table)
        self.user = _codes(self._table["user"]) if "user" in table else np.arange(rows, dtype=np.int64)
        self.item = _codes(self._table["item"]) if "item" in table else None

    @property
    def rows(self) -> int:
        return len(self._table)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self._table.columns)

    def __getitem__(self, name: str) -> Encoded:
        if name not in self._kept:
            self._kept[name] = encode(self._table[name])
        return self._kept[name]


def encode(column: pd.Series) -> Encoded:
    """A column as categories, or as normal scores too where it is a number (or a time) with many values."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.astype("int64").where(column.notna()).astype(float)
    codes = _codes(column)
    number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not number or codes.max(initial=-1) < FEW:
        return Encoded(codes, None)
    from scipy.special import ndtri

    rank = column.rank(method="average").to_numpy(dtype=float)
    return Encoded(codes, ndtri((rank - 0.5) / max(1, int(column.notna().sum()))))


def constant_within(codes: Codes, cluster: Codes) -> bool:
    """Whether every row of a cluster has the same code."""
    one = np.zeros(int(cluster.max(initial=-1)) + 1, np.int64)
    one[cluster] = codes
    return bool((one[cluster] == codes).all())


def _codes(column: pd.Series) -> Codes:
    return np.asarray(pd.factorize(column, sort=True)[0], dtype=np.int64)


def _some_users(table: pd.DataFrame, seed: int, limit: int) -> pd.DataFrame:
    """All rows of as many users, in random order, as stay under `limit` rows (at least one user)."""
    if len(table) <= limit:
        return table.reset_index(drop=True)
    rng = np.random.default_rng(seed)
    if "user" not in table:
        return table.iloc[np.sort(rng.choice(len(table), limit, replace=False))].reset_index(drop=True)
    user = _codes(table["user"])
    rows = np.bincount(user)
    order = rng.permutation(len(rows))
    kept: npt.NDArray[np.bool_] = np.zeros(len(rows), bool)
    kept[order[: max(1, int(np.searchsorted(np.cumsum(rows[order]), limit, side="right")))]] = True
    return table.loc[kept[user]].reset_index(drop=True)
