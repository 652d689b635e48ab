"""The drawing: what is refused, what text forms keep, where nodes stand."""

import sys
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.causal.graph import (
    MAX_NODES,
    READERS,
    WRITERS,
    Graph,
    from_dot,
    from_gml,
    from_json,
    layout,
    templates,
    to_gml,
    variables,
)
from analysis.simulate import Shop, simulate
from tests.analysis.causal.shops import dataset_of
from words import Refusal

names = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=12)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    import unicodedata

    raw = draw(st.lists(names, min_size=2, max_size=7))
    nodes = tuple(dict.fromkeys(unicodedata.normalize("NFC", name) for name in raw))
    pairs = [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]]
    edges = tuple(draw(st.lists(st.sampled_from(pairs), unique=True))) if pairs else ()
    latent = tuple(node for node in nodes[2:] if draw(st.booleans()))
    roles = {"treatment": nodes[0], "outcome": nodes[1]} if len(nodes) > 1 and draw(st.booleans()) else {}
    return Graph(nodes=nodes, edges=edges, latent=latent, **roles)


def refused(**fields: object) -> str:
    with pytest.raises(Refusal) as caught:
        Graph(**fields)  # type: ignore[arg-type]
    assert caught.value.sentence("zh") != caught.value.sentence("en")
    return caught.value.sentence()


def test_a_cycle_is_printed_from_a_node_back_to_itself() -> None:
    said = refused(nodes=("x", "a", "b", "c"), edges=(("x", "a"), ("a", "b"), ("b", "c"), ("c", "a")))
    assert "a -> b -> c -> a" in said


def test_unknown_nodes_duplicates_self_loops_and_equal_roles_are_named() -> None:
    assert "ghost" in refused(nodes=("a",), edges=(("a", "ghost"),))
    assert "a is there twice" in refused(nodes=("a", "a"))
    assert "a -> b is there twice" in refused(nodes=("a", "b"), edges=(("a", "b"), ("a", "b")))
    assert "a -> a" in refused(nodes=("a",), edges=(("a", "a"),))
    assert "treatment and outcome" in refused(nodes=("a", "b"), treatment="a", outcome="a")
    assert "ghost" in refused(nodes=("a",), latent=("ghost",))


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "line\nbreak", "x" * 121])
def test_names_without_letters_or_with_control_characters_are_refused(name: str) -> None:
    assert "no name" in refused(nodes=(name,))


def test_names_may_be_chinese_or_have_quotes_arrows_and_blanks() -> None:
    graph = Graph(nodes=("性别", 'say "hi"', "a -> b", "x;y]"), edges=(("性别", "a -> b"),))
    for form in READERS:
        assert READERS[form](WRITERS[form](graph)) == graph


def test_more_nodes_than_can_be_read_are_refused() -> None:
    assert str(MAX_NODES + 1) in refused(nodes=tuple(f"n{i}" for i in range(MAX_NODES + 1)))


def test_edits_give_new_graphs_and_leave_the_old_one_for_undo() -> None:
    before = Graph(nodes=("a", "b"), edges=(("a", "b"),), treatment="a", outcome="b")
    after = before.add_node("c", latent=True).add_edge("c", "a").remove_edge("a", "b")
    assert before.edges == (("a", "b"),) and after.edges == (("c", "a"),) and after.latent == ("c",)
    assert after.remove_node("a").treatment is None
    with pytest.raises(Refusal, match="a -> b -> a"):
        before.add_edge("b", "a")


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_every_text_form_keeps_the_whole_graph(graph: Graph) -> None:
    for form in READERS:
        assert READERS[form](WRITERS[form](graph)) == graph, form


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_gml_reads_the_same_in_networkx(graph: Graph) -> None:
    theirs = nx.parse_gml(to_gml(graph).splitlines())
    assert set(theirs.edges) == set(graph.edges) and set(theirs.nodes) == set(graph.nodes)
    assert from_gml("\n".join(nx.generate_gml(theirs))).edges == tuple(theirs.edges)


def test_dot_chains_groups_attributes_and_comments_are_read() -> None:
    text = """strict digraph "shop" { // comment
      rankdir=LR; node [shape=box]; U [label="Unobserved", observed="no"]
      /* more */ a -> b -> c [color=red]; {a b} -> d; "two words" -> 3; b [role=treatment] }"""
    graph = from_dot(text)
    assert graph.edges == (("a", "b"), ("b", "c"), ("a", "d"), ("b", "d"), ("two words", "3"))
    assert graph.latent == ("U",) and graph.treatment == "b"


def test_networkx_node_link_json_is_read() -> None:
    import json

    theirs = nx.DiGraph([("a", "b"), ("b", "c")])
    assert from_json(json.dumps(nx.node_link_data(theirs))).edges == (("a", "b"), ("b", "c"))


HOSTILE = (
    "/etc/passwd",
    "../../secret.dot",
    "x.gml",
    "file:///etc/passwd",
    "",
    "digraph {",
    "digraph { a -> }",
    "graph { a -- b }",
    "digraph { a -- b }",
    "graph [ directed 1 node [",
    "[" * 50_000,
    '{"nodes": 3}',
    '{"nodes": ["a"], "edges": [3]}',
    '{"nodes": [{"id": null}]}',
    '{"nodes": ["a"], "latent": [["a"]]}',
    "graph [ " * 5000,
    "]",
    "\x00",
    "digraph { a [label=<b>] }",
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
@pytest.mark.parametrize("form", sorted(READERS))
def test_hostile_text_is_refused_and_opens_no_file(form: str, text: str) -> None:
    opened: list[str] = []
    watching = [True]

    def hook(event: str, args: tuple[object, ...]) -> None:
        if watching[0] and event == "open" and not str(args[0]).endswith((".py", ".pyc", ".toml")):
            opened.append(str(args[0]))

    sys.addaudithook(hook)
    try:
        with pytest.raises(Refusal):
            READERS[form](text)
    finally:
        watching[0] = False
    assert opened == []


def test_text_longer_than_any_graph_is_refused_at_once() -> None:
    for reader in READERS.values():
        with pytest.raises(Refusal, match="200,000"):
            reader("a" * 200_001)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_causes_stand_left_of_consequences_and_no_two_nodes_overlap(graph: Graph) -> None:
    places = layout(graph, dx=100, dy=50)
    assert all(places[cause][0] + 99 < places[effect][0] for cause, effect in graph.edges)
    spots = list(places.values())
    for number, (x, y) in enumerate(spots):
        assert all(x != other_x or abs(y - other_y) > 49 for other_x, other_y in spots[number + 1 :])
    assert layout(graph, dx=100, dy=50) == places


def test_long_edges_pass_beside_the_nodes_between_them() -> None:
    graph = Graph(nodes=("a", "b", "c"), edges=(("a", "b"), ("b", "c"), ("a", "c")))
    places = layout(graph, dx=100, dy=50)
    (xa, ya), (xb, yb), (xc, yc) = (places[name] for name in "abc")
    on_line = ya + (yc - ya) * (xb - xa) / (xc - xa)
    assert abs(on_line - yb) > 10


@pytest.fixture(scope="module")
def shop() -> object:
    return dataset_of(simulate(Shop(users=60, items=40, seed=2)))


def test_no_line_of_a_template_runs_through_a_foreign_node(shop: object) -> None:
    for graph in templates(shop).values():  # type: ignore[arg-type]
        places = layout(graph, dx=100, dy=100)
        for cause, effect in graph.edges:
            (x0, y0), (x1, y1) = places[cause], places[effect]
            for node, (x, y) in places.items():
                if x0 < x < x1:
                    assert abs(y0 + (y1 - y0) * (x - x0) / (x1 - x0) - y) > 40, (cause, effect, node)


def test_templates_draw_real_columns_and_mark_the_rest(shop: object) -> None:
    drawn = templates(shop)  # type: ignore[arg-type]
    columns = set(variables(shop).columns)  # type: ignore[arg-type]
    assert list(drawn) == ["shop", "confounded_exposure", "browse_buy", "attribute_path"]
    for graph in drawn.values():
        assert set(graph.latent) == set(graph.nodes) - columns
        assert graph.treatment == "treatment" and graph.outcome == "outcome"
    assert drawn["shop"].latent == ("taste",)
    assert ("treatment", "position") in drawn["shop"].edges


def test_derived_variables_count_rows_and_mark_self_selection() -> None:
    data = dataset_of(simulate(Shop(users=60, items=40, seed=2, randomised=0.3)))
    table = variables(data)
    assert (table["self_selected"] == 1 - table["randomised"].astype(int)).all()
    assert (table.groupby("item")["popularity"].first() == table["item"].value_counts().sort_index()).all()
    assert table["activity"].isin(["low", "medium", "high"]).all()  # the files' own column wins
    assert "self_selection" in templates(data)


def test_no_code_here_hands_text_to_a_library_that_opens_paths() -> None:
    source = (Path(__file__).parents[3] / "analysis" / "causal" / "graph_text.py").read_text(encoding="utf-8")
    assert not any(word in source for word in ("networkx as", "pydot", "dowhy", "open(", "read_gml", "read_dot"))
