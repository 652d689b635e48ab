"""The report as an accessible PDF (PDF/UA-1, tagged), set by typst from JSON; no text is ever pasted into a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from analysis.charts import printable
from analysis.charts.typeface import FAMILIES, FONTS
from analysis.document import Document
from analysis.report.content import Content, content
from analysis.report.drawings import Drawings
from words import Language

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
STANDARD: Final = "ua-1"
"""typst refuses to write a PDF/UA-1 file with a picture without alt text or a skipped level of headings."""


def pdf(document: Document, language: Language, drawings: Drawings | None = None) -> bytes:
    """The whole report; equal documents give equal bytes on every machine (own fonts, no date).

    drawings: pictures that the HTML shares.
    """
    import typst

    said = content(document, language)
    whole: bytes = typst.compile(
        TEMPLATE.read_bytes(),
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"report": json.dumps(_inputs(said, drawings or Drawings(language)), ensure_ascii=False)},
        pdf_standards=[STANDARD],
        timestamp=0,
    )
    return whole


def _inputs(said: Content, drawings: Drawings) -> dict[str, Any]:
    """What the template reads: the report's words in characters that the fonts have, and its pictures as SVG."""
    whole: dict[str, Any] = _printable(said.plain())
    pictures = [
        [[svg.decode() for svg in drawings.on_paper(picture.chart)] for picture in part.pictures] for part in said.parts
    ]
    graph = said.appendix.graph
    drawn = drawings.graph(graph).decode() if graph else ""
    return whole | {"fonts": FAMILIES, "pictures": pictures, "graph_picture": drawn}


def _printable(node: Any) -> Any:
    if isinstance(node, str):
        return printable(node)
    if isinstance(node, dict):
        return {name: _printable(entry) for name, entry in node.items()}
    if isinstance(node, (list, tuple)):
        return [_printable(entry) for entry in node]
    return node
