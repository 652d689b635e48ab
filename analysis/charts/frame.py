"""The frame of a chart to zoom into: axes, legend, margins; everything of the figure but its marks."""

from __future__ import annotations

from typing import Any

from analysis.charts.design import SCREEN_FONT, Theme
from analysis.charts.drawing import Axis, Drawing
from analysis.charts.labels import shortened, wrapped
from analysis.charts.layout import HALF, MARK, below, body, legend_rows, written

DATES = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%m-%d"},
    {"dtickrange": [86_400_000, "M1"], "value": "%m-%d\n%Y"},
    {"dtickrange": ["M1", None], "value": "%Y-%m"},
]
"""Dates in figures, which read alike in every language; plotly names months in English. For date axes alone: with any
such list an axis of numbers prints 0.30000000000000004."""
MOST = 5
"""Lines of the title below, which must not be cut; in the middle of the plot it has no more than the plot's width."""


def layout_of(drawing: Drawing, look: Theme) -> dict[str, Any]:
    """plotly's layout: title, n and alt are left to the page."""
    heading = wrapped(drawing.y.title, HALF - 6, 2) if drawing.y.title else ()
    over = 8 + 18 * len(heading)
    top = over + 24 * legend_rows(drawing, HALF)
    high = body(drawing)
    title = wrapped(drawing.x.title, HALF - 2, MOST)
    under = 70 + round(20 * below(drawing.x.labels).depth) + 18 * (len(title) - 1)
    return {
        "template": {},
        "font": {"family": SCREEN_FONT, "size": 13, "color": look.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"t": top, "l": 8, "r": 40 if drawing.kind == "pareto" else 16, "b": 48},
        "height": top + high + under,
        "hoverlabel": {"bgcolor": look.paper, "bordercolor": look.zero, "font": {"color": look.ink, "size": 13}},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1 + over / (high + 22),
            "yanchor": "bottom",
            "font": {"size": 13},
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "xaxis": _axis(drawing.x, look) | {"title": _title(title, look)},
        "yaxis": _axis(drawing.y, look),
        "shapes": _zero(drawing, look),
        "annotations": [*_heading(heading, look), *_names(drawing, look)],
        "dragmode": "zoom",
    }


def _axis(axis: Axis, look: Theme) -> dict[str, Any]:
    side: dict[str, Any] = {
        "automargin": True,
        "gridcolor": look.grid,
        "linecolor": look.grid,
        "tickfont": {"size": 13, "color": look.ink},
        "zeroline": False,
        "separatethousands": True,
        "exponentformat": "none",
        "showgrid": axis.kind != "label",
        "type": "date" if axis.kind == "date" else "linear",
        "tickformatstops": DATES if axis.kind == "date" else None,
    }
    if axis.kind != "label":
        return side
    labels = below(axis.labels)
    return side | {
        "tickvals": list(labels.places),
        "ticktext": ["<br>".join(lines) for lines in labels.lines],
        "tickangle": -35 if labels.turned else 0,
        "range": [-0.5, len(axis.labels) - 0.5],
        "ticks": "",
    }


def _title(title: tuple[str, ...], look: Theme) -> dict[str, Any]:
    return {"text": "<br>".join(title), "standoff": 10, "font": {"size": 13, "color": look.muted}}


def _heading(title: tuple[str, ...], look: Theme) -> list[dict[str, Any]]:
    """What stands upright, above it like a column's heading: a turned title would be cut, or fight with labels."""
    if not title:
        return []
    return [
        {
            "text": "<br>".join(title),
            "align": "left",
            "font": {"size": 13, "color": look.muted},
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": 1,
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
        }
    ]


def _names(drawing: Drawing, look: Theme) -> list[dict[str, Any]]:
    """The names beside points, over the whiskers of every series and on a ground of their own."""
    return [
        {
            "text": shortened(name.text, MARK),
            "x": name.x,
            "y": name.y,
            "xshift": 7 * name.side,
            "yshift": 4 * name.rise,
            "xanchor": "left" if name.side > 0 else "right",
            "yanchor": "bottom" if name.rise > 0 else "top",
            "showarrow": False,
            "font": {"size": 13, "weight": 600, "color": look.ink},
            "bgcolor": look.paper,
            "opacity": 0.85,
            "borderpad": 1,
        }
        for name in written(drawing)
    ]


def _zero(drawing: Drawing, look: Theme) -> list[dict[str, Any]]:
    if drawing.zero is None:
        return []
    return [
        {
            "type": "line",
            "x0": 0,
            "x1": 1,
            "xref": "paper",
            "y0": drawing.zero,
            "y1": drawing.zero,
            "yref": "y",
            "layer": "below",
            "line": {"color": look.zero, "width": 1.5},
        }
    ]
