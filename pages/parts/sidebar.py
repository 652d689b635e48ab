"""The sidebar: which audit, which language, and how far the audit is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import streamlit as st

from audit.settings import AuditSettings, Step
from audit.workspace import AuditFolder
from pages.parts.house import current, jobs, workspace
from pages.parts.state import state
from pages.parts.text import raw, t
from words import LANGUAGES, Refusal

MARKS = {"done": "  ✓", "stale": "  ↻", "missing": "", "refused": "  ×"}
NAMES = {"en": "English", "zh": "中文"}


def draw() -> None:
    """Audit picker, new audit, language."""
    now = state()
    jobs()  # the first visit to an empty workspace starts the demo's audit
    with st.sidebar:
        _audits()
        # The key is the audit's: once a new one is made, this is another popover, and a closed one.
        with st.popover(t("sidebar.new"), width="stretch", key=f"new:{current().id}"):
            _new_audit()
        chosen = st.segmented_control(
            t("sidebar.language"),
            LANGUAGES,
            default=now.language,
            required=True,
            format_func=lambda code: NAMES[code],
            key="language",
        )
        if chosen != now.language and chosen is not None:
            now.language = chosen
            st.rerun()


def marks() -> dict[Step, str]:
    """The sign behind each step's name: done, done before something changed, or could not be done."""
    try:
        return {step: MARKS[how] for step, how in current().states().items()}
    except Refusal:
        return {}


def _audits() -> None:
    names = names_of(workspace().audits())
    now = current()
    chosen = st.selectbox(
        t("sidebar.audit"),
        list(names),
        index=list(names).index(now.id),
        format_func=names.__getitem__,
        key=f"audit:{now.id}",
    )
    if chosen is not None and chosen != now.id:
        state().audit = chosen
        st.rerun()


def names_of(folders: Iterable[AuditFolder]) -> dict[str, str]:
    """What each audit is called in a choice, by its id: its title, with the start of its id where others share it.

    The browser answers with the words that it shows, so equal words would choose the last audit of that title.
    """
    titles = {folder.id: title_of(folder) for folder in folders}
    times = Counter(titles.values())
    return {audit: title if times[title] == 1 else f"{title} ({audit[:4]})" for audit, title in titles.items()}


def title_of(folder: AuditFolder) -> str:
    """The audit's title; its id where its settings cannot be read (the page then says why)."""
    try:
        return folder.settings().title
    except Refusal:
        return folder.id


def _new_audit() -> None:
    with st.form("new_audit", border=False):
        title = st.text_input(t("sidebar.title"), max_chars=120)
        if st.form_submit_button(t("sidebar.create"), type="primary"):
            named = title.strip() or raw("sidebar.untitled")
            folder = workspace().create(AuditSettings(title=plain_title(named), language=state().language))
            state().audit = folder.id
            st.rerun()


def plain_title(title: str) -> str:
    """A title on one line, without control characters."""
    return " ".join("".join(letter for letter in title if letter.isprintable() or letter == " ").split())[:120]
