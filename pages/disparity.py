"""The Disparity page: who gets less, by how much, and could it be chance?"""

from __future__ import annotations

from pages.parts import form, jobs, section
from pages.parts.ground import ground
from pages.parts.page import View, by_the_front_door, page

FIRST = ("attributes", "figures", "margin", "intersections")
"""Settings that are shown at once."""


@page("disparity")
def render(view: View) -> None:
    """Groups, figures and margins, the run, and what it found."""
    known = ground(view)
    view.save(disparity=form.block(view, view.settings.disparity, FIRST, "disparity", {"attributes": known.sensitive}))
    jobs.run_button(view, ["disparity"])
    section.show(view)


if __name__ == "__main__":
    by_the_front_door()
