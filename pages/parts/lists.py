"""What the recommender gives one user, and why, in words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.document import Section
from audit.run import Run
from audit.topics import understood
from audit.workspace import AuditFolder
from pages.parts.ground import Ground
from pages.parts.house import stamp
from pages.parts.ids import person
from pages.parts.state import state
from pages.parts.tables import draw_table, plain_table
from pages.parts.text import raw, spoken, t, why_not
from pages.parts.view import View
from words import Phrase, Refusal, listed, phrase, say


def for_a_user(view: View, known: Ground) -> None:
    """A user's list as ranked in the last run; reasons are made when asked for.

    Lists are kept as codes of users and items: read against data of another run they would be somebody else's.
    """
    st.header(t("lists.title"))
    if view.states["recommender"] != "done":
        st.caption(t("lists.run_again"))
        return
    try:
        user = person(view, known.users, _run(_key(view)).dataset.users.index, t("lists.user"), "user")
        if user is None:
            return
        _understanding(view, user)
        shown = _list(view, user)
        if shown.empty:
            st.info(t("lists.nothing"))
            return
        why = st.toggle(t("lists.why"), key=view.key("why"))
        if why:
            shown[raw("lists.reason")] = _reasons(view, user)
        plain_table(shown.columns, shown.to_numpy().tolist())
        _one_place(view, user, list(shown[raw("lists.item")]))
    except Refusal as refusal:
        st.info(why_not(refusal))


def _one_place(view: View, user: str, items: list[str]) -> None:
    """What one place rests on: earlier items, each with the place were it not there, and words; when it is opened."""
    with st.expander(t("lists.one_place"), key=view.choice("one_place"), on_change="rerun") as box:
        if not box.open or not items:
            return
        place = st.selectbox(
            t("lists.item"),
            range(len(items)),
            format_func=lambda at: f"{at + 1}. {items[at]}",
            key=view.key(f"place:{user}"),
        )
        try:
            found = _rests_on(_key(view), user, _codes(view, user)[place])
        except Refusal as refusal:
            st.info(why_not(refusal))
            return
        st.markdown(spoken(found.summary[0]))
        for table in found.tables:
            st.markdown(f"**{spoken(table.title)}**")
            draw_table(table)
        st.caption(" ".join([t("lists.parts"), *(spoken(note) for note in found.notes)]))


@st.cache_data(scope="session", max_entries=64, show_spinner=False)
def _rests_on(key: str, user: str, item: int) -> Section:
    from audit.why import place_rests_on

    return place_rests_on(_run(key), user, item)


def _understanding(view: View, user: str) -> None:
    """The user's intent and the topics of what the user took, or how to have them."""
    run = _run(_key(view))
    found = understood(run, user)
    if found is None:
        if "text" in run.dataset.items:
            st.caption(t("lists.no_topics"))
        return
    nothing = raw("lists.none")
    taken = listed(phrase("pages.lists.topic_count", topic=topic, count=count) for topic, count in found.taken)
    st.markdown(t("lists.intent", intent=found.intent or nothing, taken=taken or nothing))


def _list(view: View, user: str) -> pd.DataFrame:
    """Rank, item and its text."""
    items = _run(_key(view)).dataset.items
    codes = _codes(view, user)
    frame = items.iloc[codes]
    shown = {raw("lists.rank"): range(1, len(codes) + 1), raw("lists.item"): frame.index}
    for name in ("text", "category", "provider", "topic"):
        if name in frame:
            shown[raw(f"lists.{name}")] = frame[name]
    return pd.DataFrame({name: [str(cell) for cell in column] for name, column in shown.items()})


def _codes(view: View, user: str) -> list[int]:
    """Item codes of the user's list, best first."""
    from audit.kept import kept_lists

    run = _run(_key(view))
    row = kept_lists(run).codes[run.dataset.users.index.get_loc(user)][: view.settings.recommender.top]
    return [int(code) for code in row if code >= 0]


def _reasons(view: View, user: str) -> list[str]:
    phrases = _explained(_key(view), user, tuple(_codes(view, user)))
    return [say(words, state().language) for words in phrases]


@st.cache_data(scope="session", max_entries=64, show_spinner=False)
def _explained(key: str, user: str, codes: tuple[int, ...]) -> list[Phrase]:
    """Why each item, as the model itself weighs it."""
    from audit.kept import trained_model
    from models.explain import reasons

    run = _run(key)
    model = trained_model(run)
    place = run.composed.data.user_ids.index(user)
    return reasons(model, run.composed.data, place, codes)


@st.cache_resource(scope="session", max_entries=1, show_spinner=False)
def _run(key: str) -> Run:
    """The audit's data, coded once for this session and state of the recommender."""
    folder = AuditFolder(Path(key.partition("\n")[0]))
    return Run(folder, folder.settings(), _nobody)


def _key(view: View) -> str:
    """The folder and the recommender's last run as one string."""
    return f"{view.folder.path}\n{stamp(view.folder, 'recommender')}"


def _nobody(fraction: float, step: str, note: Phrase, figures: dict[str, float]) -> None:
    """Nobody watches."""
