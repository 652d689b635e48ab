"""The drawn graph of an audit: which it is now, and every way it changes, with undo and redo."""

from __future__ import annotations

import streamlit as st

from analysis.causal.graph import Graph
from audit.settings import GraphChoice
from pages.parts.ground import Ground
from pages.parts.state import state
from pages.parts.text import spoken
from pages.parts.view import View
from words import Phrase

NOTICE = "graph:notice"
KEPT = 60
"""Steps that undo can take back."""


def now(view: View, known: Ground) -> Graph:
    """The analyst's graph, else the chosen template, else the first."""
    choice = view.settings.graph
    if choice.drawn is not None:
        return choice.drawn
    return known.templates.get(choice.template or "", next(iter(known.templates.values())))


def replace(view: View, graph: Graph, before: Graph) -> None:
    """Take a new graph: the one before can be had back, what was undone cannot."""
    history = state().graph_history(view.folder.id)
    history.undo[:] = [*history.undo, before.model_dump_json()][-KEPT:]
    history.redo.clear()
    _keep(view, graph)


def undo(view: View, drawn: Graph) -> None:
    """Go back one graph."""
    history = state().graph_history(view.folder.id)
    if history.undo:
        history.redo.append(drawn.model_dump_json())
        _keep(view, Graph.model_validate_json(history.undo.pop()))


def redo(view: View, drawn: Graph) -> None:
    """Take back the last undo."""
    history = state().graph_history(view.folder.id)
    if history.redo:
        history.undo.append(drawn.model_dump_json())
        _keep(view, Graph.model_validate_json(history.redo.pop()))


def say(why: Phrase) -> None:
    """Keep a sentence for the run that follows."""
    st.session_state[NOTICE] = why


def notice() -> None:
    """Show the sentence that was kept, once."""
    if st.session_state.get(NOTICE):
        st.error(spoken(st.session_state.pop(NOTICE)))


def _keep(view: View, graph: Graph) -> None:
    """Save from a callback: the run that follows draws it."""
    view.folder.save_settings(view.settings.model_copy(update={"graph": GraphChoice(drawn=graph)}))
