"""The people step: for whom the treatment works, whether they can be found, and what a rule would do to groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.adjustment import biasing_paths, drawn_path, shortest
from analysis.causal.dag import Graph
from analysis.causal.effects import frame_of, with_outcome
from analysis.causal.people.analyse import People, Tell, analyse
from analysis.causal.people.findings import findings, nothing
from analysis.causal.people.pictures import charts, tables
from analysis.causal.people.settings import PeopleSettings
from analysis.causal.people.telling import notes, summary
from analysis.causal.people.voice import Voice
from analysis.causal.question import Question, arms, ask
from analysis.causal.settings import EffectSettings
from analysis.causal.spoken import retold_path
from analysis.causal.study import Study, contrasts, study
from analysis.causal.variables import variables
from analysis.document import Section
from analysis.fairness.disclose import disclosed
from analysis.log import Dataset
from words import Phrase, Refusal, listed, phrase


@dataclass(frozen=True)
class Columns:
    """Which columns play which part; `confounders` are what is adjusted for and all that effects are split by."""

    covariates: tuple[str, ...]
    by: tuple[str, ...]
    confounders: tuple[str, ...]


def people_section(
    dataset: Dataset,
    graph: Graph,
    asked: EffectSettings,
    settings: PeopleSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *_, **__: None,
) -> Section:
    """Section `people`. `asked`: the question of the effects step; k: disclosure threshold in users.

    Nothing here raises for the state of the data: what cannot be estimated ends as `not computed` with the reason.
    Refuses (Refusal) only a graph or settings that do not name a treatment and an outcome.
    """
    table = variables(dataset)
    users = int(table["user"].nunique())
    try:
        question = ask(dataset, graph, asked, table)
        if question.obstacle is not None:
            raise Refusal("people.no_effect", reason=question.obstacle)
        if question.way != "backdoor":
            raise Refusal("people.by_other_way", names=question.names)
        table = with_outcome(table, question, asked)
        columns = _columns(dataset, graph, question, settings, table)
        compared = contrasts(table[question.treatment], asked.reference, asked.threshold)
    except Refusal as refusal:
        if graph.treatment is None or graph.outcome is None:
            raise
        return _nothing("people", users, refusal.phrase)
    sections = []
    for number, contrast in enumerate(compared):

        def part(fraction: float, key: str, done: int = number, **figures: object) -> None:
            tell((done + fraction) / len(compared), key, **figures)

        several = len(compared) > 1
        name = f"{question.treatment_name} = {contrast.level}" if several else question.treatment_name
        base = f"people[{question.treatment_name}={contrast.level}]" if several else "people"
        words = arms(question, contrast, None if asked.threshold is None else str(asked.threshold))
        try:
            rows = study(table, question.treatment, question.outcome, contrast, columns.confounders, asked.bins)
            done = analyse(rows, columns.covariates, columns.by, dataset.sensitive, settings, seed, part, k)
        except Refusal as refusal:
            sections.append(_nothing(base, users, refusal.phrase))
            continue
        sections.append(_made(done, _voice(dataset, question, rows, base, name, words, asked, settings, k, seed), k))
    tell(1.0, "people.progress.done")
    return _joined(sections, columns)


def _columns(
    dataset: Dataset, graph: Graph, question: Question, settings: PeopleSettings, table: pd.DataFrame
) -> Columns:
    """Covariates and groups as asked for, or by default; refuses those that would spoil the estimate."""
    asked = graph.ask(question.treatment, question.outcome)
    after = asked.descendants(question.treatment) | {question.treatment, question.outcome}
    by = tuple(settings.by or (name for name in dataset.sensitive if name not in after))
    default = dict.fromkeys((*question.adjustment, *by))
    covariates = tuple(settings.covariates or default)
    confounders = tuple(dict.fromkeys((*question.adjustment, *covariates, *by)))
    absent = [name for name in confounders if name not in table]
    if absent:
        raise Refusal("effects.not_recorded", names=listed(map(question.said, absent)))
    changed = [name for name in confounders if name in after]
    if changed:
        raise Refusal("people.changed", names=listed(map(question.said, changed)))
    given = [name for name in confounders if name in asked.nodes]
    paths = shortest(biasing_paths(asked, question.treatment, question.outcome, given))
    if paths:
        drawn = listed((retold_path(drawn_path(asked, path), question.spoken) for path in paths[:5]), "semicolon")
        raise Refusal("people.opens", names=listed(map(question.said, confounders)), paths=drawn)
    return Columns(covariates, by, confounders)


def _voice(
    dataset: Dataset,
    question: Question,
    rows: Study,
    base: str,
    name: str,
    words: Phrase,
    asked: EffectSettings,
    settings: PeopleSettings,
    k: int,
    seed: int,
) -> Voice:
    """Unit and margin are those of the effects step."""
    frame = frame_of(dataset, question, rows, base, words, asked, k, seed)
    recorded = {
        **settings.model_dump(mode="json", exclude_none=True),
        "adjustment": list(question.adjustment),
        "reference": rows.contrast.reference,
    }
    return Voice(question, base, name, words, frame.unit, frame.margin, recorded, k, seed, len(np.unique(rows.user)))


def _made(done: People, voice: Voice, k: int) -> Section:
    found = disclosed(findings(done, voice), k)
    return Section(
        step="people",
        summary=summary(done, voice, found),
        findings=found,
        charts=charts(done, voice, found),
        tables=tables(done, voice, found),
        notes=notes(done, voice),
    )


def _nothing(base: str, users: int, reason: Phrase) -> Section:
    label = phrase("people.label_any")
    return Section(step="people", summary=(reason,), findings=(nothing(base, "own", users, label, reason),))


def _joined(sections: list[Section], columns: Columns) -> Section:
    return Section(
        step="people",
        summary=tuple(said for section in sections for said in section.summary),
        findings=tuple(one for section in sections for one in section.findings),
        charts=tuple(one for section in sections for one in section.charts),
        tables=tuple(one for section in sections for one in section.tables),
        notes=tuple(dict.fromkeys(note for section in sections for note in section.notes)),
        facts={"covariates": list(columns.covariates), "by": list(columns.by)},
    )
