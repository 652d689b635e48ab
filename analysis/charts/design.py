"""How every chart looks: colours for light and dark, markers, dashes, the scales of heat maps.

Colours are told apart under the three common colour blindnesses and stand at 3:1 or more against the background
(tests measure both); they never carry a meaning alone: every series also has its own marker and dash.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb."""

    paper: str
    """What the transparent chart is laid on (the page's background); cut-outs take it."""
    ink: str
    muted: str
    grid: str
    zero: str
    empty: str
    """A heat map's cell without a value."""
    series: tuple[str, ...]
    sequential: tuple[str, ...]
    diverging: tuple[str, ...]

    def colour(self, style: int) -> str:
        """The colour of the series with this number."""
        return self.series[style % len(self.series)]


LIGHT = Theme(
    paper="#ffffff",
    ink="#1c2530",
    muted="#566270",
    grid="#e3e7ec",
    zero="#8a95a1",
    empty="#eceff2",
    series=("#1f5fa8", "#c8500a", "#12806a", "#7d3c98", "#8a6a00", "#59636e"),
    sequential=("#f1f5fa", "#c8dbef", "#8fb7de", "#4d8bc5", "#1f5fa8"),
    diverging=("#b9480a", "#f0b78f", "#f6f5f2", "#a9c8e8", "#1f5fa8"),
)
DARK = Theme(
    paper="#0e1117",
    ink="#eef1f5",
    muted="#a9b4c0",
    grid="#2b333d",
    zero="#77828f",
    empty="#262d36",
    series=("#6cb0f5", "#ff9a57", "#45c8a4", "#d3a0e6", "#e3c453", "#a9b4be"),
    sequential=("#1a2430", "#1f3e5e", "#286095", "#3f8bcb", "#8fc6f7"),
    diverging=("#ff9a57", "#84502c", "#262b32", "#2b5480", "#6cb0f5"),
)

MARKERS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "x")
"""plotly's names; `PAPER_MARKERS` are matplotlib's for the same shapes."""
PAPER_MARKERS = ("o", "s", "D", "^", "v", "X")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
PAPER_DASHES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-",
    (0, (5, 2.5)),
    (0, (1.2, 1.8)),
    (0, (5, 2, 1.2, 2)),
    (0, (9, 3)),
    (0, (9, 3, 1.2, 3)),
)
PAPER_HATCHES = ("", "///", "...", "xxx", "\\\\\\", "---")
SCREEN_FONT = (
    '"Source Sans", "Source Sans Pro", system-ui, "Noto Sans", "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", '
    '"Microsoft YaHei", sans-serif'
)


def theme(dark: bool) -> Theme:
    """The colours on a dark or a light page."""
    return DARK if dark else LIGHT


def between(stops: tuple[str, ...], share: float) -> str:
    """The colour at `share` (0 to 1) of an evenly spaced scale."""
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    left = min(int(place), len(stops) - 2)
    first, second = _channels(stops[left]), _channels(stops[left + 1])
    mixed = (round(a + (b - a) * (place - left)) for a, b in zip(first, second, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21, as WCAG 2.2 defines it."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on `colour` (at least 4.5:1 on any)."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, colour))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    shares = [channel / 255 for channel in _channels(colour)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
