"""The Effects page: does what the system does change what people do, and for whom?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from analysis.causal.settings import EffectSettings
from pages.parts import cohorts, form, jobs, section
from pages.parts.ground import Ground, ground
from pages.parts.page import by_the_front_door, page
from pages.parts.text import raw, t
from pages.parts.view import View

QUESTION = ("treatment", "outcome", "estimand")
DETAILS = ("reference", "positive_from", "margin", "bins", "replicates", "simulations", "doubly_robust")


@page("effects")
def render(view: View) -> None:
    """The causal question, the run, and its answer."""
    known = ground(view)
    with form.settings_box(view) as box:
        if box.open:
            view.save(effects=_settings(view, known))
            cohorts.population(view)
    jobs.run_button(view, ["effects"])
    section.show(view)


def _settings(view: View, known: Ground) -> EffectSettings:
    options = {"treatment": known.columns, "outcome": known.columns, "by": known.sensitive}
    settings = form.fields(view, view.settings.effects, QUESTION, "effects", options)
    left, right = st.columns(2)
    with left:
        settings = form.accepted(settings, {"adjustment": _adjustment(view, known)})
    with right:
        settings = form.accepted(settings, {"by": form.one(view, settings, "by", "effects", known.sensitive)})
    if st.toggle(t("form.all"), key=view.key("details")):
        settings = form.fields(view, settings, DETAILS, "effects")
        settings = form.accepted(settings, {"threshold": _threshold(view)})
    return settings


def _adjustment(view: View, known: Ground) -> Any:
    """The graph's own set, or columns that the analyst names."""
    now = view.settings.effects.adjustment
    ways = ("auto", "own")
    way = st.radio(
        t("field.adjustment"),
        ways,
        index=0 if now == "auto" else 1,
        format_func=lambda name: t(f"choice.adjustment.{name}"),
        horizontal=True,
        key=view.choice("adjustment"),
    )
    if way == "auto":
        return "auto"
    kept = [name for name in now if name in known.columns] if now != "auto" else []
    return tuple(form.several(t("effects.columns"), known.columns, kept, view.key("columns")))


def _threshold(view: View) -> Any:
    """Where a treatment that is a number begins to count as treated."""
    now = view.settings.effects.threshold
    ways = ("none", "median", "number")
    chosen = "none" if now is None else "median" if now == "median" else "number"
    way = st.selectbox(
        t("field.threshold"),
        ways,
        index=ways.index(chosen),
        format_func=lambda name: raw(f"choice.threshold.{name}"),
        key=view.choice("threshold"),
    )
    if way != "number":
        return None if way == "none" else "median"
    value = float(now) if isinstance(now, int | float) else 0.0
    return st.number_input(t("effects.treated_above"), value=value, format="%g", key=view.key("treated_above"))


if __name__ == "__main__":
    by_the_front_door()
