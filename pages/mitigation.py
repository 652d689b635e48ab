"""The Mitigation page: what would mending the gap cost, and who pays?"""

from __future__ import annotations

import streamlit as st

from pages.parts import form, jobs, section
from pages.parts.ground import ground
from pages.parts.page import View, by_the_front_door, page
from pages.parts.text import t


@page("mitigation")
def render(view: View) -> None:
    """Methods and strengths, the run, before and after."""
    known = ground(view)
    with st.expander(t("frame.settings"), expanded=view.section is None):
        settings = form.fields(
            view,
            view.settings.mitigation,
            form.names_of(view.settings.mitigation),
            "mitigation",
            options={"attribute": known.sensitive},
        )
        view.save(mitigation=settings)
    jobs.run_button(view, ["mitigation"])
    jobs.panel(view)
    section.show(view)


if __name__ == "__main__":
    by_the_front_door()
