"""The effect where no adjustment is enough but the graph offers an instrument or a front door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal import dose, estimate
from analysis.causal.cells import compress
from analysis.causal.effect_findings import Frame, finding
from analysis.causal.effect_views import estimators_chart, findings_table
from analysis.causal.effect_words import answer, raw_only, withheld
from analysis.causal.estimate import Adjusted, Estimate
from analysis.causal.front_door import by_front_door, linear_front_door, lone
from analysis.causal.instrument import DIFFER, WEAK, Instrumented, by_instrument
from analysis.causal.study import Dosed, Study
from analysis.document import Section
from analysis.finding import Finding, Verdict, p_said
from words import Phrase, listed, phrase

NAMED = 5
"""Mediator values without a counterpart that a reason names, at most."""


@dataclass(frozen=True)
class _Told:
    """What a way gave: findings, the named estimates that are drawn, and sentences."""

    findings: tuple[Finding, ...]
    drawn: dict[str, Estimate | None]
    said: tuple[Phrase, ...]
    notes: tuple[Phrase, ...]
    answered: bool


def way_section(rows: Study | Dosed, frame: Frame, missing: int) -> Section:
    """Section `effects` by the question's instrument or front door, whose columns are the study's confounders.

    missing: rows left out for want of a value there.
    """
    raw = _raw(rows, frame)
    told = _by_instrument(rows, frame, raw) if frame.question.way == "instrument" else _by_front_door(rows, frame, raw)
    found = (finding(frame, "naive", frame.label("naive"), _raw_method(rows, frame), raw, Verdict.GAP), *told.findings)
    chart = estimators_chart([(name, one) for name, one in told.drawn.items() if one is not None], frame)
    left_out = (phrase("effects.note_missing", rows=f"{missing:,}", names=frame.question.names),) if missing else ()
    return Section(
        step="effects",
        summary=(*told.said, *raw_only(raw, frame)),
        findings=found,
        charts=() if chart is None else (chart,),
        tables=(findings_table(frame, found),),
        notes=(phrase("effects.note_row"), *told.notes, *left_out),
        facts={"estimator": frame.question.way, "answered": told.answered},
    )


def _raw(rows: Study | Dosed, frame: Frame) -> Estimate | None:
    if isinstance(rows, Study):
        return estimate.raw(compress(rows), frame.settings.replicates, frame.seed)
    return dose.estimated(rows, dose.raw(rows), frame.scale)


def _raw_method(rows: Study | Dosed, frame: Frame) -> Phrase:
    return frame.method("naive" if isinstance(rows, Study) else "dose_raw")


def _treatment(rows: Study | Dosed, frame: Frame) -> np.ndarray:
    """float64 [rows]: 0/1, or the dose in the unit that the effect is told per."""
    return rows.treated.astype(float) if isinstance(rows, Study) else rows.dose / frame.scale


def _by_instrument(rows: Study | Dosed, frame: Frame, raw: Estimate | None) -> _Told:
    q = frame.question
    done = by_instrument(rows, _treatment(rows, frame))
    found = None if done is None else done.estimate
    reason = _unbounded(frame, done)
    method = frame.method("late_exact" if done is not None and done.exact else "late")
    label = frame.label("late")
    one = finding(frame, "late", label, method, found, Verdict.EFFECT, reason)
    doubt = None if found is None or done is None else _differ(frame, done) or _weak(frame, done)
    if doubt is not None:
        one = one.model_copy(update={"reason": doubt})
    only = phrase("effects.only_late", names=q.names)
    others = [finding(frame, key, frame.label(key), method, None, Verdict.EFFECT, only) for key in _kinds(rows)]
    said = withheld(frame, reason) if found is None else answer(frame, found)
    facts = {"treatment": q.treatment_name, "outcome": q.outcome_name, "names": q.names}
    strength = () if done is None else (_strength(frame, done),)
    return _Told(
        findings=(one, *others, *strength),
        drawn={"naive": raw, "late": found},
        said=said if doubt is None else (*said, doubt),
        notes=(phrase("effects.note_late", **facts),),
        answered=found is not None,
    )


def _unbounded(frame: Frame, done: Instrumented | None) -> Phrase:
    names = frame.question.names
    if done is None:
        return phrase("effects.flat_instrument", names=names)
    return _differ(frame, done) or phrase("effects.no_instrument", names=names, strength=f"{done.strength:.1f}")


def _differ(frame: Frame, done: Instrumented) -> Phrase | None:
    if done.agree is None or done.agree >= DIFFER:
        return None
    q = frame.question
    return phrase("effects.instruments_differ", names=q.names, outcome=q.outcome_name, p=p_said(done.agree))


def _weak(frame: Frame, done: Instrumented) -> Phrase | None:
    if done.strength >= WEAK:
        return None
    return phrase("effects.weak_instrument", names=frame.question.names, strength=f"{done.strength:.1f}")


def _strength(frame: Frame, done: Instrumented) -> Finding:
    return Finding(
        key=f"{frame.base}.strength",
        label=frame.label("strength"),
        unit="ratio",
        verdict=Verdict.MEASURED,
        value=done.strength,
        n=frame.n,
        reason=_weak(frame, done),
        method=frame.method("strength"),
        settings=frame.recorded(),
        seed=frame.seed,
    )


def _by_front_door(rows: Study | Dosed, frame: Frame, raw: Estimate | None) -> _Told:
    q = frame.question
    line = linear_front_door(rows, _treatment(rows, frame))
    by_line = bool(rows.continuous) or not isinstance(rows, Study)
    done: dict[str, Adjusted | None] = {}
    reason = phrase("effects.undefined")
    if isinstance(rows, Study) and not by_line:
        cells, replicates, seed = compress(rows), frame.settings.replicates, frame.seed
        done = {
            "ate": by_front_door(cells, "ATE", replicates, seed),
            "att": by_front_door(cells, "ATT", replicates, seed),
        }
        alone = [rows.stratum_label(code, q.spoken) for code in lone(cells, frame.k)[:NAMED]]
        values = listed(alone, "semicolon")
        reason = phrase("effects.thin_front_door", names=q.names, values=values) if values else reason
    method = frame.method("front_door_linear" if by_line else "front_door")
    effects = {key: line if by_line else _effect_of(done.get(key)) for key in _kinds(rows)}
    found = [finding(frame, key, frame.label(key), method, one, Verdict.EFFECT, reason) for key, one in effects.items()]
    headline = effects[frame.figure]
    own = done.get(frame.figure)
    if own is not None:
        found.append(
            finding(frame, "selection", frame.label("selection"), frame.method("selection"), own.selection, Verdict.GAP)
        )
    if not by_line and headline is not None:
        key, label = f"{frame.figure}[front_door_linear]", frame.label("front_door_linear")
        found.append(finding(frame, key, label, frame.method("front_door_linear"), line, Verdict.EFFECT))
    facts = {"treatment": q.treatment_name, "outcome": q.outcome_name, "names": q.names}
    name = "front_door_linear" if by_line else "front_door"
    beside = {} if by_line or headline is None else {"front_door_linear": line}
    return _Told(
        findings=tuple(found),
        drawn={"naive": raw, name: headline, **beside},
        said=withheld(frame, reason) if headline is None else answer(frame, headline),
        notes=(phrase("effects.note_front_door", **facts),),
        answered=headline is not None,
    )


def _kinds(rows: Study | Dosed) -> tuple[str, ...]:
    """Over all rows, and over the treated where there are such."""
    return ("ate",) if isinstance(rows, Dosed) else ("ate", "att")


def _effect_of(done: Adjusted | None) -> Estimate | None:
    return None if done is None else done.effect
