"""A causal graph for paper: boxes and arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.charts.design import Theme, theme
from analysis.charts.labels import plain, wrapped
from analysis.charts.paper import WIDTH, rendered
from analysis.charts.typeface import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def graph_to_svg(
    places: Mapping[str, tuple[float, float]],
    edges: Sequence[tuple[str, str]],
    marks: Mapping[str, str],
    dark: bool = False,
) -> bytes:
    """A causal graph as SVG: names in boxes at `places` (any units, y upwards), arrows from cause to effect.

    marks: node -> `treatment` | `outcome` | `latent`; told apart by colour and by the border's dash.
    """
    look = theme(dark)
    return rendered(lambda: _graph(dict(places), edges, marks, look), "".join(places))


def _graph(
    places: dict[str, tuple[float, float]], edges: Sequence[tuple[str, str]], marks: Mapping[str, str], look: Theme
) -> Figure:
    from matplotlib.figure import Figure

    across = [x for x, _ in places.values()]
    up = [y for _, y in places.values()]
    wide, high = max(across) - min(across) or 1.0, max(up) - min(up) or 1.0
    # As flat as the places are: nodes a little apart in height are no rows of their own.
    tall = min(1.0 + 0.75 * len(set(up)), max(2.4, 0.9 + WIDTH * high / wide))
    figure = Figure(figsize=(WIDTH, tall))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(min(across) - 0.14 * wide, max(across) + 0.14 * wide)
    axes.set_ylim(min(up) - 0.2 * high, max(up) + 0.2 * high)
    boxes = {name: _box(axes, name, place, marks.get(name, ""), look) for name, place in places.items()}
    for cause, effect in edges:
        axes.annotate(
            "",
            xy=places[effect],
            xytext=places[cause],
            arrowprops={
                "arrowstyle": "-|>,head_width=0.28,head_length=0.55",
                "mutation_scale": 13,
                "color": look.muted,
                "linewidth": 1.2,
                "patchA": boxes[cause],
                "patchB": boxes[effect],
                "shrinkA": 1,
                "shrinkB": 2,
            },
            zorder=1,
        )
    return figure


def _box(axes: Axes, name: str, place: tuple[float, float], mark: str, look: Theme) -> Any:
    colour = {"treatment": look.series[0], "outcome": look.series[1]}.get(mark, look.muted)
    text = axes.text(
        *place,
        "\n".join(wrapped(printable(plain(name)), 18, 2)),
        color=look.ink,
        size=9.5,
        ha="center",
        va="center",
        zorder=3,
        bbox={
            "boxstyle": "round,pad=0.45",
            "facecolor": look.paper,
            "edgecolor": colour,
            "linewidth": 2.2 if mark in ("treatment", "outcome") else 1.0,
            "linestyle": "--" if mark == "latent" else "-",
        },
    )
    return text.get_bbox_patch()
