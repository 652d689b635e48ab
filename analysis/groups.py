"""Groups of people: bands of numbers, values that look the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

AGE_EDGES = (0, 18, 25, 35, 50, 65)
"""Lower ends of the bands of age in years; the last has no upper end."""
AGE_WORDS = ("age", "年龄")
FEW_VALUES = 6
"""A number with no more distinct values than this is a label, not banded."""
BANDS = 4
"""Other numbers are cut at their quartiles."""
_RANGE = re.compile(r"(\d+)\s*[-–~至]\s*(\d+)")
_BELOW = re.compile(r"(?:under|below|less than|<)\s*(\d+)", re.IGNORECASE)
_ABOVE = re.compile(r"(?:over|above|more than|>)\s*(\d+)|(\d+)\s*\+", re.IGNORECASE)


class Band(NamedTuple):
    """From `low` to `high`, the latter written as in the data (inclusive or the next band's start)."""

    low: float
    high: float


def band(values: pd.Series, name: str) -> pd.Series:
    """Numbers as ordered bands of text, e.g. ``25-34``; missing stays missing.

    Ages (by name) are cut at 18, 25, 35, 50 and 65; up to six distinct values stay as they are; other numbers are cut
    at their quartiles.
    """
    numbers = values.astype("float64")
    distinct = np.unique(numbers.dropna())
    if is_age(name) and len(distinct) > FEW_VALUES:
        return _cut(numbers, [float(edge) for edge in AGE_EDGES], whole=True)
    if len(distinct) <= FEW_VALUES:
        labels = dict(zip(distinct, _written(distinct.tolist()), strict=True))
        return numbers.map(labels).astype("str").where(numbers.notna())
    whole = bool((distinct == np.round(distinct)).all())
    edges = sorted({float(edge) for edge in np.quantile(numbers.dropna(), np.linspace(0, 1, BANDS + 1)[:-1])})
    return _cut(numbers, [float(np.ceil(edge)) for edge in edges] if whole else edges, whole)


def is_age(name: str) -> bool:
    """Whether a column's name says that it holds ages in years."""
    words = re.split(r"[^a-z\u4e00-\u9fff]+", name.casefold())
    return any(word in words or (not word.isascii() and word in name) for word in AGE_WORDS)


def pool_sparse(values: pd.Series, least: int) -> tuple[pd.Series, dict[str, str]]:
    """Bands with fewer than `least` people joined with the smaller neighbour, until none is left.

    values: one text a person. Only values that all read as bands (``20-30``, ``under 20``, ``65+``) are touched.
    Gives the new values and old name -> new name for those that changed.
    """
    counts = values.dropna().value_counts()
    bands = {str(name): parsed for name in counts.index if (parsed := parse_band(str(name))) is not None}
    if len(bands) < len(counts) or len(bands) < 2:
        return values, {}
    runs = [([name], int(counts[name])) for name in sorted(bands, key=lambda name: bands[name])]
    while len(runs) > 1 and min(size for _, size in runs) < least:
        at = min(range(len(runs)), key=lambda place: runs[place][1])
        beside = min((place for place in (at - 1, at + 1) if 0 <= place < len(runs)), key=lambda place: runs[place][1])
        first, second = sorted((at, beside))
        runs[first : second + 1] = [(runs[first][0] + runs[second][0], runs[first][1] + runs[second][1])]
    renamed = {name: _joined(names, bands) for names, _ in runs if len(names) > 1 for name in names}
    return values.map(lambda name: renamed.get(name, name), na_action="ignore"), renamed


def parse_band(text: str) -> Band | None:
    """The ends of ``20-30``, ``under 20``, ``over 60`` or ``65+``; None for any other text."""
    text = text.strip()
    if match := _RANGE.fullmatch(text):
        return Band(float(match[1]), float(match[2]))
    if match := _BELOW.fullmatch(text):
        return Band(-np.inf, float(match[1]))
    if match := _ABOVE.fullmatch(text):
        return Band(float(match[1] or match[2]), np.inf)
    return None


def look_alikes(values: Iterable[object]) -> dict[str, str]:
    """Values that differ in case, width or blanks only -> the most frequent of them (ties: the first by name).

    Only values that change are listed; " F" alone becomes "F".
    """
    counts = pd.Series([value for value in values if isinstance(value, str)], dtype="object").value_counts()
    families: dict[str, list[str]] = {}
    for value in sorted(counts.index):
        families.setdefault(_alike(value), []).append(value)
    merged: dict[str, str] = {}
    for family in families.values():
        best = min(family, key=lambda value: (-int(counts[value]), value)).strip()
        merged |= {value: best for value in family if value != best}
    return merged


def _alike(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _written(numbers: Sequence[float]) -> list[str]:
    """Different numbers as different texts: whole ones in full, others to six decimals or as many as they need."""
    for decimals in (6, 9, 12, None):
        texts = [f"{x:.0f}" if x.is_integer() else np.format_float_positional(x, decimals, trim="-") for x in numbers]
        if len(set(texts)) == len(numbers):
            break
    return texts


def _joined(names: list[str], bands: dict[str, Band]) -> str:
    """The name of neighbouring bands together, in the manner of the data."""
    low, high = min(bands[name].low for name in names), max(bands[name].high for name in names)
    if np.isinf(low) and np.isinf(high):
        return ", ".join(names)
    if np.isinf(low):
        return f"under {high:.0f}"
    if np.isinf(high):
        plus = any(name.endswith("+") for name in names)
        return f"{low:.0f}+" if plus else f"over {low:.0f}"
    return f"{low:.0f}-{high:.0f}"


def _cut(numbers: pd.Series, edges: list[float], whole: bool) -> pd.Series:
    """Bands that start at the edges; the first takes what lies below it."""
    lows = _written(edges)
    highs = _written([edge - 1 for edge in edges[1:]]) if whole else lows[1:]
    names = [*(f"{low}-{high}" for low, high in zip(lows, highs, strict=False)), f"{lows[-1]}+"]
    place = np.clip(np.searchsorted(edges, numbers.fillna(edges[0]), side="right") - 1, 0, len(edges) - 1)
    return pd.Series(np.array(names, dtype=object)[place], index=numbers.index).where(numbers.notna())
