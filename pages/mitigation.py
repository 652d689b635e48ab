"""The Mitigation page: what would mending the gap cost, and who pays?"""

from __future__ import annotations

import streamlit as st

from pages.parts import form, jobs, section
from pages.parts.ground import ground
from pages.parts.page import View, by_the_front_door, page
from pages.parts.text import t

FIRST = ("methods", "strengths", "attribute", "figure", "grouping", "constraint")
"""Settings that are shown at once."""


@page("mitigation")
def render(view: View) -> None:
    """Methods and strengths, the run, before and after."""
    known = ground(view)
    with st.expander(t("frame.settings"), key=view.key("settings"), expanded=view.section is None):
        options = {"attribute": known.sensitive, "grouping": ("tail", *known.item_groups)}
        settings = form.fields(view, view.settings.mitigation, FIRST, "mitigation", options)
        if st.toggle(t("form.all"), key=view.key("details")):
            settings = form.fields(view, settings, form.names_of(settings, FIRST), "mitigation")
        view.save(mitigation=settings)
    jobs.run_button(view, ["mitigation"])
    section.show(view)


if __name__ == "__main__":
    by_the_front_door()
