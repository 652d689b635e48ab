"""The audit document: the one source of pages, reports, comparison and re-run.

A step of an audit gives one `Section`; the `Document` is settings, data digest and sections. Charts and
tables are data here (what is drawn), and `analysis.charts` and `analysis.report` are the only places that
know how.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from analysis.finding import JSON, Finding
from words import Phrase, phrase

FORMAT = 1
"""Version of audit.json; a reader refuses what is newer."""

Template = Literal["general", "dsa", "ll144", "four_fifths"]
"""What a report is laid out along: see analysis.report.purpose."""

Cell = bool | int | float | str | None | Phrase
ChartKind = Literal["interval", "heatmap", "line", "bars", "scatter", "pareto"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Series(_Frozen):
    """One line, one set of points or bars, or one row of a heat map; all lists of one length."""

    name: str | Phrase
    x: tuple[Cell, ...]
    y: tuple[Cell, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    left: tuple[float | None, ...] = ()
    right: tuple[float | None, ...] = ()
    """Pareto charts: the interval along x; `low` and `high` are that along y."""
    text: tuple[str | Phrase, ...] = ()
    """What a pointer over (or a cell) shows; heat maps print it in the cell."""


class Chart(_Frozen):
    """What is drawn, not how.

    interval: y are labels, x values, low/high the whiskers (one row a label). heatmap: one Series a row,
    x the columns, y the numbers. line, bars, scatter: as they say. `pareto` is scatter with both
    intervals drawn and named in the text, and the front joined.
    """

    key: str
    kind: ChartKind
    title: Phrase
    x_title: Phrase
    y_title: Phrase
    """Axis titles name the unit."""
    n: int
    n_unit: str = "users"
    series: tuple[Series, ...]
    alt: Phrase
    """What it shows, for one who cannot see it."""
    zero_line: float | None = None
    """Where no-difference is drawn (interval charts of gaps: 0)."""
    order: tuple[Cell, ...] = ()
    """Interval charts: the rows from top to bottom, where several series share an order that none has alone."""

    @property
    def counted(self) -> Phrase | None:
        """How many people or rows stand behind it; None where that is nobody's number."""
        return phrase("charts.n", n=self.n, unit=phrase(f"units.{self.n_unit}")) if self.n else None


class Column(_Frozen):
    key: str
    title: Phrase
    unit: str = "text"
    """``text`` or a unit of analysis.finding.amount: how its numbers are written."""


class Table(_Frozen):
    """Rows a person can read without the picture."""

    key: str
    title: Phrase
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Section(_Frozen):
    """What one step of the audit found."""

    step: str
    summary: tuple[Phrase, ...]
    """Plain sentences, the answer first."""
    not_run: Phrase | None = None
    """Why the step could not run; there is then no answer, and the one finding is that nothing was computed."""
    findings: tuple[Finding, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[Phrase, ...] = ()
    """Methods, limits, warnings."""
    facts: dict[str, JSON] = {}
    """For later steps and other programs (the graph, the cleaning log, hyperparameters ...)."""


class Document(_Frozen):
    """audit.json: the same settings and data give the same bytes (no time, no machine, no path in it)."""

    format: int = FORMAT
    title: str
    language: Literal["en", "zh"] = "en"
    template: Template = "general"
    evenhand: str
    versions: dict[str, str]
    seed: int
    digest: str
    """SHA-256 of the data as uploaded."""
    settings: dict[str, JSON]
    sections: tuple[Section, ...]

    def section(self, step: str) -> Section | None:
        """The section of `step`, or None where that step has not run."""
        return next((section for section in self.sections if section.step == step), None)

    def findings(self) -> dict[str, Finding]:
        """Every finding by its key, in order."""
        return {finding.key: finding for section in self.sections for finding in section.findings}


def refused(sections: Iterable[Section]) -> dict[Phrase, list[str]]:
    """Reason -> the steps that could not run for it: those that build on a step give its reason as theirs."""
    found: dict[Phrase, list[str]] = {}
    for section in sections:
        if section.not_run is not None:
            found.setdefault(section.not_run, []).append(section.step)
    return found


def canonical(model: BaseModel) -> bytes:
    """A model as JSON bytes that are equal when the content is: sorted keys, 10 significant digits."""
    plain = _rounded(model.model_dump(mode="json"))
    return (json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def digest(*parts: bytes | str) -> str:
    """SHA-256 over the parts with their lengths, so that no two lists of parts collide."""
    total = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        total.update(len(raw).to_bytes(8, "big"))
        total.update(raw)
    return total.hexdigest()


def _rounded(node: Any) -> Any:
    if isinstance(node, float):
        if not math.isfinite(node):
            raise ValueError("a number that is not finite cannot enter an audit document")
        return float(f"{node:.10g}")
    if isinstance(node, dict):
        return {key: _rounded(entry) for key, entry in node.items()}
    if isinstance(node, list):
        return [_rounded(entry) for entry in node]
    return node
