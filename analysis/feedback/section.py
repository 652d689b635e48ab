"""Does the mend last? Findings, pictures and sentences of the simulated loop with a mitigation and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.charts.labels import exact
from analysis.document import Chart, Column, Section, Series, Table
from analysis.fairness.judge import Comparison, judged, measured
from analysis.feedback.worlds import FIGURES, LEVEL, mean_of
from analysis.finding import Finding, Verdict, amount, verdict_word
from analysis.mitigation.methods import METHODS, Method
from analysis.mitigation.naming import title_of
from words import Fact, Phrase, phrase

ARMS = ("before", "after")
LEVEL_UNIT = {"clicks": "share", "gap": "points", "tail": "share", "variety": "share"}
INNER = 0.90


@dataclass(frozen=True)
class Followed:
    """values: float64 [repetitions, arms, rounds, figures]; arms and figures in the order of ARMS and FIGURES.

    mend, strength: the mitigation. groups: the two groups compared, first minus second, with their users.
    """

    values: npt.NDArray[np.float64]
    mend: Method
    strength: float
    groups: dict[str, int]
    users: int
    seed: int

    @property
    def rounds(self) -> int:
        return self.values.shape[2]

    @property
    def served(self) -> str:
        """The figure that the mitigation is for."""
        return "tail" if METHODS[self.mend].serves[0] == "exposure" else "gap"

    @property
    def name(self) -> str:
        """As in keys of variants."""
        return f"{self.mend}@{exact(self.strength)}"

    def figure(self, figure: str) -> Phrase:
        first, second = self.groups
        return phrase(f"feedback.figure.{figure}", first=first, second=second)


def feedback_section(followed: Followed) -> Section:
    """Section `feedback`: each figure in each round, with and without, and what the mitigation changes at both ends."""
    levels = [
        _level(followed, arm, round_, figure) for figure in FIGURES for arm in ARMS for round_ in _rounds(followed)
    ]
    compared = [_change(followed, figure, part) for figure in FIGURES for part in ("first", "last", "kept")]
    changes = judged(compared)
    found = {finding.key: finding for finding in changes}
    return Section(
        step="feedback",
        summary=tuple(_summary(followed, found)),
        findings=(*levels, *changes),
        charts=tuple(_chart(followed, figure, levels) for figure in (followed.served, *_others(followed))),
        tables=(_table(followed, levels, changes),),
        notes=tuple(phrase(f"feedback.note_{name}") for name in ("clicks", "intervals", "groups", "rounds")),
    )


def _rounds(followed: Followed) -> range:
    return range(followed.rounds)


def _others(followed: Followed) -> list[str]:
    return [figure for figure in FIGURES if figure != followed.served]


def _groups(followed: Followed, figure: str) -> dict[str, int]:
    return followed.groups if figure == "gap" else {}


def _level(followed: Followed, arm: str, round_: int, figure: str) -> Finding:
    mean = mean_of(followed.values[:, ARMS.index(arm), round_, FIGURES.index(figure)])
    facts: dict[str, Fact] = {"figure": followed.figure(figure), "round": round_ + 1, "arm": _arm(followed, arm)}
    return measured(
        f"feedback.{arm}.{figure}.{round_ + 1}",
        phrase("feedback.label.level", **facts),
        LEVEL_UNIT[figure],
        mean.value,
        mean.limits(),
        followed.users,
        _method(followed),
        groups=_groups(followed, figure),
        settings={"arm": arm, "figure": figure, "round": round_ + 1},
        seed=followed.seed,
    )


def _change(followed: Followed, figure: str, part: str) -> Comparison:
    """With minus without, paired by repetition: in the first round, in the last, and last minus first."""
    at = FIGURES.index(figure)
    apart = followed.values[:, 1, :, at] - followed.values[:, 0, :, at]  # [repetitions, rounds]
    mean = mean_of({"first": apart[:, 0], "last": apart[:, -1], "kept": apart[:, -1] - apart[:, 0]}[part])
    blank = Comparison(
        key=f"feedback.change.{figure}.{part}",
        label=phrase(f"feedback.label.{part}", figure=followed.figure(figure), rounds=followed.rounds),
        unit="points",
        n=followed.users,
        method=_method(followed),
        groups=_groups(followed, figure),
        settings={"figure": figure, "part": part},
        seed=followed.seed,
        level=LEVEL,
    )
    values = {"value": mean.value, "limits": mean.limits(), "inner": mean.limits(INNER), "p": mean.p}
    return Comparison(**{**vars(blank), **values})


def _method(followed: Followed) -> Phrase:
    return phrase("feedback.method", times=followed.values.shape[0], rounds=followed.rounds)


def _arm(followed: Followed, arm: str) -> Phrase | str:
    return phrase("feedback.without") if arm == "before" else title_of(followed.name)


def _summary(followed: Followed, found: dict[str, Finding]) -> list[Phrase]:
    """Does it last; what accuracy does meanwhile; what the loop does by itself."""
    name, figure = title_of(followed.name), followed.served
    first, last, kept = (found[f"feedback.change.{figure}.{part}"] for part in ("first", "last", "kept"))
    facts: dict[str, Fact] = {"name": name, "figure": followed.figure(figure), "rounds": followed.rounds}
    facts |= _ends("first", first) | _ends("last", last)
    cost = found["feedback.change.clicks.last"]
    price: dict[str, Fact] = {"name": name, "rounds": followed.rounds}
    price |= _ends("last", cost)
    said = [phrase(f"feedback.said.{_fate(followed, first, last, kept)}", **facts)]
    said.append(phrase("feedback.said.price" if cost.verdict is Verdict.GAP else "feedback.said.no_price", **price))
    start, end = (mean_of(followed.values[:, 0, at, FIGURES.index(figure)]).value for at in (0, -1))
    unit = LEVEL_UNIT[figure]
    return [*said, phrase("feedback.said.alone", **facts, start=amount(start, unit), end=amount(end, unit))]


def _fate(followed: Followed, first: Finding, last: Finding, kept: Finding) -> str:
    """none: nothing changed at first that chance could not do. worse: it changed away from what the mitigation is for.
    lasts, grows, fades, gone: what became of it.

    open: what is left could be nothing, but it is not shown to be less than at first either.
    """
    assert first.value is not None and last.value is not None and kept.value is not None
    if first.verdict is not Verdict.GAP:
        return "none"
    if not _mends(followed):
        return "worse"
    if last.verdict is not Verdict.GAP or first.value * last.value < 0:
        return "gone" if kept.verdict is Verdict.GAP and kept.value * first.value < 0 else "open"
    if kept.verdict is not Verdict.GAP:
        return "lasts"
    return "grows" if kept.value * first.value > 0 else "fades"


def _mends(followed: Followed) -> bool:
    """Whether the first round shows what the mitigation is for: more of the long tail, or a smaller gap."""
    without, mended = followed.values[:, :, 0, FIGURES.index(followed.served)].mean(axis=0)
    return bool(mended > without if followed.served == "tail" else abs(mended) < abs(without))


def _ends(name: str, finding: Finding) -> dict[str, Fact]:
    ends = {"": finding.value, "_low": finding.low, "_high": finding.high}
    return {f"{name}{end}": amount(value, finding.unit) for end, value in ends.items() if value is not None}


def _chart(followed: Followed, figure: str, levels: list[Finding]) -> Chart:
    series = []
    for arm in ARMS:
        own = [f for f in levels if f.settings["arm"] == arm and f.settings["figure"] == figure]
        series.append(
            Series(
                name=_arm(followed, arm),
                x=tuple(int(str(f.settings["round"])) for f in own),
                y=tuple(100 * f.value for f in own if f.value is not None),
                low=tuple(100 * f.low for f in own if f.low is not None),
                high=tuple(100 * f.high for f in own if f.high is not None),
            )
        )
    return Chart(
        key=f"feedback.{figure}",
        kind="line",
        title=followed.figure(figure),
        x_title=phrase("feedback.round"),
        y_title=phrase(f"feedback.axis.{LEVEL_UNIT[figure]}"),
        n=followed.users,
        series=tuple(series),
        alt=phrase("feedback.alt", figure=followed.figure(figure), rounds=followed.rounds),
        zero_line=0.0 if figure == "gap" else None,
    )


def _table(followed: Followed, levels: list[Finding], changes: tuple[Finding, ...]) -> Table:
    columns = tuple(
        Column(key=name, title=phrase(f"feedback.column.{name}")) for name in ("what", "value", "interval", "verdict")
    )
    return Table(
        key="feedback.rounds",
        title=phrase("feedback.table"),
        columns=columns,
        rows=tuple(_row(finding) for finding in (*changes, *levels)),
    )


def _row(finding: Finding) -> tuple[Phrase | str, ...]:
    assert finding.value is not None and finding.low is not None and finding.high is not None
    low, value, high = (amount(end, finding.unit) for end in (finding.low, finding.value, finding.high))
    verdict = verdict_word(finding)
    return finding.label, value, f"{low} … {high}", verdict
