"""A chart for the browser: a plotly figure that needs no more than plotly's cartesian traces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from analysis.charts.design import DASHES, MARKERS, SCREEN_FONT, Theme, theme
from analysis.charts.drawing import Axis, Drawing, Layer, resolve, share_of_row
from analysis.charts.labels import wrapped
from analysis.charts.layout import LINE, NAME, heat_ink, heat_limits, legend_rows, middle, side_by_side, thinned
from analysis.document import Chart
from words import Language

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MILLISECONDS = 86_400_000
"""Of a day; positions of dates are days, plotly counts milliseconds."""


def to_plotly(chart: Chart, language: Language, dark: bool = False) -> Figure:
    """The chart as a plotly figure on a transparent ground, to be shown with plotly's own theme switched off.

    A pointer shows what the step wrote for each point and nothing else. `figure.layout.meta["alt"]` says what is to
    be seen, for those who cannot see it.
    """
    from plotly.graph_objects import Figure

    drawing, look = resolve(chart, language), theme(dark)
    if drawing.kind == "heatmap":
        traces = _heat(drawing, look)
    else:
        traces = [trace for layer in drawing.layers for trace in _traces(drawing, layer, look)]
    return Figure(data=traces, layout=_layout(drawing, look))


def _traces(drawing: Drawing, layer: Layer, look: Theme) -> list[dict[str, Any]]:
    colour = look.series[layer.style % len(look.series)]
    base: dict[str, Any] = {
        "name": _broken(layer.name, NAME, 1),
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
    shared = share_of_row(len(drawing.layers)) if side_by_side(drawing) else 0.66
    pattern = ("", "/", ".", "x", "\\", "-")[layer.style % 6] if drawing.named else ""
    return {
        "type": "bar",
        "orientation": "h" if drawing.sideways else "v",
        "width": [shared * 0.92] * len(layer.x),
        "marker": {"color": colour, "pattern": {"shape": pattern, "fgcolor": look.paper, "bgcolor": colour, "size": 6}},
        ("error_x" if drawing.sideways else "error_y"): _whiskers(drawing, layer, look.ink),
    }


def _dots(drawing: Drawing, layer: Layer, look: Theme, colour: str) -> dict[str, Any]:
    lines = layer.joined and len(layer.x) > 1
    dots = drawing.kind != "line" or len(layer.x) <= 40
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "+".join(part for part, on in (("lines", lines), ("markers", dots)) if on),
        "line": {"color": colour, "width": 2, "dash": DASHES[layer.style % len(DASHES)]},
        "marker": {
            "color": colour,
            "symbol": MARKERS[layer.style % len(MARKERS)],
            "size": 7 if drawing.kind == "line" else 10,
            "line": {"color": look.paper, "width": 1},
        },
    }
    if drawing.kind != "line":
        trace["error_x" if drawing.sideways else "error_y"] = _whiskers(drawing, layer, colour)
    return trace


def _whiskers(drawing: Drawing, layer: Layer, colour: str) -> dict[str, Any]:
    values = layer.x if drawing.sideways else layer.y
    above = [_number(high - value) for high, value in zip(layer.high, values, strict=True)]
    below = [_number(value - low) for low, value in zip(layer.low, values, strict=True)]
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
            "text": [_broken(layer.said[at], 60, 1) for at in missing],
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
        "text": [_broken(drawing.cells[row][column], 16, 2) for column, row in places],
        "textfont": {
            "size": 13,
            "color": [heat_ink(drawing, look, row, column)[1] for column, row in places],
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }
    missing = any(value is None for row in grid for value in row)
    known = any(value is not None for row in grid for value in row)
    return [*([empty] if missing else []), *([shades] if known else []), texts]


def _layout(drawing: Drawing, look: Theme) -> dict[str, Any]:
    title = wrapped(drawing.title, 80, 3)
    subtitle = [f'<span style="font-size:13px;color:{look.muted};font-weight:400">{drawing.subtitle}</span>'][
        : bool(drawing.subtitle)
    ]
    keys = legend_rows(drawing)
    heading = 22 if keys or drawing.y.kind == "label" else 4
    top = 18 + 22 * len(title) + (20 if drawing.subtitle else 0) + max(24 * keys, heading)
    rows = len(drawing.y.labels) if drawing.y.kind == "label" else 0
    per_row = max(34, 22 * len(drawing.layers)) if drawing.kind != "heatmap" and side_by_side(drawing) else 40
    body = max(150, per_row * rows) if rows else 300
    return {
        "template": {},
        "meta": {"alt": drawing.alt},
        "title": {
            "text": "<br>".join([*title, *subtitle]),
            "font": {"size": 17, "color": look.ink, "weight": 600},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 22, "l": 4},
        },
        "font": {"family": SCREEN_FONT, "size": 13, "color": look.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"t": top, "l": 8, "r": 16, "b": 48},
        "height": top + body + 70,
        "barmode": "overlay",
        "hoverlabel": {"bgcolor": look.paper, "bordercolor": look.zero, "font": {"color": look.ink, "size": 13}},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "font": {"size": 13},
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "xaxis": _axis(drawing, drawing.x, look, across=True),
        "yaxis": _axis(drawing, drawing.y, look, across=False),
        "shapes": _zero(drawing, look),
        "annotations": _heading(drawing, look),
        "dragmode": False,
    }


def _axis(drawing: Drawing, axis: Axis, look: Theme, across: bool) -> dict[str, Any]:
    title = _broken(axis.title, 80) if across else _broken(axis.title, 40) if axis.kind != "label" else ""
    side: dict[str, Any] = {
        "title": {"text": title, "standoff": 10, "font": {"size": 13, "color": look.muted}},
        "automargin": True,
        "gridcolor": look.grid,
        "linecolor": look.grid,
        "tickfont": {"size": 13, "color": look.ink},
        "zeroline": False,
        "fixedrange": True,
        "separatethousands": True,
        "exponentformat": "none",
        "showgrid": axis.kind != "label",
        "type": "date" if axis.kind == "date" else "linear",
    }
    if axis.kind != "label":
        return side
    limit = 30 if not across else max(8, LINE // max(len(axis.labels), 1) - 2)
    shown = axis.labels if not across else thinned(axis.labels)
    side |= {
        "tickvals": [at for at, label in enumerate(shown) if label is not None],
        "ticktext": [_broken(label, limit) for label in shown if label is not None],
        "range": [-0.5, len(axis.labels) - 0.5],
        "ticks": "",
    }
    if across:
        side["tickangle"] = 0
        side["side"] = "top" if drawing.kind == "heatmap" and len(drawing.y.labels) > 12 else "bottom"
    else:
        side["range"] = side["range"][::-1]
    return side


def _heading(drawing: Drawing, look: Theme) -> list[dict[str, Any]]:
    """What the rows are, above them like a column's heading: a turned title would fight with long labels."""
    if drawing.y.kind != "label":
        return []
    return [
        {
            "text": _broken(drawing.y.title, 30, 1),
            "font": {"size": 13, "color": look.muted},
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": 1,
            "xanchor": "right",
            "yanchor": "bottom",
            "xshift": -6,
            "showarrow": False,
        }
    ]


def _zero(drawing: Drawing, look: Theme) -> list[dict[str, Any]]:
    if drawing.zero is None or drawing.kind == "heatmap":
        return []
    at, along = ("x", "y") if drawing.sideways else ("y", "x")
    return [
        {
            "type": "line",
            f"{at}0": drawing.zero,
            f"{at}1": drawing.zero,
            f"{at}ref": at,
            f"{along}0": 0,
            f"{along}1": 1,
            f"{along}ref": "paper",
            "layer": "below",
            "line": {"color": look.zero, "width": 1.5},
        }
    ]


def _broken(text: str, limit: int, lines: int = 3) -> str:
    """Lines joined by plotly's own break; the text itself holds no tag any more."""
    return "<br>".join(wrapped(text, limit, lines))


def _along(axis: Axis, places: tuple[float, ...]) -> list[float | None]:
    scale = MILLISECONDS if axis.kind == "date" else 1
    return [_number(place * scale) for place in places]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _see_through(colour: str, share: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
