"""The Graph page: what is believed to cause what, and what that lets these data say."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis.causal.graph import READERS, WRITERS, Graph
from analysis.causal.spoken import retold_graph
from pages.further import discovery
from pages.parts import drawing, editor, jobs, live
from pages.parts.ground import Ground, ground
from pages.parts.page import by_the_front_door, page
from pages.parts.state import state
from pages.parts.text import plain, raw, t, why_not
from pages.parts.view import View
from words import Refusal, say


@page("graph")
def render(view: View) -> None:
    """Template and question, editor, what may be adjusted for, import and export."""
    known = ground(view)
    drawn = drawing.now(view, known)
    _toolbar(view, known, drawn)
    _editor(view, known, drawn)
    live.panel(view, known, drawn)
    jobs.run_button(view, ["graph"])
    live.fit(view)
    _as_list(known, drawn)
    _exchange(view, drawn)


def _editor(view: View, known: Ground, drawn: Graph) -> None:
    shares, said = discovery.marks(view, drawn), live.marks(view, known, drawn)
    beside = {
        ends: replace(mark, label=mark.label or shares[ends].label) for ends, mark in said.items() if ends in shares
    }
    editor.edit(
        drawn,
        known.columns,
        known.sensitive,
        known.shown,
        key=view.key("editor"),
        on_edit=lambda graph: drawing.replace(view, graph, drawn),
        on_undo=lambda: drawing.undo(view, drawn),
        on_redo=lambda: drawing.redo(view, drawn),
        on_refusal=drawing.say,
        marks=shares | said | beside,
    )


def _toolbar(view: View, known: Ground, drawn: Graph) -> None:
    """Template, question, undo and redo in one row."""
    history = state().graph_history(view.folder.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            t("graph.template"),
            list(known.templates),
            index=None,
            placeholder=raw("graph.template_choose"),
            format_func=_template_name,
            key=view.choice(f"template:{len(history.undo)}"),
            width=270,
        )
        if name is not None:
            drawing.replace(view, known.templates[name], drawn)
            st.rerun()
        _question(view, known, drawn)
        for action, past in ((drawing.undo, history.undo), (drawing.redo, history.redo)):
            label = action.__name__
            st.button(t(f"graph.{label}"), disabled=not past, key=view.key(label), on_click=action, args=(view, drawn))
    drawing.notice()


def _question(view: View, known: Ground, drawn: Graph) -> None:
    """Which effect is asked for."""
    nodes = [node for node in drawn.nodes if node not in drawn.latent]
    chosen: list[str | None] = []
    for role, now in (("treatment", drawn.treatment), ("outcome", drawn.outcome)):
        chosen.append(
            st.selectbox(
                t(f"graph.{role}"),
                nodes,
                index=nodes.index(now) if now in nodes else None,
                placeholder=raw("graph.choose_node"),
                format_func=lambda node: known.shown.get(node, node),
                key=view.key(f"{role}:{now}:{len(nodes)}"),
                width=170,
            )
        )
    if tuple(chosen) != (drawn.treatment, drawn.outcome):
        try:
            asked = drawn.ask(*chosen)
        except Refusal as refusal:
            drawing.say(refusal.phrase)
        else:
            drawing.replace(view, asked, drawn)
            st.rerun()


def _as_list(known: Ground, drawn: Graph) -> None:
    """The drawing as text, for readers who do not see it."""
    with st.expander(t("graph.as_table")):
        drawn = retold_graph(drawn, known.shown)
        lines = [f"- {plain(cause)} → {plain(consequence)}" for cause, consequence in drawn.edges]
        st.markdown("\n".join(lines) or t("graph.no_edges"))


def _exchange(view: View, drawn: Graph) -> None:
    """Graphs of other tools in, ours out."""
    with st.expander(t("graph.exchange")):
        with st.container(horizontal=True):
            for kind, write in WRITERS.items():
                st.download_button(
                    t("graph.export", kind=kind.upper()),
                    write(drawn),
                    file_name=f"graph.{kind}",
                    mime="application/json" if kind == "json" else "text/plain",
                    on_click="ignore",
                    key=view.key(f"export:{kind}"),
                )
        with st.form(view.key("import"), border=False):
            kind = st.radio(t("graph.kind"), list(READERS), format_func=str.upper, horizontal=True)
            text = st.text_area(t("graph.paste"), height=140, max_chars=200_000)
            if st.form_submit_button(t("graph.import")):
                _import(view, kind, text, drawn)


def _import(view: View, kind: str, text: str, drawn: Graph) -> None:
    try:
        graph = READERS[kind](text)
    except Refusal as refusal:
        st.error(why_not(refusal))
    else:
        drawing.replace(view, graph, drawn)
        st.rerun()


def _template_name(name: str) -> str:
    return say(f"graph.template.{name}", state().language)


if __name__ == "__main__":
    by_the_front_door()
