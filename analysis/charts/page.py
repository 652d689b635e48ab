"""A chart for the page: HTML that a browser draws at once, with tips that it shows without a program.

Labels and tips are HTML, for the page's own font; what has a shape is one SVG picture behind them. Along x everything
stands at shares of the width, which only the browser knows; along y at pixels. look.css holds the rest of the look.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from analysis.charts.design import DARK, DASHES, LIGHT, MARKERS, Theme, theme
from analysis.charts.drawing import Drawing, Layer, resolve
from analysis.charts.labels import columns, shortened, wrapped
from analysis.charts.layout import (
    BESIDE,
    INSTEAD,
    MARK,
    NAME,
    Below,
    bar_width,
    below,
    beside,
    body,
    dotted,
    heading_over_labels,
    heat_inks,
    middle,
    written,
)
from analysis.charts.scale import Scale, scale_of
from analysis.document import Chart
from words import Language

LETTER = 7.2
"""Pixels of a Latin letter in a label."""
LINE_HEIGHT = 17
"""Pixels of a line of labels."""
CAP = 5
"""Pixels of half a whisker's end."""
SHAPES = {
    "circle": '<circle r="5"/>',
    "square": '<path d="M-4.5-4.5H4.5V4.5H-4.5Z"/>',
    "diamond": '<path d="M0-6 6 0 0 6-6 0Z"/>',
    "triangle-up": '<path d="M0-6 5.5 4H-5.5Z"/>',
    "triangle-down": '<path d="M0 6 5.5-4H-5.5Z"/>',
    "x": '<path d="M-5-2.5-2.5-5 0-2.5 2.5-5 5-2.5 2.5 0 5 2.5 2.5 5 0 2.5-2.5 5-5 2.5-2.5 0Z"/>',
}
STROKES = {
    "solid": "",
    "dash": "9 5",
    "dot": "2 4",
    "dashdot": "9 4 2 4",
    "longdash": "14 6",
    "longdashdot": "14 4 2 4",
}
HATCHES = ("", "M-2 8 8-2M2 12 12 2", "M3 4h2M7 8h2", "M0 0 8 8M8 0 0 8", "M-2 0 8 10M2-2 12 8", "M0 4h8")
"""Strokes in a field of 8 by 8 that tell series of bars apart without colour."""

WORDS = ";".join(
    f"--{use}:light-dark({getattr(LIGHT, colour)},{getattr(DARK, colour)})"
    for use, colour in (("ink", "ink"), ("muted", "muted"), ("paper", "paper"), ("edge", "zero"))
)
"""Colours of all that is written, which follow the page when its reader changes from light to dark."""


def to_html(chart: Chart, language: Language, dark: bool = False) -> tuple[str, float]:
    """The chart with its n, without its title, which the text around it says, and about how many pixels high it is.

    A pointer shows what the step wrote for each point (`data-tip`) and nothing else.
    """
    plot = _plot(resolve(chart, language), theme(dark))
    drawing = plot.drawing
    marks = _cells(plot) if drawing.kind == "heatmap" else f"{_picture(plot)}{_absent(plot)}{_names(plot)}{_tips(plot)}"
    html = (
        f'<div class="chart" role="img" aria-label="{escape(_alternative(drawing))}" '
        f'style="{WORDS};--left:{plot.left}px">'
        f"{_people(drawing)}{_legend(plot)}{_heading(plot)}"
        f'<div class="plot" style="height:{plot.height}px;margin:{plot.over}px 16px {plot.under}px var(--left)">'
        f"{marks}{_labels(plot)}</div>"
        f'<div class="below">{escape(drawing.x.title)}</div></div>'
    )
    lines = 1 + bool(drawing.counted) + bool(drawing.y.title) + drawing.named
    return html, plot.over + plot.height + plot.under + LINE_HEIGHT * lines


@dataclass(frozen=True)
class _Plot:
    """A drawing, its look, its scales, and pixels: the plot's height, and the room of labels around it."""

    drawing: Drawing
    look: Theme
    x: Scale
    y: Scale
    height: int
    left: int
    over: int
    under: int
    below: Below

    def along(self, value: float) -> float:
        """Percent of the width."""
        return round(100 * self.x.share(value), 3)

    def down(self, value: float) -> float:
        """Pixels from above: labels count downwards, numbers grow upwards."""
        share = self.y.share(value)
        return round((share if self.drawing.y.kind == "label" else 1 - share) * self.height, 2)

    def colour(self, layer: Layer) -> str:
        return self.look.colour(layer.style)


def _plot(drawing: Drawing, look: Theme) -> _Plot:
    x, y = scale_of(drawing, across=True), scale_of(drawing, across=False)
    labels = below(drawing.x.labels)
    lines = [text for _, text in x.ticks] or labels.lines
    room = 10 + LINE_HEIGHT * max(map(len, lines), default=0) + round(15 * labels.depth)
    widest = beside(drawing) or max((columns(text[0]) for _, text in y.ticks), default=0)
    return _Plot(
        drawing=drawing,
        look=look,
        x=x,
        y=y,
        height=body(drawing),
        left=round(LETTER * widest) + 14,
        over=room if _on_top(drawing) else 4,
        under=4 if _on_top(drawing) else room,
        below=labels,
    )


def _alternative(drawing: Drawing) -> str:
    """What a screen reader says in place of the picture and all words in it."""
    return f"{drawing.alt} {drawing.counted}".rstrip()


def _people(drawing: Drawing) -> str:
    """How many people, or rows, the picture rests on."""
    return f'<div class="n">{escape(drawing.counted)}</div>' if drawing.counted else ""


def _on_top(drawing: Drawing) -> bool:
    """Columns of a high heat map are named above it, where reading begins."""
    return drawing.kind == "heatmap" and len(drawing.y.labels) > 12


def _legend(plot: _Plot) -> str:
    if not plot.drawing.named:
        return ""
    entries = []
    for layer in plot.drawing.layers:
        swatch = _image(_swatch(plot, layer), "width:30px;height:14px")
        entries.append(f"<span>{swatch}{escape(shortened(layer.name, NAME))}</span>")
    return f'<div class="legend">{"".join(entries)}</div>'


def _swatch(plot: _Plot, layer: Layer) -> str:
    if plot.drawing.kind == "bars":
        return f'{_hatch(plot, layer)}<rect x="4" y="1" width="22" height="12" {_fill(plot, layer)}/>'
    line = _path("M0 7H30", plot, layer) if layer.joined else ""
    return line + (_marker(plot, layer, "15", 7) if dotted(plot.drawing, layer) else "")


def _heading(plot: _Plot) -> str:
    """What stands upright, above it like a column's heading."""
    if not plot.drawing.y.title:
        return ""
    over = " over" if heading_over_labels(plot.drawing) else ""
    return f'<div class="heading{over}">{escape(plot.drawing.y.title)}</div>'


def _labels(plot: _Plot) -> str:
    """The words beside and below the plot."""
    drawing = plot.drawing
    sides = plot.y.ticks or tuple(enumerate(wrapped(label, BESIDE) for label in drawing.y.labels))
    words = [f'<span class="y" style="top:{plot.down(at)}px">{_lines(lines)}</span>' for at, lines in sides]
    ticks = plot.x.ticks or tuple(zip(plot.below.places, plot.below.lines, strict=True))
    kind = ("x turned" if plot.below.turned else "x") + (" on-top" if _on_top(drawing) else "")
    words += [f'<span class="{kind}" style="left:{plot.along(at)}%">{_lines(lines)}</span>' for at, lines in ticks]
    return "".join(words)


def _lines(lines: tuple[str, ...]) -> str:
    return "<br/>".join(map(escape, lines))


def _cells(plot: _Plot) -> str:
    """A heat map: each cell is its own mark, text and tip."""
    wide, high = 100 / max(len(plot.drawing.x.labels), 1), plot.height / max(len(plot.drawing.layers), 1)
    cells = []
    for row, (layer, inks) in enumerate(zip(plot.drawing.layers, heat_inks(plot.drawing, plot.look), strict=True)):
        for column, (tip, (shade, ink)) in enumerate(zip(layer.hover, inks, strict=True)):
            small = " small" if math.isnan(layer.y[column]) else ""
            place = f"left:{column * wide:.3f}%;top:{row * high:.1f}px;width:{wide:.3f}%;height:{high:.1f}px"
            cells.append(
                f'<i class="cell{small}{_leaning((column + 0.5) * wide, row * high)}" data-tip="{escape(tip)}" '
                f'style="{place};color:{ink}"><b style="background:{shade}">'
                f"{_lines(wrapped(plot.drawing.cells[row][column], 16, 2))}</b></i>"
            )
    return "".join(cells)


def _picture(plot: _Plot) -> str:
    """Grid, zero line and all marks, as one picture behind the words."""
    shapes = [*_grid(plot), *(_zero(plot))]
    for layer in plot.drawing.layers:
        shapes += _bars(plot, layer) if plot.drawing.kind == "bars" else _marks(plot, layer)
    return _image("".join(shapes), "position:absolute;inset:0;width:100%;height:100%")


def _image(shapes: str, style: str) -> str:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{shapes}</svg>'
    return f'<img alt="" style="{style}" src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"/>'


def _grid(plot: _Plot) -> Iterator[str]:
    pen = f'stroke="{plot.look.grid}"'
    for at, _ in plot.x.ticks:
        yield f'<line x1="{plot.along(at)}%" x2="{plot.along(at)}%" y1="0" y2="100%" {pen}/>'
    for at, _ in plot.y.ticks:
        yield f'<line x1="0" x2="100%" y1="{plot.down(at)}" y2="{plot.down(at)}" {pen}/>'


def _zero(plot: _Plot) -> Iterator[str]:
    zero = plot.drawing.zero
    if zero is None:
        return
    pen = f'stroke="{plot.look.zero}" stroke-width="1.5"'
    if plot.drawing.sideways:
        yield f'<line x1="{plot.along(zero)}%" x2="{plot.along(zero)}%" y1="0" y2="100%" {pen}/>'
    else:
        yield f'<line x1="0" x2="100%" y1="{plot.down(zero)}" y2="{plot.down(zero)}" {pen}/>'


def _bars(plot: _Plot, layer: Layer) -> Iterator[str]:
    yield _hatch(plot, layer)
    for at in _known(layer):
        left, top, wide, high = _bar(plot, layer, at)
        yield f'<rect x="{left}%" y="{top}" width="{wide}%" height="{high}" {_fill(plot, layer)}/>'
    yield from _whiskers(plot, layer, plot.look.ink)


def _bar(plot: _Plot, layer: Layer, at: int) -> tuple[float, float, float, float]:
    """Left and width in percent, top and height in pixels."""
    half = bar_width(plot.drawing) / 2
    x, y = layer.x[at], layer.y[at]
    xs = (0.0, x) if plot.drawing.sideways else (x - half, x + half)
    ys = (y - half, y + half) if plot.drawing.sideways else (0.0, y)
    left, right = sorted(map(plot.along, xs))
    top, bottom = sorted(map(plot.down, ys))
    return left, top, round(right - left, 3), round(bottom - top, 2)


def _hatch(plot: _Plot, layer: Layer) -> str:
    strokes = HATCHES[layer.style % len(HATCHES)] if plot.drawing.named else ""
    return strokes and (
        f'<pattern id="hatch{layer.style}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{plot.colour(layer)}"/>'
        f'<path d="{strokes}" stroke="{plot.look.paper}" stroke-width="1.2"/></pattern>'
    )


def _fill(plot: _Plot, layer: Layer) -> str:
    return f'fill="url(#hatch{layer.style})"' if _hatch(plot, layer) else f'fill="{plot.colour(layer)}"'


def _marks(plot: _Plot, layer: Layer) -> Iterator[str]:
    if plot.drawing.kind == "line":
        yield from _band(plot, layer)
    else:
        whiskers = "".join(_whiskers(plot, layer, plot.colour(layer)))
        # Two whiskers a point: marks and names are to stand out of them.
        yield f'<g opacity="0.5">{whiskers}</g>' if plot.drawing.kind == "pareto" else whiskers
    if layer.joined and len(layer.x) > 1:
        yield _joined(plot, layer)
    if dotted(plot.drawing, layer):
        for at in _known(layer):
            yield _marker(plot, layer, f"{plot.along(layer.x[at])}%", plot.down(layer.y[at]))


def _joined(plot: _Plot, layer: Layer) -> str:
    """The line through all points; it breaks where a value is missing."""
    steps, pen = [], "M"
    for x, y in zip(layer.x, layer.y, strict=True):
        if math.isnan(x) or math.isnan(y):
            pen = "M"
            continue
        steps.append(f"{pen}{plot.along(x)} {plot.down(y)}")
        pen = "L"
    return _stretched(plot, _path("".join(steps), plot, layer))


def _path(steps: str, plot: _Plot, layer: Layer) -> str:
    dashes = STROKES[DASHES[layer.style % len(DASHES)]]
    pen = (
        f'stroke="{plot.colour(layer)}" stroke-width="2" stroke-dasharray="{dashes}" vector-effect="non-scaling-stroke"'
    )
    return f'<path d="{steps}" fill="none" stroke-linejoin="round" {pen}/>'


def _band(plot: _Plot, layer: Layer) -> Iterator[str]:
    """The interval of a line, as a quiet surface behind it."""
    known = [at for at in _known(layer) if not math.isnan(layer.low[at] + layer.high[at])]
    if len(known) < 2:
        return
    there = [f"{plot.along(layer.x[at])} {plot.down(layer.high[at])}" for at in known]
    back = [f"{plot.along(layer.x[at])} {plot.down(layer.low[at])}" for at in reversed(known)]
    yield _stretched(plot, f'<path d="M{"L".join(there + back)}Z" fill="{plot.colour(layer)}" fill-opacity="0.18"/>')


def _stretched(plot: _Plot, shape: str) -> str:
    """A shape whose x is in percent of the width, which no path may say."""
    return (
        f'<svg width="100%" height="{plot.height}" viewBox="0 0 100 {plot.height}" preserveAspectRatio="none" '
        f'overflow="visible">{shape}</svg>'
    )


def _whiskers(plot: _Plot, layer: Layer, colour: str) -> Iterator[str]:
    for at in _known(layer):
        x, y = layer.x[at], layer.y[at]
        if not math.isnan(layer.low[at] + layer.high[at]):
            ends = (layer.low[at], layer.high[at])
            yield _across(plot, ends, y, colour) if plot.drawing.sideways else _upright(plot, x, ends, colour)
        if layer.left and layer.right and not math.isnan(layer.left[at] + layer.right[at]):
            yield _across(plot, (layer.left[at], layer.right[at]), y, colour)


def _across(plot: _Plot, ends: tuple[float, float], y: float, colour: str) -> str:
    (one, two), level = map(plot.along, ends), plot.down(y)
    caps = "".join(f'<line x1="{end}%" x2="{end}%" y1="{level - CAP}" y2="{level + CAP}"/>' for end in (one, two))
    return f'<g stroke="{colour}" stroke-width="2"><line x1="{one}%" x2="{two}%" y1="{level}" y2="{level}"/>{caps}</g>'


def _upright(plot: _Plot, x: float, ends: tuple[float, float], colour: str) -> str:
    one, two = map(plot.down, ends)
    line = f"M0 {one}V{two}M{-CAP} {one}H{CAP}M{-CAP} {two}H{CAP}"
    return f'<svg x="{plot.along(x)}%" overflow="visible"><path d="{line}" stroke="{colour}" stroke-width="2"/></svg>'


def _marker(plot: _Plot, layer: Layer, x: str, y: float) -> str:
    shape = SHAPES[MARKERS[layer.style % len(MARKERS)]]
    return (
        f'<svg x="{x}" y="{y}" overflow="visible" fill="{plot.colour(layer)}" stroke="{plot.look.paper}">{shape}</svg>'
    )


def _known(layer: Layer) -> list[int]:
    return [at for at, (x, y) in enumerate(zip(layer.x, layer.y, strict=True)) if not math.isnan(x + y)]


def _absent(plot: _Plot) -> str:
    """Rows of an interval plot without a value say so, and a tip says the whole of it."""
    if plot.drawing.kind != "interval":
        return ""
    missing = [(layer, at) for layer in plot.drawing.layers for at, value in enumerate(layer.x) if math.isnan(value)]
    return "".join(
        f'<span class="absent" style="top:{plot.down(layer.y[at])}px">'
        f"{escape(shortened(layer.said[at], INSTEAD))}</span>"
        for layer, at in missing
    )


def _names(plot: _Plot) -> str:
    """The names beside points, on a ground of their own."""
    return "".join(
        f'<span class="name {"right" if name.side > 0 else "left"} {"above" if name.rise > 0 else "beneath"}" '
        f'style="left:{plot.along(name.x)}%;top:{plot.down(name.y)}px">{escape(shortened(name.text, MARK))}</span>'
        for name in written(plot.drawing)
    )


def _tips(plot: _Plot) -> str:
    """What a pointer finds: a place over each mark, or over the row of a mark that is missing."""
    return "".join(
        f'<i class="tip{_leaning(left, top)}" style="left:{left}%;top:{top}px{size}" '
        f'data-tip="{escape(layer.hover[at])}"></i>'
        for layer in plot.drawing.layers
        for at, left, top, size in _places(plot, layer)
    )


def _places(plot: _Plot, layer: Layer) -> Iterator[tuple[int, float, float, str]]:
    if plot.drawing.kind == "bars":
        for at in _known(layer):
            left, top, wide, high = _bar(plot, layer, at)
            yield at, left, top, f";width:{wide}%;height:{high}px;margin:0"
        return
    for at, (x, y) in enumerate(zip(layer.x, layer.y, strict=True)):
        if plot.drawing.kind == "interval" and math.isnan(x):
            x = middle(plot.drawing)
        if not math.isnan(x + y):
            yield at, plot.along(x), plot.down(y), ""


def _leaning(percent: float, pixels: float) -> str:
    """To which side a tip opens, so that it stays on the page."""
    side = " to-right" if percent < 34 else " to-left" if percent > 66 else ""
    return side + (" down" if pixels < 60 else "")
