"""The Graph page: what an edit does, what is refused, undo, import."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from analysis.causal.graph import Graph, templates
from audit.settings import GraphChoice
from audit.steps import run_steps
from audit.workspace import Workspace
from pages.parts.editor import Mark, _marked
from tests.pages.conftest import Open, tables, unwatched
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


def test_the_drawing_answers_with_overlap_and_the_expression_before_anything_runs(home: Path, open_page: Open) -> None:
    page = open_page("graph", home)
    sets = next(table for table in tables(page) if say("graph.sets_share") in table.columns)
    assert sets.iloc[0][say("graph.sets_share")].endswith("%")
    assert any("Σ[z]" in code.value for code in page.code)


def test_what_the_data_contradict_is_said_on_the_page_and_marked_until_it_is_drawn(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    data = folder.dataset()
    assert data is not None
    wrong = templates(data)["shop"].remove_edge("activity", "intent")
    folder.save_settings(folder.settings().model_copy(update={"graph": GraphChoice(drawn=wrong)}))
    run_steps(folder, ["graph"], unwatched)
    section = folder.section("graph")
    assert section is not None
    assert [section.facts["fit"]["failing"][0][end] for end in "ab"] == ["activity", "intent"]  # type: ignore[index, call-overload]
    page = open_page("graph", home)
    assert not page.exception
    said = " ".join(markdown.value for markdown in page.markdown)
    assert "The data contradict the drawing" in said
    assert "activity and intent are unrelated; the data disagree" in said


def test_a_mark_is_drawn_only_where_its_kind_belongs() -> None:
    graph = Graph(nodes=("a", "b", "c"), edges=(("a", "b"),))
    marks = {
        ("a", "b"): Mark("biasing"),
        ("b", "a"): Mark("suggested", "0.9"),
        ("a", "c"): Mark("missing", "0.2"),
        ("b", "c"): Mark("share", "80%"),
        ("a", "elsewhere"): Mark("missing"),
    }
    assert _marked(graph, marks) == [
        {"ends": ["a", "b"], "kind": "biasing", "label": ""},
        {"ends": ["a", "c"], "kind": "missing", "label": "0.2"},
    ]


def test_drawings_that_ask_or_hold_nothing_are_sentences_and_no_crash(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    for graph in (
        Graph(nodes=()),
        Graph(nodes=("u", "v"), latent=("u", "v")),
        Graph(nodes=("gender", "outcome"), edges=(("outcome", "gender"),), treatment="gender", outcome="outcome"),
        Graph(nodes=("nowhere", "outcome"), edges=(("nowhere", "outcome"),), treatment="nowhere", outcome="outcome"),
    ):
        folder.save_settings(folder.settings().model_copy(update={"graph": GraphChoice(drawn=graph)}))
        page = open_page("graph", home)
        assert not page.exception and not page.error
