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
from pages.parts.house import section_of
from pages.parts.page import View
from pages.parts.state import state
from pages.parts.tables import draw_table
from pages.parts.text import plain, raw, spoken, t
from words import Phrase, Refusal, say


def for_a_user(view: View, known: Ground) -> None:
    """A user's list as ranked in the last run; reasons are made when asked for."""
    st.header(t("lists.title"))
    user = st.selectbox(t("lists.user"), known.users, key=view.key("user"))
    if user is None:
        return
    try:
        _understanding(view, user)
        shown = _list(view, user)
        if shown.empty:
            st.info(t("lists.nothing"))
            return
        why = st.toggle(t("lists.why"), key=view.key("why"))
        if why:
            shown[t("lists.reason")] = _reasons(view, user)
        st.table(shown, border="horizontal", hide_index=True)
        _one_place(view, user, list(shown[t("lists.item")]))
    except Refusal as refusal:
        st.info(plain(refusal.sentence(state().language)))


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
            found = _rests_on(_stamp(view), user, _codes(view, user)[place])
        except Refusal as refusal:
            st.info(plain(refusal.sentence(state().language)))
            return
        st.markdown(spoken(found.summary[0]))
        for table in found.tables:
            st.markdown(f"**{spoken(table.title)}**")
            draw_table(table)
        st.caption(" ".join([t("lists.parts"), *(spoken(note) for note in found.notes)]))


@st.cache_data(scope="session", max_entries=64, show_spinner=False)
def _rests_on(stamp: str, user: str, item: int) -> Section:
    from audit.why import place_rests_on

    return place_rests_on(_run(stamp), user, item)


def _understanding(view: View, user: str) -> None:
    """The user's intent and the topics of what the user took, or how to have them."""
    run = _run(_stamp(view))
    found = understood(run, user)
    if found is None:
        if "text" in run.dataset.items:
            st.caption(t("lists.no_topics"))
        return
    nothing = raw("lists.none")
    taken = ", ".join(raw("lists.topic_count", topic=topic, count=count) for topic, count in found.taken)
    st.markdown(t("lists.intent", intent=found.intent or nothing, taken=taken or nothing))


def _list(view: View, user: str) -> pd.DataFrame:
    """Rank, item and its text."""
    items = _run(_stamp(view)).dataset.items
    codes = _codes(view, user)
    frame = items.iloc[codes]
    shown = {t("lists.rank"): [str(rank) for rank in range(1, len(codes) + 1)], t("lists.item"): frame.index}
    for name in ("text", "category", "provider", "topic"):
        if name in frame:
            shown[t(f"lists.{name}")] = frame[name].astype(str)
    return pd.DataFrame({name: [plain(str(cell)) for cell in column] for name, column in shown.items()})


def _codes(view: View, user: str) -> list[int]:
    """Item codes of the user's list, best first."""
    from audit.recommend import LISTS_FILE, Scored

    run = _run(_stamp(view))
    kept = Scored.load(view.folder.path / "work" / "lists" / LISTS_FILE)
    row = kept.codes[run.dataset.users.index.get_loc(user)][: view.settings.recommender.top]
    return [int(code) for code in row if code >= 0]


def _reasons(view: View, user: str) -> list[str]:
    phrases = _explained(_stamp(view), user, tuple(_codes(view, user)))
    return [plain(say(words, state().language)) for words in phrases]


@st.cache_data(scope="session", max_entries=64, show_spinner=False)
def _explained(stamp: str, user: str, codes: tuple[int, ...]) -> list[Phrase]:
    """Why each item, as the model itself weighs it."""
    from audit.recommend import trained_model
    from models.explain import reasons

    run = _run(stamp)
    model = trained_model(run)
    place = run.composed.data.user_ids.index(user)
    return reasons(model, run.composed.data, place, codes)


@st.cache_resource(scope="session", max_entries=1, show_spinner=False)
def _run(stamp: str) -> Run:
    """The audit's data, coded once for this session and state of the recommender."""
    folder = AuditFolder(Path(stamp.partition("\n")[0]))
    return Run(folder, folder.settings(), _nobody)


def _stamp(view: View) -> str:
    """The folder, the data and the recommender's settings as one string."""
    data = section_of(view.folder, "data")
    digest = "" if data is None else str(data.facts.get("digest", ""))
    return f"{view.folder.path}\n{digest}\n{view.settings.recommender.model_dump_json()}"


def _nobody(fraction: float, step: str, note: Phrase, figures: dict[str, float]) -> None:
    """Nobody watches."""
