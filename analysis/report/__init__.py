"""A Document as files that people and other programs read: audit.json, report.html, report.pdf, tables/*.csv."""

from analysis.report.compare import compare
from analysis.report.write import FORMATS, Format, write

__all__ = ["FORMATS", "Format", "compare", "write"]
