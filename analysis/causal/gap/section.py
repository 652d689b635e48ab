"""Step `gap`: why is there a gap? The exact parts of a difference between two groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.causal.dag import Graph
from analysis.causal.estimate import Estimate
from analysis.causal.gap import views
from analysis.causal.gap.decompose import Parts, decompose
from analysis.causal.gap.people import Compared, carried, compared, names_of, sides
from analysis.causal.gap.places import Places, all_of, place
from analysis.causal.gap.sample import Sample, sample
from analysis.causal.gap.settings import GapSettings
from analysis.causal.gap.told import Frame, findings, hidden
from analysis.document import Section
from analysis.fairness.disclose import disclosed
from analysis.fairness.partition import partition
from analysis.fairness.ranking import Ranking
from analysis.finding import not_computed
from analysis.log import Dataset
from words import Phrase, Refusal, phrase

Tell = Callable[..., None]
MARGIN = 0.01
RELATIVE_MARGIN = 0.05
"""Default margins: of shares and NDCG as they are; of other figures as a share of the standard deviation."""


@dataclass(frozen=True)
class Groups:
    """The two groups compared: arm int8 [users], 1 for `first`, 0 for `second`, -1 for all others."""

    attribute: str
    first: str
    second: str
    arm: np.ndarray


def gap_section(
    dataset: Dataset,
    graph: Graph,
    ranking: Ranking | None,
    settings: GapSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *_, **__: None,
) -> Section:
    """Section `gap`: what a gap between two groups is made of, the answer first.

    ranking: the recommender's lists, for figures of lists; None where the outcome is of the log. k: disclosure
    threshold. What the data do not allow (one group, nobody with the outcome, a constant outcome, no overlap) ends
    as `not computed` with the reason. Raises Refusal for settings that name what the data do not have.
    """
    tell(0.0, "gap.progress.read")
    if not dataset.sensitive:
        raise Refusal("gap.no_attribute")
    attribute = settings.attribute or dataset.sensitive[0]
    if attribute not in dataset.sensitive:
        raise Refusal("gap.no_column", name=attribute)
    outcome = compared(dataset, ranking, settings)
    groups = two_groups(dataset, attribute, settings)
    if isinstance(groups, Phrase):
        return _nothing(attribute, outcome, len(dataset.users), groups)
    rows, frame = _frame(dataset, graph, ranking, settings, outcome, groups, seed)
    counted = np.where(groups.arm >= 0, np.isfinite(outcome.value), False)
    wrong = _degenerate(rows, frame)
    few = 0 < min(frame.people.values()) < k
    if wrong is not None and few:
        return hidden(_nothing(attribute, outcome, int(counted.sum()), phrase("finding.suppressed", k=k)), k)
    if wrong is not None:
        return _nothing(attribute, outcome, int(counted.sum()), wrong)
    tell(0.2, "gap.progress.parts")
    done = decompose(rows, settings.replicates, seed)
    tell(0.7, "gap.progress.turned")
    turned = negative(decompose(rows.turned(), settings.replicates, seed))
    if few:
        return _too_few(done, turned, frame, k)
    found = disclosed(findings(done, frame, turned), k)
    picture = views.chart(done, frame)
    tables = [views.parts_table(done, frame, {"turned": turned})] if done.direct is not None else []
    left = int(((groups.arm >= 0) & ~np.isfinite(outcome.value)).sum())
    drawn = of_people(graph, attribute, frame.places.between)
    tell(1.0, "gap.progress.done")
    return Section(
        step="gap",
        summary=views.summary(done, frame, {one.key: one for one in found}),
        findings=found,
        charts=() if picture is None else (picture,),
        tables=(*tables, views.sides_table(rows, frame, k)),
        notes=(
            *views.notes(done, frame),
            *_notes(drawn, frame, outcome, left),
        ),
        facts={
            "attribute": attribute,
            "figure": outcome.figure,
            "confounders": list(frame.places.before),
            "mediators": list(frame.places.between),
            "by": done.by,
            "lacking": done.lacking,
            "sound": frame.places.sound,
        },
    )


def two_groups(dataset: Dataset, attribute: str, settings: GapSettings) -> Groups | Phrase:
    """The two groups chosen, or the two largest known ones; why there are none otherwise."""
    split = partition(dataset.users, (attribute,))
    known = [split.names[code] for code in split.known]
    for name in (settings.first, settings.second):
        if name is not None and name not in known:
            raise Refusal("gap.no_group", name=name, attribute=attribute, known=", ".join(known))
    first = settings.first or next((name for name in known if name != settings.second), None)
    second = settings.second or next((name for name in known if name != first), None)
    if first is None or second is None or first == second:
        return phrase("gap.one_group", attribute=attribute)
    arm = np.full(len(dataset.users), -1, np.int8)
    arm[split.code == split.names.index(first)] = 1
    arm[split.code == split.names.index(second)] = 0
    return Groups(attribute, first, second, arm)


def negative(parts: Parts) -> Parts:
    """The parts of the gap the other way round, with the signs of the first way."""

    def turn(one: Estimate | None) -> Estimate | None:
        if one is None:
            return None
        inner = (-one.inner[1], -one.inner[0])
        return Estimate(-one.value, -one.high, -one.low, inner, one.error, one.p)

    return replace(
        parts,
        total=turn(parts.total),
        direct=turn(parts.direct),
        indirect=turn(parts.indirect),
        spurious=turn(parts.spurious),
        through=tuple(turn(one) for one in parts.through),
        means=(parts.means[1], parts.means[0]),
    )


def _frame(
    dataset: Dataset,
    graph: Graph,
    ranking: Ranking | None,
    settings: GapSettings,
    outcome: Compared,
    groups: Groups,
    seed: int,
) -> tuple[Sample, Frame]:
    before, between = sides(dataset, graph, groups.attribute, outcome.node, settings)
    table = carried(dataset, ranking, (*before, *between))
    inside = groups.arm >= 0
    before, between = (tuple(name for name in names if _varies(table.loc[inside, name])) for names in (before, between))
    graph = of_people(graph, groups.attribute, between)
    places = place(graph, groups.attribute, outcome.node, before, between, settings.mediators is not None)
    rows = sample(
        table.loc[inside], groups.arm[inside], outcome.value[inside], places.before, places.between, settings.bins
    )
    default = MARGIN if outcome.unit in ("share", "ndcg", "score") else RELATIVE_MARGIN * float(rows.outcome.std() or 1)
    frame = Frame(
        kind="gap",
        base=f"why.{groups.attribute}.{outcome.figure}",
        first=groups.first,
        second=groups.second,
        x=groups.attribute,
        outcome=outcome.label,
        unit=outcome.gap_unit,
        level_unit=outcome.unit,
        words=names_of(dataset, (*places.before, *places.between, *places.left_out), ranking),
        places=places,
        people={groups.first: int(rows.of(1).sum()), groups.second: int(rows.of(0).sum())},
        n=rows.users,
        margin=settings.margin or default,
        replicates=settings.replicates,
        settings={**settings.model_dump(mode="json", exclude_none=True), **_sides(places)},
        seed=seed,
    )
    return rows, frame


def of_people(graph: Graph, attribute: str, between: tuple[str, ...]) -> Graph:
    """The graph without those of `between` that it does not draw after the attribute.

    There they are of rows (how popular an item is); here of people (how popular what a person takes is), and what a
    person does comes after who the person is.
    """
    after = graph.descendants(attribute) if attribute in graph.nodes else frozenset()
    for name in between:
        graph = graph.remove_node(name) if name in graph.nodes and name not in after else graph
    return graph


def _sides(places: Places) -> dict[str, list[str]]:
    return {"confounders": list(places.before), "mediators": list(places.between)}


def _varies(column: pd.Series) -> bool:
    return column.nunique(dropna=False) > 1


def _degenerate(rows: Sample, frame: Frame) -> Phrase | None:
    """Why there is nothing to take apart; None where there is."""
    if min(frame.people.values()) == 0:
        return phrase("gap.nobody", outcome=frame.outcome, first=frame.first, second=frame.second)
    if np.ptp(rows.outcome) == 0:
        return phrase("gap.constant", outcome=frame.outcome)
    if not rows.before and not rows.between:
        return phrase("gap.no_columns", x=frame.x)
    return None


def _nothing(attribute: str, outcome: Compared, n: int, reason: Phrase) -> Section:
    method = phrase("gap.method_none")
    label = phrase("gap.gap_of", outcome=outcome.label, x=attribute)
    key = f"why.{attribute}.{outcome.figure}.gap"
    finding = not_computed(key, label, outcome.gap_unit, n, reason, method)
    said = phrase("gap.withheld", outcome=outcome.label, x=attribute, reason=reason)
    return Section(step="gap", summary=(said,), findings=(finding,), facts={"attribute": attribute})


def _too_few(done: Parts, turned: Parts, frame: Frame, k: int) -> Section:
    """Under k people everything is suppressed, sentences, charts and tables included."""
    reason = phrase("finding.suppressed", k=k)
    said = phrase("gap.withheld", outcome=frame.outcome, x=frame.x, reason=reason)
    told = Section(
        step="gap", summary=(said,), findings=tuple(findings(done, frame, turned)), facts={"attribute": frame.x}
    )
    return hidden(told, k)


def _notes(graph: Graph, frame: Frame, outcome: Compared, left: int) -> tuple[Phrase, ...]:
    said = [phrase("gap.note_person"), outcome.method]
    known = set(graph.nodes)
    new: list[str | Phrase] = [] if outcome.node in known else [outcome.label]
    new += [frame.said(name) for name in (frame.x, *frame.places.before, *frame.places.between) if name not in known]
    if new:
        said.append(phrase("gap.note_not_drawn", names=all_of(new)))
    if left:
        said.append(phrase("gap.note_excluded", n=left, outcome=outcome.label))
    return tuple(said)
