"""Hidden causes: what is fitted on what, and what may be set."""

import numpy as np

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
