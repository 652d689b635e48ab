"""A column as categories, and the strata in which several of them cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.charts.labels import numbers
from analysis.log import UNKNOWN
from words import Refusal

MAX_LEVELS = 50
"""A confounder with more categories leaves nobody to compare with."""
FEW_VALUES = 8
"""A number with at most so many different values is taken as it is; with more it is cut at quantiles."""

Codes = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Stratified:
    """A confounder as categories."""

    name: str
    codes: Codes
    labels: tuple[str, ...]
    edges: tuple[float, ...] = ()
    """Where a continuous number was cut, in its own unit; () where nothing was cut."""
    dated: bool = False
    """Whether the numbers are times: microseconds since 1970."""

    def users(self, user: Codes, *codes: int) -> int:
        """People, by the user of each row, with rows in any of the categories `codes`, each counted once."""
        return len(np.unique(user[np.isin(self.codes, codes)]))


def stratified(column: pd.Series, bins: int) -> Stratified:
    """A column as categories: as it is, or cut at quantiles where it is a number with many values."""
    name = str(column.name)
    dated = pd.api.types.is_datetime64_any_dtype(column)
    if (is_number(column) or dated) and column.nunique() > FEW_VALUES:
        return _cut(name, as_numbers(column).to_numpy(dtype=float, na_value=np.nan), bins, dated)
    value, values = pd.factorize(column, use_na_sentinel=False)  # each value is named once, not once a row
    named = np.array([UNKNOWN if pd.isna(one) else label(one) for one in values], dtype=str)
    levels, code = np.unique(named, return_inverse=True)
    if len(levels) > MAX_LEVELS:
        raise Refusal("effects.too_many_levels", name=name, n=len(levels), limit=MAX_LEVELS)
    return Stratified(name, code[value].astype(np.int64), tuple(str(level) for level in levels))


def as_numbers(column: pd.Series) -> pd.Series:
    """Times as microseconds since 1970, float64; every other column as it is."""
    if not pd.api.types.is_datetime64_any_dtype(column):
        return column
    times = pd.to_datetime(column, utc=True).astype("datetime64[us, UTC]")
    return times.astype("int64").where(column.notna()).astype(float)


def moment(microseconds: float) -> str:
    """A time as people write it, to the second, in UTC."""
    return f"{pd.Timestamp(int(microseconds), unit='us'):%Y-%m-%d %H:%M:%S}"


def crossed(confounders: tuple[Stratified, ...], n: int) -> tuple[Codes, tuple[tuple[str, ...], ...]]:
    """Dense codes [n] of the combinations that occur, and their labels; one stratum where nothing is crossed."""
    if not confounders:
        return np.zeros(n, np.int64), ((),)
    codes, count = np.zeros(n, np.int64), 1
    for one in confounders:  # dense after each column, so that no product of numbers of levels is ever too large
        count, codes = dense(codes * len(one.labels) + one.codes, count * len(one.labels))
    first = np.full(count, n)
    np.minimum.at(first, codes, np.arange(n))
    names = tuple(tuple(one.labels[one.codes[row]] for one in confounders) for row in first)
    return codes, names


def dense(codes: Codes, limit: int) -> tuple[int, Codes]:
    """How many of the codes 0..limit-1 occur, and the codes renumbered without gaps, in the same order."""
    if limit > 4 * len(codes) + 1000:
        found, inverse = np.unique(codes, return_inverse=True)
        return len(found), inverse.reshape(-1).astype(np.int64)
    number = np.cumsum(np.bincount(codes, minlength=limit) > 0) - 1
    return int(number[-1]) + 1, number[codes].astype(np.int64)


def is_number(column: pd.Series) -> bool:
    """Numbers, true and false left out."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def label(value: object) -> str:
    """A value as the name of a category: whole numbers in full and without a point, others to ten digits, true as 1,
    -0.0 as 0."""
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(int(value))  # not by way of a float, in which neighbours beyond 2^53 are one
    if isinstance(value, float | np.floating):
        number = float(value)
        return f"{number:z.0f}" if number.is_integer() else f"{number:.10g}"
    return str(value)


def _cut(name: str, values: Numbers, bins: int, dated: bool) -> Stratified:
    known = np.isfinite(values)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, bins + 1)))
    inner = edges[1:-1]
    codes = np.full(len(values), len(inner) + 1, np.int64)
    codes[known] = np.searchsorted(inner, values[known], side="right")
    used, codes = np.unique(codes, return_inverse=True)
    every = (*(_between([moment(edge) for edge in inner]) if dated else interval_labels(edges)), UNKNOWN)
    labels, ends = tuple(every[code] for code in used), tuple(float(edge) for edge in edges)
    return Stratified(name, codes.astype(np.int64), labels, ends, dated)


def interval_labels(edges: Sequence[float] | Numbers) -> tuple[str, ...]:
    """`low..high` of each interval between neighbouring edges, `..high` the first and `low..` the last: the ends are
    the values of single people."""
    return _between(numbers(edges[1:-1]))


def _between(inner: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{low}..{high}" for low, high in zip(["", *inner], [*inner, ""], strict=True))
