"""A line without axes, for what changes while one looks: as SVG it costs a browser nothing, which a chart does."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 400, 90, 4
"""Of the drawing, in its own units; EDGE is left free on every side, for the line's own width."""
MOST = 200
"""Points drawn; of more, every second, third ... and always the newest."""


def sparkline(values: Sequence[float], colour: str) -> str:
    """The line of `values` from left to right as SVG, stretched to whatever room it is given.

    values: at least two finite numbers; the highest lies on top, equal ones in the middle. colour: #rrggbb.
    """
    step = -(-len(values) // MOST)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _places(values[::-step][::-1]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"'
        ' vector-effect="non-scaling-stroke"/></svg>'
    )


def _places(values: Sequence[float]) -> list[tuple[float, float]]:
    low, high = min(values), max(values)
    along, up = (WIDTH - 2 * EDGE) / (len(values) - 1), HEIGHT - 2 * EDGE
    share = [(value - low) / (high - low) if high > low else 0.5 for value in values]
    return [(EDGE + at * along, EDGE + (1 - part) * up) for at, part in enumerate(share)]
