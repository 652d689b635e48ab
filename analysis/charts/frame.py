"""The frame of a chart in the browser: title, axes, legend, margins; everything of the figure but its marks."""

from __future__ import annotations

from typing import Any

from analysis.charts.design import SCREEN_FONT, Theme
from analysis.charts.drawing import Axis, Drawing
from analysis.charts.labels import wrapped
from analysis.charts.layout import (
    HALF,
    below,
    beside,
    body,
    depth,
    heading_over_labels,
    labels_on_top,
    legend_rows,
    thinned,
    turned,
    written,
)

DATES = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%m-%d"},
    {"dtickrange": [86_400_000, "M1"], "value": "%m-%d\n%Y"},
    {"dtickrange": ["M1", None], "value": "%Y-%m"},
]
"""Dates in figures, which read alike in every language; plotly names months in English. For date axes alone: with any
such list an axis of numbers prints 0.30000000000000004."""
MOST = 5
"""Lines of the title below; beside long labels it has little width, and must not be cut."""


def layout_of(drawing: Drawing, look: Theme, titled: bool) -> dict[str, Any]:
    title, head = _title(drawing, look) if titled else ({"text": ""}, 0)
    heading = _heading(drawing, look)
    over = 8 + sum(18 * (1 + one["text"].count("<br>")) for one in heading)
    top = head + over + 24 * legend_rows(drawing, HALF - beside(drawing))
    high = body(drawing)
    under = 70 + round(20 * depth(drawing.x.labels)) + 18 * (len(wrapped(drawing.x.title, _width(drawing), MOST)) - 1)
    return {
        "template": {},
        "meta": {"alt": drawing.alt},
        "title": title,
        "font": {"family": SCREEN_FONT, "size": 13, "color": look.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"t": top, "l": 8, "r": 40 if drawing.kind == "pareto" else 16, "b": 48},
        "height": top + high + under,
        "barmode": "overlay",
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
        "xaxis": _axis(drawing, drawing.x, look, across=True),
        "yaxis": _axis(drawing, drawing.y, look, across=False),
        "shapes": _zero(drawing, look),
        "annotations": [*heading, *_names(drawing, look)],
        "dragmode": False,
    }


def _title(drawing: Drawing, look: Theme) -> tuple[dict[str, Any], int]:
    """Title and n, flush left above the chart, and the pixels that they take."""
    lines = list(wrapped(drawing.title, 80, 3))
    small = f"font-size:13px;color:{look.muted};font-weight:400"
    under = [f'<span style="{small}">{drawing.subtitle}</span>'] if drawing.subtitle else []
    title = {
        "text": "<br>".join([*lines, *under]),
        "font": {"size": 17, "color": look.ink, "weight": 600},
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"t": 22, "l": 4},
    }
    return title, 18 + 22 * len(lines) + 20 * len(under)


def _width(drawing: Drawing) -> int:
    """Columns of the title below, which stands in the middle of the plot and so has no more than its width."""
    return HALF - 2 - beside(drawing)


def _axis(drawing: Drawing, axis: Axis, look: Theme, across: bool) -> dict[str, Any]:
    title = broken(axis.title, _width(drawing), MOST) if across else ""
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
        "tickformatstops": DATES if axis.kind == "date" else None,
    }
    if axis.kind != "label":
        return side
    shown = axis.labels if not across else thinned(axis.labels)
    kept = tuple(label for label in shown if label is not None)
    side |= {
        "tickvals": [at for at, label in enumerate(shown) if label is not None],
        "ticktext": ["<br>".join(rows) for rows in below(kept)] if across else [broken(label, 30) for label in kept],
        "range": [-0.5, len(axis.labels) - 0.5],
        "ticks": "",
    }
    if across:
        side["tickangle"] = -35 if turned(kept) else 0
        side["side"] = "top" if labels_on_top(drawing) else "bottom"
    else:
        side["range"] = side["range"][::-1]
    return side


def _heading(drawing: Drawing, look: Theme) -> list[dict[str, Any]]:
    """What stands upright, above it like a column's heading: a turned title would be cut, or fight with labels."""
    if not drawing.y.title:
        return []
    over = heading_over_labels(drawing)
    return [
        {
            "text": broken(drawing.y.title, 30 if over else HALF - 6, 2),
            "align": "left",
            "font": {"size": 13, "color": look.muted},
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": 1,
            "xanchor": "right" if over else "left",
            "yanchor": "bottom",
            "xshift": -6 if over else 0,
            "showarrow": False,
        }
    ]


def _names(drawing: Drawing, look: Theme) -> list[dict[str, Any]]:
    """The names beside points, over the whiskers of every series and on a ground of their own."""
    return [
        {
            "text": broken(name.text, 24, 1),
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


def broken(text: str, limit: int, lines: int = 3) -> str:
    """Lines joined by plotly's own break; the text itself holds no tag any more."""
    return "<br>".join(wrapped(text, limit, lines))
