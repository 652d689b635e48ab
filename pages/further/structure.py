"""What if: sliders over the answers of the last run, and one user's other outcome. Looks up; computes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from analysis.document import Section
from analysis.finding import Finding, amount, span
from audit.structure import people, what_if_answers
from audit.workspace import AuditFolder
from pages.parts import form, further, section, tables
from pages.parts.ground import ground
from pages.parts.house import stamp
from pages.parts.ids import person
from pages.parts.text import plain, raw, t
from pages.parts.view import View
from words import phrase

KINDS = ("share", "set", "shift")
UNIT = "level_unit"
"""The fact that every answer has; a section that only says why there is none lacks it."""


def panel(view: View) -> None:
    """Settings, run, sliders, answer, one user."""
    known = ground(view)
    settings = form.block(
        view, view.settings.structure, ("compare", "compare_by"), "structure", {"compare_by": known.sensitive}
    )
    view.save(structure=settings)
    further.run(view)
    if view.section is not None and UNIT in view.section.facts:  # else grid and users are those of an earlier run
        _try(view)
    section.show(view)


def _try(view: View) -> None:
    """What the last run can answer at once: for everybody and by group, and for one user."""
    key = f"{view.folder.path}\n{stamp(view.folder, view.step)}"
    answers, table = _answers(key), _people(key)
    if answers is None:
        return
    st.header(t("structure.what_if"))
    names = ["everybody", *([] if table is None else ["person"])]
    with st.container(border=True):
        tabs = st.tabs([t(f"structure.{name}") for name in names])
        with tabs[0]:
            _sliders(view, answers)
        if table is not None:
            with tabs[1]:
                _one_user(view, table)


def _sliders(view: View, answers: Section) -> None:
    """Choose a variable and what is done to it; the outcome for everybody, then by group."""
    variables: list[dict[str, Any]] = list(answers.facts["variables"])  # type: ignore[arg-type]
    left, right = st.columns([1, 2])
    with left:
        variable = st.selectbox(
            t("structure.variable"),
            variables,
            index=_first(view, variables),
            format_func=lambda one: str(one["spoken"]),
            key=view.key("what_if"),
        )
    with right:
        key = _deed(view, variable)
    by_key = {finding.key: finding for finding in answers.findings}
    _everybody(by_key, key)
    _groups(answers, by_key, key)


def _first(view: View, variables: list[dict[str, Any]]) -> int:
    """The graph's treatment where it may be set, else the first variable."""
    names = [one["name"] for one in variables]
    treatment = view.section.facts.get("treatment") if view.section else None
    return names.index(treatment) if treatment in names else 0


def _deed(view: View, variable: dict[str, Any]) -> str:
    """The key of the action chosen with the sliders of a variable."""
    actions: list[dict[str, str]] = variable["actions"]
    kinds = [kind for kind in KINDS if any(one["kind"] == kind for one in actions)]
    kind = kinds[0]
    if len(kinds) > 1:
        kind = st.segmented_control(
            t("structure.how"),
            kinds,
            default=kind,
            required=True,
            format_func=lambda one: raw(f"structure.how_{one}"),
            key=view.key(f"how:{variable['name']}"),
        )
    own = {one["label"]: one["key"] for one in actions if one["kind"] == kind}
    label = t(f"structure.slider_{kind}", name=str(variable["spoken"]))
    labels = list(own)
    chosen = st.select_slider(label, labels, value=labels[-1], key=view.key(f"deed:{variable['name']}:{kind}"))
    return own[chosen]


def _everybody(by_key: dict[str, Finding], key: str) -> None:
    now, then, change = by_key["as_is.level"], by_key[f"{key}.level"], by_key[f"{key}.change"]
    columns = st.columns(3)
    for column, finding, name in zip(columns, (now, then, change), ("now", "then", "change"), strict=True):
        with column:
            st.metric(t(f"structure.{name}"), "–" if finding.value is None else amount(finding.value, finding.unit))
            unit = tables.raw_words(phrase(f"units.{finding.unit}"))
            st.caption(plain(f"{section.interval_words(finding)} {unit}".strip() or "–"))
    tables.draw_badge(section.badge(change))
    if change.reason is not None:
        st.info(plain(tables.raw_words(change.reason)))


def _groups(answers: Section, by_key: dict[str, Finding], key: str) -> None:
    """The same in each group that may be shown."""
    rows = []
    pairs: list[tuple[str, str]] = list(answers.facts["groups"])  # type: ignore[arg-type]
    for attribute, group in pairs:
        end = f".{attribute}.{group}"
        then, change = by_key[f"{key}.level{end}"], by_key[f"{key}.change{end}"]
        rows.append(
            (
                f"{attribute}: {group}",
                section.value_words(by_key[f"as_is.level{end}"]),
                section.value_words(then),
                section.value_words(change),
                section.interval_words(change),
                section.badge(change),
            )
        )
    if rows:
        names = [raw(f"structure.{name}") for name in ("group", "now", "then", "change", "interval", "verdict")]
        tables.plain_table(names, rows)


def _one_user(view: View, table: pd.DataFrame) -> None:
    """What would have happened to one user with no row treated, and with every row."""
    assert view.section is not None
    st.caption(t("structure.person_about"))
    user = person(view, list(table.index), table.index, t("structure.user"), "person")
    if user is None:
        return
    row = table.loc[user]
    unit = str(view.section.facts[UNIT])
    shown = [(raw("structure.person_recorded", rows=int(row["rows"]), treated=int(row["treated"])), row, "recorded")]
    shown += [(raw(f"structure.person_{name}"), row, name) for name in ("never", "always")]
    lines = [(label, _span(found, name, unit)) for label, found, name in shown]
    tables.plain_table((raw("structure.case"), raw("structure.outcome")), lines)


def _span(row: pd.Series, name: str, unit: str) -> str:
    """A mean, or the bounds of one."""
    if name == "recorded":
        return amount(float(row[name]), unit)
    low, high = (amount(float(row[f"{name}_{end}"]), unit) for end in ("low", "high"))
    return low if low == high else tables.raw_words(span(low, high))


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _answers(key: str) -> Section | None:
    """Every what-if answer; `key` holds the folder and the state of the step."""
    return what_if_answers(AuditFolder(Path(key.partition("\n")[0])))


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _people(key: str) -> pd.DataFrame | None:
    """One row a user, by user."""
    table = people(AuditFolder(Path(key.partition("\n")[0])))
    return None if table is None else table.set_index("user")
