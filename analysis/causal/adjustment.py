"""Sets of variables that close every biasing path.

DoWhy decides what is a front door and an instrument, and whether a set exists in a graph too large to search. The
search is ours, because DoWhy 0.14 enumerates every valid set or stops at the first size, and picks among equals by hash
order; so is the d-separation that the search asks for thousands of times.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Container, Iterable
from typing import TYPE_CHECKING

from analysis.causal.dag import Edge, Graph
from analysis.causal.separation import Separation

if TYPE_CHECKING:
    import networkx as nx

MAX_CHECKS = 3000
"""d-separation checks of one search; about 0.1 s. Every graph of up to 11 candidates is searched wholly."""
MAX_STEPS = 5000
"""Partial paths looked at for them."""
MAX_PATHS = 12
"""Biasing paths that are put into words."""

Names = tuple[str, ...]


def networkx_graph(graph: Graph) -> nx.DiGraph:
    """The same graph for networkx and DoWhy, nodes in the order drawn."""
    import networkx as nx

    drawn: nx.DiGraph = nx.DiGraph()
    drawn.add_nodes_from(graph.nodes)
    drawn.add_edges_from(graph.edges)
    return drawn


def minimal_sets(candidates: Iterable[str], valid: Callable[[Names], bool]) -> tuple[tuple[Names, ...], bool]:
    """All sets that are `valid` while no proper subset is, smallest first; and whether the search was complete."""
    pool = tuple(candidates)
    found: list[Names] = []
    checks = 0
    for size in range(len(pool) + 1):
        for names in itertools.combinations(pool, size):
            if any(set(smaller) <= set(names) for smaller in found):
                continue
            checks += 1
            if checks > MAX_CHECKS:
                return tuple(found), False
            if valid(names):
                found.append(names)
    return tuple(found), True


def smallest_set(candidates: Iterable[str], valid: Callable[[Names], bool]) -> Names | None:
    """A smallest valid set, None where there is none; of too many to try, one that nothing can be left out of.

    All `candidates` together must be valid wherever some of them are, as all ancestors are of what is to be d-separated
    (van der Zander, Liskiewicz & Textor 2014).
    """
    left = tuple(candidates)
    if not valid(left):
        return None
    found, _ = minimal_sets(left, valid)
    if found:
        return found[0]
    for name in left:
        fewer = tuple(one for one in left if one != name)
        left = fewer if valid(fewer) else left
    return left


def backdoor_sets(graph: Graph, treatment: str, outcome: str) -> tuple[tuple[Names, ...], bool]:
    """Every minimal backdoor set of treatment -> outcome, latent nodes included; and whether all were found.

    Only ancestors of treatment or outcome can be in a minimal set (Tian, Paz & Pearl 1998), and no descendant of
    the treatment may be. In a graph too large to search wholly, DoWhy's polynomial search adds one set over the
    nodes that are not latent, so that whether one exists is always decided exactly.
    """
    behind = Separation(graph, [treatment])

    def valid(names: Names) -> bool:
        return behind.apart([treatment], [outcome], names)

    barred = graph.descendants(treatment) | {treatment, outcome}
    relevant = graph.ancestors(treatment, outcome) - barred
    found, complete = minimal_sets([name for name in graph.nodes if name in relevant], valid)
    if not complete:
        found = (*found, *_one_set(graph, treatment, outcome, found))
    return found, complete


def _one_set(graph: Graph, treatment: str, outcome: str, found: tuple[Names, ...]) -> tuple[Names, ...]:
    from dowhy.causal_identifier.auto_identifier import GeneralizedAdjustment, identify_generalized_adjustment_set

    observed = [name for name in graph.nodes if name not in graph.latent]
    sets = identify_generalized_adjustment_set(
        networkx_graph(graph),
        [treatment],
        [outcome],
        observed,
        GeneralizedAdjustment.GENERALIZED_ADJUSTMENT_DEFAULT,
    )
    named = [set(one.get_adjustment_variables()) for one in sets]
    ordered = [tuple(name for name in graph.nodes if name in names) for names in named]
    return tuple(names for names in ordered if names not in found)


def front_doors(graph: Graph, treatment: str, outcome: str, recorded: Iterable[str]) -> tuple[Names, ...]:
    """Every minimal set of recorded mediators that meets Pearl's front-door criterion, smallest first."""
    from dowhy.graph import check_valid_backdoor_set, check_valid_frontdoor_set, do_surgery

    drawn = networkx_graph(graph)
    without_causes = do_surgery(drawn, [treatment], remove_incoming_edges=True)
    known = set(recorded)
    pool = [name for name in mediators(graph, treatment, outcome) if name in known]

    def valid(names: Names) -> bool:
        if not names:
            return False
        chosen = list(names)
        return (
            check_valid_frontdoor_set(drawn, [treatment], [outcome], chosen, new_graph=without_causes)
            and check_valid_backdoor_set(drawn, [treatment], chosen, set())["is_dseparated"]
            and check_valid_backdoor_set(drawn, chosen, [outcome], {treatment})["is_dseparated"]
        )

    return minimal_sets(pool, valid)[0]


def instruments(graph: Graph, treatment: str, outcome: str) -> Names:
    """Recorded causes of the treatment that touch the outcome only through it (DoWhy's criterion)."""
    from dowhy.graph import get_instruments

    if outcome not in graph.descendants(treatment):
        return ()  # where the outcome causes the treatment DoWhy 0.14 takes it, and what it causes, for instruments
    found = set(get_instruments(networkx_graph(graph), [treatment], [outcome]))
    return tuple(name for name in graph.nodes if name in found and name not in graph.latent)


def mediators(graph: Graph, treatment: str, outcome: str) -> Names:
    """Nodes on a directed path from treatment to outcome, in the order drawn."""
    between = graph.descendants(treatment) & graph.ancestors(outcome)
    return tuple(name for name in graph.nodes if name in between)


def mediation_set(graph: Graph, treatment: str, mediator: str, outcome: str, recorded: Iterable[str]) -> Names | None:
    """A smallest recorded set that frees treatment -> mediator and mediator -> outcome of confounding; None without.

    With it the effect through `mediator` can be told from the rest (natural direct and indirect effects; the set
    holds no descendant of the treatment: Pearl 2001's sufficient conditions, checked edge by edge).
    """
    first, second = Separation(graph, [treatment]), Separation(graph, [mediator])
    barred = graph.descendants(treatment) | {treatment, outcome}
    pool = [name for name in recorded if name not in barred]
    relevant = graph.ancestors(treatment, mediator, outcome)

    def valid(names: Names) -> bool:
        free = first.apart([treatment], [mediator, outcome], names)
        return free and second.apart([mediator], [outcome], (*names, treatment))

    return smallest_set([name for name in graph.nodes if name in pool and name in relevant], valid)


def biasing_paths(graph: Graph, treatment: str, outcome: str, given: Iterable[str] = ()) -> tuple[Names, ...]:
    """Open paths that enter the treatment from behind, shortest first, at most twelve; () only where there is none.

    A path is open when every collider on it is in `given` or has a descendant there, and no other inner node is.
    """
    held = set(given)
    openers = held | graph.ancestors(*held)
    waiting: deque[Names] = deque((treatment, cause) for cause in graph.parents(treatment))
    paths: list[Names] = []
    for _ in range(MAX_STEPS):
        if not waiting or len(paths) == MAX_PATHS:
            break
        path = waiting.popleft()
        if path[-1] == outcome:
            paths.append(path)
            continue
        waiting.extend((*path, name) for name in _onward(graph, path, held, openers) if name not in path)
    if not paths and waiting:  # given up before the first: whether there is one must be exact
        behind = graph.parents(treatment)
        paths.extend(filter(None, [open_path(graph, treatment, outcome, held, first=behind)]))
    return tuple(paths)


def open_path(
    graph: Graph, start: str, end: str, given: Iterable[str], first: Names | None = None, hidden: Iterable[str] = ()
) -> Names | None:
    """The shortest open path, None where there is none: each node is entered at most once from either side of an arrow.

    first: the steps from `start` that may be taken (None: any). hidden: nodes whose being a common cause is no path.
    (A shortest open walk meets no node twice: what lies between could be left out.)
    """
    held, unseen = set(given), set(hidden)
    openers = held | graph.ancestors(*held)
    steps = _near(graph, start) if first is None else first
    waiting: deque[Names] = deque((start, name) for name in steps)
    entered: set[tuple[str, bool]] = set()
    while waiting:
        path = waiting.popleft()
        state = (path[-1], path[-1] in graph.children(path[-2]))
        if state in entered or path[-1] == start:
            continue
        entered.add(state)
        if path[-1] == end:
            return path
        waiting.extend((*path, name) for name in _onward(graph, path, held, openers, unseen))
    return None


def shortest(paths: tuple[Names, ...]) -> tuple[Names, ...]:
    """Paths that are no detour of another: no other path's nodes are among theirs."""
    return tuple(path for path in paths if not any(set(other) < set(path) for other in paths))


def path_edges(graph: Graph, paths: Iterable[Names]) -> tuple[Edge, ...]:
    """The edges that paths run along, as drawn, in the order of the graph's edges."""
    walked = {frozenset(step) for path in paths for step in itertools.pairwise(path)}
    return tuple(edge for edge in graph.edges if frozenset(edge) in walked)


def drawn_path(graph: Graph, path: Names) -> str:
    """A path with its arrows: promoted <- intent -> bought."""
    edges = set(graph.edges)
    text = path[0]
    for before, after in itertools.pairwise(path):
        text += f" -> {after}" if (before, after) in edges else f" <- {after}"
    return text


def _near(graph: Graph, node: str) -> Names:
    near = {*graph.parents(node), *graph.children(node)}
    return tuple(name for name in graph.nodes if name in near)


def _onward(
    graph: Graph, path: Names, held: set[str], openers: set[str] | frozenset[str], hidden: Container[str] = ()
) -> Names:
    """The neighbours that association flows on to through the path's last node."""
    before, node = path[-2], path[-1]
    causes, consequences = graph.parents(node), graph.children(node)

    def passes(after: str) -> bool:
        if before in causes and after in causes:
            return node in openers
        return node not in held and not (node in hidden and before in consequences and after in consequences)

    return tuple(name for name in _near(graph, node) if passes(name))
