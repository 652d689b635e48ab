"""The Data page: what was recorded, about whom, and can it carry an audit?"""

from __future__ import annotations

from typing import Literal

import streamlit as st

from analysis.log import Roles
from analysis.split import Split
from audit.intake import Arrival
from models.topics import TopicSettings
from pages.parts import cleaning, cohorts, columns, form, jobs, section, source
from pages.parts.page import by_the_front_door, page
from pages.parts.state import state
from pages.parts.text import spoken, t
from pages.parts.view import View

Ready = Literal["ready", "unread", "unsaid"]
"""Whether the data step can run: yes; not before the form's files are read; not before the columns are said."""


@page("data")
def render(view: View) -> None:
    """Source, columns, cleaning, split; then the run and what it found."""
    busy = any(job.active for job in view.jobs.list(view.folder.id, 1))
    with form.settings_box(view, busy) as box:
        # Once opened it is always drawn: an upload that is half chosen must not be lost when the box is shut.
        ready = _prepare(view) if state().has_opened(view.folder.id, bool(box.open)) else _known(view)
    cohorts.panel(view)
    if ready == "unread":
        st.caption(t("data.read_first"))
    elif ready == "ready":
        with st.container(horizontal=True):
            jobs.run_button(view, ["data"], None if view.section else t("data.run"))
            jobs.run_button(view, view.settings.steps, t("data.run_all"), main=False)
    section.show(view)


def _prepare(view: View) -> Ready:
    """Everything that decides the data step; whether it can run."""
    chosen = source.choose(view)
    if chosen.unread:
        return "unread"
    arrival = chosen.arrival
    if arrival is None:
        if view.settings.roles is not None:
            _standing(view, view.settings.roles)
        return _known(view)
    _arrived(view, arrival)
    roles = columns.confirm(view, arrival)
    if roles is None:
        return "unsaid"
    rules = cleaning.choose(view, arrival, roles)
    st.header(t("data.split"))
    # As for the columns, the inputs are these files': what stood for others would be written over the split that fits.
    split = form.fields(view, view.settings.split, list(Split.model_fields), f"split:{arrival.tables.digest[:8]}")
    view.save(roles=roles, cleaning=rules, split=split, topics=_topics(view, arrival, roles))
    return "ready"


def _standing(view: View, roles: Roles) -> None:
    """What was chosen for files that this session has not read: to be seen at once, and changed once they are read."""
    st.caption(t("data.reread"))
    cleaning, split = view.settings.cleaning, view.settings.split
    for title, said in (
        ("roles", columns.said(roles)),
        ("quality", form.said(cleaning, form.names_of(cleaning), "cleaning")),
        ("split", form.said(split, list(Split.model_fields), "split")),
    ):
        st.markdown(f"**{t(f'data.{title}')}**  \n{' · '.join(said)}")


def _known(view: View) -> Ready:
    """Whether source and columns stand in the settings."""
    known = view.settings.roles is not None or view.settings.data.kind == "demo"
    return "ready" if known else "unread"


def _topics(view: View, arrival: Arrival, roles: Roles) -> TopicSettings:
    """Topics of the item texts, where a column is the text."""
    if roles.text is None:
        return view.settings.topics.model_copy(update={"enabled": False})
    st.header(t("data.topics"))
    st.caption(t("data.topics_about"))
    users = arrival.tables.users
    columns = () if users is None else tuple(name for name in users.columns if name != roles.user)
    return form.fields(view, view.settings.topics, list(TopicSettings.model_fields), "topics", {"user_text": columns})


def _arrived(view: View, arrival: Arrival) -> None:
    """What came in: counts, what was detected, first rows."""
    tables = arrival.tables
    counts = {
        name: t("data.not_given") if frame is None else f"{len(frame):,}"
        for name, frame in (("rows", tables.log), ("users", tables.users), ("items", tables.items))
    }
    st.success(t("data.arrived", **counts))
    frames = {"log": tables.log, "users": tables.users, "items": tables.items}
    given = {name: frame for name, frame in frames.items() if frame is not None}
    with st.container(horizontal=True):
        with st.popover(t("data.preview")):
            tabs = st.tabs([t(f"data.preview_{name}") for name in given])
            for tab, frame in zip(tabs, given.values(), strict=True):
                tab.dataframe(frame.head(20), hide_index=True, height=280)
        if tables.notes:
            with st.popover(t("data.notes")):
                st.markdown("\n".join(f"- {spoken(note)}" for note in tables.notes))


if __name__ == "__main__":
    by_the_front_door()
