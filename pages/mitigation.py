"""The Mitigation page: what would mending the gap cost, and who pays?"""

from __future__ import annotations

from pages.parts import form, jobs, section
from pages.parts.ground import ground
from pages.parts.page import View, by_the_front_door, page

FIRST = ("methods", "strengths", "attribute", "figure", "grouping", "constraint")
"""Settings that are shown at once."""


@page("mitigation")
def render(view: View) -> None:
    """Methods and strengths, the run, before and after."""
    known = ground(view)
    options = {"attribute": known.sensitive, "grouping": ("tail", *known.item_groups)}
    view.save(mitigation=form.block(view, view.settings.mitigation, FIRST, "mitigation", options))
    jobs.run_button(view, ["mitigation"])
    section.show(view)


if __name__ == "__main__":
    by_the_front_door()
