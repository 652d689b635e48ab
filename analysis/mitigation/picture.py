"""The mitigation section drawn from disclosed findings: the verdict in words, Pareto fronts, before-and-after table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.document import Cell, Chart, Column, Section, Series, Table
from analysis.fairness.drawing import gap_row
from analysis.fairness.partition import Partition
from analysis.finding import Finding, amount
from analysis.mitigation.naming import BEFORE, title_of
from analysis.mitigation.summary import Told, mitigation_summary
from words import Phrase, phrase


@dataclass(frozen=True)
class Point:
    """One recommender in a Pareto picture: more accuracy is better (x), less disparity is better (y).

    mark: its number in the table, printed beside the point, because names would cover each other.
    """

    mark: str
    name: str
    accuracy: Finding
    disparity: Finding

    @property
    def size(self) -> float:
        """The disparity without its sign."""
        assert self.disparity.value is not None
        return abs(self.disparity.value)


def on_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """For points (accuracy, disparity): whether no other is at least as good in both and better in one."""
    return [not any((a >= x and d <= y) and (a > x or d < y) for a, d in points) for x, y in points]


def mitigation_drawn(
    findings: tuple[Finding, ...],
    variants: Sequence[tuple[str, bool]],
    group: Partition,
    figure: str,
    protocol: Phrase,
) -> Section:
    """The section of disclosed `findings`. variants: (name, has lists); group: the attribute; figure: e.g. ndcg@10."""
    by_key = {finding.key: finding for finding in findings}
    lists = [name for name, listed in variants if listed]
    names = [name for name, _ in variants]
    gap = f"{group.attribute}.{figure}.gap"
    start = f"mitigation.{BEFORE}.distance["
    far = next((f.key.removeprefix(f"mitigation.{BEFORE}.") for f in findings if f.key.startswith(start)), "")
    charts = [_pareto(by_key, lists, figure, disparity, len(group.code)) for disparity in (gap, far) if disparity]
    return Section(
        step="mitigation",
        summary=mitigation_summary(Told(by_key, group.attribute), names, lists, figure, far),
        findings=findings,
        charts=tuple(chart for chart in charts if chart is not None),
        tables=(
            _beside(by_key, lists, group, figure, far),
            _change_table(findings),
        ),
        notes=(*_explained(figure), protocol, phrase("mitigation.note.paired"), phrase("mitigation.note.front")),
        facts={"attribute": group.attribute, "figure": figure, "variants": names},
    )


def _pareto(
    by_key: Mapping[str, Finding], lists: Sequence[str], figure: str, disparity: str, users: int
) -> Chart | None:
    """Accuracy against the size of a disparity; the points that no other beats in both are the front."""
    points = [
        Point(str(at), which, by_key[f"mitigation.{which}.all.{figure}"], by_key[f"mitigation.{which}.{disparity}"])
        for at, which in enumerate((BEFORE, *lists))
        if f"mitigation.{which}.{disparity}" in by_key and f"mitigation.{which}.all.{figure}" in by_key
    ]
    points = [p for p in points if p.accuracy.value is not None and p.disparity.value is not None]
    if len(points) < 2:
        return None
    front = on_front([(p.accuracy.value or 0.0, p.size) for p in points])
    best = sorted((p for p, at in zip(points, front, strict=True) if at), key=lambda p: p.accuracy.value or 0.0)
    rest = [p for p, at in zip(points, front, strict=True) if not at]
    series = [_series("mitigation.front.on", best), _series("mitigation.front.off", rest)]
    gap = points[0].disparity.label.facts["figure"]
    return Chart(
        key=f"mitigation.pareto.{disparity}",
        kind="pareto",
        title=phrase("mitigation.chart.pareto", figure=gap),
        x_title=phrase(
            "mitigation.axis.accuracy", figure=by_key[f"mitigation.{BEFORE}.all.{figure}"].label.facts["figure"]
        ),
        y_title=phrase("mitigation.axis.disparity", figure=gap),
        n=users,
        series=tuple(one for one in series if one.x),
        alt=phrase("mitigation.chart.pareto_alt", count=len(points), front=_listed([title_of(p.name) for p in best])),
    )


def _listed(names: Sequence[Phrase | str]) -> Phrase | str:
    """Names after each other, in the reader's language."""
    *early, last = names
    return phrase("mitigation.listed", first=_listed(early), second=last) if early else last


def _series(title: str, points: Sequence[Point]) -> Series:
    return Series(
        name=phrase(title),
        x=tuple(p.accuracy.value for p in points),
        y=tuple(p.size for p in points),
        low=tuple(_folded(p.disparity)[0] for p in points),
        high=tuple(_folded(p.disparity)[1] for p in points),
        text=tuple(_point_text(p) for p in points),
    )


def _folded(finding: Finding) -> tuple[float | None, float | None]:
    """The interval of a signed gap as one of its size: from 0 where it holds 0."""
    if finding.low is None or finding.high is None:
        return None, None
    if finding.low <= 0 <= finding.high:
        return 0.0, max(-finding.low, finding.high)
    low, high = sorted((abs(finding.low), abs(finding.high)))
    return low, high


def _point_text(p: Point) -> Phrase:
    low, high = _folded(p.disparity)
    none = phrase("fairness.cell.none")
    return phrase(
        "mitigation.point",
        mark=p.mark,
        name=phrase("mitigation.marked", mark=p.mark, name=title_of(p.name)),
        accuracy=amount(p.accuracy.value or 0.0, p.accuracy.unit),
        low=none if p.accuracy.low is None else amount(p.accuracy.low, p.accuracy.unit),
        high=none if p.accuracy.high is None else amount(p.accuracy.high, p.accuracy.unit),
        disparity=amount(p.size, p.disparity.unit),
        from_=none if low is None else amount(low, p.disparity.unit),
        to=none if high is None else amount(high, p.disparity.unit),
    )


def _beside(by_key: Mapping[str, Finding], lists: Sequence[str], group: Partition, figure: str, far: str) -> Table:
    """One row a recommender: overall, each group, gap, exposure; hidden cells say so."""
    whole = by_key.get(f"mitigation.{BEFORE}.all.{figure}")
    unit = whole.unit if whole is not None else "score"
    columns = [
        Column(key="mark", title=phrase("mitigation.column.mark")),
        Column(key="variant", title=phrase("mitigation.column.variant")),
        Column(key="all", title=phrase("fairness.group.all"), unit=unit),
        *(
            Column(
                key=name,
                title=phrase("mitigation.column.group", attribute=group.attribute, group=group.label(at)),
                unit=unit,
            )
            for at, name in enumerate(group.names)
        ),
        Column(key="gap", title=phrase("mitigation.column.gap"), unit="score"),
        Column(key="distance", title=phrase("mitigation.column.distance"), unit="score"),
    ]
    rows: list[tuple[Cell, ...]] = []
    for at, which in enumerate((BEFORE, *lists)) if lists else ():
        keys = [f"all.{figure}", *(f"{group.attribute}.{figure}.{name}" for name in group.names)]
        keys += [f"{group.attribute}.{figure}.gap", far]
        rows.append((str(at), title_of(which), *(_cell(by_key.get(f"mitigation.{which}.{key}")) for key in keys)))
    title = phrase("mitigation.chart.beside", figure=figure_name(figure))
    return Table(key="mitigation.beside", title=title, columns=tuple(columns), rows=tuple(rows))


def _explained(figure: str) -> tuple[Phrase, ...]:
    name, K = figure.split("@")
    return (phrase("fairness.note.ndcg", K=K),) if name == "ndcg" else ()


def figure_name(figure: str) -> Phrase:
    """An accuracy figure such as ``ndcg@10`` by its name."""
    name, K = figure.split("@")
    return phrase(f"fairness.figure.{name}", K=K)


def _cell(finding: Finding | None) -> Cell:
    if finding is None:
        return phrase("fairness.cell.none")
    return finding.value if finding.value is not None else phrase(f"finding.verdict.{finding.verdict.name.lower()}")


def _change_table(findings: Sequence[Finding]) -> Table:
    """Every change and every share of users who gained or lost, as people write them."""
    shown = [f for f in findings if f.key.endswith(".change") or ".better." in f.key or ".worse." in f.key]
    names = ("comparison", "value", "interval", "p", "n", "smallest", "verdict")
    columns = tuple(
        Column(key=name, title=phrase(f"fairness.column.{name}"), unit="count" if name == "n" else "text")
        for name in names
    )
    return Table(
        key="mitigation.changes",
        title=phrase("mitigation.chart.changes"),
        columns=columns,
        rows=tuple(gap_row(finding) for finding in shown),
    )
