"""The Disparity page: who gets less, by how much, and could it be chance?"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis.document import Section
from analysis.fairness.board import TABLES
from pages.parts import cohorts, form, jobs, section, verdicts
from pages.parts.ground import ground
from pages.parts.page import by_the_front_door, page
from pages.parts.view import View

FIRST = ("attributes", "figures", "margin", "intersections")
"""Settings that are shown at once."""


@page("disparity")
def render(view: View) -> None:
    """The verdict board, groups, figures and margins, the run, and what it found."""
    known = ground(view)
    if view.section is not None:
        with st.container(key="board"):
            verdicts.boards(view, view.section)
    view.save(disparity=form.block(view, view.settings.disparity, FIRST, "disparity", {"attributes": known.sensitive}))
    cohorts.panel(view)
    jobs.run_button(view, ["disparity"])
    section.show(view if view.section is None else replace(view, section=_rest(view.section)))


def _rest(found: Section) -> Section:
    """The section without the tables that the board on the page is."""
    return found.model_copy(update={"tables": tuple(table for table in found.tables if table.key not in TABLES)})


if __name__ == "__main__":
    by_the_front_door()
