"""Claims of a graph against brute force, and against data whose graph is known."""

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from analysis.causal.encoded import Columns
from analysis.causal.falsify import Shuffled, shuffled
from analysis.causal.fit import Checked, Fit, check, fit
from analysis.causal.fit_words import fit_findings, fit_notes, fit_summary, fit_tables
from analysis.causal.graph import Graph, templates, variables
from analysis.causal.implications import implied, still_claimed
from analysis.finding import Verdict
from analysis.simulate import Shop, simulate
from tests.analysis.causal.networks import NAMES, network
from tests.analysis.causal.shops import dataset_of
from tests.analysis.causal.test_identify import random_graph
from words import LANGUAGES, say


def fitted(table: pd.DataFrame, graph: Graph) -> Fit:
    return fit(table, graph, 0, lambda done: None)


@pytest.mark.parametrize("seed", range(60))
def test_a_pair_is_claimed_unrelated_exactly_when_some_recorded_set_separates_it(seed: int) -> None:
    graph = random_graph(seed, 7)
    drawn = nx.DiGraph(graph.edges)
    drawn.add_nodes_from(graph.nodes)
    recorded = [name for name in graph.nodes if name not in graph.latent]
    found = implied(graph, recorded)
    claimed = {(claim.a, claim.b): claim.given for claim in found.claims}
    assert found.left_out == 0
    for pair in itertools.combinations(recorded, 2):
        if drawn.has_edge(*pair) or drawn.has_edge(*pair[::-1]):
            assert pair not in claimed and pair not in found.silent
            continue
        others = [name for name in recorded if name not in pair]
        sets = [names for size in range(len(others) + 1) for names in itertools.combinations(others, size)]
        separating = [names for names in sets if nx.is_d_separator(drawn, {pair[0]}, {pair[1]}, set(names))]
        assert (pair in claimed) == bool(separating)
        assert (pair in found.silent) == (not separating)
        if separating:
            assert claimed[pair] in separating and len(claimed[pair]) == len(separating[0])
            assert still_claimed(graph, *pair, claimed[pair])


@pytest.fixture(scope="module")
def sampled() -> dict[str, tuple[Graph, Columns]]:
    """Every network with its sample, encoded once."""
    return {name: (graph, Columns(table)) for name in NAMES for graph, table in [network(name)]}


def checked(graph: Graph, columns: Columns) -> tuple[Checked, ...]:
    return check(columns, implied(graph, columns.names).claims, lambda done: None)


def test_no_claim_of_a_true_network_fails_on_its_sample(sampled: dict[str, tuple[Graph, Columns]]) -> None:
    """79 claims of five networks: none after correction; 0 to 9 under 0.05 before it in 99% of the cases."""
    every = {name: checked(*one) for name, one in sampled.items()}
    assert not [each for checks in every.values() for each in checks if each.fails or isinstance(each.found, str)]
    p = [each.found.p for checks in every.values() for each in checks if not isinstance(each.found, str)]
    assert len(p) == 79 and sum(one < 0.05 for one in p) <= 9


def test_every_edge_that_is_taken_away_is_missed_by_the_data(sampled: dict[str, tuple[Graph, Columns]]) -> None:
    """But asia -> tub: 1% of the people were in Asia, 5% of them have tuberculosis; too few to survive correction."""
    unseen = []
    for graph, columns in sampled.values():
        for edge in graph.edges:
            checks = checked(graph.remove_edge(*edge), columns)
            if not any(each.fails and {each.claim.a, each.claim.b} == set(edge) for each in checks):
                unseen.append(edge)
    assert unseen == [("asia", "tub")]


def test_the_shops_own_graph_passes_and_its_templates_fail_where_they_are_wrong() -> None:
    data = dataset_of(simulate(Shop(users=800, items=160, seed=3)))
    table, drawings = variables(data), templates(data)
    columns = Columns(table)
    assert not [each for each in checked(drawings["shop"], columns) if each.fails]
    wrong = [each.claim for each in checked(drawings["attribute_path"], columns) if each.fails]
    assert [(claim.a, claim.b) for claim in wrong] == [("gender", "treatment")]
    cut = drawings["shop"].remove_edge("activity", "intent")
    found = fitted(table, cut)
    assert {found.failing[0].claim.a, found.failing[0].claim.b} == {"activity", "intent"}
    said = say(fit_summary(found, {})[1])
    assert said.startswith("The graph says activity and intent are unrelated; the data disagree (strength 0.")


def test_nothing_is_told_of_fewer_people_than_may_be_shown() -> None:
    table = pd.DataFrame({"user": range(60), "a": [0, 1] * 30, "b": [0, 1] * 30})
    graph = Graph(nodes=("a", "b"))
    assert fit(table, graph, 0, lambda done: None, k=60).failing
    hidden = fit(table, graph, 0, lambda done: None, k=61)
    assert not hidden.tested and fit_findings(hidden, {})[0].value is None


def test_a_hidden_common_cause_keeps_the_graph_from_claiming() -> None:
    graph = Graph(nodes=("u", "a", "b"), edges=(("u", "a"), ("u", "b")), latent=("u",))
    found = implied(graph, ("a", "b"))
    assert found.claims == () and found.silent == (("a", "b"),)
    assert implied(graph.remove_edge("u", "b"), ("a", "b")).claims[0].given == ()


def test_a_drawing_of_many_pairs_is_cut_and_says_so() -> None:
    graph = Graph(nodes=tuple(f"n{number}" for number in range(20)), treatment="n18", outcome="n19")
    found = implied(graph, graph.nodes)
    assert len(found.claims) == 150 and found.left_out == 40
    assert all({"n18", "n19"} & {claim.a, claim.b} for claim in found.claims[:37])


NOTHING = {
    "no edges": Graph(nodes=("a", "b")),
    "one edge": Graph(nodes=("a", "b"), edges=(("a", "b"),)),
    "only latent": Graph(nodes=("u", "v"), latent=("u", "v")),
    "one node": Graph(nodes=("a",)),
    "no nodes": Graph(nodes=()),
    "not in the data": Graph(nodes=("a", "elsewhere", "b"), edges=(("a", "elsewhere"), ("elsewhere", "b"))),
    "constant": Graph(nodes=("a", "same", "b"), edges=(("a", "b"),)),
    "empty column": Graph(nodes=("a", "empty")),
}


@pytest.mark.parametrize("graph", NOTHING.values(), ids=NOTHING.keys())
@pytest.mark.parametrize("rows", [1, 15, 400])
def test_degenerate_graphs_and_logs_give_sentences(graph: Graph, rows: int) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"user": [f"u{row}" for row in range(rows)], "item": "i", "same": "x", "empty": np.nan})
    found = fitted(table.assign(a=rng.integers(0, 2, rows), b=rng.normal(size=rows)), graph)
    assert not found.failing
    for one in fit_findings(found, {}):
        assert (one.verdict is Verdict.NOT_COMPUTED) == (rows < 20 or "same" in one.key or "empty" in one.key)
    for language in LANGUAGES:
        assert all(say(one, language) for one in (*fit_summary(found, {}), *fit_notes(found)))
        for table_ in fit_tables(found, {}):
            assert table_.rows


def test_the_true_asia_network_beats_its_shuffled_names_and_a_wrong_one_does_not() -> None:
    graph, table = network("asia")
    columns = Columns(table, 0, 1000)
    true = shuffled(graph, columns, 0)
    assert isinstance(true, Shuffled) and true.share_as_good <= 0.05 and true.share_same <= 0.05
    assert true == shuffled(graph, columns, 0)
    turn = dict(zip(graph.nodes, ("dysp", "xray", "lung", "asia", "tub", "bronc", "smoke", "either"), strict=True))
    wrong = Graph(nodes=graph.nodes, edges=tuple((turn[a], turn[b]) for a, b in graph.edges))
    beside = shuffled(wrong, columns, 0)
    assert isinstance(beside, Shuffled) and beside.share_as_good > 0.05 and beside.broken > true.broken


def test_dowhys_own_falsification_gives_the_same_counts_with_the_same_test() -> None:
    """Numbered columns and DoWhy's handling of them lose nothing: the local claims counted one by one."""
    from analysis.causal.independence import independence

    graph, table = network("cancer")
    columns = Columns(table, 0, 2000)
    found = shuffled(graph, columns, 0)
    claims = [
        (node, other, graph.parents(node))
        for node in graph.nodes
        for other in graph.nodes
        if other != node and other not in graph.descendants(node) and other not in graph.parents(node)
    ]
    p = [one.p for one in (independence(columns, *claim) for claim in claims) if not isinstance(one, str)]
    assert isinstance(found, Shuffled)
    assert (found.claims, found.broken) == (len(claims), sum(one < 0.05 for one in p))


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        (Graph(nodes=("a", "b")), "small"),
        (Graph(nodes=("a", "b", "c")), "same"),
        (Graph(nodes=tuple("abcdefghijklm"), edges=(("a", "b"),)), "large"),
        (Graph(nodes=("a", "b", "u", "v"), edges=(("u", "a"), ("u", "b")), latent=("u", "v")), "small"),
    ],
)
def test_where_shuffling_says_nothing_the_reason_is_given(graph: Graph, why: str) -> None:
    table = pd.DataFrame({name: np.arange(40) % 3 for name in "abcdefghijklm"})
    assert shuffled(graph, Columns(table), 0) == why
    assert say(f"graph.unshuffled.{why}")
