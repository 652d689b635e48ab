"""Decisions about room and colour that screen and paper share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.charts.design import Theme, between, ink_on
from analysis.charts.drawing import Drawing, Layer
from analysis.charts.labels import columns, longest_word, shortened, wrapped
from analysis.charts.places import share_of_row

LINE = 96
"""Columns of text that a chart of usual width (some 700 px) holds in a line."""
HALF = 50
"""The same of a chart in one of two columns of a page."""
FEW = 5
"""Labels below an axis that a chart of half the width may hold."""
NAME = 40
"""Columns of a series' name in the legend."""
BESIDE = 30
"""Columns of a label left of the plot, on the page."""
MARK = 24
"""Columns of a name beside a point."""
INSTEAD = 60
"""Columns of what stands where a value is missing."""


def heat_inks(drawing: Drawing, look: Theme) -> list[list[tuple[str, str]]]:
    """Row by row the colour of each cell of a heat map and of what it prints: ink that reads on that colour."""
    low, high = _heat_limits(drawing)
    scale = look.sequential if drawing.zero is None else look.diverging

    def inks(value: float) -> tuple[str, str]:
        if math.isnan(value):
            return look.empty, look.muted
        shade = between(scale, (value - low) / (high - low))
        return shade, ink_on(shade)

    return [[inks(value) for value in layer.y] for layer in drawing.layers]


def _heat_limits(drawing: Drawing) -> tuple[float, float]:
    """The values at both ends of the colour scale; around the zero line, the same distance on both sides."""
    known = [value for layer in drawing.layers for value in layer.y if not math.isnan(value)]
    if not known:
        return 0.0, 1.0
    if drawing.zero is not None:
        reach = max(abs(value - drawing.zero) for value in known) or 1.0
        return drawing.zero - reach, drawing.zero + reach
    low, high = min(known), max(known)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


@dataclass(frozen=True)
class Below:
    """Labels below an axis: `lines[i]` stands at position `places[i]`."""

    places: tuple[int, ...]
    lines: tuple[tuple[str, ...], ...]
    turned: bool
    """Because a word, or the end of a label, would be cut where they are level."""

    @property
    def depth(self) -> float:
        """Lines' heights that turned labels take more than level ones."""
        longest = max((columns(row) for rows in self.lines for row in rows), default=0)
        return longest * 0.26 if self.turned else 0.0


def below(labels: tuple[str, ...]) -> Below:
    """The labels of an axis along x; of a crowded one every second, third ..., so that none touches its neighbour."""
    step = max(1, math.ceil(len(labels) * 8 / LINE))
    kept, room = labels[::step], _room(len(labels[::step]))
    turned = any(longest_word(label) > room or len(wrapped(label, room, 4)) > 3 for label in kept)
    lines = tuple(wrapped(label, 24, 2) if turned else wrapped(label, room) for label in kept)
    return Below(tuple(range(0, len(labels), step)), lines, turned)


def _room(labels: int) -> int:
    """Columns that each of so many labels below an axis has; what stands left of it takes a sixth of the line."""
    return max(6, (LINE if labels > FEW else HALF) * 5 // 6 // max(labels, 1) - 2)


def legend_rows(drawing: Drawing, line: int = LINE) -> int:
    """Lines that the legend above the chart takes."""
    if not drawing.named:
        return 0
    return math.ceil(sum(columns(shortened(layer.name, NAME)) + 8 for layer in drawing.layers) / line)


def heading_over_labels(drawing: Drawing) -> bool:
    """Whether the title of the upright axis fits over its labels; else it begins where the axis stands."""
    return columns(drawing.y.title) <= beside(drawing)


def dotted(drawing: Drawing, layer: Layer) -> bool:
    """Whether each point has its mark; of a line of many points that would be a thicker line."""
    return drawing.kind != "line" or len(layer.x) <= 40


def bar_width(drawing: Drawing) -> float:
    """Of one bar, in units of the axis of labels."""
    return 0.92 * (share_of_row(len(drawing.layers)) if side_by_side(drawing) else 0.66)


def body(drawing: Drawing) -> int:
    """Pixels of the plot's own height on the screen."""
    rows = len(drawing.y.labels) if drawing.y.kind == "label" else 0
    per_row = max(34, 22 * len(drawing.layers)) if drawing.kind != "heatmap" and side_by_side(drawing) else 40
    lines = max((len(wrapped(label, BESIDE)) for label in drawing.y.labels), default=1)
    return max(150, max(per_row, 18 * lines + 4) * rows) if rows else 300


def beside(drawing: Drawing) -> int:
    """Columns that labels left of the plot take."""
    return max((columns(row) for label in drawing.y.labels for row in wrapped(label, BESIDE)), default=0)


@dataclass(frozen=True)
class Written:
    """What is written beside a point of a Pareto chart; side and rise: 1 right of it and above, -1 left and below."""

    text: str
    x: float
    y: float
    side: int
    rise: int


def written(drawing: Drawing) -> list[Written]:
    """The names of points, each in the first corner of its point where it lies on no point and on no other name.

    Where all four are taken it is the corner of fewest points, names and whiskers. A name begins right of its point, or
    left of it where the chart ends on the right. Widths are shares of a chart in one of two columns.
    """
    named = [
        point
        for layer in drawing.layers
        for point in zip(layer.names, layer.x, layer.y, strict=False)
        if not math.isnan(point[1] + point[2])
    ]
    if not named:
        return []
    points = [(x, y) for _, x, y in named]
    wide, high = _reach([x for x, _ in points]), _reach([*(y for _, y in points), *_ends(drawing)])
    placed: list[Written] = []
    taken = [*((x, y, x, y) for x, y in points), *_whiskers(drawing)]
    for name, x, y in named:
        if not name:
            continue
        first = -1 if x > min(at for at, _ in points) + 0.75 * wide else 1
        corners = [Written(name, x, y, side, rise) for rise in (1, -1) for side in (first, -first)]
        best = min(corners, key=lambda corner: sum(_meet(_box(corner, wide, high), box) for box in taken))
        placed.append(best)
        taken.append(_box(best, wide, high))
    return placed


Box = tuple[float, float, float, float]
"""Left, lower, right, upper."""


def _whiskers(drawing: Drawing) -> Iterator[Box]:
    """The interval of each point along y and along x."""
    for layer in drawing.layers:
        yield from zip(layer.x, layer.low, layer.x, layer.high, strict=True)
        yield from zip(layer.left, layer.y, layer.right, layer.y, strict=False)


def _box(name: Written, wide: float, high: float) -> Box:
    """Where a name lies, in units of the axes: 2.5% of the width a letter, 8% of the height a line."""
    along = sorted((name.x + name.side * 0.02 * wide, name.x + name.side * (0.02 + 0.025 * columns(name.text)) * wide))
    up = sorted((name.y + name.rise * 0.02 * high, name.y + name.rise * 0.1 * high))
    return along[0], up[0], along[1], up[1]


def _meet(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _ends(drawing: Drawing) -> list[float]:
    return [value for layer in drawing.layers for value in (*layer.low, *layer.high) if not math.isnan(value)]


def _reach(values: list[float]) -> float:
    return max(values) - min(values) or 1.0


def side_by_side(drawing: Drawing) -> bool:
    """Whether series share labels and therefore stand beside each other."""
    return any(place % 1 for layer in drawing.layers for place in (layer.y if drawing.sideways else layer.x))


def middle(drawing: Drawing) -> float:
    """The middle of what is drawn along x, for text that stands in for a value."""
    known = [
        value for layer in drawing.layers for value in (*layer.x, *layer.low, *layer.high) if not math.isnan(value)
    ]
    known += [drawing.zero] if drawing.zero is not None else []
    return (min(known) + max(known)) / 2 if known else 0.0
