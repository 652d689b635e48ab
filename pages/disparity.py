"""The Disparity page: who gets less, by how much, and could it be chance?"""

from __future__ import annotations

import streamlit as st

from pages.parts import form, jobs, section
from pages.parts.ground import ground
from pages.parts.page import View, by_the_front_door, page
from pages.parts.text import t


@page("disparity")
def render(view: View) -> None:
    """Groups, figures and margins, the run, and what it found."""
    known = ground(view)
    with st.expander(t("frame.settings"), expanded=view.section is None):
        settings = form.fields(
            view,
            view.settings.disparity,
            form.names_of(view.settings.disparity),
            "disparity",
            options={"attributes": known.sensitive},
        )
        view.save(disparity=settings)
    jobs.run_button(view, ["disparity"])
    jobs.panel(view)
    section.show(view)


if __name__ == "__main__":
    by_the_front_door()
