"""A chart for the browser: a plotly figure that needs no more than plotly's cartesian traces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from analysis.charts.design import DASHES, MARKERS, Theme, theme
from analysis.charts.drawing import Axis, Drawing, Layer, resolve
from analysis.charts.frame import broken, layout_of
from analysis.charts.layout import NAME, bar_width, dotted, heat_ink, heat_limits, middle
from analysis.document import Chart
from words import Language

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Floats = tuple[float, ...]

MILLISECONDS = 86_400_000
"""Of a day; positions of dates are days, plotly counts milliseconds."""


def to_plotly(chart: Chart, language: Language, dark: bool = False, titled: bool = True) -> Figure:
    """The chart as a plotly figure on a transparent ground, to be shown with plotly's own theme switched off.

    A pointer shows what the step wrote for each point and nothing else. `figure.layout.meta["alt"]` says what is to
    be seen, for those who cannot see it. titled: False leaves title and n to the text around the picture.
    """
    from plotly.graph_objects import Figure

    drawing, look = resolve(chart, language), theme(dark)
    if drawing.kind == "heatmap":
        traces = _heat(drawing, look)
    else:
        traces = [trace for layer in drawing.layers for trace in _traces(drawing, layer, look)]
    return Figure(data=traces, layout=layout_of(drawing, look, titled))


def _traces(drawing: Drawing, layer: Layer, look: Theme) -> list[dict[str, Any]]:
    colour = look.series[layer.style % len(look.series)]
    base: dict[str, Any] = {
        "name": broken(layer.name, NAME, 1),
        "x": _along(drawing.x, layer.x),
        "y": _along(drawing.y, layer.y),
        "hovertext": list(layer.hover),
        "hoverinfo": "text",
        "showlegend": drawing.named,
    }
    if drawing.kind == "bars":
        return [base | _bar(drawing, layer, look, colour)]
    band = _band(drawing, layer, colour) if drawing.kind == "line" else []
    return [*band, base | _dots(drawing, layer, look, colour), *_absent(drawing, layer, look)]


def _bar(drawing: Drawing, layer: Layer, look: Theme, colour: str) -> dict[str, Any]:
    pattern = ("", "/", ".", "x", "\\", "-")[layer.style % 6] if drawing.named else ""
    return {
        "type": "bar",
        "orientation": "h" if drawing.sideways else "v",
        "width": [bar_width(drawing)] * len(layer.x),
        "marker": {"color": colour, "pattern": {"shape": pattern, "fgcolor": look.paper, "bgcolor": colour, "size": 6}},
        ("error_x" if drawing.sideways else "error_y"): _whiskers(drawing, layer, look.ink),
    }


def _dots(drawing: Drawing, layer: Layer, look: Theme, colour: str) -> dict[str, Any]:
    lines = layer.joined and len(layer.x) > 1
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "+".join(part for part, on in (("lines", lines), ("markers", dotted(drawing, layer))) if on),
        "cliponaxis": False,
        "line": {"color": colour, "width": 2, "dash": DASHES[layer.style % len(DASHES)]},
        "marker": {
            "color": colour,
            "symbol": MARKERS[layer.style % len(MARKERS)],
            "size": 7 if lines and drawing.kind == "line" else 10,
            "line": {"color": look.paper, "width": 1},
        },
    }
    if drawing.kind != "line":
        trace["error_x" if drawing.sideways else "error_y"] = _whiskers(drawing, layer, colour)
    if layer.left and layer.right:
        trace["error_x"] = _error(layer.left, layer.x, layer.right, colour)
    return trace


def _whiskers(drawing: Drawing, layer: Layer, colour: str) -> dict[str, Any]:
    return _error(layer.low, layer.x if drawing.sideways else layer.y, layer.high, colour)


def _error(lows: Floats, values: Floats, highs: Floats, colour: str) -> dict[str, Any]:
    above = [_number(high - value) for high, value in zip(highs, values, strict=True)]
    below = [_number(value - low) for low, value in zip(lows, values, strict=True)]
    seen = any(length is not None for length in [*above, *below])
    return {
        "type": "data",
        "visible": seen,
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "color": colour,
        "thickness": 2,
        "width": 5,
    }


def _band(drawing: Drawing, layer: Layer, colour: str) -> list[dict[str, Any]]:
    """The interval of a line, as a quiet surface behind it."""
    known = [at for at, pair in enumerate(zip(layer.low, layer.high, strict=True)) if not any(map(math.isnan, pair))]
    if len(known) < 2:
        return []
    x = _along(drawing.x, tuple(layer.x[at] for at in known))
    return [
        {
            "type": "scatter",
            "mode": "none",
            "x": [*x, *reversed(x)],
            "y": [*(layer.high[at] for at in known), *(layer.low[at] for at in reversed(known))],
            "fill": "toself",
            "fillcolor": _see_through(colour, 0.18),
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]


def _absent(drawing: Drawing, layer: Layer, look: Theme) -> list[dict[str, Any]]:
    """Rows of an interval plot without a value say so where the value would stand."""
    missing = [at for at, value in enumerate(layer.x) if math.isnan(value)]
    if drawing.kind != "interval" or not missing:
        return []
    return [
        {
            "type": "scatter",
            "mode": "text",
            "x": [middle(drawing)] * len(missing),
            "y": [layer.y[at] for at in missing],
            "text": [broken(layer.said[at], 60, 1) for at in missing],
            "textfont": {"color": look.muted, "size": 12},
            "hovertext": [layer.hover[at] for at in missing],
            "hoverinfo": "text",
            "showlegend": False,
        }
    ]


def _heat(drawing: Drawing, look: Theme) -> list[dict[str, Any]]:
    grid = [[_number(value) for value in layer.y] for layer in drawing.layers]
    low, high = heat_limits(drawing)
    stops = look.sequential if drawing.zero is None else look.diverging
    shades = {
        "type": "heatmap",
        "z": grid,
        "zmin": low,
        "zmax": high,
        "colorscale": [[at / (len(stops) - 1), stop] for at, stop in enumerate(stops)],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertext": [list(layer.hover) for layer in drawing.layers],
        "hoverinfo": "text",
    }
    empty = shades | {
        "z": [[0 if value is None else None for value in row] for row in grid],
        "colorscale": [[0, look.empty], [1, look.empty]],
        "zmin": 0,
        "zmax": 1,
    }
    places = [(column, row) for row in range(len(grid)) for column in range(len(drawing.x.labels))]
    texts = {
        "type": "scatter",
        "mode": "text",
        "x": [column for column, _ in places],
        "y": [row for _, row in places],
        "text": [broken(drawing.cells[row][column], 16, 2) for column, row in places],
        "textfont": {
            "size": [11 if grid[row][column] is None else 13 for column, row in places],
            "color": [heat_ink(drawing, look, row, column)[1] for column, row in places],
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }
    missing = any(value is None for row in grid for value in row)
    known = any(value is not None for row in grid for value in row)
    return [*([empty] if missing else []), *([shades] if known else []), texts]


def _along(axis: Axis, places: tuple[float, ...]) -> list[float | None]:
    scale = MILLISECONDS if axis.kind == "date" else 1
    return [_number(place * scale) for place in places]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _see_through(colour: str, share: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
