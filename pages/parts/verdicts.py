"""The verdict boards of the Disparity page, and the ways on from a cell: why, how much is choice, mend it."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from analysis.causal.gap.settings import Outcome
from analysis.document import Section
from analysis.fairness.board import items_board, people_board
from analysis.mitigation.goals import to_mend, to_spread
from audit.settings import FURTHER, Step
from pages.parts import board
from pages.parts.state import state
from pages.parts.view import View
from words import say

GO = "board:go"
"""The step whose page a cell leads to, kept for the run that follows."""
WAYS: dict[board.Act, Step] = {"why": "gap", "choices": "choices", "mend": "mitigation"}


def boards(view: View, found: Section) -> None:
    """Figures of people by attribute, and of items by their groups."""
    _go()
    people, items = people_board(found.findings), items_board(found.findings)
    if people.cells:
        title = say("board.title", state().language)
        board.draw(people, title, view.key("board:people"), tuple(WAYS), lambda *asked: _ask(view, *asked))
    if items.cells:
        title = say("board.items_title", state().language)
        board.draw(
            items, title, view.key("board:items"), ("mend",), lambda *asked: _spread(view, asked[0]), not people.cells
        )


def _ask(view: View, attribute: str, figure: str, act: board.Act) -> None:
    """Take the cell's attribute and figure to the analysis that goes on from it."""
    step = WAYS[act]
    changed = view.settings
    if step == "gap":
        name = figure.split("@")[0]
        chosen = {"attribute": attribute} | ({"gap_in": name} if name in get_args(Outcome) else {})
        changed = changed.model_copy(update={"gap": changed.gap.model_copy(update=chosen)})
    elif step == "choices":
        asked = {"attribute": attribute, "first": None, "second": None}
        if attribute != changed.choices.attribute:
            changed = changed.model_copy(update={"choices": changed.choices.model_copy(update=asked)})
    elif step == "mitigation":
        changed = changed.model_copy(update={"mitigation": to_mend(changed.mitigation, attribute, figure)})
    if changed != view.settings:
        view.folder.save_settings(changed)
    if step in FURTHER:
        st.session_state[view.key("further")] = step
    else:
        st.session_state[GO] = step


def _spread(view: View, grouping: str) -> None:
    """Take the item groups of a cell to the mitigation that shares attention among them."""
    wanted = to_spread(view.settings.mitigation, grouping)
    if wanted != view.settings.mitigation:
        view.folder.save_settings(view.settings.model_copy(update={"mitigation": wanted}))
    st.session_state[GO] = "mitigation"


def _go() -> None:
    route = state().routes.get(st.session_state.pop(GO, None))
    if route is not None:
        st.switch_page(route)
