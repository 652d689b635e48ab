"""Hidden causes: what is fitted on what, and what may be set."""

from itertools import combinations
from math import prod

import numpy as np
import pytest

from analysis.causal.graph import Graph
from analysis.causal.structure.projection import project


def test_without_hidden_causes_each_variable_is_fitted_on_its_causes_and_may_be_set() -> None:
    graph = Graph(nodes=("z", "x", "y"), edges=(("z", "x"), ("z", "y"), ("x", "y")), treatment="x", outcome="y")
    drawn = project(graph, "y", ("z", "x", "y"))
    assert drawn.order == ("z", "x", "y") and drawn.given["y"] == ("z", "x") and drawn.free == ("z", "x")
    assert drawn.dropped == () and drawn.after("z") == ("x", "y")


def test_a_hidden_cause_of_treatment_and_outcome_bars_the_treatment_but_not_what_stands_before() -> None:
    edges = (("z", "x"), ("x", "y"), ("u", "x"), ("u", "y"))
    drawn = project(Graph(nodes=("z", "x", "u", "y"), edges=edges, latent=("u",)), "y", ("z", "x", "y"))
    assert drawn.free == ("z",)
    assert drawn.confounders["x"] == (("u",), ("y",))
    assert drawn.given["y"] == ("z", "x")  # Tian: what confounds x with y brings in the causes of x


def test_a_hidden_link_in_a_chain_becomes_an_arrow() -> None:
    drawn = project(Graph(nodes=("a", "h", "y"), edges=(("a", "h"), ("h", "y")), latent=("h",)), "y", ("a", "y"))
    assert drawn.causes["y"] == ("a",) and drawn.free == ("a",) and drawn.dropped == ("h",)


def test_what_does_not_bear_on_the_outcome_is_left_out() -> None:
    graph = Graph(nodes=("x", "y", "after"), edges=(("x", "y"), ("y", "after"), ("x", "after")))
    assert project(graph, "y", ("x", "y", "after")).order == ("x", "y")


def test_the_product_after_projection_equals_the_law_of_the_whole_world() -> None:
    """z -> x -> y with u (hidden) behind w and y: setting x by the fitted product gives the true mean of y."""
    rng = np.random.default_rng(0)
    pu, pw, px, py = rng.random(2), rng.random((2,)), rng.random((2, 2)), rng.random((2, 2, 2))
    edges = (("u", "w"), ("u", "y"), ("w", "x"), ("x", "y"), ("w", "y"))
    drawn = project(Graph(nodes=("u", "w", "x", "y"), edges=edges, latent=("u",)), "y", ("w", "x", "y"))
    assert drawn.free == ("x",) and drawn.given["y"] == ("w", "x")
    u = pu / pu.sum()
    w = np.stack([1 - pw, pw], axis=1)  # u w
    x = np.stack([1 - px[0], px[0]], axis=1)  # w x
    joint = np.einsum("u,uw,wx->uwx", u, w, x)
    y_given = np.einsum("uwx,uwx->wx", joint, py) / joint.sum(axis=0)  # what a mechanism of y on (w, x) learns
    by_product = np.einsum("uw,w->", u[:, None] * w, y_given[:, 1])
    true = np.einsum("u,uw,uw->", u, w, py[:, :, 1])
    assert np.isclose(by_product, true)


@pytest.mark.parametrize("seed", range(40))
def test_what_may_be_set_is_answered_by_the_product_in_random_worlds(seed: int) -> None:
    """Yes/no worlds of five recorded variables and two hidden causes: the product of what is fitted is the truth."""
    rng = np.random.default_rng(seed)
    shown = tuple("abcde")
    edges = [pair for pair in combinations(rng.permutation(list(shown)).tolist(), 2) if rng.random() < 0.5]
    hidden = {name: rng.choice(list(shown), 2, replace=False).tolist() for name in "uv"}
    edges += [(name, end) for name, ends in hidden.items() for end in ends]
    graph = Graph(nodes=(*shown, *hidden), edges=tuple(edges), latent=tuple(hidden), treatment="a", outcome="e")
    drawn = project(graph, "e", shown)
    chance = {name: rng.random([2] * len(graph.parents(name))) for name in graph.nodes}
    place = dict(zip(graph.nodes, np.indices([2] * len(graph.nodes)), strict=True))

    def law(name: str) -> np.ndarray:
        one = chance[name][tuple(place[cause] for cause in graph.parents(name))]
        return np.where(place[name] == 1, one, 1 - one)

    def conditional(name: str) -> np.ndarray:
        """P(name | what it is fitted on), as the recorded rows have it."""

        def margin(names: tuple[str, ...]) -> np.ndarray:
            away = tuple(at for at, node in enumerate(graph.nodes) if node not in names)
            return joint.sum(axis=away, keepdims=True)

        return margin((name, *drawn.given[name])) / margin(drawn.given[name])

    joint = prod(map(law, graph.nodes))
    for node in drawn.free:
        held = place[node] == 1
        true = (prod(law(name) for name in graph.nodes if name != node) * held * place["e"]).sum()
        gone = 2 ** sum(name not in drawn.order for name in graph.nodes)
        product = prod(conditional(name) for name in drawn.order if name != node)
        assert (product * held * place["e"]).sum() / gone == pytest.approx(true)


def test_what_shares_a_hidden_cause_with_what_is_moved_goes_on_fitting_it() -> None:
    """h drives c, which x moves, and w, which it does not: redrawing c alone would tear them apart."""
    edges = (("x", "c"), ("h", "c"), ("h", "w"), ("c", "y"), ("w", "y"))
    graph = Graph(nodes=("x", "c", "w", "y", "h"), edges=edges, latent=("h",), treatment="x", outcome="y")
    drawn = project(graph, "y", ("x", "c", "w", "y"))
    assert drawn.order == ("w", "x", "c", "y") and drawn.given["c"] == ("w", "x") and drawn.after("x") == ("c", "y")
    other = project(graph.ask("w", "y"), "y", ("x", "c", "w", "y"))
    assert other.order == ("x", "c", "w", "y") and other.after("x") == ("c", "w", "y")
    assert drawn.free == ("x", "c") and other.free == ("x", "w")  # whichever comes later stands aside


def test_a_hidden_cause_shared_with_what_is_not_moved_does_not_bar() -> None:
    edges = (("x", "y"), ("w", "y"), ("u", "x"), ("u", "w"))
    drawn = project(Graph(nodes=("x", "w", "u", "y"), edges=edges, latent=("u",), treatment="x"), "y", ("x", "w", "y"))
    assert drawn.free == ("x",) and drawn.given["y"] == ("w", "x")
