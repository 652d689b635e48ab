"""Links taken into the drawn graph: added, refused with a sentence, or a latent node."""

from analysis.causal.discovery.accept import Choice, accept, standing
from analysis.causal.graph import Graph

DRAWN = Graph(nodes=("a", "b", "c"), edges=(("a", "b"), ("b", "c")), treatment="a", outcome="c")


def test_a_link_is_added_with_its_nodes_and_the_question_stays():
    done = accept(DRAWN, [Choice("a", "c"), Choice("c", "d")], {})
    assert done.added == 2 and done.refused == ()
    assert done.graph.edges == (*DRAWN.edges, ("a", "c"), ("c", "d"))
    assert (done.graph.treatment, done.graph.outcome) == ("a", "c")


def test_a_circle_is_refused_with_the_circle_and_the_rest_stands():
    done = accept(DRAWN, [Choice("c", "a"), Choice("a", "c")], {"a": "promoted"})
    assert done.added == 1 and ("a", "c") in done.graph.edges
    (why,) = done.refused
    assert why.key == "discover.would_circle"
    assert why.facts["cycle"] == "promoted → b → c → promoted"


def test_two_choices_that_close_a_circle_together_are_judged_in_their_order():
    done = accept(Graph(nodes=("a",)), [Choice("a", "b"), Choice("b", "a")], {})
    assert done.graph.edges == (("a", "b"),)
    assert [why.key for why in done.refused] == ["discover.other_way"]


def test_what_is_there_already_is_passed_over():
    assert accept(DRAWN, [Choice("a", "b")], {}) == accept(DRAWN, [], {})


def test_a_hidden_cause_becomes_a_latent_node_once():
    done = accept(DRAWN, [Choice("a", "c", "hidden")], {"a": "promoted"})
    assert done.graph.latent == ("U(promoted, c)",)
    assert set(done.graph.children("U(promoted, c)")) == {"a", "c"}
    assert accept(done.graph, [Choice("c", "a", "hidden")], {}).added == 0
    assert standing(done.graph, "a", "c") == "hidden"


def test_how_the_graph_has_a_link():
    assert [standing(DRAWN, *pair) for pair in (("a", "b"), ("b", "a"), ("a", "c"))] == ["same", "turned", None]
