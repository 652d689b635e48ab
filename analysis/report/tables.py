"""CSV: one file a table, one a chart, and findings.csv; typed cells, and no text that a spreadsheet would run."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Sequence

from analysis.charts import legible
from analysis.document import Cell, Chart, Column, Document, Series, Table
from analysis.finding import Finding
from words import Language, Phrase, phrase, say

FORMULA_STARTS = frozenset("=+-@\t\r\n\u2212|%")
"""What a spreadsheet may take for a formula or a command; compared after NFKC, which folds full-width twins."""
_SIGNED = r"[+\-\u2212]?[0-9][0-9,]*(?:\.[0-9]+)?%?"
_NUMBERS = re.compile(rf"[-\u2013]|{_SIGNED}(?: ?(?:to|\u81f3) ?{_SIGNED})?")
"""A figure, an interval in either language, or the dash for none: no formula, though it may start with a sign."""
MARK = "\ufeff"
"""Byte-order mark: without it spreadsheets read Chinese as another encoding."""
LONGEST_NAME = 80
FINDING_NUMBERS = [
    "value",
    "low",
    "high",
    "level",
    "n",
    "n_effective",
    "p_value",
    "p_adjusted",
    "margin",
    "smallest_detectable",
    "seed",
]


def csv_files(document: Document, language: Language) -> dict[str, bytes]:
    """File name -> bytes of every table of the document, findings.csv first."""
    files = {"findings.csv": findings_csv(document, language)}
    names = file_names(document)
    for section in document.sections:
        for table in (*section.tables, *map(chart_table, section.charts)):
            files[names[section.step, table.key]] = table_csv(table, language)
    return files


def table_csv(table: Table, language: Language) -> bytes:
    """One table; numbers as numbers (they read back exactly), text quoted and never a formula."""
    headings = [say(column.title, language) for column in table.columns]
    return _csv([headings, *table.rows], language)


def findings_csv(document: Document, language: Language) -> bytes:
    """Every finding with all that belongs to it, one row each."""
    words = ["step", "key", "label", "verdict", "unit", "n_unit", "groups", "reason", "method"]
    rows: list[list[Cell]] = [[*words, *FINDING_NUMBERS]]
    for section in document.sections:
        rows += [_finding_row(section.step, finding) for finding in section.findings]
    return _csv(rows, language)


def _finding_row(step: str, finding: Finding) -> list[Cell]:
    groups = "; ".join(f"{name}: {n}" for name, n in finding.groups.items())
    texts: list[Cell] = [step, finding.key, finding.label, finding.verdict.value, finding.unit, finding.n_unit, groups]
    return [*texts, finding.reason, finding.method, *(getattr(finding, name) for name in FINDING_NUMBERS)]


def _csv(rows: Sequence[Sequence[Cell]], language: Language) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_typed(cell, language) for cell in row])
    return (MARK + target.getvalue()).encode()


def _typed(cell: Cell, language: Language) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, (int, float)):
        return cell
    return guarded(say(cell, language) if isinstance(cell, Phrase) else cell)


def guarded(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe in front where it could be read as a formula.

    Figures that were written as text, as +0.084 and -0.1 to +0.2, stay what they are: they hold no name to call.
    """
    if _NUMBERS.fullmatch(text):
        return text
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in ("Cf", "Mn"))
    starts = {text[:1], seen[:1], seen.strip(" \u00a0\u3000\x0b\x0c")[:1], legible(seen)[:1]}
    return f"'{legible(text)}" if starts & FORMULA_STARTS else legible(text)


def chart_table(chart: Chart) -> Table:
    """The numbers behind a chart: what is drawn, as rows."""
    title = chart.title
    if chart.kind == "heatmap":
        return _heat_table(chart)
    several = len(chart.series) > 1
    ends = any(series.low for series in chart.series)
    texts = any(series.text for series in chart.series)
    sides = [("x", chart.x_title), ("y", chart.y_title)]
    shaped = [_column("series", phrase("report.label.series"))] if several else []
    shaped += [_column(*side) for side in (reversed(sides) if chart.kind == "interval" else sides)]
    shaped += [_column(end, phrase(f"report.label.{end}")) for end in ("low", "high") if ends]
    shaped += [_column("text", phrase("report.label.text"))] if texts else []
    rows = [tuple(row) for series in chart.series for row in _series_rows(chart, series, several, ends, texts)]
    return Table(key=f"chart-{chart.key}", title=title, columns=tuple(shaped), rows=tuple(rows))


def _series_rows(chart: Chart, series: Series, several: bool, ends: bool, texts: bool) -> list[list[Cell]]:
    rows = []
    for at, (x, y) in enumerate(zip(series.x, series.y, strict=True)):
        row: list[Cell] = [series.name] if several else []
        row += [y, x] if chart.kind == "interval" else [x, y]
        if ends:
            row += [series.low[at] if series.low else None, series.high[at] if series.high else None]
        if texts:
            row.append(series.text[at] if series.text else None)
        rows.append(row)
    return rows


def _heat_table(chart: Chart) -> Table:
    """A heat map is a table already: what its cells print."""
    across = list(dict.fromkeys(x for series in chart.series for x in series.x))
    rows: list[tuple[Cell, ...]] = []
    for series in chart.series:
        shown: dict[Cell, Cell] = dict(zip(series.x, series.text or series.y, strict=True))
        rows.append((series.name, *(shown.get(x) for x in across)))
    columns = [_column("row", chart.y_title), *(_column(f"c{at}", _heading(x)) for at, x in enumerate(across))]
    return Table(key=f"chart-{chart.key}", title=chart.title, columns=tuple(columns), rows=tuple(rows))


def _heading(cell: Cell) -> Phrase:
    return cell if isinstance(cell, Phrase) else phrase("report.verbatim", text="" if cell is None else str(cell))


def _column(key: str, title: Phrase) -> Column:
    return Column(key=key, title=title)


def file_names(document: Document) -> dict[tuple[str, str], str]:
    """(step, key of the table) -> its file name: Latin letters, digits and signs that every file system takes."""
    names: dict[tuple[str, str], str] = {}
    taken = {"findings.csv"}
    for section in document.sections:
        for key in (*(t.key for t in section.tables), *(f"chart-{c.key}" for c in section.charts)):
            name = _file_name(f"{section.step}-{key}")
            if name.lower() in taken:
                name = _file_name(f"{section.step}-{key}", distinct=True)
            taken.add(name.lower())
            names[section.step, key] = name
    return names


def _file_name(text: str, distinct: bool = False) -> str:
    safe = re.sub(r"[^A-Za-z0-9@_.-]+|\.{2,}", "-", text).strip("-.") or "table"
    if distinct or safe != text or len(safe) > LONGEST_NAME:
        safe = f"{safe[:LONGEST_NAME]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return f"{safe}.csv"
