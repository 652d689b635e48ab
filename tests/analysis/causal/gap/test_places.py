"""What the graph says of each column, and whether parts can be told apart."""

import pytest

from analysis.causal import adjustment
from analysis.causal.gap.places import completed, in_order, natural, of_effect, place
from analysis.causal.graph import Graph


def drawn(*edges: str, latent: tuple[str, ...] = ()) -> Graph:
    pairs = tuple(tuple(edge.split(">")) for edge in edges)
    nodes = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    return Graph(nodes=nodes, edges=pairs, latent=latent)  # type: ignore[arg-type]


CHAIN = drawn("z>x", "z>w", "z>y", "x>w", "x>v", "w>v", "w>y", "v>y", "x>y")


def test_natural_effects_need_the_confounders_and_no_hidden_cause_behind_a_mediator() -> None:
    assert natural(CHAIN, "x", ("w", "v"), "y", ("z",))
    assert not natural(CHAIN, "x", ("w", "v"), "y", ())
    hidden = drawn("x>w", "w>y", "x>y", "u>w", "u>y", latent=("u",))
    assert not natural(hidden, "x", ("w",), "y", ())


def test_what_the_treatment_changes_and_no_mediator_holds_breaks_it() -> None:
    assert not natural(CHAIN, "x", ("v",), "y", ("z",))  # w drives v and y, and follows x


def test_holding_equal_what_the_treatment_changes_is_not_sound() -> None:
    assert not natural(CHAIN, "x", ("v",), "y", ("z", "w"))


def test_mediators_stand_in_causal_order_and_each_part_can_be_told() -> None:
    found = place(CHAIN, "x", "y", ("z",), ("v", "w"), chosen=True)
    assert found.between == ("w", "v")
    assert found.sound and found.apart == (True, True) and found.drawn


def test_a_hidden_cause_of_two_mediators_leaves_only_their_sum() -> None:
    graph = drawn("x>w", "x>v", "w>y", "v>y", "x>y", "u>w", "u>v", latent=("u",))
    found = place(graph, "x", "y", (), ("w", "v"), chosen=True)
    assert found.sound and not any(found.apart)


def test_a_mediator_that_cannot_be_told_is_left_out_unless_the_analyst_named_it() -> None:
    graph = drawn("x>w", "x>v", "w>y", "v>y", "x>y", "u>v", "u>y", latent=("u",))
    found = place(graph, "x", "y", (), ("w", "v"), chosen=False)
    assert (found.between, found.left_out, found.sound) == (("w",), ("v",), True)
    assert not place(graph, "x", "y", (), ("w", "v"), chosen=True).sound


def test_what_is_not_drawn_comes_after_what_is_and_before_the_outcome() -> None:
    graph = completed(drawn("x>w"), "x", ("z",), ("w", "new"), "ndcg")
    assert {("x", "new"), ("z", "new"), ("w", "new")} <= set(graph.edges)
    assert set(graph.parents("ndcg")) == {"x", "z", "w", "new"}
    assert in_order(graph, ("new", "w")) == ("w", "new")


def test_an_effects_mediators_and_confounders_are_found_in_the_graph() -> None:
    found = of_effect(CHAIN, "x", "y", {"x", "y", "z", "w", "v"}, None, None)
    assert (found.before, found.between, found.sound) == (("z",), ("w", "v"), True)


def test_nothing_chosen_to_be_held_equal_stays_nothing() -> None:
    found = of_effect(CHAIN, "x", "y", {"x", "y", "z", "w", "v"}, None, ())
    assert found.before == () and not found.sound


def test_without_the_confounder_nothing_is_sound() -> None:
    found = of_effect(CHAIN, "x", "y", {"x", "y", "w", "v"}, None, None)
    assert not found.sound or not found.between


def test_a_mediator_with_many_causes_of_the_outcome_around_it_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five columns drive mediator and outcome, six the outcome alone: no few of them are enough."""
    monkeypatch.setattr(adjustment, "MAX_CHECKS", 100)
    both, alone = [f"c{at}" for at in range(5)], [f"o{at}" for at in range(6)]
    edges = (("x", "m"), ("m", "y"), ("x", "y"), *((name, end) for name in both for end in ("m", "y")))
    edges += tuple((name, "y") for name in alone)
    graph = Graph(nodes=("x", "m", "y", *alone, *both), edges=edges, treatment="x", outcome="y")
    found = of_effect(graph, "x", "y", set(graph.nodes), None, None)
    assert (found.between, found.before, found.left_out) == (("m",), tuple(both), ())
