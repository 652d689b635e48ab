"""Points in time, however they were written, as UTC."""

from __future__ import annotations

from typing import Final, Literal

import pandas as pd

from words import Refusal

Unit = Literal["s", "ms", "us", "ns"]

FIRST, LAST = 100_000_000, 4_102_444_800
RANGES: dict[Unit, tuple[int, int]] = {
    "s": (FIRST, LAST),
    "ms": (FIRST * 10**3, LAST * 10**3),
    "us": (FIRST * 10**6, LAST * 10**6),
    "ns": (FIRST * 10**9, LAST * 10**9),
}
"""Epoch numbers of the years 1973 to 2100; the ranges of the four units do not touch."""
OLDEST = -2_208_988_800
"""Epoch second of the year 1900: so far back, and up to LAST, a unit that is given may reach."""
_DATE = r"\d{4}-\d{2}-\d{2}"
"""How a date begins; shorter ones (2026) may as well be numbers."""
UTC_TIME: Final = "datetime64[us, UTC]"


def as_utc(column: pd.Series, name: str, unit: Unit | None = None) -> pd.Series:
    """datetime64[us, UTC] of a column of times, epoch numbers or texts of either; missing stays missing.

    The unit of epoch numbers is told by their range. Raises Refusal(data.time_range | data.time_of_unit |
    data.time_unreadable) where not all values are of one unit, or are no times.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.astype(UTC_TIME)
    if column.dtype.kind == "M":
        return column.dt.tz_localize("UTC").astype(UTC_TIME)
    numbers, written = _read(column, name)
    filled = numbers.dropna()
    if filled.empty:
        return written
    chosen = _given(unit, filled, name) if unit else _unit(filled, name)
    scale = {"s": 10**6, "ms": 10**3, "us": 1}
    micro = numbers // 1000 if chosen == "ns" else numbers * scale[chosen]
    return pd.to_datetime(micro, unit="us", utc=True).astype(UTC_TIME).fillna(written)


def _read(column: pd.Series, name: str) -> tuple[pd.Series, pd.Series]:
    """Epoch numbers as Int64, exact beyond 2^53, and the moments that are written as dates (UTC where no zone is)."""
    none = pd.Series(pd.NaT, index=column.index, dtype=UTC_TIME)
    if column.dtype.kind in "iu":
        return column.astype("Int64"), none
    if column.dtype.kind == "f":
        return column.floordiv(1).astype("Int64"), none
    texts = column.astype("str").str.strip()
    digits = texts.str.fullmatch(r"\d{9,18}|[1-8]\d{18}") & column.notna()  # what int64 holds
    dates = texts.where(texts.str.match(_DATE) & column.notna())
    written = pd.to_datetime(dates, format="ISO8601", utc=True, errors="coerce").astype(UTC_TIME)
    unread = ~(digits | written.notna() | column.isna())
    if unread.any():
        example = str(column[unread].iloc[0])[:40]
        raise Refusal("data.time_unreadable", column=name, example=example, rows=int(unread.sum()))
    whole = [int(text) if known else pd.NA for text, known in zip(texts, digits, strict=True)]
    return pd.Series(whole, index=column.index, dtype="Int64"), written


def _given(unit: Unit, filled: pd.Series, name: str) -> Unit:
    """The unit chosen by hand, where it makes times of the numbers: past the range they would overflow unseen."""
    low, high, scale = int(filled.min()), int(filled.max()), RANGES[unit][0] // FIRST
    if OLDEST * scale <= low and high <= LAST * scale:
        return unit
    raise Refusal("data.time_of_unit", column=name, low=str(low), high=str(high), unit=unit)


def _unit(filled: pd.Series, name: str) -> Unit:
    low, high = int(filled.min()), int(filled.max())
    for unit, (first, last) in RANGES.items():
        if first <= low and high <= last:
            return unit
    raise Refusal("data.time_range", column=name, low=str(low), high=str(high))
