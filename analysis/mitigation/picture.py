"""The mitigation section drawn from disclosed findings: the verdict in words, Pareto fronts, before-and-after table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.document import Cell, Chart, Column, Section, Series, Table
from analysis.fairness.drawing import gap_row
from analysis.fairness.partition import Partition
from analysis.finding import Finding, Verdict, amount
from words import Fact, Phrase, phrase

BEFORE = "before"
FIGURES_OF_DECISIONS = ("selection", "opportunity", "accuracy")


@dataclass(frozen=True)
class Point:
    """One recommender in a Pareto picture: more accuracy is better (x), less disparity is better (y)."""

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
        summary=_summary(by_key, names, lists, group.attribute, figure, far),
        findings=findings,
        charts=tuple(chart for chart in charts if chart is not None),
        tables=(
            _beside(by_key, lists, group, figure, far),
            _change_table(findings),
        ),
        notes=(protocol, phrase("mitigation.note.paired"), phrase("mitigation.note.front")),
        facts={"attribute": group.attribute, "figure": figure, "variants": names},
    )


def _summary(
    by_key: Mapping[str, Finding], names: Sequence[str], lists: Sequence[str], attribute: str, figure: str, far: str
) -> tuple[Phrase, ...]:
    """How many narrowed the gap, then each method in one sentence, honest about what cannot be told."""
    if not names:
        return (phrase("mitigation.summary.nothing"),)
    narrowed = [name for name in names if any(_narrowed(by_key, name, f"{attribute}.{f}") for f in _figures(figure))]
    facts: dict[str, Fact] = {"attribute": attribute, "count": len(names), "narrowed": len(narrowed)}
    said = [phrase("mitigation.summary.some" if narrowed else "mitigation.summary.none", **facts)]
    said += [_one(by_key, name, attribute, figure) for name in lists]
    said += [_moved(by_key, name, far) for name in lists if far and _moved_really(by_key, name, far)]
    decided = [n for n in names if n not in lists and f"mitigation.{n}.all.accuracy.change" in by_key]
    said += [_one(by_key, name, attribute, "selection", "accuracy") for name in decided]
    return tuple(said)


def _figures(figure: str) -> tuple[str, ...]:
    return (figure, "selection", "opportunity")


def _narrowed(by_key: Mapping[str, Finding], name: str, figure: str) -> bool:
    change, before = (
        by_key.get(f"mitigation.{name}.{figure}.gap.change"),
        by_key.get(f"mitigation.{BEFORE}.{figure}.gap"),
    )
    after = by_key.get(f"mitigation.{name}.{figure}.gap")
    if change is None or before is None or after is None or change.verdict is not Verdict.GAP:
        return False
    return before.value is not None and after.value is not None and abs(after.value) < abs(before.value)


def _one(by_key: Mapping[str, Finding], name: str, attribute: str, figure: str, price: str = "") -> Phrase:
    """What a method cost overall, and what became of the gap."""
    cost = by_key[f"mitigation.{name}.all.{price or figure}.change"]
    gaps = [by_key.get(f"mitigation.{which}.{attribute}.{figure}.gap") for which in (BEFORE, name)]
    change = by_key.get(f"mitigation.{name}.{attribute}.{figure}.gap.change")
    paid = _paid(cost, name)
    if any(gap is None or gap.value is None for gap in gaps) or change is None or change.value is None:
        key = (
            "mitigation.summary.unchanged"
            if change is not None and change.value is None
            else "mitigation.summary.no_gap"
        )
        return phrase(key, paid=paid, attribute=attribute)
    before, after = (amount(gap.value, gap.unit) for gap in gaps if gap is not None and gap.value is not None)
    return phrase(
        "mitigation.summary.gap",
        paid=paid,
        attribute=attribute,
        figure=change.label.facts["figure"],
        before=before,
        after=after,
        verdict=phrase(f"mitigation.verdict.{_word(by_key, name, attribute, figure, change)}"),
    )


def _word(by_key: Mapping[str, Finding], name: str, attribute: str, figure: str, change: Finding) -> str:
    if change.verdict is Verdict.GAP:
        return "narrower" if _narrowed(by_key, name, f"{attribute}.{figure}") else "wider"
    return change.verdict.name.lower()


def _paid(cost: Finding, name: str) -> Phrase:
    if cost.value is None or cost.low is None or cost.high is None:
        return phrase("mitigation.summary.no_cost", name=name)
    facts = {"name": name, "figure": cost.label.facts["figure"]}
    low, high, value = (amount(number, cost.unit) for number in (cost.low, cost.high, cost.value))
    return phrase("mitigation.summary.cost", **facts, value=value, low=low, high=high)


def _moved_really(by_key: Mapping[str, Finding], name: str, far: str) -> bool:
    change = by_key.get(f"mitigation.{name}.{far}.change")
    return change is not None and change.verdict is Verdict.GAP


def _moved(by_key: Mapping[str, Finding], name: str, far: str) -> Phrase:
    before, after = (by_key[f"mitigation.{which}.{far}"] for which in (BEFORE, name))
    assert before.value is not None and after.value is not None
    figure = by_key[f"mitigation.{name}.{far}.change"].label.facts["figure"]
    first, second = amount(before.value, before.unit), amount(after.value, after.unit)
    return phrase("mitigation.summary.distance", name=name, figure=figure, before=first, after=second)


def _pareto(
    by_key: Mapping[str, Finding], lists: Sequence[str], figure: str, disparity: str, users: int
) -> Chart | None:
    """Accuracy against the size of a disparity; the points that no other beats in both are the front."""
    points = [
        Point(which, by_key[f"mitigation.{which}.all.{figure}"], by_key[f"mitigation.{which}.{disparity}"])
        for which in (BEFORE, *lists)
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
        alt=phrase("mitigation.chart.pareto_alt", count=len(points), front=", ".join(p.name for p in best)),
    )


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
        name=phrase("mitigation.before") if p.name == BEFORE else p.name,
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
    for which in (BEFORE, *lists) if lists else ():
        keys = [f"all.{figure}", *(f"{group.attribute}.{figure}.{name}" for name in group.names)]
        keys += [f"{group.attribute}.{figure}.gap", far]
        title: Cell = phrase("mitigation.before") if which == BEFORE else which
        rows.append((title, *(_cell(by_key.get(f"mitigation.{which}.{key}")) for key in keys)))
    title_ = phrase("mitigation.chart.beside", figure=figure)
    return Table(key="mitigation.beside", title=title_, columns=tuple(columns), rows=tuple(rows))


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
