"""d-separation in one graph, asked often: sets of nodes are bits of a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analysis.causal.dag import Graph, topological


class Separation:
    """Which nodes of a graph tell nothing of others once some are known.

    They do not where what is known parts them in the moral graph of the ancestors of all three: its nodes are linked to
    their causes, and causes of one node to each other (Lauritzen, Dawid, Larsen & Leimer 1990). The same answers as
    DoWhy's criterion, which copies the graph for each.
    """

    def __init__(self, graph: Graph, silent: Iterable[str] = ()) -> None:
        """silent: nodes whose own arrows are left out, so that only what comes in from behind is looked at."""
        quiet = set(silent)
        self._bit = {name: 1 << at for at, name in enumerate(graph.nodes)}
        self._causes = [0] * len(graph.nodes)
        self._effects = [0] * len(graph.nodes)
        for cause, effect in graph.edges:
            if cause not in quiet:
                self._causes[self._bit[effect].bit_length() - 1] |= self._bit[cause]
                self._effects[self._bit[cause].bit_length() - 1] |= self._bit[effect]
        self._behind = list(self._bit.values())  # each node with all its ancestors
        for name in topological(graph):
            own = self._bit[name].bit_length() - 1
            for at in _each(self._causes[own]):
                self._behind[own] |= self._behind[at]

    def apart(self, some: Iterable[str], others: Iterable[str], given: Iterable[str]) -> bool:
        """Whether `given` d-separates `some` from `others`."""
        start, end, held = (sum(self._bit[name] for name in set(names)) for names in (some, others, given))
        there = 0
        for node in _each(start | end | held):
            there |= self._behind[node]
        met = waiting = start
        while waiting:
            if waiting & end:
                return False
            near = 0
            for node in _each(waiting):
                near |= self._causes[node]
                for effect in _each(self._effects[node] & there):
                    near |= 1 << effect | self._causes[effect]
            waiting = near & ~met & ~held
            met |= waiting
        return True


def _each(nodes: int) -> Iterator[int]:
    """Places of the bits."""
    while nodes:
        lowest = nodes & -nodes
        yield lowest.bit_length() - 1
        nodes ^= lowest
