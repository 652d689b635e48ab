"""The section of the chosen mitigation drawn from disclosed findings: for whom it changed what, and what it harmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import BaseModel

from analysis.document import Cell, Chart, Column, Section, Series, Table
from analysis.fairness.summary import size
from analysis.finding import Finding, Verdict, amount, bare, interval, is_certain_gap, verdict_word, written
from analysis.mitigation.before_after import Terms
from analysis.mitigation.moved import resized
from analysis.mitigation.naming import BEFORE, title_of
from words import Fact, Phrase, listed, phrase


def chosen_drawn(findings: tuple[Finding, ...], name: str, terms: Terms, about: tuple[Phrase, ...]) -> Section:
    """The section `chosen` of disclosed `findings`; keys begin with ``chosen`` there. name: of the variant."""
    by_key = {finding.key: finding for finding in findings}
    effects = _effects(by_key, name, terms)
    figure = f"{terms.figure}@{terms.K}"
    renamed = tuple(f.model_copy(update={"key": f.key.replace("mitigation.", "chosen.", 1)}) for f in findings)
    chart = _by_group(by_key, name, figure, terms)
    return Section(
        step="chosen",
        summary=(
            phrase("chosen.is", name=title_of(name)),
            *_overall(by_key, name, figure),
            *_gap(by_key, name, figure, terms),
            *_gained(by_key, name, figure, terms),
            *_conflict(effects),
        ),
        findings=renamed,
        charts=() if chart is None else (chart,),
        tables=(_effect_table(effects), _people_table(by_key, name, figure, terms)),
        notes=(
            *(phrase(f"mitigation.about.{part.partition('@')[0]}") for part in name.split("+")),
            *about,
            phrase("mitigation.note.paired"),
            phrase("chosen.note.conflict"),
        ),
        facts={"variant": name, "attribute": terms.group.attribute, "figure": figure},
    )


class _Effect(BaseModel):
    """One fairness figure, 0 = equal where it is tested for change, before and after.

    moved: nearer to equal, further, turned round to a size not told from the former, chance, untested, hidden.
    """

    before: Finding
    after: Finding
    change: Finding | None

    @property
    def figure(self) -> Fact:
        """Its name, out of the label."""
        facts = self.before.label.facts
        if "attribute" not in facts:
            return facts["figure"]
        return phrase("chosen.gap_of", figure=facts["figure"], attribute=facts["attribute"])

    @property
    def moved(self) -> str:
        """A key under ``chosen.moved``."""
        if self.before.value is None or self.after.value is None:
            return "hidden"
        if self.change is None:
            return "untested"
        if not is_certain_gap(self.change):
            return "chance"
        return {-1: "nearer", 1: "further", 0: "turned"}[resized(self.before, self.after, self.change)]


def _effects(by_key: Mapping[str, Finding], name: str, terms: Terms) -> list[_Effect]:
    """Every disparity with a before and an after: gaps by the attribute, exposure by grouping, what a probe reads."""
    start, found = f"mitigation.{BEFORE}.", []
    for key, finding in by_key.items():
        rest = key.removeprefix(start)
        disparity = rest.endswith((".gap", ".leak")) or rest.startswith("distance[")
        after = by_key.get(f"mitigation.{name}.{rest}")
        if key.startswith(start) and disparity and after is not None:
            change = by_key.get(f"mitigation.{name}.{rest}.change")
            found.append(_Effect(before=finding, after=after, change=change))
    return found


def _effect_table(effects: Sequence[_Effect]) -> Table:
    names = ("figure", "before", "after", "change", "interval", "moved")
    rows: list[tuple[Cell, ...]] = []
    for effect in effects:
        before, after = (_written(finding) for finding in (effect.before, effect.after))
        change, moved = effect.change, phrase(f"chosen.moved.{effect.moved}")
        rows.append((effect.figure, before, after, _written(change), _range(change), moved))
    return Table(
        key="chosen.effects",
        title=phrase("chosen.table.effects"),
        columns=tuple(Column(key=key, title=phrase(f"chosen.column.{key}")) for key in names),
        rows=tuple(rows),
    )


def _people_table(by_key: Mapping[str, Finding], name: str, figure: str, terms: Terms) -> Table:
    """One row a group: mean change with its interval, the shares of users who gained and who lost."""
    group, rows = terms.group, []
    for at, one in enumerate(group.names):
        change = by_key.get(f"mitigation.{name}.{group.attribute}.{one}.{figure}.change")
        better, worse = (
            by_key.get(f"mitigation.{group.attribute}.{name}.{which}.{one}") for which in ("better", "worse")
        )
        n: Cell = change.n if change is not None and change.verdict is not Verdict.SUPPRESSED else None
        rows.append((group.label(at), n, _written(change), _range(change), _written(better), _written(worse)))
    names = ("group", "n", "change", "interval", "gained", "lost")
    units = {"n": "count"}
    return Table(
        key="chosen.people",
        title=phrase("chosen.table.people", attribute=group.attribute),
        columns=tuple(Column(key=k, title=phrase(f"chosen.column.{k}"), unit=units.get(k, "text")) for k in names),
        rows=tuple(rows),
    )


def _by_group(by_key: Mapping[str, Finding], name: str, figure: str, terms: Terms) -> Chart | None:
    """The mean change of each group and of all users, with intervals."""
    group = terms.group
    rows: list[tuple[Phrase | str, Finding | None]] = [
        (phrase("fairness.group.all"), by_key.get(f"mitigation.{name}.all.{figure}.change"))
    ]
    for at, one in enumerate(group.names):
        rows.append((group.label(at), by_key.get(f"mitigation.{name}.{group.attribute}.{one}.{figure}.change")))
    shown = [(label, finding) for label, finding in rows if finding is not None and finding.low is not None]
    if not shown:
        return None
    return Chart(
        key="chosen.by_group",
        kind="interval",
        title=phrase("chosen.chart", figure=shown[0][1].label.facts["figure"]),
        x_title=phrase("chosen.axis", figure=shown[0][1].label.facts["figure"]),
        y_title=phrase("chosen.column.group"),
        n=len(group.code),
        series=(
            Series(
                name=title_of(name),
                x=tuple(finding.value for _, finding in shown),
                y=tuple(label for label, _ in shown),
                low=tuple(finding.low for _, finding in shown),
                high=tuple(finding.high for _, finding in shown),
            ),
        ),
        alt=phrase("chosen.chart_alt", count=len(shown)),
        zero_line=0.0,
    )


def _overall(by_key: Mapping[str, Finding], name: str, figure: str) -> list[Phrase]:
    """What it does to all users, with the relative change."""
    before, after = (by_key.get(f"mitigation.{which}.all.{figure}") for which in (BEFORE, name))
    change = by_key.get(f"mitigation.{name}.all.{figure}.change")
    if before is None or after is None or not before.value or after.value is None:
        return []
    label = before.label if change is None else change.label
    facts: dict[str, Fact] = {"figure": label.facts["figure"], "before": bare(before.value, before.unit)}
    facts |= {"after": bare(after.value, after.unit), "share": f"{100 * (after.value / before.value - 1):+z.1f}%"}
    return [phrase("chosen.overall", **facts, range=_range(change))]


def _gap(by_key: Mapping[str, Finding], name: str, figure: str, terms: Terms) -> list[Phrase]:
    attribute = terms.group.attribute
    before, after = (by_key.get(f"mitigation.{which}.{attribute}.{figure}.gap") for which in (BEFORE, name))
    change = by_key.get(f"mitigation.{name}.{attribute}.{figure}.gap.change")
    if before is None or after is None or before.value is None or after.value is None:
        return []
    facts: dict[str, Fact] = {"attribute": attribute, "figure": before.label.facts["figure"]}
    facts |= {"before": size(before.value, before.unit), "after": size(after.value, after.unit)}
    said = [phrase("chosen.gap", **facts, range=_range(change))]
    least = None if change is None else change.smallest_detectable
    if change is not None and change.verdict is Verdict.CANNOT_TELL and least is not None:
        said.append(phrase("chosen.smallest", amount=size(least, change.unit)))
    return said


def _gained(by_key: Mapping[str, Finding], name: str, figure: str, terms: Terms) -> list[Phrase]:
    """Of each group the shares of users who gained and who lost."""
    said, group = [], terms.group
    for at in group.known:
        pair = [
            by_key.get(f"mitigation.{group.attribute}.{name}.{way}.{group.names[at]}") for way in ("better", "worse")
        ]
        values = [one.value for one in pair if one is not None and one.value is not None]
        if len(values) == 2:
            facts: dict[str, Fact] = {"attribute": group.attribute, "group": group.label(at)}
            facts |= {"gained": amount(values[0], "share"), "lost": amount(values[1], "share")}
            said.append(phrase("chosen.gained", **facts))
    return said[:4]


def _conflict(effects: Sequence[_Effect]) -> list[Phrase]:
    """Which disparities came nearer to equal, went further or turned round, beyond chance; how many were not tested."""
    said = []
    for way in ("nearer", "further", "turned"):
        figures = [cast(Phrase | str, effect.figure) for effect in effects if effect.moved == way]
        if figures:
            said.append(phrase(f"chosen.all_{way}", figures=listed(figures, "semicolon")))
    tested = sum(effect.moved in ("nearer", "further", "turned", "chance") for effect in effects)
    if tested and not said:
        said.append(phrase("chosen.none_moved", count=tested))
    if tested < len(effects):
        said.append(phrase("chosen.some_untested", count=len(effects) - tested))
    return said


def _written(finding: Finding | None) -> Cell:
    if finding is None:
        return phrase("fairness.cell.none")
    if finding.value is None:
        return verdict_word(finding)
    return written(finding, finding.value)


def _range(finding: Finding | None) -> Cell:
    limits = None if finding is None else interval(finding)
    return phrase("fairness.cell.none") if limits is None else limits
