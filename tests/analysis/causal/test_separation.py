"""d-separation by bits gives DoWhy's answers."""

import itertools

import numpy as np
import pytest
from dowhy.graph import check_valid_backdoor_set

from analysis.causal.adjustment import networkx_graph
from analysis.causal.graph import Graph
from analysis.causal.separation import Separation


@pytest.mark.parametrize("seed", range(40))
def test_it_gives_dowhys_answer_on_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes = tuple("abcdefgh")
    order = [str(name) for name in rng.permutation(list(nodes))]
    edges = tuple(pair for pair in itertools.combinations(order, 2) if rng.random() < 0.35)
    graph = Graph(nodes=nodes, edges=edges)
    drawn = networkx_graph(graph)
    for _ in range(60):
        sides = rng.integers(0, 4, len(nodes))  # 3: in none of the sets
        some, others, given = (
            [name for name, side in zip(nodes, sides, strict=True) if side == own] for own in (0, 1, 2)
        )
        if not some or not others:
            continue
        theirs = check_valid_backdoor_set(drawn, some, others, set(given))["is_dseparated"]
        assert Separation(graph, some).apart(some, others, given) == theirs


def test_a_collider_opens_where_it_or_what_it_causes_is_known() -> None:
    graph = Graph(nodes=("a", "b", "c", "d"), edges=(("a", "c"), ("b", "c"), ("c", "d")))
    plain = Separation(graph)
    assert plain.apart(["a"], ["b"], [])
    assert not plain.apart(["a"], ["b"], ["c"]) and not plain.apart(["a"], ["b"], ["d"])
    assert not plain.apart(["a"], ["d"], []) and plain.apart(["a"], ["d"], ["c"])
    assert Separation(graph, ["a"]).apart(["a"], ["d"], [])
