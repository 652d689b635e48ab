"""A Chart of an audit, drawn: on the page as HTML, to zoom in by plotly, on paper by matplotlib, in one design.

`drawing.resolve` turns a Chart into words and positions, `design` says how everything looks, and `page`, `screen` and
`paper` only carry that out; so the page, the HTML report and the PDF show the same picture.
"""

from analysis.charts.causal_graph import graph_to_svg
from analysis.charts.labels import legible
from analysis.charts.page import to_html
from analysis.charts.paper import sheets, to_svg
from analysis.charts.screen import to_plotly, zoomable
from analysis.charts.typeface import printable

__all__ = ["graph_to_svg", "legible", "printable", "sheets", "to_html", "to_plotly", "to_svg", "zoomable"]
