"""Two audits side by side: what changed its verdict, what only moved, which settings differ. It computes nothing."""

from __future__ import annotations

from analysis.document import Cell, Column, Document, Section, Table
from analysis.finding import JSON, VALUELESS, Finding, verdict_word, written
from analysis.report.appendix import flat
from words import Phrase, Refusal, phrase

CHANGED, MOVED, ONE_ONLY, UNCHANGED = range(4)
"""What became of a figure, in the order of the table's rows: its verdict changed, its value alone, ..."""


def compare(a: Document, b: Document) -> Section:
    """The comparison of two audits as a Section of step `compare`.

    Its table `figures` holds every figure of either audit, changed verdicts first, then figures that moved, then
    those of one audit only, then the unchanged; the fact `unchanged` says how many those are.
    Raises Refusal(report.format_differs).
    """
    if a.format != b.format:
        raise Refusal("report.format_differs", first=a.format, second=b.format)
    first = a.findings()
    second = dict(_beside(key, one, first.get(key)) for key, one in b.findings().items())
    ranks = {key: _rank(first.get(key), second.get(key)) for key in dict.fromkeys([*first, *second])}
    settings = _settings(a, b)
    tables = [_figures(sorted(ranks, key=ranks.__getitem__), first, second)] if ranks else []
    if settings.rows:
        tables.append(settings)
    return Section(
        step="compare",
        summary=_summary(a, b, first, second, len(settings.rows)),
        tables=tuple(tables),
        notes=(phrase("report.compare.note"),),
        facts={
            "changed": [key for key, rank in ranks.items() if rank == CHANGED],
            "unchanged": sum(rank == UNCHANGED for rank in ranks.values()),
        },
    )


def _beside(key: str, other: Finding, one: Finding | None) -> tuple[str, Finding]:
    """`other` as the first audit's figure of that key would say it, under a key of its own where it is no such figure.

    The larger group comes first in a difference, and which that is may differ: "women minus men" is turned into the
    first audit's "men minus women". A difference between groups of other names is another figure.
    """
    if one is None or one.sides is None or other.sides is None or one.sides == other.sides:
        return key, other
    if one.sides != (other.sides[1], other.sides[0]):
        return f"{key} {other.sides}", other
    turned = {"low": other.high, "value": other.value, "high": other.low}
    return key, other.model_copy(update={name: end if end is None else -end for name, end in turned.items()})


def _rank(one: Finding | None, other: Finding | None) -> int:
    if one is None or other is None:
        return ONE_ONLY
    if one.verdict != other.verdict:
        return CHANGED
    return UNCHANGED if (one.value, one.low, one.high) == (other.value, other.low, other.high) else MOVED


def _summary(
    a: Document, b: Document, first: dict[str, Finding], second: dict[str, Finding], settings: int
) -> tuple[Phrase, ...]:
    shared = [key for key in first if key in second]
    changed = sum(first[key].verdict != second[key].verdict for key in shared)
    said = []
    if not shared:
        said.append(phrase("report.compare.nothing_shared"))
    elif changed:
        said.append(phrase("report.compare.verdicts_changed", count=changed, total=len(shared)))
    else:
        said.append(phrase("report.compare.verdicts_same", total=len(shared)))
    if a.digest != b.digest:
        said.append(phrase("report.compare.other_data"))
    elif settings:
        said.append(phrase("report.compare.same_data_other_settings", count=settings))
    elif a.evenhand == b.evenhand and a.versions == b.versions:
        said.append(phrase("report.compare.same_data"))
    if a.evenhand != b.evenhand:
        said.append(phrase("report.compare.other_version", first=a.evenhand, second=b.evenhand))
    for key, count in (("only_first", len(first) - len(shared)), ("only_second", len(second) - len(shared))):
        if count:
            said.append(phrase(f"report.compare.{key}", count=count))
    return tuple(said)


def _figures(keys: list[str], first: dict[str, Finding], second: dict[str, Finding]) -> Table:
    columns = (
        Column(key="figure", title=phrase("report.label.figure")),
        Column(key="first", title=phrase("report.compare.first")),
        Column(key="second", title=phrase("report.compare.second")),
        Column(key="change", title=phrase("report.compare.change")),
    )
    rows = tuple(_row(first.get(key), second.get(key)) for key in keys)
    return Table(key="figures", title=phrase("report.compare.title"), columns=columns, rows=rows)


def _row(one: Finding | None, other: Finding | None) -> tuple[Cell, ...]:
    known = one or other
    assert known is not None
    return (known.label, _shown(one), _shown(other), _change(one, other))


def _change(one: Finding | None, other: Finding | None) -> Phrase:
    if one is None:
        return phrase("report.compare.missing_first")
    if other is None:
        return phrase("report.compare.missing_second")
    if one.verdict != other.verdict:
        return phrase("report.compare.changed", first=_verdict(one), second=_verdict(other))
    return phrase("report.compare.same" if _rank(one, other) == UNCHANGED else "report.compare.moved")


def _shown(finding: Finding | None) -> Phrase:
    """Value and interval, or the verdict that stands in their place."""
    if finding is None:
        return phrase("report.compare.absent")
    if finding.verdict in VALUELESS or finding.value is None:
        return _verdict(finding)
    value, unit = written(finding, finding.value), phrase(f"units.{finding.unit}")
    if finding.low is None or finding.high is None:
        return phrase("report.value_unit", value=value, unit=unit)
    ends = {"low": written(finding, finding.low), "high": written(finding, finding.high)}
    return phrase("report.compare.value", value=value, unit=unit, **ends)


def _verdict(finding: Finding) -> Phrase:
    return verdict_word(finding)


def _settings(a: Document, b: Document) -> Table:
    first = flat({"settings": a.settings, "seed": a.seed, "versions": dict(a.versions)})
    second = flat({"settings": b.settings, "seed": b.seed, "versions": dict(b.versions)})
    differing = [key for key in sorted({*first, *second}) if first.get(key) != second.get(key)]
    rows: list[tuple[Cell, ...]] = [
        (key.removeprefix("settings."), _plain(first, key), _plain(second, key)) for key in differing
    ]
    columns = (
        Column(key="setting", title=phrase("report.label.setting")),
        Column(key="first", title=phrase("report.compare.first")),
        Column(key="second", title=phrase("report.compare.second")),
    )
    return Table(key="settings", title=phrase("report.compare.settings"), columns=columns, rows=tuple(rows))


def _plain(settings: dict[str, JSON], key: str) -> Cell:
    if key not in settings:
        return phrase("report.compare.absent")
    value = settings[key]
    return (
        value if isinstance(value, (bool, int, float, str)) else phrase("report.nothing") if not value else str(value)
    )
