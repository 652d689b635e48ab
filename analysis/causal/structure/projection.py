"""The drawn graph over what was recorded: what each variable has to be fitted on, and what may be set.

A latent node is projected out (Verma 1993): its recorded causes point at its recorded consequences, and consequences
that share it are confounded. Variables joined by confounding form a component. The law of the recorded variables is
then the product of each variable given its causes and, of its component, what comes before it and the causes of that
(Tian & Pearl 2002, lemma 4); a variable whose component nothing of what it moves belongs to may be set, and the rest of
the product stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.causal.dag import Graph, topological


@dataclass(frozen=True)
class Projection:
    """The recorded ancestors of the outcome, causes first, the outcome last, the treatment after all it does not move.

    causes: directed causes, through latent nodes too. given: what the variable's mechanism is fitted on.
    confounders: variable -> (latent nodes it shares, variables it shares them with); only those that share one.
    dropped: latent nodes that were projected out.
    """

    order: tuple[str, ...]
    outcome: str
    causes: dict[str, tuple[str, ...]]
    given: dict[str, tuple[str, ...]]
    confounders: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    dropped: tuple[str, ...]

    @property
    def free(self) -> tuple[str, ...]:
        """Variables whose setting the mechanisms answer: those that share no hidden cause with what they move."""
        before = self.order[:-1]
        return tuple(name for name in before if not set(self.after(name)) & set(self.shares(name)))

    def shares(self, node: str) -> tuple[str, ...]:
        """The variables that chains of hidden causes join `node` with."""
        return self.confounders[node][1] if node in self.confounders else ()

    def after(self, node: str) -> tuple[str, ...]:
        """What follows anew when `node` is set, causes first: its descendants here, and what is fitted on these.

        A variable that shares a hidden cause with a descendant and comes later has to go on fitting it.
        """
        moved = {node}
        for name in self.order:
            if name not in moved and moved & set(self.given[name]):
                moved.add(name)
        return tuple(name for name in self.order if name in moved and name != node)


def project(graph: Graph, outcome: str, columns: Iterable[str]) -> Projection:
    """`graph` over its nodes that are `columns` and not latent, as far as they bear on `outcome`."""
    recorded = set(columns) - set(graph.latent)
    last = set() if graph.treatment is None else {graph.treatment, *graph.descendants(graph.treatment)}
    line = sorted(topological(graph), key=last.__contains__)  # what it does not move stays as recorded
    relevant = graph.ancestors(outcome) | {outcome}
    hidden = tuple(name for name in line if name in relevant and name not in recorded)
    order = tuple(name for name in line if name in relevant and name in recorded)
    order = (*(name for name in order if name != outcome), outcome)
    causes = {name: _in_order(order, _recorded_causes(graph, name, recorded)) for name in order}
    shared = {latent: _in_order(order, _recorded_consequences(graph, latent, recorded)) for latent in hidden}
    component = _components(order, shared)
    return Projection(
        order=order,
        outcome=outcome,
        causes=causes,
        given={name: _given(name, order, causes, shared) for name in order},
        confounders={
            name: (_shared_latents(name, shared), tuple(other for other in component[name] if other != name))
            for name in order
            if len(component[name]) > 1
        },
        dropped=hidden,
    )


def _recorded_causes(graph: Graph, node: str, recorded: set[str]) -> set[str]:
    """Recorded nodes with a directed way to `node` over latent nodes only."""
    found: set[str] = set()
    waiting = list(graph.parents(node))
    while waiting:
        cause = waiting.pop()
        if cause in recorded:
            found.add(cause)
        else:
            waiting.extend(graph.parents(cause))
    return found


def _recorded_consequences(graph: Graph, latent: str, recorded: set[str]) -> set[str]:
    """Recorded nodes that `latent` reaches over latent nodes only."""
    found: set[str] = set()
    waiting = list(graph.children(latent))
    while waiting:
        effect = waiting.pop()
        if effect in recorded:
            found.add(effect)
        else:
            waiting.extend(graph.children(effect))
    return found


def _components(order: tuple[str, ...], shared: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Each variable's component: those that chains of shared latent nodes join it with, itself included."""
    component = {name: {name} for name in order}
    for together in shared.values():
        joined = set().union(*(component[name] for name in together)) if together else set()
        for name in joined:
            component[name] = joined
    return {name: _in_order(order, members) for name, members in component.items()}


def _given(
    node: str, order: tuple[str, ...], causes: dict[str, tuple[str, ...]], shared: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The node's causes, its component among what comes before it, and the causes of that."""
    upto = order[: order.index(node) + 1]
    before = {latent: tuple(name for name in names if name in upto) for latent, names in shared.items()}
    component = _components(upto, before)[node]
    wanted = set(component).union(*(causes[name] for name in component)) - {node}
    return _in_order(order, wanted)


def _shared_latents(node: str, shared: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(latent for latent, names in shared.items() if node in names and len(names) > 1)


def _in_order(order: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    wanted = set(names)
    return tuple(name for name in order if name in wanted)
