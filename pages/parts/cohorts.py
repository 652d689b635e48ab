"""The cohort builder: conditions, whom they pick, saved by name; whom the report and the questions are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from analysis.causal.spoken import spoken as own_names
from analysis.charts.labels import exact
from analysis.cohorts import LONGEST_NAME, Choice, Cohort, Condition, choices, people_of, rows_of, words_of
from analysis.fairness.partition import group_label
from analysis.log import Dataset
from pages.parts import form
from pages.parts.house import section_of
from pages.parts.state import state
from pages.parts.tables import raw_words
from pages.parts.text import plain, spoken, why_not
from pages.parts.view import View
from words import Fact, Refusal, phrase, say, unfit

MOST = 5
"""Conditions that the builder offers."""


@dataclass(frozen=True)
class Deleted:
    """A cohort that was deleted, to be had back: where it stood, and the uses that named it."""

    cohort: Cohort
    place: int
    uses: tuple[str, ...]


def panel(view: View) -> None:
    """Everything about cohorts in one fold; nothing before the data step has run."""
    if view.states["data"] == "missing":
        return
    with st.expander(plain(say("cohort.title", state().language)), key=view.key("cohorts"), on_change="rerun") as box:
        dataset = _data_of(view) if box.open else None
        if dataset is None:
            return
        st.markdown(plain(say("cohort.about", state().language)))
        _saved(view, dataset)
        _builder(view, dataset)
        if view.settings.cohorts:
            _used(view)


def _saved(view: View, dataset: Dataset) -> None:
    """The cohorts there are, each with its people, a switch to compare it and a button to delete it."""
    for at, cohort in enumerate(view.settings.cohorts):
        with st.container(border=True):
            st.markdown(f"**{plain(cohort.name)}** – {spoken(words_of(cohort))}")
            st.caption(_counted(view, dataset, cohort))
            with st.container(horizontal=True, vertical_alignment="center"):
                compared = st.toggle(
                    _t("compare", name=cohort.name), value=cohort.compared, key=view.key(f"compare:{cohort.name}")
                )
                st.button(
                    _t("delete", name=cohort.name), key=view.key(f"delete:{at}"), on_click=_delete, args=(view, at)
                )
            if compared != cohort.compared:
                changed = cohort.model_copy(update={"compared": compared})
                view.save(cohorts=tuple(changed if one is cohort else one for one in view.settings.cohorts))
    if view.key("deleted") in st.session_state:
        st.button(_t("undo"), key=view.key("undelete"), on_click=_undo, args=(view,))


def _delete(view: View, at: int) -> None:
    """Take one cohort out, and out of what uses it; it can be had back."""
    settings = view.settings
    deleted = settings.cohorts[at]
    uses = tuple(use for use, name in _uses(view).items() if name == deleted.name)
    st.session_state[view.key("deleted")] = Deleted(deleted, at, uses)
    kept = (*settings.cohorts[:at], *settings.cohorts[at + 1 :])
    view.folder.save_settings(settings.model_copy(update={"cohorts": kept, **dict.fromkeys(uses)}))


def _undo(view: View) -> None:
    """Put the deleted cohort back among those there are now, and into its uses that name no other since."""
    deleted: Deleted = st.session_state.pop(view.key("deleted"))
    settings, name = view.folder.settings(), deleted.cohort.name
    if settings.cohort(name) is not None:
        return
    cohorts = list(settings.cohorts)
    cohorts.insert(deleted.place, deleted.cohort)
    uses = {use: name for use in deleted.uses if getattr(settings, use) is None}
    view.folder.save_settings(settings.model_copy(update={"cohorts": tuple(cohorts), **uses}))


def _builder(view: View, dataset: Dataset) -> None:
    """Conditions one under another, the count of whom they pick, and the button that saves them."""
    known = choices(dataset)
    left, right = st.columns([2, 1])
    name = left.text_input(
        _t("name"), max_chars=LONGEST_NAME, help=_t("name_help"), key=view.key("cohort:name")
    ).strip()
    ways = {"all": _t("match_all"), "any": _t("match_any")}
    match = right.radio(
        _t("match"), list(ways), format_func=ways.__getitem__, horizontal=True, key=view.choice("match")
    )
    shown = st.session_state.setdefault(view.key("cohort:shown"), 1)
    own = own_names(dataset)
    drawn = [_condition(view, known, lambda name: own.get(name, name), at) for at in range(shown)]
    with st.container(horizontal=True):
        st.button(_t("more"), key=view.key("cohort:more"), disabled=shown >= MOST, on_click=_resize, args=(view, 1))
        st.button(_t("fewer"), key=view.key("cohort:fewer"), disabled=shown < 2, on_click=_resize, args=(view, -1))
    where = tuple(condition for condition in drawn if condition is not None)
    if not where:
        st.caption(_t("nobody"))
        return
    tried = Cohort(name="tried", match=match, where=where)
    st.info(_counted(view, dataset, tried))
    if any(cohort.name == name for cohort in view.settings.cohorts):
        st.caption(_t("taken"))
    if st.button(_t("save"), type="primary", key=view.key("cohort:save")):
        _save(view, name, tried)


def _resize(view: View, by: int) -> None:
    st.session_state[view.key("cohort:shown")] += by


def _condition(view: View, known: dict[str, Choice], shown: Callable[[str], str], at: int) -> Condition | None:
    """One line of the builder; None while it has no value. `shown`: what the analyst calls a column."""
    first, second, third = st.columns([2, 1.4, 3])
    names = list(known)
    column = first.selectbox(_t("column"), names, format_func=shown, key=view.key(f"cohort:column:{at}"))
    if column is None:
        return None
    choice = known[column]
    operator = second.selectbox(
        _t("operator"),
        choice.operators,
        format_func=lambda name: say(f"cohort.operator.{name}", state().language),
        key=view.choice(f"cohort:operator:{at}:{choice.kind}"),
    )
    with third:
        values = _values(choice, view.choice(f"cohort:values:{at}:{column}"))
    return Condition(column=column, operator=operator, values=values) if values else None


def _values(choice: Choice, key: str) -> tuple[str, ...]:
    if choice.kind == "category":
        return tuple(form.several(_t("values"), choice.values, (), key, called=_called))
    if choice.kind == "number":
        number = st.number_input(_t("number"), value=None, format="%g", key=key)
        return () if number is None else (exact(number),)
    day = st.date_input(_t("date"), value=None, min_value=pd.Timestamp("1970-01-01"), key=key)
    return () if day is None else (str(day),)


def _called(value: str) -> str:
    return raw_words(group_label(value))


def _save(view: View, name: str, tried: Cohort) -> None:
    """Keep the cohort under its name, in the place of one of that name; say what is wrong with the name."""
    if not name:
        st.error(_t("name_first"))
        return
    try:
        cohort = Cohort.model_validate(tried.model_dump() | {"name": name})
    except ValidationError as error:
        st.error(_t("wrong", why=unfit(error)[1]))
        return
    kept = tuple(one for one in view.settings.cohorts if one.name != name)
    st.session_state.pop(view.key("deleted"), None)  # undo is for the last thing done, and that is the saving now
    view.save(cohorts=(*kept, cohort))


def _used(view: View) -> None:
    """Whom the report is about and what the causal questions are about."""
    left, right = st.columns(2)
    with left:
        scope = _chosen(view, "scope", _say("everyone"), _t("scope_help"))
    with right:
        population(view, scope=scope)


def population(view: View, **chosen: str | None) -> None:
    """Whose rows the causal questions are about, kept with what else is `chosen`; nothing without cohorts."""
    if view.settings.cohorts:
        scope = chosen.get("scope", view.settings.scope)
        nobody = _say("everyone") if scope is None else _say("as_scope", name=scope)
        view.save(**chosen, population=_chosen(view, "population", nobody))


def _chosen(view: View, use: str, nobody: str, about: str | None = None) -> str | None:
    """The cohort chosen for a use, or None, which reads `nobody`."""
    now, names = _uses(view)[use], ["", *(cohort.name for cohort in view.settings.cohorts)]
    return (
        st.selectbox(
            _t(use),
            names,
            index=names.index(now or ""),
            format_func=lambda name: name or nobody,
            help=about,
            key=view.choice(f"cohort:{use}:{now}:{nobody}:{len(names)}"),
        )
        or None
    )


def _uses(view: View) -> dict[str, str | None]:
    return {"scope": view.settings.scope, "population": view.settings.population}


def _counted(view: View, dataset: Dataset, cohort: Cohort) -> str:
    """How many people and rows it picks; fewer than k people are not counted out."""
    try:
        people, rows = int(people_of(dataset, cohort).sum()), int(rows_of(dataset, cohort).sum())
    except Refusal as refusal:
        return why_not(refusal)
    k = view.settings.k
    return _t("few", k=k) if people < k else _t("count", people=f"{people:,}", rows=f"{rows:,}")


def _data_of(view: View) -> Dataset | None:
    section = section_of(view.folder, "data")
    if section is None:
        return None
    return _dataset(f"{view.folder.path}\n{section.facts.get('digest', '')}")


@st.cache_resource(max_entries=2, show_spinner=False)
def _dataset(stamped_folder: str) -> Dataset | None:
    """The data of an audit by folder and digest, shared by all sessions; only read."""
    from audit.workspace import AuditFolder

    return AuditFolder(Path(stamped_folder.partition("\n")[0])).dataset()


def _t(key: str, /, **facts: Fact) -> str:
    return plain(_say(key, **facts))


def _say(key: str, /, **facts: Fact) -> str:
    return say(phrase(f"cohort.page.{key}", **facts), state().language)
