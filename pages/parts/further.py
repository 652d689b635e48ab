"""Analyses beyond the way through: each a choice on the page where an analyst asks for it, run and kept on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from audit.settings import FURTHER, Step
from pages.further import chosen as chosen_panel
from pages.further import discovery, prompted, structure
from pages.parts import form, jobs, section
from pages.parts.ground import Ground, ground
from pages.parts.house import section_of
from pages.parts.text import raw, t
from pages.parts.view import View

FIRST: dict[Step, tuple[str, ...]] = {
    "mediation": ("treatment", "outcome", "mediators", "confounders"),
    "choices": ("attribute", "metrics", "tops"),
    "shrink": ("pruned", "attribute", "figure"),
    "gap": ("attribute", "gap_in", "mediators", "confounders"),
    "people": ("by", "covariates", "worth", "blind"),
    "robustness": ("negative_outcomes", "negative_exposures", "other_outcomes"),
}
"""Settings that are shown at once; a step that is not named here shows all."""
PANELS: dict[Step, Callable[[View], None]] = {
    "discovery": lambda view: discovery.panel(view),
    "chosen": lambda view: chosen_panel.panel(view),
    "structure": lambda view: structure.panel(view),
    "prompted": lambda view: prompted.panel(view),
}
"""Panels of their own, for steps where a form and the section are not enough; most have `panel`."""


def chosen(view: View) -> View:
    """The view of the analysis chosen on this page: the page's own step, or one of the further ones."""
    steps = [view.step, *(step for step, page in FURTHER.items() if page == view.step)]
    if len(steps) == 1:
        return view
    step = st.segmented_control(
        t("further.choose"),
        steps,
        default=view.step,
        required=True,
        format_func=lambda step: raw(f"{step}.title" if step in FURTHER else f"{step}.tab"),
        key=view.key("further"),
        label_visibility="collapsed",
    )
    return view if step in (None, view.step) else replace(view, step=step, section=section_of(view.folder, step))


def draw(view: View) -> None:
    """The panel of a further analysis."""
    PANELS.get(view.step, panel)(view)


def panel(view: View) -> None:
    """Settings, run and answer of an analysis that needs nothing else."""
    known = ground(view)
    settings = getattr(view.settings, view.step)
    first = FIRST.get(view.step, tuple(form.names_of(settings)))
    view.save(**{view.step: form.block(view, settings, first, view.step, options(known))})
    run(view)
    section.show(view)


def run(view: View, able: bool = True) -> None:
    """The button that runs the analysis with all it builds on, and whether the report shows it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        jobs.run_button(view, [view.step], able=able)
        if view.section is not None:
            in_report(view)


def in_report(view: View) -> None:
    """Whether the report shows this analysis and a whole run makes it."""
    now = view.step in view.settings.further
    if st.toggle(t("further.in_report"), value=now, key=view.key(f"in_report:{now}")) != now:
        kept = view.settings.including([view.step]).further
        view.save(further=tuple(step for step in kept if not now or step != view.step))


def options(known: Ground) -> dict[str, Sequence[str]]:
    """Choices of the fields whose values are names in the data, by the fields' names."""
    columns = ("columns", "covariates", "confounders", "mediators", "treatment", "outcome", *FIRST["robustness"])
    return dict.fromkeys(columns, known.columns) | dict.fromkeys(("attribute", "attributes", "by"), known.sensitive)
