"""Does it hold against noise and fakes? Accuracy, its gap and a pushed item, before and after the log was tampered."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator

from analysis.charts.labels import exact
from analysis.document import Chart, Column, Section, Series, Table
from analysis.fairness.disclose import build_disclosed, hidden_groups
from analysis.fairness.drawing import gap_row
from analysis.fairness.infer import InferenceSettings, each_once
from analysis.fairness.judge import Comparison, Measure, judged
from analysis.fairness.paired import Changes, changes, judgeable_change, judgeable_gap_change
from analysis.fairness.partition import Partition, everyone, partition
from analysis.fairness.peruser import accuracy
from analysis.fairness.ranking import Ranking
from analysis.fairness.utility import accuracy_measures
from analysis.finding import JSON, Finding, Verdict, is_certain_gap, sentence, written
from words import Fact, Phrase, phrase

Kind = Literal["noise", "fakes"]
MOST_ADDED = 10.0
"""Rows, or users, added for each that there is: training on more takes memory and tells nothing."""


class AttackSettings(BaseModel):
    """How the training part is tampered with; the recommender is trained anew on each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    noise: tuple[Annotated[float, Field(gt=0, le=MOST_ADDED)], ...] = (0.05, 0.2)
    """Rows added at random, as shares of the wanted training rows."""
    fakes: tuple[Annotated[float, Field(gt=0, le=MOST_ADDED)], ...] = (0.01, 0.05)
    """Fake users who push one item, as shares of the users."""
    filler: Literal["random", "popular"] = "popular"
    """What else a fake user takes: anything, or what is popular (the bandwagon attack)."""
    target: str | None = None
    """Id of the item that the fakes push; None: one that few took."""
    attribute: str | None = None
    """Sensitive attribute whose gap in accuracy is watched; None: the first."""
    margin: float = Field(0.01, gt=0, lt=1)
    """Changes inside +- this are of no practical weight."""

    _once = field_validator("noise", "fakes")(each_once)


@dataclass(frozen=True)
class Tampered:
    """The recommender trained on a log that was tampered with: `kind` by `share`; the lists of the real users."""

    kind: Kind
    share: float
    ranking: Ranking

    @property
    def key(self) -> str:
        return f"{self.kind}[{exact(self.share)}]"

    @property
    def title(self) -> Phrase:
        return phrase(f"attacks.{self.kind}", share=f"{100 * self.share:.12g}%")


def attacks_section(
    clean: Ranking, tampered: Sequence[Tampered], target: int, settings: AttackSettings, k: int, K: int, seed: int
) -> Section:
    """Section `attacks`: the change of NDCG, of its gap between two groups, and of who is shown the pushed item.

    clean: the recommender as it is. tampered: the same, trained anew. target: code of the item that fakes push.
    Changes are of the same users, with intervals over users.
    """
    group = _group(clean, settings, accuracy(clean, K).counted, k)
    comparisons = [found for one in tampered for found in _compared(clean, one, group, target, settings, K, seed)]
    item = str(clean.item_ids[target])
    return build_disclosed(judged(comparisons), k, lambda shown: _drawn(shown, tampered, clean, item, target))


def _group(ranking: Ranking, settings: AttackSettings, counted: npt.NDArray[np.bool_], k: int) -> Partition | None:
    """The groups whose gap is watched: two known ones that disclosure shows, else None."""
    names = list(ranking.attributes.columns)
    name = settings.attribute or (names[0] if names else None)
    if name not in names:
        return None
    found = partition(ranking.attributes, (str(name),))
    hidden = hidden_groups(found, (counted,), k)
    return found if len(found.known) == 2 and not hidden & {found.names[at] for at in found.known} else None


def _compared(
    clean: Ranking, one: Tampered, group: Partition | None, target: int, settings: AttackSettings, K: int, seed: int
) -> list[Comparison]:
    pairs = [(_ndcg(clean, K), _ndcg(one.ranking, K))]
    if one.kind == "fakes":
        pairs.append((_shown(clean, target, K), _shown(one.ranking, target, K)))
    made = []
    for before, after in pairs:
        found = changes(before, after, everyone(len(clean.user_ids)), _inference(settings), _rng(seed, one, before))
        made.append(judgeable_change(_blank(before, one, found, {}, None, seed), found, 0, settings.margin))
    if group is not None:
        before, after = pairs[0]
        found = changes(before, after, group, _inference(settings), _rng(seed, one, before))
        a, b = group.known
        sizes = {group.names[at]: int(found.n[at]) for at in (a, b)}
        blank = _blank(before, one, found, sizes, group.attribute, seed)
        made.append(judgeable_gap_change(blank, found, a, b, settings.margin, _inference(settings).permutations))
    return made


def _ndcg(ranking: Ranking, K: int) -> Measure:
    return next(measure for measure in accuracy_measures(ranking, K) if measure.name.startswith("ndcg"))


def _shown(ranking: Ranking, target: int, K: int) -> Measure:
    """Share of users in whose list the item stands."""
    return Measure(
        name=f"pushed@{K}",
        label=phrase("attacks.pushed", K=K),
        unit="share",
        numerator=(ranking.lists[:, :K] == target).any(axis=1).astype(np.float64),
        denominator=np.ones(len(ranking.user_ids)),
        method=phrase("attacks.method_pushed", K=K),
    )


def _inference(settings: AttackSettings) -> InferenceSettings:
    return InferenceSettings(margin=settings.margin)


def _blank(
    measure: Measure, one: Tampered, found: Changes, groups: dict[str, int], attribute: str | None, seed: int
) -> Comparison:
    facts: dict[str, Fact] = {"figure": measure.label, "how": one.title}
    label = phrase("attacks.change", **facts)
    if attribute is not None:
        first, second = groups
        label = phrase("attacks.gap_change", **facts, first=first, second=second)
    kept: dict[str, JSON] = {"kind": one.kind, "share": one.share, "figure": measure.name}
    if attribute is not None:
        kept["attribute"] = attribute
    return Comparison(
        key=f"attacks.{one.key}.{measure.name}.{'gap.' if attribute else ''}change",
        label=label,
        unit=measure.gap_unit,
        n=sum(groups.values()) if groups else int(found.n[0]),
        method=phrase("attacks.method", figure=measure.method),
        groups=groups,
        settings=kept,
        seed=seed,
    )


def _rng(seed: int, one: Tampered, measure: Measure) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(f"{one.key} {measure.name}".encode())])


def _drawn(
    findings: tuple[Finding, ...], tampered: Sequence[Tampered], clean: Ranking, item: str, target: int
) -> Section:
    shown = [finding for finding in findings if finding.low is not None]
    charts = [chart for unit in ("ndcg", "points") if (chart := _chart(shown, unit)) is not None]
    taken = int(clean.popularity[target])
    return Section(
        step="attacks",
        summary=(_answer(findings), *(_said(finding) for finding in findings if is_certain_gap(finding))),
        findings=findings,
        charts=tuple(charts),
        tables=(_table(findings),),
        notes=(phrase("attacks.note_item", item=item, taken=taken), phrase("attacks.note_how"), clean.protocol),
    )


def _answer(findings: tuple[Finding, ...]) -> Phrase:
    """How many of the figures moved, held, or tell nothing."""
    verdicts = [finding.verdict for finding in findings]
    moved, held = sum(map(is_certain_gap, findings)), verdicts.count(Verdict.EQUIVALENT)
    key = "attacks.answer_moves" if moved else "attacks.answer_holds" if held else "attacks.answer_open"
    return phrase(key, count=len(verdicts), moved=moved, held=held, open=len(verdicts) - moved - held)


def _said(finding: Finding) -> Phrase:
    """One sentence of a change that is more than chance."""
    if finding.value is None or finding.low is None or finding.high is None:
        return sentence(finding)
    ends = {name: written(finding, end) for name, end in (("low", finding.low), ("high", finding.high))}
    facts: dict[str, Fact] = {"label": finding.label, "value": written(finding, finding.value), **ends}
    return phrase("attacks.said_moved", **facts, n=finding.n)


def _chart(shown: list[Finding], unit: str) -> Chart | None:
    """The changes of one unit with their intervals, and a line at none."""
    found = [finding for finding in shown if finding.unit == unit]
    if not found:
        return None
    scale = 100 if unit == "points" else 1  # findings hold fractions, the axis counts percentage points
    points = Series(
        name=phrase(f"attacks.axis_{unit}"),
        x=tuple(None if f.value is None else scale * f.value for f in found),
        y=tuple(finding.label for finding in found),
        low=tuple(None if f.low is None else scale * f.low for f in found),
        high=tuple(None if f.high is None else scale * f.high for f in found),
        text=tuple(sentence(finding) for finding in found),
    )
    return Chart(
        key=f"attacks.{unit}",
        kind="interval",
        title=phrase(f"attacks.chart_{unit}"),
        x_title=phrase(f"attacks.axis_{unit}"),
        y_title=phrase("attacks.axis_change"),
        n=min(finding.n for finding in found),
        series=(points,),
        alt=phrase("attacks.chart_alt", count=len(found)),
        zero_line=0.0,
    )


def _table(findings: tuple[Finding, ...]) -> Table:
    names = ("comparison", "value", "interval", "p", "n", "smallest", "verdict")
    columns = tuple(
        Column(key=name, title=phrase(f"fairness.column.{name}"), unit="count" if name == "n" else "text")
        for name in names
    )
    return Table(
        key="attacks.changes", title=phrase("attacks.table"), columns=columns, rows=tuple(map(gap_row, findings))
    )
