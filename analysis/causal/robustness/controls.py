"""Negative controls: what should show no effect, and warns of a hidden cause where it does.

Lipsitch, Tchetgen Tchetgen & Cohen 2010 ("Negative controls", Epidemiology 21); for the exposure Shi, Miao & Tchetgen
Tchetgen 2020: given the treatment and what is adjusted for, it goes with the outcome only through a hidden cause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis.causal import propensity
from analysis.causal.adjustment import drawn_path, open_path
from analysis.causal.dag import Graph
from analysis.causal.effect_findings import Frame, default_margin, unit_of
from analysis.causal.effects import with_outcome
from analysis.causal.estimate import Estimate
from analysis.causal.estimators import ESTIMATORS
from analysis.causal.question import Question
from analysis.causal.spoken import retold_path
from analysis.causal.study import Contrast, Study, contrasts, is_dose, study
from analysis.fairness.infer import benjamini_hochberg
from words import Phrase, Refusal, phrase

Kind = Literal["outcome", "exposure"]


@dataclass(frozen=True)
class Control:
    """One negative control. said: what is compared, in words (the column, for text with its most frequent value).

    estimate: None with the `reason`. frame: its own unit, margin, n and people.
    """

    kind: Kind
    name: str
    said: str
    estimate: Estimate | None
    reason: Phrase | None
    frame: Frame
    p_adjusted: float | None = None


def negative_controls(
    table: pd.DataFrame,
    graph: Graph,
    question: Question,
    contrast: Contrast,
    named: tuple[tuple[Kind, str], ...],
    frame: Frame,
) -> tuple[Control, ...]:
    """The controls in the order named, their p-values corrected over all of them (Benjamini & Hochberg)."""
    found = [_control(table, graph, question, contrast, kind, name, frame) for kind, name in named]
    known = [one for one in found if one.estimate is not None]
    if len(known) < 2:
        return tuple(found)
    corrected = benjamini_hochberg(np.array([one.estimate.p for one in known if one.estimate is not None]))
    by_name = {(one.kind, one.name): float(p) for one, p in zip(known, corrected, strict=True)}
    return tuple(replace(one, p_adjusted=by_name.get((one.kind, one.name))) for one in found)


def _control(
    table: pd.DataFrame, graph: Graph, q: Question, contrast: Contrast, kind: Kind, name: str, frame: Frame
) -> Control:
    reason, said = _unfit(table, graph, q, kind, name), q.said(name)
    if reason is not None:
        return Control(kind, name, said, None, reason, frame)
    if kind == "outcome":
        table, said = _as_number(table, name, said)
    else:
        table = with_outcome(table, q, frame.settings)  # in the answer's own unit: cut where the settings cut it
    try:
        rows = _rows(table, q, contrast, kind, name, frame.settings.bins)
    except Refusal as refusal:
        return Control(kind, name, said, None, refusal.phrase, frame)
    own = _own_frame(frame, rows, kind)
    if min(own.n, *own.arms_users.values()) < frame.k:
        return Control(kind, name, said, None, phrase("finding.suppressed", k=frame.k), own)
    if rows.binary and few_in_a_cell(rows, frame.k):  # nor a value of text that so few people have
        return Control(kind, name, q.said(name), None, phrase("finding.suppressed", k=frame.k), own)
    estimate = _estimated(rows, frame)
    lacking = propensity.overlap_by_strata(rows, frame.settings.estimand).lacking
    why = phrase("robustness.no_support", share=f"{lacking:.0%}") if estimate is None else None
    return Control(kind, name, said, estimate, why, own)


def few_in_a_cell(rows: Study, k: int) -> bool:
    """Whether one kind of treatment has fewer than `k` people with, or without, a 0/1 outcome."""
    cell = rows.treated * 2 + rows.outcome.astype(int)
    return min(len(np.unique(rows.user[cell == code])) for code in range(4)) < k


def _as_number(table: pd.DataFrame, name: str, said: str) -> tuple[pd.DataFrame, str]:
    """A column of text as 0/1: whether it has its most frequent value; and what that is called."""
    column = table[name]
    if pd.api.types.is_numeric_dtype(column) or column.notna().sum() == 0:
        return table, said
    counts = column.astype(str).where(column.notna()).value_counts()
    most = min(counts.index[counts == counts.iloc[0]])
    coded = (column.astype(str) == most).astype(float).where(column.notna())
    return table.assign(**{name: coded}), f"{said} = {most}"


def _unfit(table: pd.DataFrame, graph: Graph, q: Question, kind: Kind, name: str) -> Phrase | None:
    """Why the column is no negative control under the graph, or None."""
    if name not in table.columns:
        return phrase("effects.not_recorded", names=name)
    said = q.said(name)
    if name in (q.treatment, q.outcome):
        return phrase("robustness.control_itself", name=said)
    if name in q.adjustment:
        return phrase("robustness.control_adjusted", name=said)
    if name not in graph.nodes:
        return None
    if kind == "outcome" and name in graph.descendants(q.treatment):
        return phrase("robustness.control_caused", name=said, treatment=q.treatment_name)
    if kind == "exposure" and q.outcome in graph.remove_node(q.treatment).descendants(name):
        return phrase("robustness.control_causes", name=said, outcome=q.outcome_name)
    return _tied(graph, q, kind, name)


def _tied(graph: Graph, q: Question, kind: Kind, name: str) -> Phrase | None:
    """What ties the control to the question in the drawing itself, but for a hidden cause of both: that it shows."""
    end, held = (q.treatment, q.adjustment) if kind == "outcome" else (q.outcome, (*q.adjustment, q.treatment))
    drawn = [one for one in held if one in graph.nodes]
    path = open_path(graph, name, end, drawn, hidden=q.identification.absent)
    if path is None:
        return None
    way = retold_path(drawn_path(graph, path), q.spoken)
    return phrase("robustness.control_tied", name=q.said(name), other=q.said(end), path=way)


def _rows(table: pd.DataFrame, q: Question, contrast: Contrast, kind: Kind, name: str, bins: int) -> Study:
    if kind == "outcome":
        return study(table, q.treatment, name, contrast, q.adjustment, bins)
    column = table[name]
    compared = contrasts(column, None, "median" if is_dose(column) else None)
    most = max(compared, key=lambda one: int(one.rows.sum()))
    return study(table, name, q.outcome, most, (*q.adjustment, q.treatment), bins)


def _estimated(rows: Study, frame: Frame) -> Estimate | None:
    """By strata, or doubly robust where they are too thin; None without support."""
    estimand = frame.settings.estimand
    thin = propensity.overlap_by_strata(rows, estimand).lacking > propensity.WITHHELD
    run = ESTIMATORS["aipw" if thin else "strata"].run
    return run(rows, estimand, frame.settings.replicates, frame.seed)


def _own_frame(frame: Frame, rows: Study, kind: Kind) -> Frame:
    people = {
        level: len(np.unique(rows.user[rows.treated == arm]))
        for arm, level in ((1, rows.contrast.level), (0, rows.contrast.reference))
    }
    if kind == "exposure":
        return replace(frame, n=rows.users, arms_users=people)
    margin = default_margin(rows.binary, float(rows.outcome.mean()), float(rows.outcome.std()))
    unit = unit_of(rows.outcome, rows.binary, is_role=False)
    return replace(frame, unit=unit, margin=margin, n=rows.users, arms_users=people)
