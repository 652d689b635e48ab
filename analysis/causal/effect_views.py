"""Charts of the effects step, and the tables with the same numbers."""

from __future__ import annotations

import numpy as np

from analysis.causal.analyse import Analysis, ByGroup
from analysis.causal.effect_checks import stratum_users
from analysis.causal.effect_findings import Frame, headline
from analysis.causal.estimate import Estimate
from analysis.causal.refute import Refutation
from analysis.document import Cell, Chart, Column, Series, Table
from analysis.fairness.disclose import hidden_parts
from analysis.fairness.partition import group_label, held_label
from analysis.finding import VALUELESS, Finding, axis_unit, verdict_word
from words import Phrase, phrase

TENTHS = 10


def charts(a: Analysis, frame: Frame, findings: tuple[Finding, ...]) -> tuple[Chart, ...]:
    """Estimators, effect by group, overlap and balance; findings that were suppressed are not drawn."""
    drawn = [estimators_chart(_estimates(a), frame), *(group_chart(part, frame, findings) for part in a.groups)]
    if frame.question.adjustment:
        drawn += [_overlap(a, frame), _balance(a, frame)]
    return tuple(one for one in drawn if one is not None)


def tables(a: Analysis, frame: Frame, findings: tuple[Finding, ...]) -> tuple[Table, ...]:
    """The numbers behind the charts, the refutations and the share treated by stratum."""
    made = [findings_table(frame, findings)]
    if frame.question.adjustment:
        made += [_strata_table(a, frame), _balance_table(a, frame)]
    if a.refutations:
        made.append(refutation_table(a.refutations, frame))
    return tuple(made)


def _estimates(a: Analysis) -> list[tuple[str, Estimate]]:
    done = headline(a)
    named: dict[str, Estimate | None] = {"naive": a.raw}
    if done is not None:
        named["aipw" if a.by == "models" else "strata"] = done.effect
    return [(name, one) for name, one in {**named, **a.beside}.items() if one is not None]


def estimators_chart(shown: list[tuple[str, Estimate]], frame: Frame) -> Chart | None:
    """Every estimate by the name of its estimator, or None where there is none."""
    if not shown:
        return None
    scale = 100 if frame.unit == "points" else 1
    series = Series(
        name=frame.arms,
        x=tuple(scale * one.value for _, one in shown),
        y=tuple(phrase(f"effects.name_{name}") for name, _ in shown),
        low=tuple(scale * one.low for _, one in shown),
        high=tuple(scale * one.high for _, one in shown),
    )
    return Chart(
        key=f"{frame.base}.estimators",
        kind="interval",
        title=phrase("effects.estimators_title", outcome=frame.question.outcome_name),
        x_title=difference_axis(frame),
        y_title=phrase("effects.estimators_y"),
        n=frame.n,
        series=(series,),
        alt=phrase("effects.estimators_alt"),
        zero_line=0.0,
    )


def group_chart(part: ByGroup, frame: Frame, findings: tuple[Finding, ...]) -> Chart | None:
    """The effect in each group that is shown."""
    known = {one.key: one for one in findings if one.verdict not in VALUELESS}
    keys = {label: f"{frame.base}.{frame.figure}.{part.attribute}.{label}" for label in part.labels}
    shown = [(label, known[key]) for label, key in keys.items() if key in known]
    if not shown:
        return None
    scale = 100 if frame.unit == "points" else 1
    series = Series(
        name=part.attribute,
        x=tuple(scale * (one.value or 0.0) for _, one in shown),
        y=tuple(group_label(label) for label, _ in shown),
        low=tuple(None if one.low is None else scale * one.low for _, one in shown),
        high=tuple(None if one.high is None else scale * one.high for _, one in shown),
    )
    return Chart(
        key=f"{frame.base}.by.{part.attribute}",
        kind="interval",
        title=phrase("effects.groups_title", outcome=frame.question.outcome_name, attribute=part.attribute),
        x_title=difference_axis(frame),
        y_title=phrase("effects.column_group"),
        n=frame.n,
        series=(series,),
        alt=phrase("effects.groups_alt", attribute=part.attribute),
        zero_line=0.0,
    )


def _overlap(a: Analysis, frame: Frame) -> Chart:
    tenth = np.minimum((np.clip(a.overlap.propensity, 0, 1) * TENTHS).astype(int), TENTHS - 1)
    series = []
    for arm, name in ((1, "treated_rows"), (0, "untreated_rows")):
        rows = a.study.treated == arm
        hidden = hidden_parts(tenth[rows], a.study.user[rows], frame.k)
        shares = np.bincount(tenth[rows], minlength=TENTHS) / rows.sum()
        seen = [None if step in hidden else float(share) for step, share in enumerate(shares)]
        labels = tuple(f"{10 * step}–{10 * step + 10}%" for step in range(TENTHS))
        series.append(Series(name=phrase(f"effects.{name}"), x=labels, y=tuple(seen)))
    facts = {"treatment": frame.question.treatment_name}
    return Chart(
        key=f"{frame.base}.overlap",
        kind="bars",
        title=phrase("effects.overlap_title", **facts),
        x_title=phrase("effects.overlap_x", **facts),
        y_title=phrase("effects.overlap_y"),
        n=a.study.rows,
        n_unit="rows",
        series=tuple(series),
        alt=phrase("effects.overlap_alt"),
    )


def _balance(a: Analysis, frame: Frame) -> Chart:
    said = frame.question.said
    names = tuple(held_label(said(one.name), one.level) if one.level else said(one.name) for one in a.balance)
    return Chart(
        key=f"{frame.base}.balance",
        kind="bars",
        title=phrase("effects.balance_title"),
        x_title=phrase("effects.balance_x"),
        y_title=phrase("effects.balance_y"),
        n=a.study.rows,
        n_unit="rows",
        series=(
            Series(name=phrase("effects.before"), x=names, y=tuple(one.before for one in a.balance)),
            Series(name=phrase("effects.after"), x=names, y=tuple(one.after for one in a.balance)),
        ),
        alt=phrase("effects.balance_alt"),
        zero_line=0.0,
    )


def findings_table(frame: Frame, findings: tuple[Finding, ...]) -> Table:
    """The differences among the findings, one a row."""
    dash = phrase("effects.no_value")
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one.label,
            dash if one.verdict in VALUELESS else one.value,
            one.low if one.low is not None else dash,
            one.high if one.high is not None else dash,
            one.n,
            verdict_word(one),
        )
        for one in findings
        if one.unit == frame.unit
    )
    columns = columns_of(("estimator", "text"), ("value", frame.unit), ("low", frame.unit), ("high", frame.unit))
    return Table(
        key=f"{frame.base}.estimates",
        title=phrase("effects.estimators_title", outcome=frame.question.outcome_name),
        columns=(*columns, *columns_of(("users", "count"), ("verdict", "text"))),
        rows=rows,
    )


def _strata_table(a: Analysis, frame: Frame) -> Table:
    """Rows and share treated by stratum; strata of too few users are shown together."""
    rows = np.bincount(a.study.stratum, minlength=len(a.study.strata))
    treated = np.bincount(a.study.stratum, weights=a.study.treated, minlength=len(a.study.strata))
    users = stratum_users(a)
    pooled = hidden_parts(a.study.stratum, a.study.user, frame.k)
    shown: list[tuple[Cell, ...]] = [
        (
            a.study.stratum_label(code, frame.question.spoken),
            int(rows[code]),
            users[code],
            float(treated[code] / rows[code]),
        )
        for code in range(len(rows))
        if code not in pooled
    ]
    if pooled:
        together = sorted(pooled)
        people = len(np.unique(a.study.user[np.isin(a.study.stratum, together)]))
        if people >= frame.k:
            share = float(treated[together].sum() / rows[together].sum())
            shown.append((phrase("effects.small_strata"), int(rows[together].sum()), people, share))
    return Table(
        key=f"{frame.base}.strata",
        title=phrase("effects.strata_title"),
        columns=columns_of(("stratum", "text"), ("rows", "count"), ("users", "count"), ("share", "share")),
        rows=tuple(shown),
    )


def _balance_table(a: Analysis, frame: Frame) -> Table:
    return Table(
        key=f"{frame.base}.balance",
        title=phrase("effects.balance_title"),
        columns=columns_of(("variable", "text"), ("level", "text"), ("before", "score"), ("after", "score")),
        rows=tuple((frame.question.said(one.name), group_label(one.level), one.before, one.after) for one in a.balance),
    )


def refutation_table(refutations: tuple[Refutation, ...], frame: Frame) -> Table:
    """Every attempt to break the estimate, and whether it stood."""
    columns = columns_of(("test", "text"), ("mean", frame.unit), ("low", frame.unit), ("high", frame.unit))
    return Table(
        key=f"{frame.base}.refutations",
        title=phrase("effects.refute_title"),
        columns=(*columns, *columns_of(("stood", "text"))),
        rows=tuple(
            (
                phrase(f"effects.test_{one.kind}"),
                one.mean,
                one.low,
                one.high,
                phrase("effects.yes" if one.stood else "effects.no"),
            )
            for one in refutations
        ),
    )


def difference_axis(frame: Frame) -> Phrase:
    """Title of an axis of differences in the outcome, with its unit."""
    return phrase("effects.estimators_x", outcome=frame.question.outcome_name, unit=axis_unit(frame.unit))


def columns_of(*named: tuple[str, str]) -> tuple[Column, ...]:
    """Columns of a table from (key, unit); titles under ``effects.column_KEY``."""
    titles = {"before": "before", "after": "after"}
    return tuple(
        Column(key=key, title=phrase(f"effects.{titles.get(key, f'column_{key}')}"), unit=unit) for key, unit in named
    )
