"""A Chart in words and positions, before anyone draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.charts.labels import columns, number, plain, spoken
from analysis.charts.places import AxisKind, Key, axis_kind, every_key, keys_of, numbers, positions, share_of_row
from analysis.document import Cell, Chart, ChartKind, Series
from words import Language, Phrase, say

STANDING = 40
"""Columns of labels below standing bars; with more they lie."""
NEAR = (0.06, 0.08)
"""Shares of a chart's width and height within which the marks of two points would cover each other."""


@dataclass(frozen=True)
class Axis:
    """One axis: what its positions mean. `labels[i]` stands at position i where kind is `label`."""

    title: str
    kind: AxisKind
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """One series, placed: x, y and the whiskers in axis units, NaN where there is no value.

    `hover` says all that a pointer may learn of each point; `style` counts series, for colour and marker.
    """

    name: str
    style: int
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    hover: tuple[str, ...]
    said: tuple[str, ...] = ()
    """The same without the names of row and series; stands where a value is missing."""
    joined: bool = False
    names: tuple[str, ...] = ()
    """Pareto charts: the fact `mark` (or `name`) of each point's text, printed beside it."""
    left: tuple[float, ...] = ()
    right: tuple[float, ...] = ()
    """Pareto charts: the whiskers along x, none where x has no interval."""


@dataclass(frozen=True)
class Drawing:
    """Everything that is to be seen, in the reader's language and already escaped."""

    kind: ChartKind
    counted: str
    """How many people, or rows, it rests on; empty where that is nobody's number."""
    alt: str
    x: Axis
    y: Axis
    layers: tuple[Layer, ...]
    cells: tuple[tuple[str, ...], ...] = ()
    """Heat map: what each cell prints, one row a layer."""
    zero: float | None = None
    sideways: bool = False
    """Values run along x and labels along y (interval plots, and bars with long labels)."""

    @property
    def named(self) -> bool:
        """Whether the series need a legend."""
        return self.kind != "heatmap" and len(self.layers) > 1


def resolve(chart: Chart, language: Language) -> Drawing:
    """The drawing of a chart in `language`; equal for the screen and for paper."""
    place = {
        "interval": _interval,
        "heatmap": _heatmap,
        "bars": _bars,
        "line": _points,
        "scatter": _points,
        "pareto": _points,
    }[chart.kind]
    return place(chart, language)


def _interval(chart: Chart, language: Language) -> Drawing:
    keys = every_key((chart.order, *(series.y for series in chart.series)), language)
    labels = tuple(label for label, _ in keys)
    layers = [
        _layer(chart, at, language, numbers(series.x), _beside(series.y, keys, chart, at, language))
        for at, series in enumerate(chart.series)
    ]
    return Drawing(
        kind=chart.kind,
        counted=spoken(chart.counted, language),
        alt=spoken(chart.alt, language),
        x=Axis(spoken(chart.x_title, language), "number"),
        y=Axis(spoken(chart.y_title, language), "label", labels),
        layers=tuple(layers),
        zero=chart.zero_line,
        sideways=True,
    )


def _bars(chart: Chart, language: Language) -> Drawing:
    keys = every_key((series.x for series in chart.series), language)
    labels = tuple(label for label, _ in keys)
    sideways = len(labels) > 8 or sum(columns(label) + 2 for label in labels) > STANDING
    layers = []
    for at, series in enumerate(chart.series):
        place, height = _beside(series.x, keys, chart, at, language), numbers(series.y)
        layers.append(_layer(chart, at, language, *((height, place) if sideways else (place, height))))
    value = Axis(spoken(chart.y_title, language), "number")
    names = Axis(spoken(chart.x_title, language), "label", labels)
    return Drawing(
        kind=chart.kind,
        counted=spoken(chart.counted, language),
        alt=spoken(chart.alt, language),
        x=value if sideways else names,
        y=names if sideways else value,
        layers=tuple(layers),
        zero=chart.zero_line,
        sideways=sideways,
    )


def _heatmap(chart: Chart, language: Language) -> Drawing:
    keys = every_key((series.x for series in chart.series), language)
    labels = tuple(label for label, _ in keys)
    layers, cells = [], []
    for at, series in enumerate(chart.series):
        place = {key: index for index, key in enumerate(keys_of(series.x, language))}
        order = [place.get(key) for key in keys]
        values = numbers(series.y)
        texts = [spoken(text, language) for text in series.text] or [_shown(value) for value in values]
        cells.append(tuple("" if index is None else texts[index] for index in order))
        row = spoken(series.name, language)
        nothing = (math.nan,) * len(labels)
        layers.append(
            Layer(
                name=row,
                style=at,
                x=tuple(map(float, range(len(labels)))),
                y=tuple(math.nan if index is None else values[index] for index in order),
                low=nothing,
                high=nothing,
                hover=tuple(f"{row} · {label}: {text}" for label, text in zip(labels, cells[-1], strict=True)),
            )
        )
    return Drawing(
        kind=chart.kind,
        counted=spoken(chart.counted, language),
        alt=spoken(chart.alt, language),
        x=Axis(spoken(chart.x_title, language), "label", labels),
        y=Axis(spoken(chart.y_title, language), "label", tuple(layer.name for layer in layers)),
        layers=tuple(layers),
        cells=tuple(cells),
        zero=chart.zero_line,
    )


def _points(chart: Chart, language: Language) -> Drawing:
    """Lines, scatters and Pareto charts; of these the first series is the front, in its order, and is joined."""
    every = [cell for series in chart.series for cell in series.x]
    kind = axis_kind(every)
    keys = every_key((series.x for series in chart.series), language) if kind == "label" else ()
    layers = []
    for at, series in enumerate(chart.series):
        x = positions(series.x, kind, keys, language)
        joined = chart.kind == "line" or (chart.kind == "pareto" and at == 0)
        layers.append(_layer(chart, at, language, x, numbers(series.y), joined))
    if chart.kind == "pareto":
        layers = _marked_once(layers)
    return Drawing(
        kind=chart.kind,
        counted=spoken(chart.counted, language),
        alt=spoken(chart.alt, language),
        x=Axis(spoken(chart.x_title, language), kind, tuple(label for label, _ in keys)),
        y=Axis(spoken(chart.y_title, language), "number"),
        layers=tuple(layers),
        zero=chart.zero_line,
    )


def _layer(
    chart: Chart,
    at: int,
    language: Language,
    x: tuple[float, ...],
    y: tuple[float, ...],
    joined: bool = False,
) -> Layer:
    series = chart.series[at]
    said = _said(chart, series, language)
    return Layer(
        name=spoken(series.name, language),
        style=at,
        x=x,
        y=y,
        low=numbers(series.low) or (math.nan,) * len(x),
        high=numbers(series.high) or (math.nan,) * len(x),
        hover=_hover(chart, series, said, language),
        said=said,
        names=_names(series, language) if chart.kind == "pareto" else (),
        joined=joined,
        left=numbers(series.left),
        right=numbers(series.right),
    )


def _said(chart: Chart, series: Series, language: Language) -> tuple[str, ...]:
    """What the step allowed to be shown of each point, else its value with the interval."""
    if series.text:
        return tuple(spoken(text, language) for text in series.text)
    values = series.x if chart.kind == "interval" else series.y
    return tuple(_range(series, at, value, language) for at, value in enumerate(values))


def _names(series: Series, language: Language) -> tuple[str, ...]:
    known = [text.facts if isinstance(text, Phrase) else {} for text in series.text]
    return tuple(spoken(facts.get("mark", facts.get("name")), language) for facts in known)


def _marked_once(layers: Sequence[Layer]) -> list[Layer]:
    """Points that lie on each other share one list of marks, beside the first of them."""
    points = [(at, own) for at, layer in enumerate(layers) for own in range(len(layer.names))]
    if not points:
        return list(layers)
    place = {(at, own): (layers[at].x[own], layers[at].y[own]) for at, own in points}
    heights = [v for layer in layers for v in (*layer.y, *layer.low, *layer.high) if not math.isnan(v)]
    width = max(x for x, _ in place.values()) - min(x for x, _ in place.values()) or 1.0
    height = max(heights) - min(heights) or 1.0
    marks: dict[tuple[int, int], list[str]] = {}
    for point, (x, y) in place.items():
        close = (p for p in marks if abs(place[p][0] - x) < NEAR[0] * width and abs(place[p][1] - y) < NEAR[1] * height)
        marks.setdefault(next(close, point), []).append(layers[point[0]].names[point[1]])
    said = {point: ", ".join(sorted(own, key=_order)) for point, own in marks.items()}
    return [
        replace(layer, names=tuple(said.get((at, own), "") for own in range(len(layer.x))))
        for at, layer in enumerate(layers)
    ]


def _order(mark: str) -> tuple[int, str]:
    return (int(mark) if mark.isdecimal() else 0, mark)


def _hover(chart: Chart, series: Series, said: tuple[str, ...], language: Language) -> tuple[str, ...]:
    labels = series.y if chart.kind == "interval" else series.x
    name = spoken(series.name, language) if len(chart.series) > 1 else ""
    texts = []
    for label, text in zip(labels, said, strict=True):
        counted = bool(series.text) and isinstance(label, (int, float))  # the text names the number itself
        parts = [part for part in (name, "" if counted else spoken(label, language)) if part and part not in text]
        texts.append(": ".join([*([" · ".join(parts)] if parts else []), text]))
    return tuple(texts)


def _range(series: Series, at: int, value: Cell, language: Language) -> str:
    if value is None:
        return say("charts.no_value", language)
    low = series.low[at] if series.low else None
    high = series.high[at] if series.high else None
    if low is None or high is None:
        return spoken(value, language)
    facts = {"value": spoken(value, language), "low": number(low), "high": number(high)}
    return plain(say("charts.range", language, **facts))


def _beside(
    cells: Sequence[Cell], keys: tuple[Key, ...], chart: Chart, at: int, language: Language
) -> tuple[float, ...]:
    """Positions on a label axis; series that share a label stand beside each other there, centred on it."""
    holders: dict[Key, list[int]] = {}
    for order, series in enumerate(chart.series):
        for key in keys_of(series.y if chart.kind == "interval" else series.x, language):
            holders.setdefault(key, []).append(order)
    width = share_of_row(len(chart.series))
    return tuple(
        place + (holders[key].index(at) - (len(holders[key]) - 1) / 2) * width
        for key, place in zip(keys_of(cells, language), positions(cells, "label", keys, language), strict=True)
    )


def _shown(value: float) -> str:
    return "" if math.isnan(value) else number(value)
