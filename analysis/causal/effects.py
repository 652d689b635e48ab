"""The effects step: naive difference, adjusted effect, support, groups and refutations, as one section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.causal.analyse import Analysis, analyse
from analysis.causal.dag import Graph
from analysis.causal.dose_section import dose_section
from analysis.causal.effect_checks import check_findings
from analysis.causal.effect_findings import Frame, default_margin, headline, main_findings, unit_of
from analysis.causal.effect_views import charts, tables
from analysis.causal.effect_words import notes, summary
from analysis.causal.group_findings import by_group
from analysis.causal.other_ways import way_section
from analysis.causal.question import Question, arms, ask
from analysis.causal.settings import EffectSettings
from analysis.causal.spoken import spoken
from analysis.causal.strata import label
from analysis.causal.study import Contrast, Dosed, Study, contrasts, dosed, is_dose, study
from analysis.causal.variables import variables
from analysis.charts.labels import number
from analysis.document import Section
from analysis.fairness.disclose import disclosed
from analysis.finding import Finding, not_computed, suppressed
from analysis.log import Dataset
from words import Fact, Phrase, Refusal, listed, phrase

__all__ = ["EffectSettings", "effects_section", "variables"]

Tell = Callable[..., None]
HOW = {"backdoor": "adjusted", "instrument": "instrument", "front-door": "front_door"}
"""Default margin of equivalence: one point of a 0/1 outcome, but no more than a tenth of its mean (a click rate of half
a point is not equal to one of a point); else this share of the standard deviation."""


def effects_section(
    dataset: Dataset, graph: Graph, settings: EffectSettings, k: int, seed: int, tell: Tell = lambda *_, **__: None
) -> Section:
    """Section `effects`: what the treatment does to the outcome, the answer first.

    k: disclosure threshold in users. Nothing here raises for the state of the data: a constant treatment, no
    overlap, a graph that identifies nothing and the like end as `not computed` with the reason. Refuses (Refusal)
    only a graph or settings that do not name a treatment and an outcome.
    """
    tell(0.0, "effects.progress.read")
    table = variables(dataset)
    try:
        question = ask(dataset, graph, settings, table)
        table = with_outcome(table, question, settings)
        table, missing = _with_way(table, question)
        many = settings.threshold is None and is_dose(table[question.treatment])
        if many or question.way == "instrument":  # neither tells the treated from the others
            settings = settings.model_copy(update={"estimand": "ATE"})
        if many:
            return _dose(dataset, question, table, settings, k, seed, missing)
        compared = contrasts(table[question.treatment], settings.reference, settings.threshold)
        if question.way == "instrument" and len(compared) > 1:  # leaving out a kind would select on the treatment
            raise Refusal("effects.instrument_kinds", name=question.treatment_name, names=question.names)
    except Refusal as refusal:
        if graph.treatment is None or graph.outcome is None:
            raise
        return _nothing(dataset, graph, settings, refusal.phrase)
    sections = []
    for at, contrast in enumerate(compared):
        tell(at / len(compared), "effects.progress.estimate", share=at / len(compared))
        place = (contrast, len(compared), missing)
        sections.append(_contrast_section(dataset, question, place, table, settings, k, seed))
    tell(1.0, "effects.progress.done")
    return _joined(sections, question, settings, compared)


def _contrast_section(
    dataset: Dataset,
    question: Question,
    place: tuple[Contrast, int, int],
    table: pd.DataFrame,
    settings: EffectSettings,
    k: int,
    seed: int,
) -> Section:
    """One contrast; place: it, how many there are, and rows without a value of the instrument or front door."""
    contrast, count, missing = place
    base = "effect" if count == 1 else f"effect[{question.treatment_name}={contrast.level}]"
    words = arms(question, contrast, None if settings.threshold is None else str(settings.threshold))
    try:
        columns = question.through or question.adjustment
        rows = study(table, question.treatment, question.outcome, contrast, columns, settings.bins)
        done = None if question.through else analyse(rows, settings, _by(dataset, question, settings), seed)
    except Refusal as refusal:
        return _unanswered(base, question.treatment_name, question.outcome_name, words, table, refusal.phrase)
    frame = frame_of(dataset, question, rows, base, words, settings, k, seed)
    if done is None:
        section = way_section(rows, frame, missing)
    else:
        section = _adjusted(done, frame, k)
    if min(frame.n, *frame.arms_users.values()) < k:
        return _too_few(frame, section)
    if count == 1:
        return section
    return section.model_copy(update={"summary": (phrase("effects.arm", arms=words), *section.summary)})


def _adjusted(done: Analysis, frame: Frame, k: int) -> Section:
    """The section of one contrast by adjusting."""
    found = disclosed((*main_findings(done, frame), *by_group(done.groups, frame)), k)
    return Section(
        step="effects",
        summary=summary(done, frame, found),
        findings=(*found, *disclosed(check_findings(done, frame), k)),
        charts=charts(done, frame, found),
        tables=tables(done, frame, found),
        notes=notes(done, frame),
        facts={"estimator": done.by, "strata": len(done.study.strata), "answered": headline(done) is not None},
    )


def _dose(
    dataset: Dataset,
    question: Question,
    table: pd.DataFrame,
    settings: EffectSettings,
    k: int,
    seed: int,
    missing: int,
) -> Section:
    """The section of a treatment that is a number with many values."""
    columns = question.through or question.adjustment
    rows = dosed(table, question.treatment, question.outcome, columns, settings.bins)
    spread = float(rows.dose.std())
    said = {"treatment": question.treatment_name, "spread": number(spread)}
    frame = replace(
        frame_of(dataset, question, rows, "effect", phrase("effects.arms_spread", **said), settings, k, seed),
        subject=phrase("effects.per_spread", **said),
        scale=spread,
    )
    if question.through:
        section = way_section(rows, frame, missing)
    else:
        section = dose_section(rows, frame, _by(dataset, question, settings))
    section = section if frame.n >= k else _too_few(frame, section)
    return _joined([section], question, settings, ())


def _by(dataset: Dataset, question: Question, settings: EffectSettings) -> tuple[str, ...]:
    """The columns to split by. Raises Refusal for one that the treatment changes: its groups are what it made them."""
    after = question.changed | {question.outcome}
    spoilt = [question.said(name) for name in settings.by or () if name in after]
    if spoilt:
        raise Refusal("effects.group_changed", names=listed(spoilt), treatment=question.treatment_name)
    names = settings.by or (name for name in dataset.sensitive if name not in after)
    return tuple(name for name in names if name != question.treatment)


def _with_way(table: pd.DataFrame, question: Question) -> tuple[pd.DataFrame, int]:
    """The rows that have every column of the instrument or front door, and how many have not."""
    if not question.through:
        return table, 0
    known = table[list(question.through)].notna().all(axis=1)
    return table[known].reset_index(drop=True), int((~known).sum())


def _too_few(frame: Frame, section: Section) -> Section:
    """Under k people everything is suppressed, sentences, charts and tables included."""
    reason = phrase("finding.suppressed", k=frame.k)
    q = frame.question
    said = phrase("effects.withheld", treatment=q.treatment_name, outcome=q.outcome_name, reason=reason)
    found = tuple(suppressed(one, frame.k) for one in section.findings if one.unit == frame.unit)
    return Section(step="effects", summary=(said,), findings=found, facts={"answered": False})


def frame_of(
    dataset: Dataset,
    question: Question,
    rows: Study | Dosed,
    base: str,
    words: Phrase,
    settings: EffectSettings,
    k: int,
    seed: int,
) -> Frame:
    """What all findings of one contrast share: unit, margin (the analyst's, or the default) and people by arm."""
    unit = unit_of(rows.outcome, rows.binary, question.outcome == "outcome")
    default = default_margin(rows.binary, float(rows.outcome.mean()), float(rows.outcome.std()))
    margin = default if settings.margin is None else settings.margin
    how = phrase(f"effects.how_{HOW[question.way]}", names=question.names)
    return Frame(question, base, words, unit, margin, settings, k, seed, rows.users, _arms_users(rows), how)


def _arms_users(rows: Study | Dosed) -> dict[str, int]:
    """People with a row of each kind; empty where the treatment is a number."""
    if isinstance(rows, Dosed):
        return {}
    kinds = ((1, rows.contrast.level), (0, rows.contrast.reference))
    return {label: int(len(np.unique(rows.user[rows.treated == arm]))) for arm, label in kinds}


def with_outcome(table: pd.DataFrame, question: Question, settings: EffectSettings) -> pd.DataFrame:
    """The table with its outcome as 0/1 where the settings say from where on it counts as 1."""
    if settings.positive_from is None:
        return table
    column = table[question.outcome]
    if not pd.api.types.is_numeric_dtype(column):
        raise Refusal("effects.outcome_text", name=question.outcome_name)
    return table.assign(**{question.outcome: (column >= settings.positive_from).astype(float).where(column.notna())})


def _joined(
    sections: list[Section], question: Question, settings: EffectSettings, compared: tuple[Contrast, ...]
) -> Section:
    extra = []
    if settings.threshold is not None:
        extra.append(phrase("effects.note_threshold", name=question.treatment_name, threshold=str(settings.threshold)))
    if settings.positive_from is not None:
        extra.append(
            phrase("effects.note_positive", name=question.outcome_name, threshold=label(settings.positive_from))
        )
    if len(compared) > 1:
        reference = compared[0].reference
        extra.append(phrase("effects.note_arms", name=question.treatment_name, reference=reference))
    notes_once = dict.fromkeys(note for section in sections for note in section.notes)
    return Section(
        step="effects",
        summary=tuple(said for section in sections for said in section.summary),
        findings=tuple(one for section in sections for one in section.findings),
        charts=tuple(one for section in sections for one in section.charts),
        tables=tuple(one for section in sections for one in section.tables),
        notes=(*notes_once, *extra),
        facts={
            "treatment": question.treatment,
            "outcome": question.outcome,
            "adjustment": list(question.adjustment),
            "identified": question.obstacle is None,
            "contrasts": [section.facts for section in sections],
        },
    )


def _nothing(dataset: Dataset, graph: Graph, settings: EffectSettings, reason: Phrase) -> Section:
    """The section where the question itself cannot be put to these data."""
    named = spoken(dataset, taken=graph.nodes)
    treatment = settings.treatment or graph.treatment or ""
    outcome = settings.outcome or graph.outcome or ""
    treatment, outcome = named.get(treatment, treatment), named.get(outcome, outcome)
    words = phrase("effects.arms_binary", treatment=treatment)
    return _unanswered("effect", treatment, outcome, words, dataset.log, reason)


def _unanswered(base: str, treatment: str, outcome: str, words: Phrase, table: pd.DataFrame, reason: Phrase) -> Section:
    users = int(table["user"].nunique())
    facts: dict[str, Fact] = {"treatment": treatment, "outcome": outcome, "arms": words}
    found: list[Finding] = [
        not_computed(
            f"{base}.{key}",
            phrase(f"effects.label_{key}", **facts),
            "own",
            users,
            reason,
            phrase("effects.method_none"),
        )
        for key in ("naive", "ate", "att")
    ]
    said = phrase("effects.withheld", treatment=treatment, outcome=outcome, reason=reason)
    return Section(step="effects", summary=(said,), findings=tuple(found), facts={"answered": False})
