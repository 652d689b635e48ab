"""The mitigation section drawn from disclosed findings: the verdict in words, Pareto fronts, before-and-after table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.document import Cell, Chart, Column, Section, Series, Table
from analysis.fairness.drawing import gap_row
from analysis.fairness.partition import Partition
from analysis.finding import Finding, amount, verdict_word
from analysis.mitigation.before_after import Terms
from analysis.mitigation.methods import METHODS, Method
from analysis.mitigation.naming import BEFORE, title_of
from analysis.mitigation.summary import Told, mitigation_summary
from analysis.mitigation.tuning import Suggestion, goal_title
from words import Phrase, listed, phrase


@dataclass(frozen=True)
class Point:
    """One recommender in a Pareto picture: more accuracy is better (x), less disparity is better (y).

    mark: its number in the table, printed beside the point, because names would cover each other. null: the value of
    `disparity` that is none.
    """

    mark: str
    name: str
    accuracy: Finding
    disparity: Finding
    null: float = 0.0

    @property
    def size(self) -> float:
        """The disparity without its sign."""
        assert self.disparity.value is not None
        return abs(self.disparity.value - self.null)

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The interval of a signed disparity as one of its size: from 0 where it holds none."""
        if self.disparity.low is None or self.disparity.high is None:
            return None, None
        low, high = self.disparity.low - self.null, self.disparity.high - self.null
        if low <= 0 <= high:
            return 0.0, max(-low, high)
        near, far = sorted((abs(low), abs(high)))
        return near, far


def on_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """For points (accuracy, disparity): whether no other is at least as good in both and better in one."""
    return [not any((a >= x and d <= y) and (a > x or d < y) for a, d in points) for x, y in points]


def mitigation_drawn(
    findings: tuple[Finding, ...],
    variants: Sequence[tuple[str, bool]],
    terms: Terms,
    about: tuple[Phrase, ...],
    suggestion: Suggestion,
) -> Section:
    """The section of disclosed `findings`. variants: (name, has lists). about: what is said of the lists judged."""
    by_key = {finding.key: finding for finding in findings}
    group, figure = terms.group, f"{terms.figure}@{terms.K}"
    lists = [name for name, listed in variants if listed]
    names = [name for name, _ in variants]
    start = f"mitigation.{BEFORE}.distance["
    far = next((f.key.removeprefix(f"mitigation.{BEFORE}.") for f in findings if f.key.startswith(start)), "")
    axes = {
        "gap": (figure, f"{group.attribute}.{figure}.gap", 0.0),
        "exposure": (figure, far, 0.0),
        "hide": (figure, f"{group.attribute}.leak", 0.5),
        "selection": ("accuracy", f"{group.attribute}.selection.gap", 0.0),
    }
    order = sorted(axes, key=lambda goal: goal != suggestion.goal)
    charts = [_pareto(by_key, names, *axes[goal], len(group.code)) for goal in order]
    told = Told(by_key, group.attribute)
    return Section(
        step="mitigation",
        summary=mitigation_summary(told, suggestion, names, lists, figure, far),
        findings=findings,
        charts=tuple(chart for chart in charts if chart is not None),
        tables=(
            _beside(by_key, names, lists, group, figure, far),
            *_tuning(by_key, (BEFORE, *names), suggestion),
            _change_table(findings),
        ),
        notes=(
            *_explained(figure),
            *about,
            phrase("mitigation.note.paired"),
            phrase("mitigation.note.front"),
            *(phrase(f"mitigation.about.{method}") for method in _methods(names)),
        ),
        facts={
            "attribute": group.attribute,
            "figure": figure,
            "variants": names,
            "goal": suggestion.goal,
            "suggested": suggestion.name,
        },
    )


def _pareto(
    by_key: Mapping[str, Finding], names: Sequence[str], use: str, disparity: str, null: float, users: int
) -> Chart | None:
    """Accuracy against the size of a disparity; the points that no other beats in both are the front."""
    points = [
        Point(str(at), which, by_key[f"mitigation.{which}.all.{use}"], by_key[f"mitigation.{which}.{disparity}"], null)
        for at, which in enumerate((BEFORE, *names))
        if f"mitigation.{which}.{disparity}" in by_key and f"mitigation.{which}.all.{use}" in by_key
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
        x_title=phrase("mitigation.axis.accuracy", figure=points[0].accuracy.label.facts["figure"]),
        y_title=phrase("mitigation.axis.from_chance" if null else "mitigation.axis.disparity", figure=gap),
        n=users,
        series=tuple(one for one in series if one.x),
        alt=phrase(
            "mitigation.chart.pareto_alt",
            count=len(points),
            key=listed([_marked(p) for p in points], "semicolon"),
            front=listed([p.mark for p in best], "semicolon"),
        ),
    )


def _series(title: str, points: Sequence[Point]) -> Series:
    return Series(
        name=phrase(title),
        x=tuple(p.accuracy.value for p in points),
        y=tuple(p.size for p in points),
        low=tuple(p.limits[0] for p in points),
        high=tuple(p.limits[1] for p in points),
        left=tuple(p.accuracy.low for p in points),
        right=tuple(p.accuracy.high for p in points),
        text=tuple(_point_text(p) for p in points),
    )


def _point_text(p: Point) -> Phrase:
    low, high = p.limits
    none = phrase("fairness.cell.none")
    return phrase(
        "mitigation.point",
        mark=p.mark,
        name=_marked(p),
        accuracy=amount(p.accuracy.value or 0.0, p.accuracy.unit),
        low=none if p.accuracy.low is None else amount(p.accuracy.low, p.accuracy.unit),
        high=none if p.accuracy.high is None else amount(p.accuracy.high, p.accuracy.unit),
        disparity=amount(p.size, p.disparity.unit),
        from_=none if low is None else amount(low, p.disparity.unit),
        to=none if high is None else amount(high, p.disparity.unit),
    )


def _marked(p: Point) -> Phrase:
    return phrase("mitigation.marked", mark=p.mark, name=title_of(p.name))


def _methods(names: Sequence[str]) -> list[Method]:
    """The methods that variants are made of, each once, in the order of the registry."""
    used = {part.partition("@")[0] for name in names for part in name.split("+")}
    return [method for method in METHODS if method in used]


def _tuning(by_key: Mapping[str, Finding], names: Sequence[str], suggestion: Suggestion) -> list[Table]:
    """What each variant did on the validation part, and which one the rule picked there."""
    rows: list[tuple[Cell, ...]] = []
    for at, name in enumerate(names):
        use, gap = (by_key.get(f"mitigation.{name}.tuning.{part}") for part in ("use", "gap"))
        if use is not None and gap is not None:
            mark = phrase("mitigation.suggested" if name == suggestion.name else "fairness.cell.none")
            rows.append((str(at), title_of(name), _cell(use), _cell(gap), mark))
    columns = [Column(key=key, title=phrase(f"mitigation.column.{key}")) for key in ("mark", "variant")]
    columns += [Column(key=key, title=phrase(f"mitigation.column.{key}"), unit="score") for key in ("use", "tuned_gap")]
    columns.append(Column(key="suggested", title=phrase("mitigation.column.suggested")))
    title = phrase("mitigation.chart.tuning", goal=goal_title(suggestion.goal))
    return [Table(key="mitigation.tuning", title=title, columns=tuple(columns), rows=tuple(rows))] if rows else []


def _beside(
    by_key: Mapping[str, Finding], names: Sequence[str], lists: Sequence[str], group: Partition, figure: str, far: str
) -> Table:
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
    for at, which in enumerate((BEFORE, *names)):
        if not lists or which not in (BEFORE, *lists):
            continue
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
    return finding.value if finding.value is not None else verdict_word(finding)


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
