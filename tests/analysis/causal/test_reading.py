"""What a drawing says at once: overlap as the effects step has it, expressions, DoWhy's own identification."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.causal.comparable import compact, comparable
from analysis.causal.estimand import expressions
from analysis.causal.graph import Graph, templates, variables
from analysis.causal.identify import Identification, identify
from analysis.causal.propensity import overlap_by_strata
from analysis.causal.reading import contradicted, reading
from analysis.causal.spoken import spoken
from analysis.simulate import Shop, simulate
from tests.analysis.causal.logs import confounded, cut
from tests.analysis.causal.shops import dataset_of
from tests.analysis.causal.test_identify import FRONT_DOOR, random_graph
from words import LANGUAGES, Refusal, say

LEVER = Graph(
    nodes=("coin", "mail", "buy", "taste"),
    edges=(("coin", "mail"), ("mail", "buy"), ("taste", "mail"), ("taste", "buy")),
    latent=("taste",),
    treatment="mail",
    outcome="buy",
)


def symbols(graph: Graph, *columns: str) -> list[str]:
    return [one.symbols for one in expressions(identify(graph, columns or graph.nodes))]


@pytest.mark.parametrize("names", [(), ("z",), ("z", "w"), ("z", "w", "thin")])
def test_the_share_that_can_be_compared_is_what_the_effects_step_finds(names: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    table = confounded(400, 1).assign(w=rng.normal(size=400), thin=[f"t{n}" for n in rng.integers(0, 40, 400)])
    theirs = 1 - overlap_by_strata(cut(table, names), "ATE").lacking
    assert comparable(table, "x", names) == pytest.approx(theirs, abs=1e-12)
    assert comparable(compact(table), "x", names) == comparable(table, "x", names)


def test_the_share_by_hand() -> None:
    table = pd.DataFrame({"x": [0, 1, 0, 0, 1, None], "z": ["a", "a", "b", "b", None, "a"]})
    assert comparable(table, "x", ("z",)) == pytest.approx(2 / 5)
    several = pd.DataFrame({"x": ["p", "q", "r", "p"], "z": [1, 1, 1, 2]})
    assert comparable(several, "x", ("z",)) == pytest.approx(3 / 4)


def test_what_cannot_be_compared_has_no_share() -> None:
    table = pd.DataFrame({"x": [0, 1] * 60, "same": 1, "id": [f"i{n}" for n in range(120)], "price": np.arange(120.0)})
    assert comparable(table, "same", ()) is None
    assert comparable(table, "x", ("elsewhere",)) is None
    assert comparable(table, "x", ("id",)) is None
    assert comparable(table.iloc[:0], "x", ()) is None
    assert comparable(table, "price", ("same",)) == 1.0
    assert "id" not in compact(table)


def test_expressions_are_those_of_the_textbook() -> None:
    triangle = Graph(nodes=("x", "y", "z"), edges=(("x", "y"), ("z", "x"), ("z", "y")), treatment="x", outcome="y")
    assert symbols(triangle) == ["P(y | do(x)) = Σ[z]  P(y | x, z) · P(z)"]
    assert symbols(triangle.remove_edge("z", "x")) == ["P(y | do(x)) = P(y | x)"]
    assert symbols(FRONT_DOOR, "smoking", "tar", "cancer") == [
        "P(cancer | do(smoking)) = Σ[tar]  P(tar | smoking) · Σ[smoking′]  P(cancer | smoking′, tar) · P(smoking′)"
    ]
    assert symbols(LEVER, "coin", "mail", "buy") == [
        "(E[buy | coin = 1] − E[buy | coin = 0]) / (E[mail | coin = 1] − E[mail | coin = 0])"
    ]
    between = Graph(nodes=("x", "m", "y"), edges=(("x", "m"), ("m", "y"), ("x", "y")), treatment="x", outcome="y")
    assert symbols(between)[1] == (
        "NDE = Σ[m]  (E[y | x = 1, m] − E[y | x = 0, m]) · P(m | x = 0)\n"
        "NIE = Σ[m]  E[y | x = 0, m] · (P(m | x = 1) − P(m | x = 0))"
    )
    wide = triangle.add_node("w").add_edge("w", "x").add_edge("w", "y")
    assert symbols(wide) == ["P(y | do(x)) = Σ[z]  P(y | x, z) · P(z)\nz = (z, w)"]


def test_where_nothing_is_identified_nothing_is_written() -> None:
    assert symbols(FRONT_DOOR.remove_node("tar").add_edge("smoking", "cancer"), "smoking", "cancer") == []
    assert symbols(Graph(nodes=("x", "y"), edges=(("y", "x"),), treatment="x", outcome="y")) == []


@pytest.mark.parametrize("seed", range(25))
def test_dowhys_own_identifier_finds_the_same_ways(seed: int) -> None:
    from dowhy.causal_identifier import identify_effect_auto
    from dowhy.causal_identifier.auto_identifier import BackdoorAdjustment, EstimandType

    from analysis.causal.adjustment import networkx_graph

    graph = random_graph(seed)
    observed = [name for name in graph.nodes if name not in graph.latent]
    ours: Identification = identify(graph, observed)
    if ours.status == "no path":
        return
    theirs = identify_effect_auto(
        networkx_graph(graph),
        ["a"],
        ["b"],
        observed,
        EstimandType.NONPARAMETRIC_ATE,
        backdoor_adjustment=BackdoorAdjustment.BACKDOOR_EXHAUSTIVE,
    )
    assert (ours.recommended is not None) == bool(theirs.estimands["backdoor"])
    assert set(ours.instruments) == set(theirs.instrumental_variables or [])
    if ours.recommended is not None:
        offered = [set(names) for names in theirs.backdoor_variables.values()]
        assert set(ours.recommended) in offered


@pytest.mark.parametrize("seed", range(60))
def test_a_way_in_between_is_told_apart_exactly_where_its_criterion_holds(seed: int) -> None:
    """By brute force over recorded sets without descendants of the treatment (Pearl 2001), for mediators that DoWhy
    takes for such; DoWhy's own identifier offers one of them, whichever its hash order brings first."""
    import networkx as nx
    from dowhy.graph import check_valid_mediation_set, get_all_directed_paths

    graph = random_graph(seed)
    drawn = nx.DiGraph(graph.edges)
    drawn.add_nodes_from(graph.nodes)
    recorded = [name for name in graph.nodes if name not in graph.latent]
    found = {one.name: one for one in identify(graph, recorded).mediators}
    pool = [name for name in recorded if name not in graph.descendants("a") | {"a", "b"}]
    sets = [set(names) for size in range(len(pool) + 1) for names in itertools.combinations(pool, size)]

    def free(cause: str, end: str, held: set[str]) -> bool:
        cut = drawn.copy()
        cut.remove_edges_from(list(drawn.out_edges(cause)))
        return end in held or bool(nx.is_d_separator(cut, {cause}, {end}, held))

    for name, one in found.items():
        assert check_valid_mediation_set(drawn, ["a"], ["b"], [name], get_all_directed_paths(drawn, ["a"], ["b"]))
        valid = [
            held for held in sets if free("a", name, held) and free("a", "b", held) and free(name, "b", held | {"a"})
        ]
        assert one.separable == (name in recorded and bool(valid))
        assert not one.separable or set(one.given) in valid


def test_edges_that_bias_are_those_of_the_paths_in_the_sentence() -> None:
    found = identify(LEVER, ("coin", "mail", "buy"))
    assert found.biasing == ("mail <- taste -> buy",)
    assert found.biasing_edges == found.open_edges == (("taste", "mail"), ("taste", "buy"))
    recorded = Graph(**{**LEVER.model_dump(), "latent": ()})
    assert identify(recorded, recorded.nodes).open_edges == ()
    assert identify(recorded, recorded.nodes).biasing_edges == found.biasing_edges


def test_the_shops_reading_has_its_set_with_overlap_and_both_kinds_of_edges() -> None:
    data = dataset_of(simulate(Shop(users=200, items=60, seed=2)))
    table, graph = variables(data), templates(data)["shop"]
    said = reading(graph, tuple(table.columns), spoken(data), compact(table))
    names, missing, share = said.sets.rows[0]
    assert say(names) == "gender, activity, tier, intent" and say(missing) == "nothing"  # type: ignore[arg-type]
    assert say(names, "zh") == "gender、activity、tier、intent"  # type: ignore[arg-type]
    assert isinstance(share, float) and 0.9 < share <= 1
    assert ("gender", "treatment") in said.biasing and said.open == ()
    assert said.expressions[0].symbols.startswith("P(purchased | do(promoted)) = Σ[z]")
    for language in LANGUAGES:
        assert all(say(one, language) for one in (*said.answer, *said.ways))
    assert reading(graph, tuple(table.columns), {}, None).sets.rows[0][2] is None


def test_a_treatment_that_the_outcome_causes_is_said() -> None:
    graph = Graph(nodes=("x", "y"), edges=(("y", "x"),), treatment="x", outcome="y")
    said = reading(graph, ("x", "y"), {}, pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
    assert "it is y that causes x" in say(said.answer[0]) and said.expressions == ()


def test_a_drawing_without_a_question_is_refused() -> None:
    with pytest.raises(Refusal, match="treatment and the outcome"):
        reading(Graph(nodes=("x",)), ("x",), {}, None)


def test_what_the_data_contradicted_stands_until_the_drawing_claims_it_no_more() -> None:
    graph = Graph(nodes=("a", "b", "c"), edges=(("a", "b"),))
    kept = {"fit": {"failing": [{"a": "a", "b": "c", "given": [], "strength": 0.3, "p": 0.001}]}}
    assert contradicted(graph, kept) == {("a", "c"): 0.3}
    assert contradicted(graph.add_edge("a", "c"), kept) == {}
    assert contradicted(graph.add_edge("b", "c"), kept) == {}
    assert contradicted(graph.remove_node("c"), kept) == {}
    assert contradicted(graph, {}) == {}
