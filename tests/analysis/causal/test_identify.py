"""Identification against brute force: every subset, networkx' d-separation."""

import itertools

import networkx as nx
import numpy as np
import pytest

from analysis.causal import adjustment
from analysis.causal.adjustment import biasing_paths, mediation_set, open_path
from analysis.causal.graph import Graph
from analysis.causal.identify import answer, graph_section, identify, options
from analysis.simulate import Shop, simulate
from tests.analysis.causal.shops import dataset_of
from words import LANGUAGES, Refusal, say


def random_graph(seed: int, size: int = 6) -> Graph:
    rng = np.random.default_rng(seed)
    nodes = tuple("abcdefgh"[:size])
    order = [str(name) for name in rng.permutation(list(nodes))]
    edges = tuple(pair for pair in itertools.combinations(order, 2) if rng.random() < 0.45)
    latent = tuple(name for name in nodes[2:] if rng.random() < 0.25)
    return Graph(nodes=nodes, edges=edges, latent=latent, treatment="a", outcome="b")


def valid_by_brute_force(graph: Graph, names: tuple[str, ...]) -> bool:
    drawn = nx.DiGraph(graph.edges)
    drawn.add_nodes_from(graph.nodes)
    if set(names) & (nx.descendants(drawn, "a") | {"a", "b"}):
        return False
    cut = drawn.copy()
    cut.remove_edges_from(list(drawn.out_edges("a")))
    return bool(nx.is_d_separator(cut, {"a"}, {"b"}, set(names)))


@pytest.mark.parametrize("seed", range(60))
def test_the_sets_are_exactly_the_minimal_ones_of_brute_force(seed: int) -> None:
    graph = random_graph(seed)
    others = [name for name in graph.nodes if name not in "ab"]
    subsets = [c for size in range(len(others) + 1) for c in itertools.combinations(others, size)]
    valid = [set(names) for names in subsets if valid_by_brute_force(graph, names)]
    minimal = {frozenset(one) for one in valid if not any(other < one for other in valid)}
    found = identify(graph, graph.nodes)
    assert {frozenset(one.names) for one in found.sets} == minimal
    usable = [one for one in minimal if not one & set(graph.latent)]
    if found.status != "no path":
        assert (found.recommended is not None) == bool(usable)
        if usable:
            assert len(found.recommended or ()) == min(len(one) for one in usable)
    assert all(set(one.missing) == set(one.names) & set(graph.latent) for one in found.sets)


@pytest.mark.parametrize("seed", range(40))
def test_biasing_paths_are_open_exactly_when_not_d_separated(seed: int) -> None:
    graph = random_graph(seed, 7)
    for given in ((), ("c",), ("c", "d")):
        if set(given) & graph.descendants("a"):
            continue
        open_paths = biasing_paths(graph, "a", "b", given)
        assert bool(open_paths) != valid_by_brute_force(graph, given)
        assert all(path[0] == "a" and path[-1] == "b" and (path[1], "a") in graph.edges for path in open_paths)


@pytest.mark.parametrize("seed", range(40))
def test_a_path_is_open_exactly_when_nothing_but_a_hidden_cause_separates(seed: int) -> None:
    """Hidden nodes as links and colliders count, as common causes they do not: arrows then lead past them."""
    graph = random_graph(seed, 8)
    drawn = nx.DiGraph(graph.edges)
    drawn.add_nodes_from(graph.nodes)
    past = drawn.copy()
    for name in graph.latent:
        past.add_edges_from(itertools.product(list(past.predecessors(name)), list(past.successors(name))))
        past.remove_node(name)
    shown = [name for name in graph.nodes if name not in graph.latent]
    for a, b in itertools.combinations(shown, 2):
        for given in ((), *((name,) for name in shown if name not in (a, b))):
            assert (open_path(graph, a, b, given) is None) == nx.is_d_separator(drawn, {a}, {b}, set(given))
            beside = open_path(graph, a, b, given, hidden=graph.latent)
            assert (beside is None) == nx.is_d_separator(past, {a}, {b}, set(given))


def test_a_biasing_path_too_far_to_be_searched_for_is_found_all_the_same() -> None:
    """Twelve causes of the treatment cause each other, and the only way to the outcome is long."""
    near, far = [f"n{at}" for at in range(12)], [f"f{at}" for at in range(8)]
    edges = (*itertools.combinations(near, 2), *((name, "x") for name in near))
    edges += (("x", "y"), ("n0", far[0]), *itertools.pairwise(far), (far[-1], "y"))
    graph = Graph(nodes=("x", "y", *near, *far), edges=edges, treatment="x", outcome="y")
    assert biasing_paths(graph, "x", "y") == (("x", "n0", *far, "y"),)
    assert biasing_paths(graph, "x", "y", ("f3",)) == ()


@pytest.mark.parametrize("tries", [3, adjustment.MAX_CHECKS])
@pytest.mark.parametrize("seed", range(25))
def test_a_set_that_frees_a_mediator_is_found_wherever_there_is_one(
    seed: int, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many sets may be tried; and nothing can be left out of it."""
    from dowhy.graph import check_valid_backdoor_set

    monkeypatch.setattr(adjustment, "MAX_CHECKS", tries)
    graph = random_graph(seed, 8)
    drawn = adjustment.networkx_graph(graph)
    free = [name for name in graph.nodes if name not in {"a", "b", *graph.latent, *graph.descendants("a")}]

    def valid(mediator: str, names: tuple[str, ...]) -> bool:
        first = check_valid_backdoor_set(drawn, ["a"], [mediator, "b"], set(names))
        return bool(
            first["is_dseparated"]
            and check_valid_backdoor_set(drawn, [mediator], ["b"], {*names, "a"})["is_dseparated"]
        )

    subsets = [c for size in range(len(free) + 1) for c in itertools.combinations(free, size)]
    for name in adjustment.mediators(graph, "a", "b"):
        found = mediation_set(graph, "a", name, "b", [one for one in graph.nodes if one not in graph.latent])
        if found is None:
            assert not any(valid(name, names) for names in subsets)
        else:
            assert valid(name, found) and not any(valid(name, names) for names in subsets if set(names) < set(found))


@pytest.mark.parametrize("seed", range(60))
def test_instruments_and_front_doors_meet_their_criteria(seed: int) -> None:
    graph = random_graph(seed, 7)
    found = identify(graph, graph.nodes)
    drawn = nx.DiGraph(graph.edges)
    drawn.add_nodes_from(graph.nodes)
    cut = drawn.copy()
    cut.remove_edges_from(list(drawn.out_edges("a")))
    for lever in found.instruments:
        assert nx.is_d_separator(cut, {lever}, {"b"}, set()) and (lever, "a") in graph.edges
    if found.front_door:
        without = drawn.copy()
        without.remove_nodes_from(found.front_door)
        assert "b" not in nx.descendants(without, "a")
        behind = drawn.copy()
        behind.remove_edges_from([edge for name in found.front_door for edge in drawn.out_edges(name)])
        assert nx.is_d_separator(behind, set(found.front_door), {"b"}, {"a"})


FRONT_DOOR = Graph(
    nodes=("smoking", "tar", "cancer", "genes"),
    edges=(("smoking", "tar"), ("tar", "cancer"), ("genes", "smoking"), ("genes", "cancer")),
    latent=("genes",),
    treatment="smoking",
    outcome="cancer",
)


def test_a_front_door_is_named_where_no_adjustment_is_enough() -> None:
    found = identify(FRONT_DOOR, ("smoking", "tar", "cancer"))
    assert (found.status, found.by, found.front_door) == ("identifiable", "front-door", ("tar",))
    assert found.recommended is None and found.sets[0].missing == ("genes",)
    assert not found.mediators[0].separable or found.mediators[0].name == "tar"


def test_an_instrument_is_named_where_no_adjustment_is_enough() -> None:
    graph = Graph(
        nodes=("coin", "mail", "buy", "taste"),
        edges=(("coin", "mail"), ("mail", "buy"), ("taste", "mail"), ("taste", "buy")),
        latent=("taste",),
        treatment="mail",
        outcome="buy",
    )
    found = identify(graph, ("coin", "mail", "buy"))
    assert (found.by, found.instruments, found.hidden) == ("instrument", ("coin",), ("taste",))


def test_conditioning_on_a_collider_is_never_recommended() -> None:
    m_bias = Graph(
        nodes=("x", "y", "m", "u", "v"),
        edges=(("u", "x"), ("u", "m"), ("v", "m"), ("v", "y"), ("x", "y")),
        treatment="x",
        outcome="y",
    )
    found = identify(m_bias, m_bias.nodes)
    assert found.recommended == () and found.biasing == ()
    assert biasing_paths(m_bias, "x", "y", ("m",)) == (("x", "u", "m", "v", "y"),)


def test_what_is_not_recorded_is_named_with_the_options() -> None:
    graph = Graph(
        nodes=("browse", "buy", "intent", "age"),
        edges=(("browse", "buy"), ("intent", "browse"), ("intent", "buy"), ("age", "buy")),
        latent=("intent",),
        treatment="browse",
        outcome="buy",
    )
    found = identify(graph, ("browse", "buy", "age"))
    assert found.status == "not identifiable" and found.hidden == ("intent",)
    assert found.still_open == ("browse <- intent -> buy",)
    said = " ".join(say(one) for one in options(found))
    assert "intent" in said and "instrument" in said and "E-value" in said


def test_a_way_in_between_that_is_not_recorded_is_offered_for_recording() -> None:
    graph = Graph(**{**FRONT_DOOR.model_dump(), "latent": ("genes", "tar")})
    found = identify(graph, ("smoking", "cancer"))
    assert (found.status, found.front_door, found.door_to_record) == ("not identifiable", (), ("tar",))
    assert "Record what lies in between: tar" in " ".join(say(one) for one in options(found))
    assert "genes confounds it" in say(answer(identify(FRONT_DOOR, ("smoking", "tar", "cancer")))[0])


def test_an_unrecorded_column_is_missing_without_being_latent() -> None:
    graph = Graph(nodes=("x", "y", "z"), edges=(("x", "y"), ("z", "x"), ("z", "y")), treatment="x", outcome="y")
    assert identify(graph, ("x", "y")).sets[0].missing == ("z",)
    assert identify(graph, ("x", "y", "z")).recommended == ("z",)


def test_a_graph_without_a_way_says_so() -> None:
    graph = Graph(nodes=("x", "y"), edges=(("y", "x"),), treatment="x", outcome="y")
    assert identify(graph, ("x", "y")).status == "no path"


def test_a_treatment_that_is_no_column_is_said_before_anything_else() -> None:
    graph = Graph(nodes=("shown", "y", "z"), edges=(("shown", "y"), ("z", "y")), treatment="shown", outcome="y")
    found = identify(graph, ("y", "z"))
    assert found.status == "not recorded" and options(found) == ()
    assert "no column shown" in say(answer(found)[0])


def test_a_graph_without_a_question_is_refused() -> None:
    with pytest.raises(Refusal, match="treatment and the outcome"):
        identify(Graph(nodes=("x", "y")), ("x", "y"))


def test_a_large_graph_is_still_decided() -> None:
    causes = tuple(f"c{number}" for number in range(40))
    edges = tuple((name, end) for name in causes for end in ("x", "y"))
    graph = Graph(nodes=(*causes, "x", "y"), edges=(*edges, ("x", "y")), treatment="x", outcome="y")
    found = identify(graph, graph.nodes)
    assert not found.complete and set(found.recommended or ()) == set(causes)


def test_the_section_says_the_answer_first_in_both_languages() -> None:
    from analysis.causal.graph import templates, variables

    data = dataset_of(simulate(Shop(users=60, items=40, seed=2)))
    for graph in templates(data).values():
        section = graph_section(data, graph, identify(graph, variables(data).columns))
        assert section.step == "graph" and Graph.model_validate(section.facts["graph"]) == graph
        for language in LANGUAGES:
            spoken = [say(one, language) for one in (*section.summary, *section.notes)]
            assert all(spoken) and "promoted" in spoken[0]


def test_the_section_speaks_of_the_columns_by_the_names_of_the_analysts_files() -> None:
    from analysis.causal.graph import templates, variables

    data = dataset_of(simulate(Shop(users=60, items=40, seed=2)))
    graph = templates(data)["shop"]
    found = identify(graph, variables(data).columns)
    section = graph_section(data, graph, found)
    said = " ".join(say(one) for one in (*section.summary, *section.notes))
    cells = {cell for table in section.tables for row in table.rows for cell in row if isinstance(cell, str)}
    assert "promoted ← gender → purchased" in said and "slot" in said
    assert {"promoted", "purchased", "slot"} <= cells and not {"treatment", "outcome", "position"} & cells
    assert section.facts["spoken"] == {"treatment": "promoted", "outcome": "purchased", "position": "slot"}
    assert section.facts["identification"]["treatment"] == "treatment"


def test_a_name_that_is_taken_already_is_not_used_twice() -> None:
    data = dataset_of(simulate(Shop(users=60, items=40, seed=2)))
    graph = Graph(nodes=("promoted", "treatment", "outcome"), edges=(("treatment", "outcome"),)).ask(
        "treatment", "outcome"
    )
    section = graph_section(data, graph, identify(graph, ("treatment", "outcome")))
    assert "treatment" not in section.facts["spoken"] and section.facts["spoken"]["outcome"] == "purchased"
