"""The disparity section drawn from findings whose small cells are already hidden: sentences, pictures, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.document import Cell, Chart, Column, Section, Series, Table
from analysis.fairness.board import board_tables
from analysis.fairness.partition import EVERYONE, Partition, group_label
from analysis.fairness.ranking import Ranking
from analysis.fairness.summary import disparity_summary, figure_of
from analysis.finding import VALUELESS, Finding, Verdict, amount, bare, sentence, verdict_word, written
from words import Phrase, listed, phrase

SCALE = frozenset({"ndcg", "points", "share", "score"})
"""Units on 0..1, whose gaps share one picture."""
ITEM_FIGURES = frozenset({"parity", "reached", "merit", "clicks"})
"""Figures of one item group against all other items."""


def disparity_drawn(
    ranking: Ranking, findings: tuple[Finding, ...], groups: Sequence[Partition], notes: tuple[Phrase, ...]
) -> Section:
    """The section of disclosed `findings`; `groups`: everyone, the attributes, the intersections."""
    by_key = {finding.key: finding for finding in findings}
    single = [group for group in groups if group.attribute != EVERYONE and len(group.parts[0]) == 1]
    crossed = [group for group in groups if len(group.parts[0]) > 1]
    charts = [
        _heat_map("disparity.groups", by_key, single, len(ranking.user_ids)),
        *(_heat_map(f"disparity.cross.{group.attribute}", by_key, [group], len(ranking.user_ids)) for group in crossed),
        _gap_chart(findings, len(ranking.user_ids)),
    ]
    return Section(
        step="disparity",
        summary=disparity_summary(findings),
        findings=findings,
        charts=tuple(chart for chart in charts if chart is not None),
        tables=(
            *board_tables(findings),
            _level_table("disparity.groups", by_key, single),
            _gap_table(findings),
            *(_level_table(f"disparity.cross.{group.attribute}", by_key, [group]) for group in crossed),
            *_item_table(findings),
        ),
        notes=notes,
        facts={"recommender": ranking.name, "K": ranking.lists.shape[1]},
    )


def _on_scale(finding: Finding) -> bool:
    return finding.unit in SCALE


def _heat_map(key: str, by_key: Mapping[str, Finding], groups: Sequence[Partition], users: int) -> Chart | None:
    """Groups by figures: the colour is the difference from all users in percent of theirs, the text the value.

    A figure of one attribute alone (what changes when it is changed) would leave the other attributes' rows empty.
    None where nothing but suppressed cells would be seen; the table says so.
    """
    figures = [figure for figure in _figures(by_key, groups) if all(_has(by_key, group, figure) for group in groups)]
    cells = [
        by_key.get(f"{group.attribute}.{figure}.{name}")
        for group in groups
        for name in group.names
        for figure in figures
    ]
    if all(cell is None or cell.value is None for cell in cells):
        return None
    series = [_heat_row(by_key, group.attribute, name, figures) for group in groups for name in group.names]
    return Chart(
        key=key,
        kind="heatmap",
        title=phrase("fairness.chart.heat", attributes=_attributes(groups)),
        x_title=phrase("fairness.axis.figure"),
        y_title=phrase("fairness.axis.group"),
        n=users,
        series=tuple(series),
        alt=phrase("fairness.chart.heat_alt", rows=len(series), figures=len(figures)),
        zero_line=0.0,
    )


def _heat_row(by_key: Mapping[str, Finding], attribute: str, name: str, figures: Sequence[str]) -> Series:
    cells = [by_key.get(f"{attribute}.{figure}.{name}") for figure in figures]
    overall = [by_key[f"{EVERYONE}.{figure}"].value for figure in figures]
    relative = [
        100 * (cell.value - whole) / abs(whole) if cell is not None and cell.value is not None and whole else None
        for cell, whole in zip(cells, overall, strict=True)
    ]
    return Series(
        name=_row_name(attribute, name),
        x=tuple(figure_of(by_key[f"{EVERYONE}.{figure}"]) for figure in figures),
        y=tuple(relative),
        text=tuple(_cell_text(cell) for cell in cells),
    )


def _attributes(groups: Sequence[Partition]) -> Phrase | str:
    return listed(_crossed(group.attribute) for group in groups)


def _crossed(attribute: str) -> str:
    return attribute.replace("*", " \u00d7 ")


def _row_name(attribute: str, name: str) -> Phrase | str:
    """A group and its attribute; an intersection's name says its values, and the title its attributes."""
    group = group_label(name)
    return group if "*" in attribute else phrase("fairness.label.group", attribute=attribute, group=group)


def _cell_text(finding: Finding | None) -> str | Phrase:
    if finding is None:
        return phrase("fairness.cell.not_of_this_group")
    if finding.value is None:
        return verdict_word(finding)
    return amount(finding.value, finding.unit)


def _figures(by_key: Mapping[str, Finding], groups: Sequence[Partition]) -> list[str]:
    """Figures that the groups have and that are defined over all users; shares of item groups have their own table."""
    keys = [key.removeprefix(f"{EVERYONE}.") for key in by_key if key.startswith(f"{EVERYONE}.")]
    return [
        figure
        for figure in keys
        if not figure.startswith("shown[")
        and by_key[f"{EVERYONE}.{figure}"].value is not None
        and any(_has(by_key, group, figure) for group in groups)
    ]


def _has(by_key: Mapping[str, Finding], group: Partition, figure: str) -> bool:
    return f"{group.attribute}.{figure}.{group.names[0]}" in by_key


def _gap_chart(findings: Sequence[Finding], users: int) -> Chart | None:
    """Every signed gap on the 0..1 scale with its interval and a line at no difference."""
    shown = [
        finding
        for finding in findings
        if ".gap" in finding.key and finding.low is not None and _on_scale(finding) and "[" not in finding.key
    ]
    if not shown:
        return None
    points = Series(
        name=phrase("fairness.axis.gap"),
        x=tuple(finding.value for finding in shown),
        y=tuple(finding.label for finding in shown),
        low=tuple(finding.low for finding in shown),
        high=tuple(finding.high for finding in shown),
        text=tuple(sentence(finding) for finding in shown),
    )
    return Chart(
        key="disparity.gaps",
        kind="interval",
        title=phrase("fairness.chart.gaps"),
        x_title=phrase("fairness.axis.gap"),
        y_title=phrase("fairness.axis.comparison"),
        n=users,
        series=(points,),
        alt=phrase("fairness.chart.gaps_alt", count=len(shown)),
        zero_line=0.0,
    )


def _level_table(key: str, by_key: Mapping[str, Finding], groups: Sequence[Partition]) -> Table:
    """One row a group, one column a figure; hidden and undefined cells say so."""
    figures = _figures(by_key, groups)
    columns = [
        Column(key="attribute", title=phrase("fairness.column.attribute")),
        Column(key="group", title=phrase("fairness.column.group")),
        Column(key="n", title=phrase("fairness.column.n"), unit="count"),
    ]
    for figure in figures:
        whole = by_key[f"{EVERYONE}.{figure}"]
        title = phrase("fairness.column.of", figure=figure_of(whole))
        columns.append(Column(key=figure, title=title, unit=whole.unit))
    everyone = [_level_row(by_key, None, EVERYONE, figures)]
    rows = everyone + [_level_row(by_key, group.attribute, name, figures) for group in groups for name in group.names]
    title = phrase("fairness.chart.heat", attributes=_attributes(groups))
    return Table(key=key, title=title, columns=tuple(columns), rows=tuple(rows))


def _level_row(
    by_key: Mapping[str, Finding], attribute: str | None, name: str, figures: Sequence[str]
) -> tuple[Cell, ...]:
    keys = [f"{attribute}.{figure}.{name}" if attribute else f"{EVERYONE}.{figure}" for figure in figures]
    found = [by_key.get(key) for key in keys]
    shown = [finding for finding in found if finding is not None and finding.verdict is not Verdict.SUPPRESSED]
    n: Cell = max((finding.n for finding in shown), default=None)
    cells = [
        finding.value if finding is not None and finding.value is not None else _cell_text(finding) for finding in found
    ]
    return (
        _crossed(attribute or ""),
        group_label(name),
        n if n is not None else phrase("finding.verdict.suppressed"),
        *cells,
    )


def _gap_table(findings: Sequence[Finding]) -> Table:
    """Every gap with value, interval, p and verdict, as people write them: the units differ by row."""
    shown = [f for f in findings if ".gap" in f.key]
    names = ("comparison", "value", "interval", "p", "n", "smallest", "verdict")
    columns = tuple(
        Column(key=name, title=phrase(f"fairness.column.{name}"), unit="count" if name == "n" else "text")
        for name in names
    )
    return Table(
        key="disparity.gaps",
        title=phrase("fairness.chart.gaps"),
        columns=columns,
        rows=tuple(gap_row(finding) for finding in shown),
    )


def gap_row(finding: Finding) -> tuple[Cell, ...]:
    """label, value, interval, adjusted p, n, smallest detectable, verdict; a dash phrase where there is none."""
    none, verdict = phrase("fairness.cell.none"), verdict_word(finding)
    if finding.verdict in VALUELESS or finding.value is None:
        hidden = finding.verdict is Verdict.SUPPRESSED
        return (finding.label, none, none, none, none if hidden else finding.n, none, verdict)
    interval: Cell = none
    if finding.low is not None and finding.high is not None:
        low, high = written(finding, finding.low), written(finding, finding.high)
        interval = phrase("fairness.cell.interval", low=low, high=high)
    p: Cell = none if finding.p_adjusted is None else amount(finding.p_adjusted, "p")
    smallest: Cell = none
    if finding.smallest_detectable is not None:
        smallest = bare(finding.smallest_detectable, finding.unit)
    return (finding.label, written(finding, finding.value), interval, p, finding.n, smallest, verdict)


def _item_table(findings: Sequence[Finding]) -> list[Table]:
    shown = [
        f for f in findings if f.settings.get("figure") in ITEM_FIGURES or f.key.startswith(("items.", "providers."))
    ]
    if not shown:
        return []
    names = ("comparison", "value", "interval", "p", "n", "smallest", "verdict")
    columns = tuple(
        Column(key=name, title=phrase(f"fairness.column.{name}"), unit="count" if name == "n" else "text")
        for name in names
    )
    rows = tuple(gap_row(finding) for finding in shown)
    return [Table(key="disparity.items", title=phrase("fairness.chart.items"), columns=columns, rows=rows)]
