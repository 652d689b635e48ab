"""The effects step where the treatment is a number: one slope, the curve over its range, and by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal import dose, dose_refute
from analysis.causal.analyse import ByGroup, pairs_of, split_by
from analysis.causal.dose import Residuals, Response
from analysis.causal.effect_checks import approximate_e_values, hidden_cause, lacking, refuted
from analysis.causal.effect_findings import Frame, finding
from analysis.causal.effect_views import (
    columns_of,
    estimators_chart,
    findings_table,
    group_chart,
    refutation_table,
)
from analysis.causal.effect_words import answer, by_group, mixes, others, raw_only, refutation, withheld
from analysis.causal.effect_words import hidden_cause as hidden_words
from analysis.causal.estimate import Adjusted, Estimate
from analysis.causal.group_findings import by_group as group_findings
from analysis.causal.propensity import WITHHELD
from analysis.causal.refute import Refutation
from analysis.causal.strata import interval_labels
from analysis.causal.study import Dosed
from analysis.charts.labels import number
from analysis.document import Cell, Chart, Section, Series, Table
from analysis.fairness.disclose import disclosed
from analysis.finding import Finding, Verdict, amount, axis_unit
from words import Phrase, phrase

Kind = Literal["strata", "model"]
FEWEST = 10
"""Users that cross-fitted models need: two in each of five folds."""


@dataclass(frozen=True)
class _Slopes:
    """Numbers of one question about a dose. adjusted is None where it is withheld or undefined."""

    study: Dosed
    by: Kind
    lacking: float
    raw: Estimate | None
    adjusted: Adjusted | None
    beside: dict[str, Estimate | None]
    unit: Estimate | None
    groups: tuple[ByGroup, ...]
    response: Response | None
    refutations: tuple[Refutation, ...]


def dose_section(study: Dosed, frame: Frame, by: tuple[str, ...]) -> Section:
    """Section `effects` for a treatment with many values, told per `frame.scale` (its standard deviation).

    by: attributes in whose groups the slope is estimated too.
    """
    done = _slopes(study, frame, by)
    found = disclosed((*_main(done, frame), *group_findings(done.groups, frame)), frame.k)
    curve = None if done.response is None else _curve(done.response, frame)
    shown = {"naive": done.raw, _name(done.by): None if done.adjusted is None else done.adjusted.effect, **done.beside}
    drawn = estimators_chart([(name, one) for name, one in shown.items() if one is not None], frame)
    charts = (drawn, curve, *(group_chart(part, frame, found) for part in done.groups))
    tables = [findings_table(frame, found)]
    if done.response is not None:
        tables.append(_curve_table(done.response, frame))
    if done.refutations:
        tables.append(refutation_table(done.refutations, frame))
    return Section(
        step="effects",
        summary=_summary(done, frame, found),
        findings=(*found, *disclosed(_checks(done, frame), frame.k)),
        charts=tuple(one for one in charts if one is not None),
        tables=tuple(tables),
        notes=_notes(done, frame),
        facts={"estimator": f"dose {done.by}", "strata": len(study.strata), "answered": done.adjusted is not None},
    )


def _name(by: Kind) -> str:
    return "strata" if by == "strata" else "plm"


def _slopes(study: Dosed, frame: Frame, by: tuple[str, ...]) -> _Slopes:
    settings, seed, scale = frame.settings, frame.seed, frame.scale
    strata = dose.within_strata(study)
    kind: Kind = "strata"
    left, share = strata, dose.lacking(study, strata, "strata")
    if (study.continuous or share > WITHHELD) and study.users >= FEWEST:
        kind, left = "model", dose.cross_fitted(study, seed)
        share = dose.lacking(study, left, "model")
    raw = dose.estimated(study, dose.raw(study), scale)
    done = None if share > WITHHELD else dose.adjusted(study, left, scale)
    if done is None:
        return _Slopes(study, kind, share, raw, None, {}, None, (), None, ())
    return _Slopes(
        study=study,
        by=kind,
        lacking=share,
        raw=raw,
        adjusted=done,
        beside=_beside(study, frame, kind),
        unit=dose.estimated(study, left, 1.0),
        groups=tuple(_group(study, left, frame, name) for name in by),
        response=dose.response(study, settings.bins, kind, seed),
        refutations=dose_refute.refutations(study, kind, settings.simulations, seed, scale, done.effect),
    )


def _beside(study: Dosed, frame: Frame, kind: Kind) -> dict[str, Estimate | None]:
    if not study.confounders:
        return {}
    found = {"linear": dose.estimated(study, dose.on_line(study), frame.scale)}
    if kind == "strata" and frame.settings.doubly_robust and study.users >= FEWEST:
        found["plm"] = dose.estimated(study, dose.cross_fitted(study, frame.seed), frame.scale)
    return found


def _group(study: Dosed, left: Residuals, frame: Frame, name: str) -> ByGroup:
    split = split_by(study, name)
    users = tuple(split.users(study.user, code) for code in range(len(split.labels)))
    pairs = {pair: split.users(study.user, *pair) for pair in pairs_of(split.labels, users)}
    effects = dose.within_groups(study, left, frame.scale, split, list(pairs))
    return ByGroup(name, split.labels, users, pairs, (0.0,) * len(users), effects)


def _main(done: _Slopes, frame: Frame) -> list[Finding]:
    q = frame.question
    effect = None if done.adjusted is None else done.adjusted.effect
    still = phrase("effects.dose_still", names=q.names, share=amount(done.lacking, "share"))
    reason = still if done.lacking > WITHHELD else phrase("effects.undefined")
    own = (
        frame.method("dose_models")
        if done.by == "model"
        else frame.method("dose_strata", strata=len(done.study.strata))
    )
    claim = Verdict.EFFECT if q.obstacle is None else Verdict.GAP
    found = [finding(frame, "naive", frame.label("naive"), frame.method("dose_raw"), done.raw, Verdict.GAP)]
    named = effect if q.obstacle is None else None
    found.append(finding(frame, "ate", frame.label("ate"), own, named, Verdict.EFFECT, q.obstacle or reason))
    if q.obstacle is not None:
        found.append(finding(frame, "remaining", frame.label("remaining"), own, effect, Verdict.GAP, reason))
    elif done.unit is not None:
        label = phrase("effects.label_unit", treatment=q.treatment_name, outcome=q.outcome_name)
        found.append(finding(frame, "unit", label, own, done.unit, Verdict.EFFECT))
    if q.adjustment and done.adjusted is not None:
        label = frame.label("selection" if q.obstacle is None else "explained")
        found.append(
            finding(frame, "selection", label, frame.method("selection"), done.adjusted.selection, Verdict.GAP)
        )
    for name, one in done.beside.items():
        method = frame.method("dose_linear" if name == "linear" else "dose_models")
        found.append(finding(frame, f"{frame.figure}[{name}]", frame.label(name), method, one, claim))
    return found


def _checks(done: _Slopes, frame: Frame) -> list[Finding]:
    found = [lacking(frame, done.lacking, "lacking_left" if done.by == "model" else "lacking_dose")]
    found += refuted(done.refutations, frame)
    if done.adjusted is not None:
        spread = float(done.study.outcome.std())
        found.append(hidden_cause(frame, *approximate_e_values(done.adjusted.effect, spread)))
    return found


def _summary(done: _Slopes, frame: Frame, found: tuple[Finding, ...]) -> tuple[Phrase, ...]:
    q = frame.question
    if done.adjusted is None:
        reason = next(one.reason for one in found if one.key.endswith((".ate", ".remaining")) and one.reason)
        return (*withheld(frame, reason), *raw_only(done.raw, frame))
    effect = done.adjusted.effect
    if q.obstacle is not None:
        return (*withheld(frame, q.obstacle), *raw_only(done.raw, frame))
    hidden = approximate_e_values(effect, float(done.study.outcome.std()))
    return (
        *answer(frame, effect),
        mixes(frame, done.adjusted),
        *others(done.beside, effect, frame),
        *by_group(done.groups, frame, found),
        *(refutation(one, frame) for one in done.refutations),
        hidden_words(frame, *hidden[1:]),
    )


def _notes(done: _Slopes, frame: Frame) -> tuple[Phrase, ...]:
    q, study = frame.question, done.study
    spread, median = number(frame.scale), number(float(np.median(study.dose)))
    said = [phrase("effects.note_row"), phrase("effects.note_dose", spread=spread, median=median)]
    if q.obstacle is None and q.adjustment:
        facts = {"treatment": q.treatment_name, "outcome": q.outcome_name, "names": q.names}
        said.append(phrase("effects.note_assumes", **facts))
    if study.dropped:
        said.append(phrase("effects.note_dropped", rows=f"{study.dropped:,}"))
    return tuple(said)


def _curve(response: Response, frame: Frame) -> Chart:
    """A line over the parts of the dose; parts of fewer than k people are left out."""
    scale = 100 if frame.unit == "points" else 1
    shown = _shown(response, frame)
    q = frame.question
    return Chart(
        key=f"{frame.base}.response",
        kind="line",
        title=phrase("effects.response_title", outcome=q.outcome_name, treatment=q.treatment_name),
        x_title=phrase("effects.response_x", treatment=q.treatment_name),
        y_title=phrase("effects.response_y", unit=axis_unit(frame.unit)),
        n=frame.n,
        series=(
            Series(
                name=phrase("effects.response_series", names=q.names),
                x=tuple(label for label, _, _ in shown),
                y=tuple(0.0 if one is None else scale * one.value for _, one, _ in shown),
                low=tuple(0.0 if one is None else scale * one.low for _, one, _ in shown),
                high=tuple(0.0 if one is None else scale * one.high for _, one, _ in shown),
            ),
        ),
        alt=phrase("effects.response_alt", outcome=q.outcome_name, treatment=q.treatment_name),
        zero_line=0.0,
    )


def _curve_table(response: Response, frame: Frame) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (label, *((0.0, 0.0, 0.0) if one is None else (one.value, one.low, one.high)), users)
        for label, one, users in _shown(response, frame)
    ]
    q = frame.question
    named = (("dose", "text"), ("value", frame.unit), ("low", frame.unit), ("high", frame.unit), ("users", "count"))
    return Table(
        key=f"{frame.base}.response",
        title=phrase("effects.response_title", outcome=q.outcome_name, treatment=q.treatment_name),
        columns=columns_of(*named),
        rows=tuple(rows),
    )


def _shown(response: Response, frame: Frame) -> list[tuple[str, Estimate | None, int]]:
    """(part, estimate, users) of the lowest part and every part that is defined and has k people."""
    parts = zip(interval_labels(response.edges), response.against_lowest, response.users, strict=True)
    return [
        (label, one, users)
        for number, (label, one, users) in enumerate(parts)
        if users >= frame.k and (number == 0 or one is not None)
    ]
