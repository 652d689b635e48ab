"""The columns that a search reads: categories as codes, numbers as numbers, rows sorted by user."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.causal.discovery.settings import DiscoverySettings
from analysis.causal.study import FEW_VALUES
from analysis.causal.variables import NOT_CAUSES, variables
from analysis.log import UNKNOWN, Dataset
from words import Refusal

MAX_COLUMNS = 20
"""More columns make the search slow and its result unreadable."""
FIRST_COLUMNS = 12
"""Columns that take part where the analyst chose none, at most."""
MAX_LEVELS = 30
"""A column with more categories (titles, postcodes) has too few rows in each."""
MIN_ROWS = 50
"""Rows, and users, under which no search is made."""

Codes = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One variable, row by row.

    values float64 [rows]: codes 0..levels-1 of categories, or numbers; NaN where missing.
    """

    name: str
    kind: Literal["categories", "number"]
    values: Numbers
    levels: int
    ordered: bool
    """Whether a linear model could use it: a number, or two categories."""


@dataclass(frozen=True)
class Columns:
    """Variables over rows that are sorted by user.

    user int64 [rows]: dense codes, rising; item int64 [rows]: dense codes, None where rows are no events.
    """

    columns: tuple[Column, ...]
    user: Codes
    item: Codes | None
    of_rows: int
    """Rows there were before a sample was drawn."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def rows(self) -> int:
        return len(self.user)

    @property
    def users(self) -> int:
        return int(self.user.max()) + 1 if len(self.user) else 0

    def take(self, rows: Codes) -> Columns:
        """The chosen rows, each a user of its own (for methods that need independent rows)."""
        taken = tuple(replace(column, values=column.values[rows]) for column in self.columns)
        return Columns(taken, np.arange(len(rows)), None, self.of_rows)

    def matrix(self) -> Numbers:
        """Values [rows, columns]."""
        return np.column_stack([column.values for column in self.columns])


def candidates(dataset: Dataset) -> tuple[str, ...]:
    """Columns that take part where none are chosen: recorded, no names, dates or ids, not constant; at most 12.

    Treatment, outcome and sensitive attributes first, then those with the fewest values.
    """
    table = dataset.table()
    leading = [name for name in ("treatment", "outcome", "position", *dataset.sensitive) if name in table]
    others = [name for name in table.columns if name not in leading and name not in NOT_CAUSES]
    counted = [(table[name].nunique(), name) for name in others if not _is_time(table[name])]
    fit = [
        name
        for values, name in sorted(counted)
        if (values <= MAX_LEVELS if _is_text(table[name]) else _no_id(table, name))
    ]
    chosen = {name for name in [*leading, *fit] if table[name].nunique() >= 2}
    kept = [name for name in [*leading, *fit] if name in chosen][:FIRST_COLUMNS]
    return tuple(str(name) for name in table.columns if name in kept)


def columns_of(dataset: Dataset, settings: DiscoverySettings, seed: int) -> Columns:
    """The columns that take part, at the settings' level, at most `settings.rows` events (a random sample).

    Categories: text, yes/no, and numbers with at most 8 different values; UNKNOWN and empty are missing. Raises
    Refusal for fewer than two columns, for an unknown, constant, empty or too finely divided one, for two that say
    the same, and under 50 rows or users.
    """
    table = variables(dataset)
    names = settings.columns if settings.columns is not None else candidates(dataset)
    absent = [name for name in names if name not in table.columns or name in ("user", "item", "part")]
    if absent:
        raise Refusal("discover.no_column", name=absent[0])
    if not 2 <= len(set(names)) <= MAX_COLUMNS:
        raise Refusal("discover.how_many", n=len(set(names)), limit=MAX_COLUMNS)
    chosen = table[["user", "item", *dict.fromkeys(names)]]
    chosen = _one_a_user(chosen.drop(columns="item")) if settings.level == "users" else chosen
    return from_table(chosen, settings.rows, seed)


def from_table(table: pd.DataFrame, rows: int, seed: int) -> Columns:
    """The columns of a table but `user` and `item`, whose rows belong together."""
    n = len(table)
    if n > rows:
        table = table.iloc[np.sort(np.random.default_rng(seed).choice(n, rows, replace=False))]
    user = pd.factorize(table["user"], sort=True)[0]
    order = np.argsort(user, kind="stable")
    table, user = table.iloc[order], user[order].astype(np.int64)
    users = int(user.max(initial=-1)) + 1
    if users < MIN_ROWS:
        raise Refusal("discover.few_rows", rows=len(user), users=users, least=MIN_ROWS)
    item = pd.factorize(table["item"])[0].astype(np.int64) if "item" in table else None
    read = [name for name in table.columns if name not in ("user", "item")]
    found = Columns(tuple(_column(table[name]) for name in read), user, item, n)
    for one, other in combinations(found.columns, 2):
        if _same(one, other):
            raise Refusal("discover.same", one=one.name, other=other.name)
    return found


def _one_a_user(table: pd.DataFrame) -> pd.DataFrame:
    """One row a user: numbers (0/1 too) as the user's mean, else the most frequent value, ties by name."""
    grouped = table.groupby("user", sort=True)
    found: dict[str, pd.Series] = {}
    for name in table.columns.drop("user"):
        if _is_number(table[name]):
            found[name] = grouped[name].mean()
            continue
        counted = table[["user", name]].dropna().astype({name: str}).value_counts(sort=False).reset_index(name="rows")
        counted = counted.sort_values(["user", "rows", name], ascending=[True, False, True])
        found[name] = counted.drop_duplicates("user").set_index("user")[name]
    return pd.DataFrame(found, index=sorted(table["user"].unique())).rename_axis("user").reset_index()


def _column(column: pd.Series) -> Column:
    name = str(column.name)
    if _is_time(column):
        column = column.astype("int64").astype(float).where(column.notna())
    if _is_number(column):
        values = column.to_numpy(dtype=float, na_value=np.nan).copy()
        values[~np.isfinite(values)] = np.nan
        known = np.unique(values[np.isfinite(values)])
        _refuse_constant(name, len(known))
        if len(known) > FEW_VALUES:
            return Column(name, "number", values, len(known), True)
        coded = np.where(np.isfinite(values), np.searchsorted(known, values), np.nan)
        return Column(name, "categories", coded, len(known), True)
    labels = column.astype(object).where(column.notna(), UNKNOWN).astype(str).replace("", UNKNOWN)
    codes, levels = pd.factorize(labels.mask(labels == UNKNOWN), sort=True)
    _refuse_constant(name, len(levels))
    if len(levels) > MAX_LEVELS:
        raise Refusal("discover.too_many_levels", name=name, n=len(levels), limit=MAX_LEVELS)
    return Column(name, "categories", np.where(codes < 0, np.nan, codes), len(levels), len(levels) == 2)


def _refuse_constant(name: str, values: int) -> None:
    if values == 0:
        raise Refusal("discover.empty", name=name)
    if values == 1:
        raise Refusal("discover.constant", name=name)


def _same(one: Column, other: Column) -> bool:
    """Whether each tells the other: equal up to names (categories) or up to scale and shift (numbers)."""
    known = np.isfinite(one.values) & np.isfinite(other.values)
    if one.kind != other.kind or not known.any():
        return False
    left, right = one.values[known], other.values[known]
    if one.kind == "number":
        return bool(np.ptp(left) > 0 and np.ptp(right) > 0 and abs(np.corrcoef(left, right)[0, 1]) > 1 - 1e-9)
    pairs = len(np.unique(left * other.levels + right))
    return pairs == len(np.unique(left)) == len(np.unique(right))


def _no_id(table: pd.DataFrame, name: str) -> bool:
    """Whole numbers with more values than there are users number something (sessions, orders): no cause."""
    whole = bool((table[name].dropna() % 1 == 0).all())
    return not whole or table[name].nunique() <= max(FEW_VALUES, table["user"].nunique() / 2)


def _is_time(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column)
