"""What a drawn graph forbids in the data: two columns unrelated once others are known, one claim a missing edge."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.causal.adjustment import Names, networkx_graph
from analysis.causal.dag import Edge, Graph

if TYPE_CHECKING:
    import networkx as nx

MOST = 150
"""Claims that are tested; those that touch treatment or outcome first."""
MOST_CHECKS = 400
"""Sets tried for the smallest one of a pair; beyond, a minimal set that need not be the smallest is taken."""


@dataclass(frozen=True)
class Implication:
    """`a` and `b`, which no edge joins, are unrelated once `given` is known."""

    a: str
    b: str
    given: Names

    @property
    def key(self) -> str:
        """The claim as an address: ``a|b|c,d``."""
        return f"{self.a}|{self.b}|{','.join(self.given)}"


@dataclass(frozen=True)
class Implied:
    """What a graph implies for the recorded columns.

    claims: one a pair of recorded nodes without an edge, with a smallest set of recorded nodes that blocks every path
    between them; at most MOST. left_out: claims beyond that. silent: pairs without an edge of which the graph says
    nothing, because what links them runs through nodes that are not recorded.
    """

    claims: tuple[Implication, ...]
    left_out: int
    silent: tuple[Edge, ...]


def implied(graph: Graph, columns: Iterable[str]) -> Implied:
    """The testable claims of `graph` on data with these `columns` (Pearl's d-separation, one claim a missing edge).

    For a graph whose nodes are all recorded these claims imply every other of its independences (Geiger & Pearl's
    pairwise basis, for distributions without exact copies); with unrecorded nodes they are those of the missing edges
    of its maximal ancestral graph (Richardson & Spirtes 2002).
    """
    present = {name for name in columns if name in graph.nodes} - set(graph.latent)
    recorded = [name for name in graph.nodes if name in present]
    edges = set(graph.edges)
    pairs = [pair for pair in itertools.combinations(recorded, 2) if pair not in edges and pair[::-1] not in edges]
    asked = {graph.treatment, graph.outcome}
    pairs.sort(key=lambda pair: -len(asked & set(pair)))
    drawn = networkx_graph(graph)
    claims: list[Implication] = []
    silent: list[Edge] = []
    for a, b in pairs:
        given = separator(graph, drawn, a, b, present)
        if given is None:
            silent.append((a, b))
        else:
            claims.append(Implication(a, b, given))
    return Implied(tuple(claims[:MOST]), max(0, len(claims) - MOST), tuple(silent))


def separator(graph: Graph, drawn: nx.DiGraph, a: str, b: str, recorded: set[str]) -> Names | None:
    """A smallest set of `recorded` nodes that d-separates `a` from `b`; () where nothing is needed, None without one.

    Only ancestors of the two can be needed. In the order drawn among sets of one size, so the same graph always
    gives the same set.
    """
    import networkx as nx

    relevant = (graph.ancestors(a, b) & recorded) - {a, b}
    found = nx.find_minimal_d_separator(drawn, {a}, {b}, restricted=relevant)
    if found is None:
        return None
    pool = [name for name in graph.nodes if name in relevant]
    smaller = (names for size in range(len(found)) for names in itertools.combinations(pool, size))
    for names in itertools.islice(smaller, MOST_CHECKS):
        if nx.is_d_separator(drawn, {a}, {b}, set(names)):
            return names
    return tuple(name for name in pool if name in found)


def still_claimed(graph: Graph, a: str, b: str, given: Iterable[str]) -> bool:
    """Whether `graph` has these nodes and says that `a` and `b` are unrelated once `given` is known."""
    import networkx as nx

    held = set(given)
    if not {a, b} | held <= set(graph.nodes):
        return False
    return bool(nx.is_d_separator(networkx_graph(graph), {a}, {b}, held))
