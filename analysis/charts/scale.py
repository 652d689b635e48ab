"""Axes for charts that no library lays out: from where to where an axis runs, and which ticks it has."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from dataclasses import dataclass

from analysis.charts.drawing import Axis, Drawing

MOST_TICKS = 6
EDGE = 0.05
"""Share of the values' range that is left free at both ends."""
HOURS = (1, 3, 6, 12)
DAYS = (1, 2, 7, 14)
MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12000)
EPOCH = datetime.datetime(1970, 1, 1)
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
"""Of the calendar, in days since 1970."""


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high` in axis units; ticks: position and lines of text, none for labels."""

    low: float
    high: float
    ticks: tuple[tuple[float, tuple[str, ...]], ...] = ()

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)


def scale_of(drawing: Drawing, across: bool) -> Scale:
    """The scale of the axis along x (across) or y; every mark, whisker and the zero line lie within."""
    axis = drawing.x if across else drawing.y
    if axis.kind == "label":
        return Scale(-0.5, max(len(axis.labels), 1) - 0.5)
    low, high = _limits(drawing, axis, across)
    return Scale(low, high, tuple(_dates(low, high) if axis.kind == "date" else _numbers(low, high)))


def _limits(drawing: Drawing, axis: Axis, across: bool) -> tuple[float, float]:
    values = [value for value in _seen(drawing, across) if not math.isnan(value)]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    free = EDGE * (high - low) or (0.5 * abs(high) if axis.kind == "number" else 0.0) or 0.5
    on_zero = drawing.kind == "bars"  # bars stand on the edge, but where all of them are 0 there is no other
    low, high = low if on_zero and low == 0 else low - free, high if on_zero and high == 0 > low else high + free
    return (max(low, FIRST_DAY), min(high, LAST_DAY)) if axis.kind == "date" else (low, high)


def _seen(drawing: Drawing, across: bool) -> Iterable[float]:
    """Everything that is drawn along one axis."""
    along_values = across == drawing.sideways
    for layer in drawing.layers:
        yield from layer.x if across else layer.y
        if along_values:
            yield from (*layer.low, *layer.high)
        elif across:
            yield from (*layer.left, *layer.right)
    if along_values:
        if drawing.zero is not None:
            yield drawing.zero
        if drawing.kind == "bars":
            yield 0.0


def _numbers(low: float, high: float) -> Iterable[tuple[float, tuple[str, ...]]]:
    """Round numbers: 1, 2 or 5 times a power of ten apart, all with the decimals of the distance."""
    rough = (high - low) / MOST_TICKS
    power = math.floor(math.log10(rough))
    step, digit = next(
        (factor * 10.0**power, power + (factor == 10)) for factor in (1, 2, 5, 10) if factor * 10.0**power >= rough
    )
    decimals = max(0, -digit)
    for at in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield at * step, (f"{at * step + 0.0:,.{decimals}f}" if decimals < 7 else f"{at * step:.2g}",)


def _dates(low: float, high: float) -> Iterable[tuple[float, tuple[str, ...]]]:
    """Hours, days or months in figures, which read alike in every language; below them, once, what they are of."""
    steps = (*(hours / 24 for hours in HOURS), *DAYS)
    step = next((step for step in steps if (high - low) / step <= MOST_TICKS), None)
    if step is None:
        yield from _months(low, high)
        return
    before = ""
    for at in range(math.ceil(low / step), math.floor(high / step) + 1):
        moment = EPOCH + datetime.timedelta(days=at * step)
        text, of = (f"{moment:%H:%M}", f"{moment:%m-%d}") if step < 1 else (f"{moment:%m-%d}", f"{moment.year:04}")
        yield at * step, (text,) if of == before else (text, of)
        before = of


def _months(low: float, high: float) -> Iterable[tuple[float, tuple[str, ...]]]:
    first, last = (EPOCH + datetime.timedelta(days=day) for day in (low, high))
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    step = next(step for step in MONTHS if len(months) / step <= MOST_TICKS)
    for month in months:
        moment = datetime.datetime(month // 12, month % 12 + 1, 1)
        place = (moment - EPOCH) / datetime.timedelta(days=1)
        if month % step == 0 and place >= low:
            yield place, (f"{moment.year:04}" if step >= 12 else f"{moment.year:04}-{moment.month:02}",)
