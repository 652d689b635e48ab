"""Charts and tables of the structure step."""

from __future__ import annotations

from analysis.causal.estimate import Estimate
from analysis.causal.structure.change import Change
from analysis.causal.structure.found import Found
from analysis.causal.structure.said import Frame, action_key, deed
from analysis.document import Cell, Chart, Column, Series, Table
from analysis.fairness.partition import group_label
from analysis.finding import VALUELESS, Finding, axis_unit
from words import Phrase, listed, phrase


def charts(found: Found, frame: Frame, shown: tuple[Finding, ...]) -> tuple[Chart, ...]:
    """Levers, the outcome with nobody and everybody treated by group, and the parts of the change."""
    drawn = [_levers(found, frame, shown), _by_group(found, frame, shown), _parts(found, frame, shown)]
    return tuple(one for one in drawn if one is not None)


def tables(found: Found, frame: Frame) -> tuple[Table, ...]:
    """Every mechanism with what it is fitted on and how well it fits."""
    rows: list[tuple[Cell, ...]] = []
    for name, one in found.model.chosen.items():
        given = listed(map(frame.name, found.model.drawn.given[name])) or phrase("structure.nothing")
        kind = "category" if found.model.rows.variables[name].discrete else "number"
        form = phrase("structure.form_shares" if not found.model.drawn.given[name] else _form(one.fitting.design.form))
        told = phrase("structure.unexplained") if one.explained is None else one.explained
        rows.append((frame.name(name), phrase(f"structure.kind_{kind}"), given, form, told))
    units = {"variable": "text", "kind": "text", "given": "text", "form": "text", "explained": "share"}
    columns = tuple(Column(key=key, title=phrase(f"structure.column_{key}"), unit=unit) for key, unit in units.items())
    return (Table(key="structure.mechanisms", title=phrase("structure.mechanisms"), columns=columns, rows=tuple(rows)),)


def _form(form: str) -> str:
    return f"structure.form_{form}"


def _levers(found: Found, frame: Frame, shown: tuple[Finding, ...]) -> Chart | None:
    known = {one.key: one for one in shown if one.verdict not in VALUELESS}
    asked = [one.action for one in found.answers.each if one.action.kind != "shift"]
    keys = [(f"structure.{action_key(action)}", deed(frame, action)) for action in asked]
    drawn: list[tuple[Finding, Phrase | str]] = [(known[key], label) for key, label in keys if key in known]
    if not drawn:
        return None
    series = _intervals(phrase("structure.change_axis"), drawn, frame)
    return _chart("levers", frame, (series,), frame.users, {"outcome": frame.name(frame.outcome)})


def _by_group(found: Found, frame: Frame, shown: tuple[Finding, ...]) -> Chart | None:
    """The outcome expected with no row and with every row treated, in every group that may be shown."""
    visible = {one.key for one in shown if one.verdict not in VALUELESS}
    if isinstance(found.effect, Phrase) or "structure.effect" not in visible:
        return None
    own = found.answers.of(frame.treatment or "")
    ends = (("none_treated", own[0].level), ("all_treated", own[-1].level))
    series = []
    for name, levels in ends:
        drawn = [
            (one, _group_name(frame, attribute, group))
            for (attribute, group), one in zip(found.answers.base.groups, levels, strict=True)
            if one is not None and (not attribute or f"structure.effect.{attribute}.{group}" in visible)
        ]
        series.append(_estimates(phrase(f"structure.{name}"), drawn, frame))
    facts = {"treatment": frame.name(frame.treatment or ""), "outcome": frame.name(frame.outcome)}
    return _chart("groups", frame, tuple(series), frame.users, facts, zero=None)


def _parts(found: Found, frame: Frame, shown: tuple[Finding, ...]) -> Chart | None:
    if not isinstance(found.change, Change):
        return None
    known = {one.key: one for one in shown if one.verdict not in VALUELESS}
    keys: list[tuple[str, Phrase | str]] = [
        (f"change.{key}", phrase(f"structure.whole_{key}")) for key in ("recorded", "total")
    ]
    keys += [(f"change.part.{name}", phrase("structure.through", name=frame.name(name))) for name in found.change.parts]
    drawn = [(known[key], label) for key, label in keys if key in known]
    if not drawn:
        return None
    first, second = found.change.compared.names
    facts = {"outcome": frame.name(frame.outcome), "first": first, "second": second}
    series = _intervals(phrase("structure.part_axis"), drawn, frame)
    return _chart("change", frame, (series,), found.change.people, facts)


def _intervals(name: Phrase, drawn: list[tuple[Finding, Phrase | str]], frame: Frame) -> Series:
    scale = _scale(frame)
    return Series(
        name=name,
        x=tuple(scale * (one.value or 0.0) for one, _ in drawn),
        y=tuple(label for _, label in drawn),
        low=tuple(None if one.low is None else scale * one.low for one, _ in drawn),
        high=tuple(None if one.high is None else scale * one.high for one, _ in drawn),
    )


def _estimates(name: Phrase, drawn: list[tuple[Estimate, Phrase | str]], frame: Frame) -> Series:
    scale = _scale(frame)
    return Series(
        name=name,
        x=tuple(scale * one.value for one, _ in drawn),
        y=tuple(label for _, label in drawn),
        low=tuple(scale * one.low for one, _ in drawn),
        high=tuple(scale * one.high for one, _ in drawn),
    )


def _chart(
    key: str, frame: Frame, series: tuple[Series, ...], n: int, facts: dict[str, str], zero: float | None = 0.0
) -> Chart:
    unit = axis_unit(frame.unit) if zero is not None else phrase(f"structure.level_{frame.level_unit}")
    axis = "change_x" if zero is not None else "level_x"
    return Chart(
        key=f"structure.{key}",
        kind="interval",
        title=phrase(f"structure.{key}_title", **facts),
        x_title=phrase(f"structure.{axis}", outcome=frame.name(frame.outcome), unit=unit),
        y_title=phrase(f"structure.{key}_y"),
        n=n,
        series=series,
        alt=phrase(f"structure.{key}_alt", **facts),
        zero_line=zero,
    )


def _group_name(frame: Frame, attribute: str, group: str) -> Phrase | str:
    if not attribute:
        return phrase("structure.everybody")
    return phrase("structure.group", attribute=frame.name(attribute), group=group_label(group))


def _scale(frame: Frame) -> float:
    return 100.0 if frame.unit == "points" else 1.0
