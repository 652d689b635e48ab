"""A chart to zoom into: a plotly figure that needs no more than plotly's scatter trace."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NewType, TypeGuard

from analysis.charts.design import DASHES, MARKERS, Theme, theme
from analysis.charts.drawing import Axis, Drawing, Layer, resolve
from analysis.charts.frame import layout_of
from analysis.charts.labels import shortened
from analysis.charts.layout import NAME, dotted
from analysis.document import Chart
from words import Language

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Floats = tuple[float, ...]
Zoomable = NewType("Zoomable", Chart)
"""A line, scatter or pareto chart: `zoomable` alone makes one."""

MILLISECONDS = 86_400_000
"""Of a day; positions of dates are days, plotly counts milliseconds."""


def zoomable(chart: Chart) -> TypeGuard[Zoomable]:
    """Whether both axes count, or time does: marks lie too close to each other there, and between labels never."""
    return chart.kind in ("line", "scatter", "pareto")


def to_plotly(chart: Zoomable, language: Language, dark: bool = False) -> Figure:
    """The chart as a plotly figure on a transparent ground, to be shown with plotly's own theme switched off.

    Title and n are left to the text around it. A pointer shows what the step wrote for each point and nothing else.
    """
    from plotly.graph_objects import Figure

    drawing, look = resolve(chart, language), theme(dark)
    traces = [trace for layer in drawing.layers for trace in _traces(drawing, layer, look)]
    return Figure(data=traces, layout=layout_of(drawing, look))


def _traces(drawing: Drawing, layer: Layer, look: Theme) -> list[dict[str, Any]]:
    colour = look.colour(layer.style)
    marks = _marks(drawing, layer, look, colour)
    if drawing.kind == "line":
        return [*_band(drawing, layer, colour), marks]
    marks["error_y"] = _error(layer.low, layer.y, layer.high, colour)
    if layer.left and layer.right:
        marks["error_x"] = _error(layer.left, layer.x, layer.right, colour)
    return [marks]


def _marks(drawing: Drawing, layer: Layer, look: Theme, colour: str) -> dict[str, Any]:
    lines = layer.joined and len(layer.x) > 1
    return {
        "type": "scatter",
        "mode": "+".join(part for part, on in (("lines", lines), ("markers", dotted(drawing, layer))) if on),
        "name": shortened(layer.name, NAME),
        "x": _along(drawing.x, layer.x),
        "y": _along(drawing.y, layer.y),
        "hovertext": list(layer.hover),
        "hoverinfo": "text",
        "showlegend": drawing.named,
        "cliponaxis": False,
        "line": {"color": colour, "width": 2, "dash": DASHES[layer.style % len(DASHES)]},
        "marker": {
            "color": colour,
            "symbol": MARKERS[layer.style % len(MARKERS)],
            "size": 7 if lines and drawing.kind == "line" else 10,
            "line": {"color": look.paper, "width": 1},
        },
    }


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


def _along(axis: Axis, places: Floats) -> list[float | None]:
    scale = MILLISECONDS if axis.kind == "date" else 1
    return [_number(place * scale) for place in places]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _see_through(colour: str, share: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
