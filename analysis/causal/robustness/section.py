"""The robustness step: how much of the answer is choice, and how hard it is to break, as one section."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from analysis.causal.dag import Graph
from analysis.causal.effect_findings import Frame
from analysis.causal.effects import frame_of, with_outcome
from analysis.causal.question import Question, arms, ask
from analysis.causal.robustness.curve import Asked
from analysis.causal.robustness.findings import findings
from analysis.causal.robustness.sentences import notes, summary
from analysis.causal.robustness.settings import RobustnessSettings
from analysis.causal.robustness.shaken import Shaken, shake
from analysis.causal.robustness.specifications import adjustment_choices, outcome_choices
from analysis.causal.robustness.views import charts, tables
from analysis.causal.settings import EffectSettings
from analysis.causal.study import Contrast, Study, contrasts, study
from analysis.causal.variables import variables
from analysis.document import Section
from analysis.fairness.disclose import disclosed
from analysis.finding import not_computed
from analysis.log import Dataset
from words import Phrase, Refusal, listed, phrase

__all__ = ["RobustnessSettings", "robustness_section"]

STEP = "robustness"
Tell = Callable[..., None]


def robustness_section(
    dataset: Dataset,
    graph: Graph,
    effects: EffectSettings,
    settings: RobustnessSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *_, **__: None,
) -> Section:
    """Section `robustness` of the question that `effects` puts: the specification curve, a joint test, hidden causes,
    refutations and negative controls.

    k: disclosure threshold in users. What the data or the graph do not allow ends as `not computed` with the reason.
    Refuses (Refusal) only a graph or settings that name no treatment or outcome, or columns that are not there.
    """
    tell(0.0, "robustness.progress.read")
    table = variables(dataset)
    _refuse_unknown(table, (*settings.other_outcomes, *settings.negative_outcomes, *settings.negative_exposures))
    try:
        question = ask(dataset, graph, effects, table)
    except Refusal as refusal:
        if graph.treatment is None or graph.outcome is None:
            raise
        return _unanswered("robustness", table, refusal.phrase)
    try:
        cut = with_outcome(table, question, effects)
        _refuse_other_ways(question, effects)
        compared = contrasts(table[question.treatment], effects.reference, effects.threshold)
    except Refusal as refusal:
        return _unanswered("robustness", table, _retold(refusal, question))
    sections = []
    for number, contrast in enumerate(compared):
        span = (number / len(compared), 1 / len(compared))
        base = "robustness" if len(compared) == 1 else f"robustness[{question.treatment_name}={contrast.level}]"
        rows = _rows(cut, question, contrast, effects)
        if isinstance(rows, Phrase):
            sections.append(_unanswered(base, table, rows))
            continue
        words = arms(question, contrast, None if effects.threshold is None else str(effects.threshold))
        frame = frame_of(dataset, question, rows, base, words, effects, k, seed)
        sections.append(_of_contrast(table, graph, rows, frame, settings, contrast, _span(tell, span)))
    tell(1.0, "robustness.progress.done")
    return _joined(sections, [one.level for one in compared], question)


def _of_contrast(
    table: pd.DataFrame,
    graph: Graph,
    rows: Study,
    frame: Frame,
    settings: RobustnessSettings,
    contrast: Contrast,
    tell: Callable[[float], None],
) -> Section:
    if min(frame.n, *frame.arms_users.values()) < frame.k:
        return _unanswered(frame.base, table, phrase("finding.suppressed", k=frame.k))
    asked, more_sets = asked_of(table, contrast, frame, settings)
    done = shake(asked, graph, rows, frame, tell)
    found = disclosed(findings(done), frame.k)
    return Section(
        step=STEP,
        summary=summary(done, found),
        findings=found,
        charts=charts(done),
        tables=tables(done),
        notes=notes(done, more_sets),
        facts={"ways": len(done.ways), "computed": _computed(done)},
    )


def asked_of(table: pd.DataFrame, contrast: Contrast, frame: Frame, settings: RobustnessSettings) -> tuple[Asked, int]:
    """The ways to try of one contrast, and how many minimal sets are left out for their number."""
    sets, more_sets = adjustment_choices(frame.question)
    asked = Asked(
        table=table,
        treatment=frame.question.treatment,
        contrast=contrast,
        sets=sets,
        outcomes=outcome_choices(frame.question, table, frame.settings, settings.other_outcomes),
        effects=frame.settings,
        settings=settings,
        k=frame.k,
        seed=frame.seed,
    )
    return asked, more_sets


def _rows(cut: pd.DataFrame, q: Question, contrast: Contrast, effects: EffectSettings) -> Study | Phrase:
    try:
        return study(cut, q.treatment, q.outcome, contrast, q.adjustment, effects.bins)
    except Refusal as refusal:
        return _retold(refusal, q)


def _retold(refusal: Refusal, q: Question) -> Phrase:
    """The reason with the column under the name that the analyst's file gives it."""
    facts = refusal.phrase.facts
    if not isinstance(facts.get("name"), str):
        return refusal.phrase
    return refusal.phrase.model_copy(update={"facts": {**facts, "name": q.said(str(facts["name"]))}})


def _computed(done: Shaken) -> int:
    return sum(way.estimate is not None for way in done.ways)


def _span(tell: Tell, span: tuple[float, float]) -> Callable[[float], None]:
    """Progress of one contrast within the whole."""
    start, length = span

    def within(share: float) -> None:
        key = "robustness.progress.ways" if share < 0.7 else "robustness.progress.shake"
        tell(start + share * length, key, share=share)

    return within


def _refuse_unknown(table: pd.DataFrame, names: Iterable[str]) -> None:
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise Refusal("effects.not_recorded", names=listed(missing))


def _refuse_other_ways(q: Question, effects: EffectSettings) -> None:
    """Instruments and front doors are single ways, no choice among adjustments."""
    found = q.identification
    if effects.adjustment == "auto" and found.recommended is None and found.by in ("front-door", "instrument"):
        names = found.front_door if found.by == "front-door" else found.instruments
        key = "robustness.way_front_door" if found.by == "front-door" else "robustness.way_instrument"
        raise Refusal("robustness.by_other_way", way=phrase(key), names=listed(map(q.said, names)))


def _joined(sections: list[Section], levels: list[str], q: Question) -> Section:
    """Several kinds of treatment one after the other, each headed by its kind."""
    if len(sections) == 1:
        return sections[0]
    said: list[Phrase] = []
    for level, section in zip(levels, sections, strict=True):
        said.append(phrase("effects.arm", arms=phrase("robustness.kind", name=q.treatment_name, level=level)))
        said += section.summary
    return Section(
        step=STEP,
        summary=tuple(said),
        findings=tuple(one for section in sections for one in section.findings),
        charts=tuple(one for section in sections for one in section.charts),
        tables=tuple(one for section in sections for one in section.tables),
        notes=tuple(dict.fromkeys(note for section in sections for note in section.notes)),
        facts={"contrasts": [section.facts for section in sections]},
    )


def _unanswered(base: str, table: pd.DataFrame, reason: Phrase) -> Section:
    """The section where the question cannot be put to these data."""
    label, method = phrase("robustness.label_whole"), phrase("robustness.method_curve")
    users = int(table["user"].nunique())
    finding = not_computed(f"{base}.ways.median", label, "own", users, reason, method)
    said = phrase("robustness.no_question", reason=reason)
    return Section(step=STEP, summary=(said,), findings=(finding,), facts={"ways": 0, "computed": 0})
