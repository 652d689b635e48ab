"""The trust step: which estimator finds a known effect on logs shaped like this one, and how often it is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.dag import Graph
from analysis.causal.effect_findings import unit_of
from analysis.causal.effects import with_outcome
from analysis.causal.estimators import ESTIMATORS
from analysis.causal.propensity import WITHHELD, overlap_by_strata
from analysis.causal.question import Question, ask
from analysis.causal.settings import EffectSettings
from analysis.causal.structure.variables import some_users
from analysis.causal.study import Contrast, Study, contrasts, study
from analysis.causal.trust.settings import TrustSettings
from analysis.causal.trust.trial import Trial, run
from analysis.causal.trust.views import charts, tables
from analysis.causal.trust.wording import Frame, findings, notes, summary
from analysis.causal.trust.world import World, world
from analysis.causal.variables import variables
from analysis.document import Section
from analysis.finding import amount, not_computed
from analysis.log import Dataset
from words import Phrase, Refusal, phrase

Tell = Callable[..., None]
FEWEST = 20
"""Users under whom simulated logs would be made of the same few people."""


@dataclass(frozen=True)
class _Asked:
    """The question on rows that are complete, and the world made of them; sampled: users of a log too large to be
    tried whole, else None."""

    question: Question
    study: Study
    world: World
    estimated: float
    sampled: int | None


def trust_section(
    dataset: Dataset,
    graph: Graph,
    question: EffectSettings,
    settings: TrustSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *_, **__: None,
) -> Section:
    """Section `trust`. question: the effects step's settings (treatment, outcome, adjustment, estimand, ...).

    Raises Refusal only where the graph names no treatment or outcome; what the data do not allow (no overlap, nothing
    identified, too few users, a constant column) is a section that says so.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    tell(0.0, "trust.progress.world")
    with threadpool_limits(1):  # thousands of small solves: a second thread costs more than it does
        try:
            asked = _asked(dataset, graph, question, k, seed)
        except Refusal as refusal:
            if graph.treatment is None or graph.outcome is None:
                raise
            return _nothing(dataset, refusal.phrase)

        def told(share: float) -> None:
            tell(0.02 + 0.96 * share, "trust.progress.logs", share=share)

        trial = run(asked.world, asked.estimated, question.estimand, settings, seed, told)
    tell(1.0, "trust.progress.done")
    return _said(asked, trial, question, settings, seed)


def _asked(dataset: Dataset, graph: Graph, settings: EffectSettings, k: int, seed: int) -> _Asked:
    table = variables(dataset)
    question = ask(dataset, graph, settings, table)
    if question.obstacle is not None:
        raise Refusal("trust.not_identified", reason=question.obstacle)
    if question.through:
        raise Refusal("trust.other_way")
    table, sampled = some_users(with_outcome(table, question, settings), seed)
    contrast = _largest(contrasts(table[question.treatment], settings.reference, settings.threshold))
    rows = _complete(study(table, question.treatment, question.outcome, contrast, question.adjustment, settings.bins))
    if rows.users < max(k, FEWEST):
        raise Refusal("trust.few_users", n=rows.users, least=max(k, FEWEST))
    made = world(rows, seed)
    lacking = overlap_by_strata(rows, settings.estimand).lacking
    if made.outside > WITHHELD or (lacking > WITHHELD and not rows.continuous and made.outside > 0):
        raise Refusal("effects.no_overlap", share=amount(max(made.outside, lacking), "share"), names=question.names)
    return _Asked(question, rows, made, _estimated(rows, settings, seed), sampled)


def _largest(found: tuple[Contrast, ...]) -> Contrast:
    """The contrast with most treated rows: one trial is enough to tell how a log of this shape behaves."""
    return max(found, key=lambda one: int(one.treated.sum()))


def _complete(rows: Study) -> Study:
    """The rows with every number known: the mechanisms that logs are drawn from need them."""
    numbers = [one.name for one in rows.confounders if one.edges]
    known = np.ones(rows.rows, bool)
    for name in numbers:
        known &= np.isfinite(rows.table[name].to_numpy(dtype=float, na_value=np.nan))
    if known.all():
        return rows
    table = rows.table.loc[known]
    label = pd.Series(rows.treated[known], index=table.index, name=rows.treatment)
    table = table.assign(**{rows.treatment: label})
    again = contrasts(table[rows.treatment], None, None)[0]
    bins = max((len(one.edges) - 1 for one in rows.confounders if one.edges), default=5)
    return study(table, rows.treatment, rows.outcome_name, again, tuple(one.name for one in rows.confounders), bins)


def _estimated(rows: Study, settings: EffectSettings, seed: int) -> float:
    """The effect that this log seems to have, by the first adjusting estimator that gives one."""
    for name in ("strata", "linear", "difference"):
        found = ESTIMATORS[name].run(rows, settings.estimand, 100, seed)
        if found is not None:
            return float(found.value)
    raise Refusal("effects.undefined")


def _said(asked: _Asked, trial: Trial, question: EffectSettings, settings: TrustSettings, seed: int) -> Section:
    rows = asked.study
    unit = unit_of(rows.outcome, rows.binary, asked.question.outcome == "outcome")
    frame = Frame(asked.question, trial, asked.world, unit, settings, seed)
    return Section(
        step="trust",
        summary=summary(frame),
        findings=findings(frame),
        charts=charts(frame),
        tables=tables(frame),
        notes=(*notes(frame), *_of_more(asked)),
        facts={"effects": list(trial.effects), "estimand": question.estimand},
    )


def _of_more(asked: _Asked) -> tuple[Phrase, ...]:
    if asked.sampled is None:
        return ()
    return (phrase("trust.note_sampled", users=f"{asked.study.users:,}", of=f"{asked.sampled:,}"),)


def _nothing(dataset: Dataset, reason: Phrase) -> Section:
    label, method = phrase("trust.label_trial"), phrase("trust.method_none")
    finding = not_computed("trust.trial", label, "text", len(dataset.users), reason, method)
    return Section(step="trust", summary=(phrase("trust.nothing", reason=reason),), findings=(finding,))
