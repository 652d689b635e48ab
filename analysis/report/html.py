"""The report as one HTML file that asks the network for nothing and runs nothing.

Charts are the SVG of `analysis.charts`, once for a light and once for a dark page, not plotly: its Python package
carries only the full bundle (4.8 MB of script in every report), which would also need a policy that allows scripts.
Pictures print, weigh some 40 KB, have their alt text, and the numbers stand in a table right below each.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from analysis.document import Chart, Document
from analysis.report.appendix import GraphPicture
from analysis.report.content import content
from analysis.report.drawings import Drawings
from words import Language

TEMPLATES = Path(__file__).parent / "templates"
_TRUST = "base-uri 'none'; form-action 'none'"


def html(document: Document, language: Language, drawings: Drawings | None = None) -> bytes:
    """The whole report, UTF-8; equal documents give equal bytes. `drawings`: pictures that the PDF shares."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")

    pictures = drawings or Drawings(language)

    def drawn(chart: Chart, dark: bool) -> str:
        return _source(pictures.chart(chart, dark))

    def graph(picture: GraphPicture, dark: bool) -> str:
        return _source(pictures.graph(picture, dark))

    page = environment.get_template("report.html").render(
        it=content(document, language), style=style, policy=policy(style), drawn=drawn, graph=graph
    )
    return page.encode()


def policy(style: str) -> str:
    """The page's content security policy: this style sheet, pictures inside the file, nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; {_TRUST}"


def _source(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
