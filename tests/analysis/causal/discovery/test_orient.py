"""Whatever a method returns: forbidden never, required always, time order held, no circle."""

import networkx as nx
import numpy as np
import pytest

from analysis.causal.discovery.knowledge import Knowledge, knowledge
from analysis.causal.discovery.orient import constrained
from tests.analysis.causal.discovery.made import broken, columns, mixed, numbers, random_knowledge, search
from words import Refusal

NAMES = ("a", "b", "c", "d", "e")
MARKS = ("tail", "arrow", "circle")
SETS = 100


def circle(links):
    directed = [edge for edge, marks in links.items() if marks == ("tail", "arrow")]
    directed += [edge[::-1] for edge, marks in links.items() if marks == ("arrow", "tail")]
    return not nx.is_directed_acyclic_graph(nx.DiGraph(directed))


def random_links(seed):
    rng = np.random.default_rng(seed)
    return {
        (a, b): (MARKS[rng.integers(0, 3)], MARKS[rng.integers(0, 3)])
        for place, a in enumerate(NAMES)
        for b in NAMES[place + 1 :]
        if rng.random() < 0.7
    }


@pytest.mark.parametrize("hidden", [False, True])
def test_constraints_hold_in_whatever_was_found(hidden):
    for seed in range(1500):
        known = random_knowledge(NAMES, seed)
        links = constrained(NAMES, random_links(seed), known, hidden)
        assert broken(links, NAMES, known) == [], seed
        assert not circle(links), seed
        if not hidden:
            assert set(links.values()) <= {("tail", "arrow"), ("arrow", "tail"), ("circle", "circle")}


@pytest.fixture(scope="module")
def read():
    return columns(numbers(400, 1))


@pytest.mark.parametrize("method", ["pc", "fci", "ges", "lingam"])
def test_constraints_hold_over_100_random_sets_in_every_method(method, read):
    for seed in range(SETS):
        known = random_knowledge(read.names, seed)
        links = search(method, read, known).links(0)
        assert broken(links, read.names, known) == [], seed
        assert not circle(links), seed


@pytest.mark.parametrize("method", ["pc", "fci", "ges"])
def test_constraints_hold_in_mixed_columns(method):
    read = columns(mixed(400, 2))
    for seed in range(10):
        known = random_knowledge(read.names, seed)
        assert broken(search(method, read, known).links(0), read.names, known) == [], seed


def test_causal_learn_alone_breaks_them(read):
    """Why there is `orient`: the same searches with causal-learn's own background knowledge."""
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.search.ConstraintBased.PC import pc
    from causallearn.utils.PCUtils.BackgroundKnowledge import BackgroundKnowledge

    from analysis.causal.discovery.search import _links

    sets = 0
    for seed in range(SETS):
        known, told = random_knowledge(read.names, seed), BackgroundKnowledge()
        nodes = {name: GraphNode(name) for name in read.names}
        for a, b in known.required:
            told.add_required_by_node(nodes[a], nodes[b])
        for a, b in known.forbidden:
            told.add_forbidden_by_node(nodes[a], nodes[b])
        for name, place in known.tier:
            told.add_node_to_tier(nodes[name], place)
        graph = pc(
            read.matrix(), 0.01, node_names=list(read.names), background_knowledge=told, show_progress=False
        ).G.graph
        undirected = {("tail", "tail"): ("circle", "circle")}
        links = {edge: undirected.get(marks, marks) for edge, marks in _links(read.names, graph).items()}
        sets += bool(broken(links, read.names, known))
    assert sets > 20


def test_what_stands_both_ways_is_kept_and_rules_follow():
    free = {("a", "b"): ("tail", "tail"), ("b", "c"): ("tail", "tail")}
    assert constrained(NAMES, free, Knowledge(), hidden=False) == dict.fromkeys(free, ("circle", "circle"))
    known = knowledge(NAMES, required=[("a", "b")])
    ruled = constrained(NAMES, free, known, hidden=False)
    assert ruled == {("a", "b"): ("tail", "arrow"), ("b", "c"): ("tail", "arrow")}, "b <- c would be a new collider"


def test_a_link_forbidden_both_ways_goes_and_hidden_causes_stay():
    known = knowledge(NAMES, forbidden=[("a", "b"), ("b", "a")])
    assert constrained(NAMES, {("a", "b"): ("tail", "arrow")}, known, hidden=False) == {}
    assert constrained(NAMES, {("a", "b"): ("tail", "arrow")}, known, hidden=True) == {("a", "b"): ("arrow", "arrow")}


def test_time_order_leaves_a_hidden_cause_possible():
    known = knowledge(NAMES, tiers=[["a"], ["b"]])
    assert constrained(NAMES, {("a", "b"): ("arrow", "tail")}, known, hidden=True) == {("a", "b"): ("circle", "arrow")}
    assert constrained(NAMES, {("a", "b"): ("arrow", "tail")}, known, hidden=False) == {("a", "b"): ("tail", "arrow")}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"required": [("a", "b")], "forbidden": [("a", "b")]}, "discover.required_forbidden"),
        ({"required": [("a", "b")], "tiers": [["b"], ["a"]]}, "discover.required_backwards"),
        ({"required": [("a", "b"), ("b", "c"), ("c", "a")]}, "discover.required_cycle"),
        ({"required": [("a", "z")]}, "discover.required_unknown"),
        ({"required": [("a", "a")]}, "graph.self_loop"),
        ({"tiers": [["a"], ["a"]]}, "discover.two_tiers"),
    ],
)
def test_contradictions_are_refused_with_one_sentence(given, key):
    with pytest.raises(Refusal) as refused:
        knowledge(NAMES, **given)
    assert refused.value.phrase.key == key
    assert refused.value.sentence("en") != refused.value.sentence("zh")
