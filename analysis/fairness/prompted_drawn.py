"""The prompted audit drawn from its findings: sentences, pictures, tables."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.document import Chart, Column, Section, Series, Table
from analysis.fairness.drawing import gap_row
from analysis.finding import JSON, Finding, Verdict, amount, p_said, sentence
from words import Fact, Phrase, phrase

COLUMNS = ("comparison", "value", "interval", "p", "n", "smallest", "verdict")


def drawn(findings: tuple[Finding, ...], K: int, notes: tuple[Phrase, ...], facts: dict[str, JSON]) -> Section:
    """The section of judged findings; `notes`: where the replies came from."""
    own = tuple(phrase(f"prompted.note.{name}", K=K) for name in ("how", "floor", "excess", "parsed"))
    charts = [_levels(findings), _excesses(findings)]
    return Section(
        step="prompted",
        summary=tuple(_summary(findings)),
        findings=findings,
        charts=tuple(chart for chart in charts if chart is not None),
        tables=(_table("prompted.gaps", _uneven(findings)), _table("prompted.levels", _all_levels(findings))),
        notes=(*notes, *own),
        facts=facts,
    )


def _summary(findings: Sequence[Finding]) -> list[Phrase]:
    """One answer an attribute, by the first similarity that was computed; then how many replies were of use."""
    said: list[Phrase] = []
    for attribute in dict.fromkeys(str(f.settings["asked_of"]) for f in findings if "asked_of" in f.settings):
        own = [finding for finding in findings if finding.key.startswith(f"{attribute}.prompted")]
        said += _answer(attribute, own)
        parsed = [finding for finding in own if finding.settings.get("figure_of") == "parsed"]
        said += _parsed(attribute, [finding for finding in parsed if finding.value is not None])
    return said


def _answer(attribute: str, own: Sequence[Finding]) -> list[Phrase]:
    whole = next((f for f in own if f.key == f"{attribute}.prompted"), None)
    if whole is not None:
        return [phrase("prompted.said.nothing", attribute=attribute, reason=whole.reason or "")]
    ranged = next(f for f in own if ".snsr[" in f.key and "paper" not in f.key)
    kind = str(ranged.settings["figure_of"])
    excess = next(f for f in own if f.key == f"{attribute}.prompted.excess[{kind}]")
    floor = next((f for f in own if f.key == f"{attribute}.prompted.floor[{kind}]"), None)
    assert ranged.value is not None
    facts: dict[str, Fact] = {
        "attribute": attribute,
        "similarity": phrase(f"prompted.similarity.{kind}"),
        "snsr": amount(ranged.value, ranged.unit),
        "p": p_said(ranged.p_value),
        "n": ranged.n,
    }
    if floor is None or floor.value is None:
        return [phrase("prompted.said.no_floor", **facts)]
    facts["floor"] = amount(floor.value, floor.unit)
    if excess.value is None or excess.low is None or excess.high is None:
        always = ranged.verdict is Verdict.GAP and ranged.value > floor.value
        return [phrase("prompted.said.always" if always else "prompted.said.same", **facts)]
    facts |= {
        "excess": amount(excess.value, "score"),
        "low": amount(excess.low, "score"),
        "high": amount(excess.high, "score"),
    }
    verdict = {Verdict.GAP: "gap", Verdict.EQUIVALENT: "equivalent"}.get(excess.verdict, "cannot_tell")
    if verdict == "gap" and excess.value < 0:
        verdict = "less"
    return [phrase(f"prompted.said.{verdict}", **facts)]


def _parsed(attribute: str, levels: Sequence[Finding]) -> list[Phrase]:
    if not levels:
        return []
    worst = min(levels, key=lambda finding: finding.value or 0.0)
    assert worst.value is not None
    if worst.value == 1.0:
        return []
    facts: dict[str, Fact] = {"attribute": attribute, "share": amount(worst.value, "share")}
    return [phrase("prompted.said.parsed", value=str(worst.settings["asked_as"]), **facts)]


def _all_levels(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if "asked_as" in finding.settings]


def _uneven(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if "asked_as" not in finding.settings]


def _levels(findings: Sequence[Finding]) -> Chart | None:
    """How alike each value's lists are to the neutral ones, one series a similarity."""
    shown = [f for f in _all_levels(findings) if f.value is not None and f.settings["figure_of"] != "parsed"]
    if not shown:
        return None
    kinds = list(dict.fromkeys(str(finding.settings["figure_of"]) for finding in shown))
    series = tuple(_series(phrase(f"prompted.similarity.{kind}"), _of(shown, kind), _asked_as) for kind in kinds)
    return Chart(
        key="prompted.levels",
        kind="interval",
        title=phrase("prompted.chart.levels"),
        x_title=phrase("prompted.axis.similarity"),
        y_title=phrase("prompted.axis.asked_as"),
        n=min(finding.n for finding in shown),
        n_unit="prompts",
        series=series,
        alt=phrase("prompted.chart.levels_alt", count=len(shown)),
        order=tuple(dict.fromkeys(_asked_as(finding) for finding in shown)),
    )


def _excesses(findings: Sequence[Finding]) -> Chart | None:
    """How much more unevenly values of each attribute are treated than those of a meaningless one."""
    shown = [finding for finding in findings if ".excess[" in finding.key and finding.low is not None]
    if not shown:
        return None
    return Chart(
        key="prompted.excess",
        kind="interval",
        title=phrase("prompted.chart.excess"),
        x_title=phrase("prompted.axis.excess"),
        y_title=phrase("prompted.axis.attribute"),
        n=min(finding.n for finding in shown),
        n_unit="prompts",
        series=(_series(phrase("prompted.axis.excess"), shown, _excess_of),),
        alt=phrase("prompted.chart.excess_alt", count=len(shown)),
        zero_line=0.0,
    )


def _series(name: Phrase, shown: Sequence[Finding], row: object) -> Series:
    assert callable(row)
    return Series(
        name=name,
        x=tuple(finding.value for finding in shown),
        y=tuple(row(finding) for finding in shown),
        low=tuple(finding.low for finding in shown),
        high=tuple(finding.high for finding in shown),
        text=tuple(sentence(finding) for finding in shown),
    )


def _of(shown: Sequence[Finding], kind: str) -> list[Finding]:
    return [finding for finding in shown if finding.settings["figure_of"] == kind]


def _asked_as(finding: Finding) -> Phrase:
    return phrase(
        "fairness.label.group", attribute=str(finding.settings["asked_of"]), group=str(finding.settings["asked_as"])
    )


def _excess_of(finding: Finding) -> Phrase:
    kind = phrase(f"prompted.similarity.{finding.settings['figure_of']}")
    return phrase("prompted.label.short", attribute=str(finding.settings["asked_of"]), similarity=kind)


def _table(key: str, findings: Sequence[Finding]) -> Table:
    columns = tuple(
        Column(
            key=name,
            title=phrase("prompted.column.n" if name == "n" else f"fairness.column.{name}"),
            unit="count" if name == "n" else "text",
        )
        for name in COLUMNS
    )
    return Table(
        key=key,
        title=phrase(f"prompted.table.{key.split('.')[1]}"),
        columns=columns,
        rows=tuple(map(gap_row, findings)),
    )
