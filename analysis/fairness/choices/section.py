"""How much of the verdict is choice: the curve over all defensible ways, what each choice moves, and a joint test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from analysis.document import Cell, Chart, Column, Section, Series, Table
from analysis.fairness.choices.settings import ChoiceSettings
from analysis.fairness.choices.ways import Answers, Mask, Variation, Way, answers, counted_by_each, definitions, moved
from analysis.fairness.disclose import hidden_groups
from analysis.fairness.partition import partition
from analysis.finding import Finding, Verdict, amount, not_computed, p_said
from analysis.log import UNKNOWN
from words import Fact, Phrase, Refusal, phrase

Tell = Callable[..., None]
CHOICES = ("metric", "K", "who", "items", "wanted", "candidates", "model")
"""The choices in the order in which a table names them."""
UNIT = "overall"
"""Differences as a share of the mean of both groups, so that figures of different scale stand in one picture."""


def choices_section(
    variations: Sequence[Variation],
    settings: ChoiceSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *news, **figures: None,
) -> Section:
    """Section `choices`. variations: the audit's own way first, all over the same users.

    Raises Refusal where the attribute or a group is not in the data, or fewer than two groups have `k` people.
    """
    counted = counted_by_each(variations, settings)
    attribute, first, second = _asked(variations[0], settings, counted, k)
    tell(0.1, "choices.progress")
    by_all = np.logical_and.reduce(counted)
    found = definitions(variations[0].ranking, attribute, first, second, k, by_all)
    done = answers(variations, found, attribute, settings, k, seed)
    tell(0.9, "choices.progress")
    drawn = _Drawn(attribute, first, second, settings, len(variations[0].ranking.user_ids), seed)
    return drawn.section(done)


def _asked(variation: Variation, settings: ChoiceSettings, counted: Sequence[Mask], k: int) -> tuple[str, str, str]:
    """Attribute and the two groups: named, or the two largest that disclosure shows, whomever a variation counts."""
    columns = variation.ranking.attributes
    known = [str(name) for name in columns.columns]
    if not known:
        raise Refusal("leakage.no_attribute")
    attribute = settings.attribute or known[0]
    if attribute not in known:
        raise Refusal("fairness.refusal.attribute", name=attribute, known=", ".join(known))
    groups = partition(columns, (attribute,))
    hidden = hidden_groups(groups, counted, k)
    shown = [name for name in groups.names if name not in hidden and name != UNKNOWN]
    named = [name for name in (settings.first, settings.second) if name is not None]
    missing = next((name for name in named if name not in shown), None)
    if missing is not None:
        raise Refusal("choices.no_group", name=missing, attribute=attribute, known=", ".join(shown))
    rest = [name for name in shown if name not in named]
    if len(named) + len(rest) < 2:
        raise Refusal("choices.one_group", attribute=attribute)
    first = settings.first or rest.pop(0)
    return attribute, first, settings.second or rest.pop(0)


class _Drawn:
    """The section's parts; what they are about is held once."""

    def __init__(self, attribute: str, first: str, second: str, settings: ChoiceSettings, n: int, seed: int) -> None:
        self.attribute, self.first, self.second = attribute, first, second
        self.settings, self.n, self.seed = settings, n, seed

    def section(self, done: Answers) -> Section:
        told = [way for way in done.ways if way.value is not None]
        own, others = [w for w in told if w.main], [w for w in told if not w.main]
        return Section(
            step="choices",
            summary=self._summary(done, own, others),
            findings=(self._joint(done, own), *(self._finding(at, way) for at, way in enumerate(done.ways))),
            charts=(self._curve(told),) if told else (),
            tables=(*self._by_choice(own), self._all(done.ways)),
            notes=tuple(phrase(f"choices.note.{name}") for name in ("ways", "scale", "joint", "left_out")),
        )

    def _summary(self, done: Answers, own: Sequence[Way], others: Sequence[Way]) -> tuple[Phrase, ...]:
        if not own:
            return (phrase("choices.said.none"),)
        said = [self._counted("own", own)]
        if done.p is not None:
            key = "joint" if done.p <= 1 - self.settings.level else "joint_open"
            said.append(phrase(f"choices.said.{key}", attribute=self.attribute, p=p_said(done.p)))
        shares = moved(own)
        if shares:
            name, share = next(iter(shares.items()))
            said.append(phrase("choices.said.moved", choice=phrase(f"choices.of.{name}"), share=amount(share, "share")))
        values = [way.value for way in own if way.value is not None]
        ends = {"low": amount(min(values), "share"), "high": amount(max(values), "share")}
        said.append(phrase("choices.said.range", group=self.second, first=self.first, **ends))
        return (*said, *([self._counted("others", others)] if others else []))

    def _counted(self, key: str, ways: Sequence[Way]) -> Phrase:
        counts = Counter(way.verdict for way in ways)
        facts: dict[str, Fact] = {name: counts[name] for name in ("less", "more", "open")}
        return phrase(f"choices.said.{key}", total=len(ways), group=self.second, first=self.first, **facts)

    def _joint(self, done: Answers, own: Sequence[Way]) -> Finding:
        """The median difference over the ways of the audited recommender, with the joint permutation p."""
        label = phrase("choices.label.median", attribute=self.attribute, second=self.second, first=self.first)
        method = phrase("choices.method.joint", permutations=self.settings.permutations)
        key = f"choices.{self.attribute}.median"
        if done.p is None:
            return not_computed(key, label, UNIT, self.n, phrase("choices.said.none"), method)
        verdict = Verdict.GAP if done.p <= 1 - self.settings.level else Verdict.CANNOT_TELL
        median = float(np.median([way.value for way in own if way.value is not None]))
        facts = {"ways": len(own), "attribute": self.attribute}
        return Finding(
            key=key, label=label, unit=UNIT, verdict=verdict, value=median, n=self.n, p_value=done.p, method=method,
            settings=facts, seed=self.seed,
        )  # fmt: skip

    def _finding(self, at: int, way: Way) -> Finding:
        key = f"choices.{self.attribute}.way.{at + 1}"
        label = phrase("choices.label.way", second=self.second, first=self.first, ways=way_words(way))
        method = phrase("choices.method.way")
        if way.value is None or way.low is None or way.high is None:
            reason = phrase("choices.no_answer")
            return not_computed(key, label, UNIT, sum(way.n), reason, method)
        verdict = Verdict.CANNOT_TELL if way.verdict == "open" else Verdict.GAP
        return Finding(
            key=key, label=label, unit=UNIT, verdict=verdict, value=way.value, low=way.low, high=way.high,
            level=self.settings.level, n=sum(way.n), groups={self.second: way.n[1], self.first: way.n[0]},
            method=method, seed=self.seed,
        )  # fmt: skip

    def _curve(self, told: Sequence[Way]) -> Chart:
        """Sorted by the answer; other recommenders in a series of their own."""
        order = sorted(range(len(told)), key=lambda at: (told[at].value, at))
        rank = {at: place for place, at in enumerate(order, 1)}
        series = []
        for name, main in (("own", True), ("others", False)):
            rows = [at for at in order if told[at].main is main]
            if rows:
                series.append(_curve_series(name, [told[at] for at in rows], [rank[at] for at in rows]))
        facts = {"attribute": self.attribute, "second": self.second, "first": self.first}
        return Chart(
            key="choices.curve",
            kind="scatter",
            title=phrase("choices.chart.title", **facts),
            x_title=phrase("choices.chart.rank"),
            y_title=phrase("choices.chart.difference", second=self.second, first=self.first),
            n=self.n,
            series=tuple(series),
            alt=phrase("choices.chart.alt", ways=len(told), **facts),
            zero_line=0.0,
        )

    def _by_choice(self, own: Sequence[Way]) -> list[Table]:
        """Each value of each choice: how many ways, what they say, the median; the choice that moves most first."""
        shares = moved(own)
        rows: list[tuple[Cell, ...]] = []
        for name, share in shares.items():
            by_value: dict[str, list[Way]] = {}
            for way in own:
                by_value.setdefault(str(way.choices[name]), []).append(way)
            rows += [_choice_row(name, share, ways) for ways in by_value.values()]
        names = ("choice", "value", "ways", "less", "open", "more", "median", "moves")
        units = {"ways": "count", "less": "count", "open": "count", "more": "count", "median": UNIT, "moves": "share"}
        return [_table("choices.by_choice", "choices.table.by_choice", names, units, rows)] if rows else []

    def _all(self, ways: Sequence[Way]) -> Table:
        shown = [name for name in CHOICES if any(name in way.choices for way in ways)]
        names = (*shown, "difference", "low", "high", "n", "verdict")
        units = dict.fromkeys(("difference", "low", "high"), UNIT) | {"n": "count"}
        rows: list[tuple[Cell, ...]] = [
            (
                *(way.choices.get(name) for name in shown),
                way.value,
                way.low,
                way.high,
                sum(way.n),
                phrase(f"choices.verdict.{way.verdict}", group=self.second),
            )
            for way in sorted(ways, key=lambda one: (one.value is None, one.value or 0.0))
        ]
        return _table("choices.ways", "choices.table.ways", names, units, rows)


def way_words(way: Way) -> Phrase | str:
    """The choices of a way in one line."""
    said: Phrase | str | None = None
    for name in CHOICES:
        own = way.choices.get(name)
        if own is not None:
            shown = phrase("choices.at", K=own) if name == "K" else own
            said = shown if said is None else phrase("choices.and", first=said, second=shown)
    return said or ""


def _curve_series(name: str, ways: Sequence[Way], ranks: Sequence[int]) -> Series:
    ends = {
        end: tuple(None if (number := getattr(way, end)) is None else 100 * number for way in ways)
        for end in ("value", "low", "high")
    }
    return Series(
        name=phrase(f"choices.series.{name}"),
        x=tuple(ranks),
        y=ends["value"],
        low=ends["low"],
        high=ends["high"],
        text=tuple(way_words(way) for way in ways),
    )


def _choice_row(name: str, share: float, ways: Sequence[Way]) -> tuple[Cell, ...]:
    counts = Counter(way.verdict for way in ways)
    median = float(np.median([way.value for way in ways if way.value is not None]))
    said = [counts[verdict] for verdict in ("less", "open", "more")]
    return (phrase(f"choices.of.{name}"), ways[0].choices[name], len(ways), *said, median, share)


def _table(
    key: str, title: str, names: Sequence[str], units: dict[str, str], rows: Sequence[tuple[Cell, ...]]
) -> Table:
    columns = tuple(Column(key=n, title=phrase(f"choices.column.{n}"), unit=units.get(n, "text")) for n in names)
    return Table(key=key, title=phrase(title), columns=columns, rows=tuple(rows))
