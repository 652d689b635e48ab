"""The Mitigation page: what would mending the gap cost, and who pays?"""

from __future__ import annotations

from typing import cast, get_args

import streamlit as st

from analysis.mitigation.compare import MitigationSettings
from analysis.mitigation.methods import METHODS, Goal, Method
from audit.methods.ground import unmet
from pages.parts import form, jobs, section
from pages.parts.ground import ground
from pages.parts.page import by_the_front_door, page
from pages.parts.state import state
from pages.parts.text import plain, raw, spoken, t
from pages.parts.view import View
from words import phrase, say

FIRST: dict[Goal, tuple[str, ...]] = {
    "gap": ("attribute", "figure", "strengths"),
    "hide": ("attribute", "figure", "strengths"),
    "exposure": ("grouping", "attribute", "strengths"),
    "selection": ("attribute", "constraint", "strengths"),
}
"""Settings that are shown at once, by what is to be mended."""
CHOSEN_ABOVE = ("goal", "methods")


@page("mitigation")
def render(view: View) -> None:
    """What is to be mended, the methods for it, the run, before and after."""
    known = ground(view)
    with st.expander(t("frame.settings"), key=view.key("settings"), expanded=view.section is None):
        settings = _goal(view)
        settings = _methods(view, settings)
        options = {"attribute": known.sensitive, "grouping": ("tail", *known.item_groups)}
        first = FIRST[settings.goal]
        settings = form.fields(view, settings, first, "mitigation", options)
        if st.toggle(t("form.all"), key=view.key("details")):
            rest = form.names_of(settings, (*first, *CHOSEN_ABOVE))
            settings = form.fields(view, settings, rest, "mitigation", options)
        view.save(mitigation=settings)
    jobs.run_button(view, ["mitigation"])
    section.show(view)


def _goal(view: View) -> MitigationSettings:
    """The settings for the goal chosen; another goal begins with its own methods."""
    now = view.settings.mitigation
    goal = st.segmented_control(
        t("field.goal"),
        get_args(Goal),
        default=now.goal,
        required=True,
        format_func=lambda goal: raw(f"choice.goal.{goal}"),
        key=view.choice("goal"),
    )
    if goal == now.goal or goal is None:
        return now
    return form.accepted(now, {"goal": goal, "methods": ()})


def _methods(view: View, settings: MitigationSettings) -> MitigationSettings:
    """Which of the methods that serve the goal are tried; what each does and costs, and why some cannot be."""
    serving = [name for name, about in METHODS.items() if settings.goal in about.serves]
    barred = {name: reason for name in serving if (reason := unmet(view.settings, METHODS[name].needs)) is not None}
    able = [name for name in serving if name not in barred]
    chosen = st.pills(
        t("field.methods"),
        able,
        selection_mode="multi",
        default=[name for name in settings.tried if name in able],
        format_func=lambda name: raw(f"choice.methods.{name}"),
        key=view.choice(f"methods:{settings.goal}"),
    )
    for name in able:
        if name in chosen:
            st.caption(spoken(phrase(f"mitigation.about.{name}")))
    for name, reason in barred.items():
        words = plain(say(reason, state().language))
        st.caption(t("mitigation.barred", method=raw(f"choice.methods.{name}"), why=words))
    if able and not chosen:  # kept as none, it would mean the usual ones
        st.warning(t("mitigation.choose_one"))
        return settings
    picked = tuple(cast(Method, name) for name in serving if name in chosen)
    usual = settings.model_copy(update={"methods": ()}).tried
    same = picked == tuple(name for name in usual if name in able)
    return form.accepted(settings, {"methods": () if same else picked})


if __name__ == "__main__":
    by_the_front_door()
