"""The browser's front door: language, audit, login and the way through the steps.

`streamlit run app.py`. Pages only define render(); a page asked for by its address passes the same gate.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from audit.settings import STEPS
from pages import data, disparity, effects, graph, mitigation, recommender, report
from pages.parts import gate, server, sidebar, tables
from pages.parts.component import mount
from pages.parts.state import state
from pages.parts.text import raw

LOOK = Path(__file__).parent / "pages" / "parts" / "look"
PAGES = {
    "data": data.render,
    "graph": graph.render,
    "effects": effects.render,
    "recommender": recommender.render,
    "disparity": disparity.render,
    "mitigation": mitigation.render,
    "report": report.render,
}
OWN = ("upload", "none", "refused", "remove", "add", "file")
"""Texts of `frame.own_NAME` that stand in for Streamlit's English ones."""


def _reader() -> dict[str, object]:
    """The page's language, and our words for what Streamlit itself says in English (look.css puts them in place)."""
    return {"language": state().language, "words": {name: raw(f"frame.own_{name}") for name in OWN}}


def main() -> None:
    """One run of the browser's page."""
    server.close()  # also where Streamlit was started without pages.parts.server
    st.set_page_config(page_title="Evenhand", page_icon=str(LOOK / "mark.svg"), layout="wide")
    st.html(f"<style>{(LOOK / 'look.css').read_text(encoding='utf-8')}{tables.colours()}</style>")
    st.logo(str(LOOK / "evenhand.svg"), size="large", icon_image=str(LOOK / "mark.svg"))
    allowed = gate.passed()
    if allowed:
        sidebar.draw()
    marks = sidebar.marks() if allowed else {}
    routes = {
        step: st.Page(
            PAGES[step],
            title=f"{raw(f'{step}.title')}{marks.get(step, '')}",
            url_path=step,
            default=step == "data",
        )
        for step in STEPS
    }
    state().routes = dict(routes)
    page = st.navigation(list(routes.values()), position="sidebar" if allowed else "hidden", expanded=True)
    if not state().entered:
        # A server's first run takes `pages/` for Streamlit's old kind of pages and gives every input another identity
        # than all later runs do: the first click would be lost. Run again before anything can be clicked.
        state().entered = True
        st.rerun()
    page.run()
    mount("reader", "language_of_the_page", _reader(), height=1)


main()
