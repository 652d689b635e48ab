"""A chart for paper: an SVG by matplotlib, text as outlines of the shipped fonts, the same bytes every time."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analysis.charts.design import PAPER_DASHES, PAPER_HATCHES, PAPER_MARKERS, Theme, theme
from analysis.charts.drawing import Axis, Drawing, Layer, resolve
from analysis.charts.labels import number, shortened, wrapped
from analysis.charts.layout import (
    INSTEAD,
    MARK,
    NAME,
    bar_width,
    below,
    dotted,
    heading_over_labels,
    heat_inks,
    legend_rows,
    middle,
    side_by_side,
    written,
)
from analysis.charts.scale import scale_of
from analysis.charts.typeface import FONTS, families, printable
from analysis.document import Chart
from words import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = tuple[float, ...]

WIDTH = 7.2
"""Inches; the text width of the report's page."""
LINE = 74
"""Columns of text that this width holds."""
BESIDE = 34
"""Columns of a label left of the plot; in a picture that would else be too high for a page, a whole line."""
TALLEST = 12.5
"""Inches of rows in one picture: set on a page, somewhat smaller, its words can be read."""
_LOCK = threading.Lock()
"""matplotlib's settings are one for the whole process."""
_SETTINGS: dict[str, Any] = {
    "font.size": 9.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "evenhand",
    "text.parse_math": False,
    "text.usetex": False,
    "axes.unicode_minus": False,
    "path.simplify": True,
}


def to_svg(chart: Chart, language: Language, dark: bool = False, rows: range | None = None) -> bytes:
    """The chart as SVG on a transparent ground, without title and n, which the text around it says.

    Equal charts give equal bytes. rows: these alone, on the scale of all.
    """
    drawing, look = _printed(resolve(chart, language)), theme(dark)
    return rendered(lambda: _drawn(drawing, look, rows), repr(drawing))


def sheets(chart: Chart, language: Language) -> list[range] | None:
    """The rows of each picture that a chart too high for a page is cut into; None for a chart that is not."""
    drawing = _printed(resolve(chart, language))
    rows = len(drawing.y.labels)
    count = math.ceil(rows * _pitch(drawing) / TALLEST)
    if count < 2:
        return None
    return [range(first, last) for first, last in pairwise(rows * at // count for at in range(count + 1))]


def _printed(drawing: Drawing) -> Drawing:
    """The drawing in characters that the shipped fonts have."""
    layers = tuple(
        replace(
            layer,
            name=printable(layer.name),
            said=tuple(map(printable, layer.said)),
            names=tuple(map(printable, layer.names)),
        )
        for layer in drawing.layers
    )
    return replace(
        drawing,
        x=_printed_axis(drawing.x),
        y=_printed_axis(drawing.y),
        layers=layers,
        cells=tuple(tuple(map(printable, row)) for row in drawing.cells),
    )


def _printed_axis(axis: Axis) -> Axis:
    return replace(axis, title=printable(axis.title), labels=tuple(map(printable, axis.labels)))


def rendered(draw: Callable[[], Figure], text: str) -> bytes:
    """SVG bytes of the figure that `draw` makes, under the project's own settings and fonts; `text`: what it writes."""
    import matplotlib

    with _LOCK, matplotlib.rc_context():
        matplotlib.rcdefaults()
        _register()
        matplotlib.rcParams.update(_SETTINGS | {"font.family": families(text)})
        target = io.BytesIO()
        draw().savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return target.getvalue()


def _register() -> None:
    """Make the shipped fonts known to matplotlib, once a process."""
    from matplotlib.font_manager import fontManager

    known = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(FONTS.glob("*.?tf")):
        if str(path) not in known:
            fontManager.addfont(path)


def _drawn(drawing: Drawing, look: Theme, rows: range | None = None) -> Figure:
    from matplotlib.figure import Figure

    rows = rows or range(len(drawing.y.labels))
    head = 0.24 * legend_rows(drawing) + 0.06
    height = head + _body(drawing, rows) + 0.75 + 0.2 * below(drawing.x.labels).depth
    figure = Figure(figsize=(WIDTH, height))
    figure.set_layout_engine("constrained", rect=(0.0, 0.0, 1.0, 1.0 - head / height), h_pad=0.03, w_pad=0.03)
    axes = figure.add_subplot()
    _dress(axes, drawing, look)
    {"heatmap": _heat, "bars": _bars}.get(drawing.kind, _marks)(axes, drawing, look)
    if rows:
        axes.set_ylim(rows.stop - 0.5, rows.start - 0.5)
    if drawing.named:
        _legend(figure, axes, drawing, look, 1.0 - 0.05 / height)
    return figure


def _body(drawing: Drawing, rows: range) -> float:
    """Inches of the plot itself."""
    return max(1.1, _pitch(drawing) * len(rows)) if drawing.y.kind == "label" else 2.7


def _pitch(drawing: Drawing) -> float:
    """Inches from one row of labels to the next."""
    return _row(drawing, LINE, 0.0) if _is_tall(drawing) else _row(drawing, BESIDE, 0.32)


def _is_tall(drawing: Drawing) -> bool:
    """Whether rows of the usual height are too high for a page."""
    return len(drawing.y.labels) * _row(drawing, BESIDE, 0.32) > TALLEST


def _row(drawing: Drawing, room: int, least: float) -> float:
    """Inches of a row whose label has `room` columns."""
    each = 0.2 * len(drawing.layers) if drawing.kind != "heatmap" and side_by_side(drawing) else 0.0
    longest = max((len(wrapped(label, room)) for label in drawing.y.labels), default=1)
    return max(each, least, 0.17 * longest + 0.1)


def _legend(figure: Figure, axes: Axes, drawing: Drawing, look: Theme, top: float) -> None:
    handles, names = axes.get_legend_handles_labels()
    rows = legend_rows(drawing)
    figure.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=(0.0, top + 0.01),
        ncols=math.ceil(len(names) / rows),
        frameon=False,
        labelcolor=look.ink,
        fontsize=9.5,
        borderpad=0.1,
        handlelength=2.6,
        columnspacing=1.6,
    )


def _dress(axes: Axes, drawing: Drawing, look: Theme) -> None:
    """Axes, grid, titles and the zero line."""
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=look.ink, labelsize=9.5)
    rest = BESIDE if _is_tall(drawing) else LINE
    axes.set_xlabel("\n".join(wrapped(drawing.x.title, rest)), color=look.muted, loc="left", size=9.5)
    if drawing.y.title:
        _heading(axes, drawing, look)
    _ticks(axes, drawing, look, across=True)
    _ticks(axes, drawing, look, across=False)
    if drawing.zero is not None and drawing.kind != "heatmap":
        line = axes.axvline if drawing.sideways else axes.axhline
        line(drawing.zero, color=look.zero, linewidth=1.3, zorder=1)


def _heading(axes: Axes, drawing: Drawing, look: Theme) -> None:
    """What stands upright, above it like a column's heading."""
    over = heading_over_labels(drawing)
    axes.annotate(
        "\n".join(wrapped(drawing.y.title, BESIDE if over else LINE, 2)),
        xy=(0, 1),
        xytext=(-4 if over else 0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right" if over else "left",
        va="bottom",
        color=look.muted,
        size=9.5,
    )


def _ticks(axes: Axes, drawing: Drawing, look: Theme, across: bool) -> None:
    axis, side = (drawing.x, axes.xaxis) if across else (drawing.y, axes.yaxis)
    if axis.kind == "label" and across:
        _labels_below(axes, axis.labels)
        return
    if axis.kind == "label":
        room = LINE if _is_tall(drawing) else BESIDE
        side.set_ticks(range(len(axis.labels)), ["\n".join(wrapped(label, room)) for label in axis.labels])
        return
    side.grid(visible=True, color=look.grid, linewidth=0.8)
    if axis.kind == "date":  # matplotlib names months in English
        scale = scale_of(drawing, across)
        side.set_ticks([at for at, _ in scale.ticks], ["\n".join(lines) for _, lines in scale.ticks])
        axes.set_xlim(scale.low, scale.high)
    else:
        side.set_major_formatter(lambda value, _: number(value))


def _labels_below(axes: Axes, labels: tuple[str, ...]) -> None:
    shown = below(labels)
    axes.set_xticks(shown.places, ["\n".join(lines) for lines in shown.lines])
    if shown.turned:
        axes.tick_params(axis="x", labelrotation=35)
        for text in axes.get_xticklabels():
            text.set(horizontalalignment="right", rotation_mode="anchor")
    axes.set_xlim(-0.5, max(len(labels), 1) - 0.5)


def _bars(axes: Axes, drawing: Drawing, look: Theme) -> None:
    for layer in drawing.layers:
        colour = look.colour(layer.style)
        hatch = PAPER_HATCHES[layer.style % len(PAPER_HATCHES)] if drawing.named else ""
        style: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": look.paper, "linewidth": 0.6}
        name = shortened(layer.name, NAME)
        if drawing.sideways:
            axes.barh(layer.y, layer.x, height=bar_width(drawing), label=name, **style)
        else:
            axes.bar(layer.x, layer.y, width=bar_width(drawing), label=name, **style)
        _whiskers(axes, drawing, layer, look.ink)


def _marks(axes: Axes, drawing: Drawing, look: Theme) -> None:
    from matplotlib.patheffects import withStroke

    for layer in drawing.layers:
        colour = look.colour(layer.style)
        line = drawing.kind == "line"
        if line and any(not math.isnan(value) for value in layer.low):
            axes.fill_between(layer.x, layer.low, layer.high, color=colour, alpha=0.18, linewidth=0)
        elif not line:
            _whiskers(axes, drawing, layer, colour)
        axes.plot(
            layer.x,
            layer.y,
            label=shortened(layer.name, NAME),
            color=colour,
            linestyle=PAPER_DASHES[layer.style % len(PAPER_DASHES)] if layer.joined and len(layer.x) > 1 else "none",
            linewidth=1.7,
            marker=PAPER_MARKERS[layer.style % len(PAPER_MARKERS)] if dotted(drawing, layer) else "none",
            markersize=5 if line and len(layer.x) > 1 else 7,
            markeredgecolor=look.paper,
            markeredgewidth=0.7,
            zorder=3,
        )
        if drawing.kind == "interval":
            _absent(axes, drawing, layer, look)
    for name in written(drawing):
        axes.annotate(
            shortened(name.text, MARK),
            (name.x, name.y),
            (4 * name.side, 4 * name.rise),
            textcoords="offset points",
            color=look.ink,
            size=9,
            ha="left" if name.side > 0 else "right",
            va="bottom" if name.rise > 0 else "top",
            path_effects=[withStroke(linewidth=2.5, foreground=look.paper)],
            zorder=4,
        )


def _whiskers(axes: Axes, drawing: Drawing, layer: Layer, colour: str) -> None:
    thick = 1.1 if drawing.kind == "bars" else 1.6
    values = layer.x if drawing.sideways else layer.y
    _error(axes, layer, (layer.low, values, layer.high), drawing.sideways, colour, thick)
    if layer.left and layer.right:
        _error(axes, layer, (layer.left, layer.x, layer.right), True, colour, thick)


def _error(axes: Axes, layer: Layer, range_: tuple[Floats, ...], along_x: bool, colour: str, thick: float) -> None:
    """Whiskers of one layer along one axis, where they are known. range_: low ends, values, high ends."""
    points = zip(layer.x, layer.y, *range_, strict=True)
    known = [point for point in points if not any(map(math.isnan, point))]
    if not known:
        return
    # A percentile interval of a distance near 0 can lie beside its value: then there is no whisker on that side.
    below = [max(0.0, value - low) for _, _, low, value, _ in known]
    above = [max(0.0, high - value) for *_, value, high in known]
    cap = 2.2 if thick < 1.5 else 3
    axes.errorbar(
        [point[0] for point in known],
        [point[1] for point in known],
        xerr=[below, above] if along_x else None,
        yerr=None if along_x else [below, above],
        fmt="none",
        ecolor=colour,
        elinewidth=thick,
        capsize=cap,
        capthick=thick,
        zorder=2,
    )


def _absent(axes: Axes, drawing: Drawing, layer: Layer, look: Theme) -> None:
    """Rows without a value say so where the value would stand."""
    for at, value in enumerate(layer.x):
        if math.isnan(value):
            text = shortened(layer.said[at], INSTEAD)
            axes.text(
                middle(drawing), layer.y[at], text, color=look.muted, size=9, ha="center", va="center", clip_on=True
            )


def _heat(axes: Axes, drawing: Drawing, look: Theme) -> None:
    from matplotlib.patches import Rectangle

    limit = max(8, LINE // max(len(drawing.x.labels), 1))
    for row, inks in enumerate(heat_inks(drawing, look)):
        for column, (shade, ink) in enumerate(inks):
            axes.add_patch(Rectangle((column - 0.49, row - 0.47), 0.98, 0.94, facecolor=shade, linewidth=0))
            text = "\n".join(wrapped(drawing.cells[row][column], limit, 2))
            axes.text(column, row, text, color=ink, size=9.5, ha="center", va="center", clip_on=True)
