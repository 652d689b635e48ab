"""The frame of every page: gate, heading, the question it answers, its state, and the way on."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from functools import wraps
from pathlib import Path

import streamlit as st

from audit.cohorts import beyond_scope
from audit.settings import DEPENDS, STEPS, Step, with_all_before
from pages.parts import further, gate
from pages.parts.house import current, jobs, refusals, section_of
from pages.parts.jobs import panel
from pages.parts.links import link
from pages.parts.state import remember
from pages.parts.text import raw, spoken, t, why_not
from pages.parts.view import View
from words import Refusal

THERE = ("done", "stale")
"""States of a step that has a result."""


def page(step: Step) -> Callable[[Callable[[View], None]], Callable[[], None]]:
    """Turn `body(view)` into a page's `render()`: nothing is drawn or read before the gate is open."""

    def frame(body: Callable[[View], None]) -> Callable[[], None]:
        @wraps(body)
        def render() -> None:
            if gate.is_open():
                _framed(step, body)

        del render.__wrapped__  # Streamlit inspects the signature: render() takes nothing
        return render

    return frame


def by_the_front_door() -> None:
    """Run app.py in place of a page's file.

    On a fresh server Streamlit takes `pages/` for pages of its old kind and runs the file that the first visitor's
    address names. That draws nothing of ours, so nothing leaks; this gives the visitor the page, gate included.
    """
    runpy.run_path(str(Path(__file__).parents[2] / "app.py"), run_name="app")


def _framed(step: Step, body: Callable[[View], None]) -> None:
    st.title(t(f"{step}.title"))
    st.markdown(t(f"{step}.question"))
    try:
        folder = current()
        remember()
        view = View(step, folder, folder.settings(), section_of(folder, step), folder.states(), jobs())
        asked = further.chosen(view)
        if asked is not view:
            st.markdown(t(f"{asked.step}.question"))
        with st.container():  # always there, so that what stands below keeps its place (and stays open) when it fills
            if asked.states[asked.step] == "stale":
                st.warning(t("frame.stale"))
            elif folder.of_another_version(asked.step):
                st.warning(t("frame.other_version"))
            for why in refusals(folder, asked.states, [asked.step]):
                st.warning(t("frame.not_run", why=why))
            panel(asked)
        _of_whom(asked)
        if _ready(asked):
            (body if asked is view else further.draw)(asked)
    except Refusal as refusal:
        st.error(why_not(refusal))
    _onward(step)


def _of_whom(view: View) -> None:
    """Where the audit is about some people and this step about everybody: that it is."""
    said = beyond_scope(view.settings, view.step)
    if said is not None and view.section is not None:
        st.caption(spoken(said))


def _ready(view: View) -> bool:
    """Whether the steps that this one reads have run; else says which has to run first of all and links to it."""
    if view.step == "report" or all(view.states[step] in THERE for step in DEPENDS[view.step]):
        return True
    first = next(step for step in with_all_before(view.step) if view.states[step] not in THERE)
    st.info(t("frame.needs", step=raw(f"{first}.title")))
    link(first)
    return False


def _onward(step: Step) -> None:
    after = STEPS[STEPS.index(step) + 1 :]
    if after:
        with st.container(key="onward", horizontal_alignment="right"):
            link(after[0], "next")
