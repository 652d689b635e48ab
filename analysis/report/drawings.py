"""The pictures of one report, each drawn once for the HTML and the PDF together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from analysis.charts import graph_to_svg, sheets, to_svg
from analysis.charts.design import DARK, LIGHT
from analysis.document import Chart, canonical
from analysis.report.appendix import GraphPicture
from words import Language

_DARK_OF = {
    **{getattr(LIGHT, name): getattr(DARK, name) for name in ("paper", "ink", "muted", "grid", "zero", "empty")},
    **dict(zip(LIGHT.series, DARK.series, strict=True)),
}
_COLOUR = re.compile(rb"#[0-9a-f]{6}")


@dataclass
class Drawings:
    """Remembers what it drew, by content; `language` is that of the words in the charts."""

    language: Language
    known: dict[tuple[bytes, bool], bytes] = field(default_factory=dict)

    def chart(self, chart: Chart, dark: bool = False) -> bytes:
        """The chart as SVG. Dark ones are the light ones in other colours, but for heat maps, whose scale differs."""
        place = (canonical(chart), dark)
        if place not in self.known:
            if dark and chart.kind != "heatmap":
                self.known[place] = darkened(self.chart(chart))
            else:
                self.known[place] = to_svg(chart, self.language, dark)
        return self.known[place]

    def on_paper(self, chart: Chart) -> list[bytes]:
        """The chart as SVG, in several pictures where it is too high for a page."""
        cut = sheets(chart, self.language)
        if cut is None:
            return [self.chart(chart)]
        return [to_svg(chart, self.language, rows=rows) for rows in cut]

    def graph(self, picture: GraphPicture, dark: bool = False) -> bytes:
        """The causal graph as SVG."""
        light = graph_to_svg(picture.places, picture.edges, picture.marks)
        return darkened(light) if dark else light


def darkened(svg: bytes) -> bytes:
    """The same picture in the colours of a dark page; colours that are not the design's stay."""
    return _COLOUR.sub(lambda found: _DARK_OF.get(found[0].decode(), found[0].decode()).encode(), svg)
