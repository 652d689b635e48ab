"""The Graph page: what an edit does, what is refused, undo, import."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from analysis.causal.graph import Graph
from audit.settings import GraphChoice
from audit.workspace import Workspace
from tests.pages.conftest import Open
from words import say


def drawn(home: Path) -> Graph | None:
    return Workspace(home).demo().settings().graph.drawn


def pasted(page: AppTest, kind: str, text: str) -> AppTest:
    page.radio[-1].set_value(kind)
    page.text_area[0].set_value(text)
    return next(button for button in page.button if button.label == say("pages.graph.import")).click().run()


def test_an_imported_graph_is_drawn_and_undo_brings_the_old_one_back(home: Path, open_page: Open) -> None:
    page = open_page("graph", home)
    page = pasted(page, "dot", "digraph { gender -> treatment; gender -> outcome; treatment -> outcome }")
    assert not page.error
    graph = drawn(home)
    assert graph is not None
    assert set(graph.nodes) == {"gender", "treatment", "outcome"}
    page.button(key="demo:graph:undo").click().run()
    undone = drawn(home)
    assert undone is not None
    assert len(undone.nodes) > 3
    page.button(key="demo:graph:redo").click().run()
    assert drawn(home) == graph


def test_a_cycle_is_refused_with_its_way_round(home: Path, open_page: Open) -> None:
    page = pasted(open_page("graph", home), "dot", "digraph { a -> b; b -> c; c -> a }")
    assert "a -> b -> c -> a" in page.error[0].value.replace("\\", "")
    assert drawn(home) is None


def test_a_path_as_graph_text_opens_no_file(home: Path, open_page: Open) -> None:
    page = pasted(open_page("graph", home), "dot", "/etc/passwd.dot")
    assert page.error
    assert drawn(home) is None


def test_the_adjustment_set_follows_the_drawing(home: Path, open_page: Open) -> None:
    graph = Graph(
        nodes=("gender", "treatment", "outcome"),
        edges=(("gender", "treatment"), ("gender", "outcome"), ("treatment", "outcome")),
        treatment="treatment",
        outcome="outcome",
    )
    folder = Workspace(home).demo()
    folder.save_settings(folder.settings().model_copy(update={"graph": GraphChoice(drawn=graph)}))
    page = open_page("graph", home)
    assert any("alike in gender" in markdown.value for markdown in page.markdown)
    folder.save_settings(
        folder.settings().model_copy(update={"graph": GraphChoice(drawn=graph.remove_edge("gender", "outcome"))})
    )
    page = open_page("graph", home)
    assert any("nothing to adjust for" in markdown.value for markdown in page.markdown)
