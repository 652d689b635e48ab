"""The structure step: mechanisms of the drawn graph, what if, one user's other outcome, and why two groups differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.dag import Graph
from analysis.causal.effect_findings import default_margin, unit_of
from analysis.causal.estimate import Estimate
from analysis.causal.spoken import spoken
from analysis.causal.structure import change as changes
from analysis.causal.structure import personal
from analysis.causal.structure.actions import actions
from analysis.causal.structure.crosscheck import check
from analysis.causal.structure.found import Found
from analysis.causal.structure.grid import grid
from analysis.causal.structure.model import Structure, structure
from analysis.causal.structure.projection import project
from analysis.causal.structure.said import Frame
from analysis.causal.structure.settings import StructureSettings
from analysis.causal.structure.variables import is_binary, rows_of
from analysis.causal.structure.views import charts, tables
from analysis.causal.structure.whatif import Answers, answers, base
from analysis.causal.structure.wording import findings, notes, summary
from analysis.causal.variables import variables
from analysis.document import Section
from analysis.fairness.disclose import disclose
from analysis.finding import not_computed
from analysis.log import Dataset
from words import Phrase, Refusal, listed, phrase

Tell = Callable[..., None]


@dataclass(frozen=True)
class Results:
    """section: for page and report; grid: every what-if answer, for the page; people: one row a user, for the page.

    people rests on single persons and is no part of a report.
    """

    section: Section
    grid: Section | None = None
    people: pd.DataFrame | None = None


def structure_results(
    dataset: Dataset, graph: Graph, settings: StructureSettings, k: int, seed: int, tell: Tell = lambda *_, **__: None
) -> Results:
    """The whole step. k: disclosure threshold in users.

    Raises Refusal only where the graph names no outcome; what the data do not allow is a section that says so.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    if graph.outcome is None:
        raise Refusal("structure.no_outcome")
    tell(0.0, "structure.progress.fit")
    with threadpool_limits(1):  # hundreds of small solves: a second thread costs more than it does
        try:
            model = _model(dataset, graph, seed)
        except Refusal as refusal:
            return Results(_nothing(dataset, refusal.phrase))
        if model.rows.users < k:
            return Results(_nothing(dataset, phrase("finding.suppressed", k=k)))
        frame = _frame(dataset, graph, model, settings, seed)
        found = _found(dataset, graph, model, settings, k, seed, tell)
    tell(1.0, "structure.progress.done")
    shown = disclose(Section(step="structure", summary=(), findings=findings(found, frame)), k).findings
    section = Section(
        step="structure",
        summary=summary(found, frame, shown),
        findings=shown,
        charts=charts(found, frame, shown),
        tables=tables(found, frame),
        notes=notes(found, frame),
        facts={
            "free": list(model.drawn.free),
            "hidden": list(model.drawn.dropped),
            "personal": found.personal is None,
            "level_unit": frame.level_unit,
            "treatment": graph.treatment,
        },
    )
    return Results(section, disclose(grid(frame, found.answers), k), found.people)


def _model(dataset: Dataset, graph: Graph, seed: int) -> Structure:
    table = variables(dataset)
    assert graph.outcome is not None
    if graph.outcome in graph.latent or graph.outcome not in table.columns:
        raise Refusal("effects.not_recorded", names=graph.outcome)
    drawn = project(graph, graph.outcome, table.columns)
    if len(drawn.order) < 2:
        raise Refusal("structure.no_causes", outcome=spoken(dataset).get(graph.outcome, graph.outcome))
    return structure(rows_of(table, drawn.order, graph.outcome, seed, graph.treatment), drawn, seed)


def _found(
    dataset: Dataset, graph: Graph, model: Structure, settings: StructureSettings, k: int, seed: int, tell: Tell
) -> Found:
    attributes = tuple(name for name in dataset.sensitive if name in model.rows.table)
    on = base(model.rows, model.drawn.order[:-1], attributes)

    def grid_told(share: float) -> None:
        tell(0.05 + 0.4 * share, "structure.progress.what_if", share=share)

    def change_told(share: float) -> None:
        tell(0.5 + 0.4 * share, "structure.progress.change", share=share)

    done = answers(model, on, actions(model.rows, model.drawn.free, k), settings.replicates, seed, grid_told)
    treatment = graph.treatment
    effect = _effect(model, done, treatment, spoken(dataset, taken=graph.nodes), k)
    why = phrase("structure.no_treatment") if treatment is None else personal.unavailable(model, treatment)
    people = None
    if why is None and isinstance(effect, Phrase):
        why = effect
    if why is None and treatment is not None:
        tell(0.47, "structure.progress.people")
        people = personal.counterfactuals(model, on, treatment, seed)
    apart: changes.Change | Phrase | None = None
    if settings.compare != "none":
        which = changes.compared(dataset, graph, model.rows, settings)
        if isinstance(which, changes.Compared):
            apart = changes.change(model, which, settings.replicates, seed, change_told)
        else:
            apart = which
    beside = None
    if settings.check and treatment is not None and not isinstance(effect, Phrase) and effect[0] is not None:
        tell(0.92, "structure.progress.check")
        beside = check(model, treatment, seed)
    return Found(model, done, effect, apart, beside, why, people)


def _effect(
    model: Structure, done: Answers, treatment: str | None, words: Mapping[str, str], k: int
) -> tuple[Estimate | None, ...] | Phrase:
    """All rows treated minus none, or why that is no question here. words: column -> its spoken name."""
    if treatment is None:
        return phrase("structure.no_treatment")

    def said(name: str) -> str:
        return words.get(name, name)

    if treatment not in model.drawn.order:
        return phrase("structure.not_a_cause", name=said(treatment))
    if treatment not in model.drawn.free:
        hidden, others = model.drawn.confounders[treatment]
        facts = {"name": said(treatment), "hidden": listed(map(said, hidden)), "others": listed(map(said, others))}
        direct = any(treatment in model.drawn.causes[other] for other in others)
        return phrase("structure.hidden_cause" if direct else "structure.hidden_around", **facts)
    variable = model.rows.variables[treatment]
    if len(variable.labels) == 1:
        return phrase("effects.treatment_constant", name=said(treatment), level=variable.labels[0])
    if not is_binary(variable):
        return phrase("structure.not_binary", name=said(treatment))
    return done.whole.get(treatment, phrase("finding.suppressed", k=k))


def _frame(dataset: Dataset, graph: Graph, model: Structure, settings: StructureSettings, seed: int) -> Frame:
    outcome = model.rows.variables[model.outcome]
    values = model.rows.values[model.outcome]
    amounts = np.asarray(values if outcome.amounts is None else outcome.amounts[values.astype(int)], dtype=float)
    binary = is_binary(outcome)
    unit = unit_of(amounts, binary, model.outcome == "outcome")
    return Frame(
        outcome=model.outcome,
        treatment=graph.treatment,
        spoken=spoken(dataset, taken=graph.nodes),
        unit=unit,
        level_unit="share" if binary else unit,
        margin=default_margin(binary, float(amounts.mean()), float(amounts.std())),
        settings=settings,
        users=model.rows.users,
        seed=seed,
    )


def _nothing(dataset: Dataset, reason: Phrase) -> Section:
    label, method = phrase("structure.label_model"), phrase("structure.method_none")
    finding = not_computed("structure.model", label, "text", len(dataset.users), reason, method)
    return Section(step="structure", summary=(reason,), findings=(finding,), facts={"free": [], "personal": False})
