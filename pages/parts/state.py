"""What one browser session remembers: one typed object under one key. Everything else lives in the audit's folder."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from words import LANGUAGES, Language

if TYPE_CHECKING:
    from analysis.quality import Quality

KEY = "evenhand"
_HERE = threading.local()
"""The running session and its state: every text asks for its language, and Streamlit's own look-up takes 70 µs."""


@dataclass
class GraphHistory:
    """Undo and redo of the graph editor, as graph JSON; kept a session, never written to the audit."""

    undo: list[str] = field(default_factory=list)
    redo: list[str] = field(default_factory=list)


@dataclass
class State:
    """The session: who it is, which language, which audit, and what the editor can take back."""

    language: Language = "en"
    audit: str | None = None
    signed_in: bool = False
    entered: bool = False
    """Whether app.py has run once for this session."""
    history: dict[str, GraphHistory] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    """Editor's key -> the newest edit seen, so that the editor can tell an answer from an overtaken one."""
    routes: dict[str, object] = field(default_factory=dict)
    """Step -> the st.Page of the running navigation; empty where a page is run alone (a test)."""
    opened: set[str] = field(default_factory=set)
    """Audits whose source and columns have been looked at."""
    read: dict[str, str] = field(default_factory=dict)
    """Audit -> the source whose files this session has read, so that columns and cleaning can be chosen."""
    sent: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Component's key -> the digest of what it was last sent, and the millisecond in which that was first sent."""
    uploads: dict[str, str] = field(default_factory=dict)
    """Streamlit's id of an upload and how it was to be read -> the file it was kept as."""
    quality: tuple[str, Quality] | None = None
    """The last quality report, by the digest of the files, the columns' roles and the unit of times."""
    watched: str | None = None
    """The job whose end should redraw the whole page."""
    watched_step: str = ""
    """The step it was in at the last look: when it moves on, there is a result to show."""

    def has_opened(self, audit: str, now: bool) -> bool:
        """Whether this audit's source and columns are looked at now, or were before in this session."""
        if now:
            self.opened.add(audit)
        return audit in self.opened

    def graph_history(self, audit: str) -> GraphHistory:
        """The editor's history for one audit."""
        return self.history.setdefault(audit, GraphHistory())


def state() -> State:
    """This session's state; made from the address (?lang=, ?audit=) when the session begins."""
    session = get_script_run_ctx(suppress_warning=True)
    known: tuple[object, State] | None = getattr(_HERE, "known", None)
    if known is None or session is None or known[0] is not session:
        known = _HERE.known = (session, _of_this_session())
    return known[1]


def _of_this_session() -> State:
    if KEY not in st.session_state:
        st.session_state[KEY] = State(language=_language_asked(), audit=st.query_params.get("audit"))
    return cast(State, st.session_state[KEY])


def remember() -> None:
    """Write language and audit into the address, so that a refresh or a shared link comes back to them."""
    now = state()
    wanted = {"lang": now.language} | ({"audit": now.audit} if now.audit else {})
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)


def dark() -> bool:
    """Whether the reader's theme is dark (Streamlit infers it from the background; light while unknown)."""
    theme: Literal["light", "dark"] | None = st.context.theme.type
    return theme == "dark"


def widget(audit: str, step: str, name: str) -> str:
    """The key of one input: audits never share an input's value."""
    return f"{audit}:{step}:{name}"


def _language_asked() -> Language:
    asked = st.query_params.get("lang", "")
    if asked in LANGUAGES:
        return cast(Language, asked)
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"
