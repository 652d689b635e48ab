"""What the drawn graph says, at every edit: the panel under the editor, and the marks in it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis.causal.dag import Edge
from analysis.causal.graph import Graph
from analysis.causal.reading import contradicted
from analysis.finding import JSON
from pages.parts.editor import Mark
from pages.parts.ground import Ground, is_slow, reading_now
from pages.parts.house import section_of
from pages.parts.section import answer, show
from pages.parts.tables import draw_table
from pages.parts.text import spoken, t, why_not
from pages.parts.view import View
from words import Refusal

FIT = "graph.fit."
"""Where the sentences lie that say whether the data agree."""
CLAIMS = "graph.fit"
SHOWN = frozenset({CLAIMS, "graph.sets", "graph.formula"})
"""Tables that stand in the panels; what they hold is not drawn a second time."""
FEW_CLAIMS = 8
"""Claims up to which their table is open from the start."""


def marks(view: View, known: Ground, drawn: Graph) -> dict[Edge, Mark]:
    """Edges that bias, and missing ones that the data speak for; none where nothing is asked.

    The first reading of a server takes seconds: then the editor is drawn without, and once more when it is there.
    """
    found = contradicted(drawn, _tested(view))
    marked = {pair: Mark("missing", f"{found[pair]:.2f}") for pair in found}
    if is_slow():
        return marked
    try:
        said = reading_now(view, known, drawn)
    except Refusal:
        return marked
    biasing = dict.fromkeys(said.biasing, Mark("biasing"))
    return {**marked, **biasing, **dict.fromkeys(said.open, Mark("open"))}


def _tested(view: View) -> dict[str, JSON]:
    """What the graph step found, where it was found on the data as they are now."""
    data = section_of(view.folder, "data")
    if view.section is None or data is None or view.section.facts.get("dataset") != data.facts.get("digest"):
        return {}
    return view.section.facts


def panel(view: View, known: Ground, drawn: Graph) -> None:
    """What may be adjusted for and how well, what else could help, and the expression."""
    late = is_slow()
    with st.container(border=True, key="allowed"):
        st.header(t("graph.live"))
        try:
            with st.spinner(t("graph.reading")):
                said = reading_now(view, known, drawn)
        except Refusal as refusal:
            st.info(why_not(refusal))
            return
        st.markdown(f"**{spoken(said.answer[0])}**")
        st.markdown("\n".join(f"- {spoken(sentence)}" for sentence in (*said.answer[1:], *said.ways)))
        if said.sets.rows:
            st.markdown(f"**{spoken(said.sets.title)}**")
            draw_table(said.sets)
        if said.expressions:
            with st.expander(t("graph.expression")):
                for one in said.expressions:
                    st.markdown(f"**{spoken(one.name)}**\n\n{spoken(one.words)}")
                    st.code(one.symbols, language=None, wrap_lines=True)
    if late and (said.biasing or said.open):
        st.rerun()


def fit(view: View) -> None:
    """Whether the data agreed when the graph step last ran, and what lies behind."""
    if view.section is None:
        return
    said = [one for one in view.section.summary if one.key.startswith(FIT)]
    if said:
        answer(t("graph.fit"), said)
    for table in view.section.tables:
        if table.key == CLAIMS:
            with st.expander(spoken(table.title), expanded=len(table.rows) <= FEW_CLAIMS):
                draw_table(table)
    rest = tuple(table for table in view.section.tables if table.key not in SHOWN)
    show(replace(view, section=view.section.model_copy(update={"findings": (), "tables": rest})), answered=True)
