"""A training's course while it runs: a line in plain SVG, because a chart redrawn twice a second slows the training."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, EDGE = 400, 90, 4
"""Of the drawing, in its own units; EDGE is left free on every side, for the line's own width."""
MOST = 200
"""Points drawn; of more, every second, third ... and always the newest."""


def curve(name: str, values: Sequence[float], alt: str) -> str:
    """The line of `values`, oldest first, with the newest in figures and the range beside it; HTML.

    values: at least two finite numbers. alt: what is to be seen, for those who cannot see it.
    """
    low, high = min(values), max(values)
    step = -(-len(values) // MOST)
    shown = list(values[::-step][::-1])
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _places(shown, low, high))
    return (
        f'<figure class="curve"><figcaption><b>{escape(name)} {values[-1]:.4g}</b>'
        f"<span>{low:.4g} – {high:.4g}</span></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{escape(alt)}">'
        f'<polyline points="{points}" fill="none" vector-effect="non-scaling-stroke"/></svg></figure>'
    )


def _places(values: Sequence[float], low: float, high: float) -> list[tuple[float, float]]:
    """Where the values lie: from left to right, the highest on top; all in the middle where they are equal."""
    along, up = (WIDTH - 2 * EDGE) / (len(values) - 1), HEIGHT - 2 * EDGE
    share = [(value - low) / (high - low) if high > low else 0.5 for value in values]
    return [(EDGE + at * along, EDGE + (1 - part) * up) for at, part in enumerate(share)]
