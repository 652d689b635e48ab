"""What a report is for: a general audit, or one laid out along what a law asks. It frames findings, it judges nothing.

Each article says what it asks, which sentences of this audit speak to it, and what remains for the provider to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.charts import legible
from analysis.document import Cell, Column, Document, Section, Table
from analysis.fairness.decisions import FOUR_FIFTHS
from analysis.fairness.partition import group_label
from analysis.finding import Finding, verdict_word
from analysis.report.grids import Grid, table_grid
from words import Language, Phrase, phrase, say

ARTICLES = ("27", "34", "35", "38")
SPEAKS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "27": (("disparity", ("fairness.summary.flip",)),),
    "34": (
        ("disparity", ()),
        ("choices", ("choices.said.own", "choices.said.joint", "choices.said.joint_open")),
        ("leakage", ()),
        ("effects", ()),
    ),
    "35": (("mitigation", ()),),
    "38": (("recommender", ("fairness.summary.better", "fairness.summary.worse", "fairness.summary.no_better")),),
}
"""Article -> steps whose sentences speak to it: those of the keys named, or (none named) the first ones."""
MOST = 3
"""Sentences of one step."""


@dataclass(frozen=True)
class Asked:
    """One article: what it asks, what this audit says to it, what it cannot say."""

    title: str
    asks: str
    said: tuple[str, ...]
    remains: str


@dataclass(frozen=True)
class Purpose:
    """The frame of a report that follows a law; `labels` are the headings of its parts."""

    title: str
    intro: tuple[str, ...]
    articles: tuple[Asked, ...]
    tables: tuple[Grid, ...]
    notes: tuple[str, ...]
    labels: dict[str, str]


def purpose(document: Document, language: Language) -> Purpose | None:
    """The frame of `document`'s template; None for a general audit."""
    name = document.template
    if name == "general":
        return None
    articles = tuple(_asked(document, number, language) for number in ARTICLES) if name == "dsa" else ()
    tables = () if name == "dsa" else tuple(table_grid(table, language) for table in _ratios(document, name))
    notes = [phrase(f"purpose.{name}.note"), *_unfit(document, name, bool(tables))]
    return Purpose(
        title=say(f"purpose.{name}.title", language),
        intro=tuple(say(f"purpose.{name}.intro{at}", language) for at in (1, 2)),
        articles=articles,
        tables=tables,
        notes=tuple(say(note, language) for note in notes),
        labels={label: say(f"purpose.label.{label}", language) for label in ("asks", "said", "remains")},
    )


def _asked(document: Document, number: str, language: Language) -> Asked:
    found = [_spoken(document.section(step), keys) for step, keys in SPEAKS[number]]
    said = [legible(say(words, language)) for sentences in found for words in sentences]
    if number == "27":
        said.insert(0, _kind(document, language))
    return Asked(
        title=say(f"purpose.dsa.{number}.title", language),
        asks=say(f"purpose.dsa.{number}.asks", language),
        said=tuple(said) or (say("purpose.dsa.silent", language),),
        remains=say(f"purpose.dsa.{number}.remains", language),
    )


def _spoken(section: Section | None, keys: Sequence[str]) -> list[Phrase]:
    if section is None:
        return []
    return [words for words in section.summary if not keys or words.key in keys][:MOST]


def _kind(document: Document, language: Language) -> str:
    """The kind of recommender under audit, as the recommender step names it."""
    section = document.section("recommender")
    accuracy = [words for words in section.summary if "name" in words.facts] if section else []
    if not accuracy:
        return say("purpose.dsa.no_kind", language)
    name = accuracy[0].facts["name"]
    return legible(say(phrase("purpose.dsa.kind", name=name), language))


def _ratios(document: Document, name: str) -> list[Table]:
    """One table an attribute: each group's number, selection rate and ratio to the highest rate."""
    section = document.section("disparity")
    findings = {} if section is None else {finding.key: finding for finding in section.findings}
    attributes = dict.fromkeys(
        str(finding.label.facts["attribute"]) for key, finding in findings.items() if ".impact." in key
    )
    return [_ratio_table(name, attribute, findings) for attribute in attributes]


def _ratio_table(name: str, attribute: str, findings: dict[str, Finding]) -> Table:
    """Rows of one attribute, the highest rate first, hidden groups last and without numbers."""
    start = f"{attribute}.selection."
    levels = [(key.removeprefix(start), one) for key, one in findings.items() if key.startswith(start)]
    levels = [(group, one) for group, one in levels if one.label.key == "fairness.label.level"]
    columns = ["group", "n", "rate", "ratio", "interval", *(["flag"] if name == "four_fifths" else [])]
    units = {"n": "count", "rate": "share", "ratio": "ratio"}
    rows = [_ratio_row(group, level, findings.get(f"{attribute}.impact.{group}"), name) for group, level in levels]
    return Table(
        key=f"purpose.{attribute}",
        title=phrase("purpose.table", attribute=attribute.replace("*", " \u00d7 ")),
        columns=tuple(Column(key=c, title=phrase(f"purpose.column.{c}"), unit=units.get(c, "text")) for c in columns),
        rows=tuple(sorted(rows, key=lambda row: -row[2] if isinstance(row[2], float) else 1.0)),
    )


def _ratio_row(group: str, level: Finding, ratio: Finding | None, name: str) -> tuple[Cell, ...]:
    label = group_label(group)
    if level.value is None:
        word = verdict_word(level)
        return (label, word, word, word, None, *((None,) if name == "four_fifths" else ()))
    interval: Cell = None
    if ratio is not None and ratio.low is not None and ratio.high is not None:
        interval = phrase("fairness.cell.interval", low=f"{ratio.low:.2f}", high=f"{ratio.high:.2f}")
    row: tuple[Cell, ...] = (label, level.n, level.value, None if ratio is None else ratio.value, interval)
    if name != "four_fifths":
        return row
    return (*row, None if ratio is None or ratio.value is None else _flag(ratio.value))


def _flag(ratio: float) -> Phrase:
    return phrase("purpose.four_fifths.below" if ratio < FOUR_FIFTHS else "purpose.four_fifths.above")


def _unfit(document: Document, name: str, has_tables: bool) -> list[Phrase]:
    """Why the tables may be missing, or what the law asks beside them."""
    if name == "dsa":
        return []
    crossed = any("*" in f.key.split(".")[0] and ".impact." in f.key for s in document.sections for f in s.findings)
    missing = [] if has_tables else [phrase("purpose.no_decisions")]
    return missing + ([phrase("purpose.ll144.crossed")] if name == "ll144" and not crossed else [])
