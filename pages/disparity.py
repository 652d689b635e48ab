"""The Disparity page: who gets less, by how much, and could it be chance?"""

from __future__ import annotations

import streamlit as st

from pages.parts import form, jobs, section
from pages.parts.ground import ground
from pages.parts.page import View, by_the_front_door, page
from pages.parts.text import t

FIRST = ("attributes", "figures", "margin", "intersections")
"""Settings that are shown at once."""


@page("disparity")
def render(view: View) -> None:
    """Groups, figures and margins, the run, and what it found."""
    known = ground(view)
    with st.expander(t("frame.settings"), key=view.key("settings"), expanded=view.section is None):
        options = {"attributes": known.sensitive}
        settings = form.fields(view, view.settings.disparity, FIRST, "disparity", options)
        if st.toggle(t("form.all"), key=view.key("details")):
            settings = form.fields(view, settings, form.names_of(settings, FIRST), "disparity")
        view.save(disparity=settings)
    jobs.run_button(view, ["disparity"])
    section.show(view)


if __name__ == "__main__":
    by_the_front_door()
