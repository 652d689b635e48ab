"""Where the values of a series stand on an axis."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from analysis.charts.labels import spoken
from analysis.document import Cell
from words import Language, say

AxisKind = Literal["number", "date", "label"]
Key = tuple[str, int]
"""A label, and how many times the same series showed it before."""


def keys_of(cells: Sequence[Cell], language: Language) -> list[Key]:
    """Each label with the count of its earlier appearances in this series: two rows of one name stay two rows."""
    seen: Counter[str] = Counter()
    keys = []
    for cell in cells:
        label = spoken(cell, language) or say("charts.nameless", language)
        keys.append((label, seen[label]))
        seen[label] += 1
    return keys


def every_key(sides: Iterable[Sequence[Cell]], language: Language) -> tuple[Key, ...]:
    """The places of a label axis, in the order of first appearance over all series."""
    return tuple(dict.fromkeys(key for side in sides for key in keys_of(side, language)))


def axis_kind(cells: Sequence[Cell]) -> AxisKind:
    if all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in cells):
        return "number"
    return "date" if all(isinstance(cell, str) and day(cell) is not None for cell in cells) else "label"


def day(text: str) -> float | None:
    """Days since 1970-01-01 of an ISO date or time; None where it is none."""
    if len(text) < 10 or text[4] != "-":
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    epoch = datetime.datetime(1970, 1, 1, tzinfo=moment.tzinfo)
    return (moment - epoch).total_seconds() / 86400


def positions(cells: Sequence[Cell], kind: AxisKind, keys: tuple[Key, ...], language: Language) -> tuple[float, ...]:
    """Positions of cells on an axis: the number, the days since 1970, or the place of the label."""
    if kind == "date":
        return tuple(day(str(cell)) or 0.0 for cell in cells)
    if kind == "label":
        places = {key: float(index) for index, key in enumerate(keys)}
        return tuple(places[key] for key in keys_of(cells, language))
    return numbers(cells)


def numbers(cells: Sequence[Cell]) -> tuple[float, ...]:
    """Numbers of a series; NaN, which is not drawn, where there is none."""
    return tuple(float(cell) if isinstance(cell, (int, float)) else math.nan for cell in cells)


def share_of_row(series: int) -> float:
    """How much of a row's height (or a group's width) each of `series` that share it has."""
    return 0.72 / max(series, 1)
