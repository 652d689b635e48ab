"""Links taken into the drawn graph, one by one; what would make it wrong is refused and the rest stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from analysis.causal.dag import Graph, cycle
from words import Phrase, Refusal

How = Literal["cause", "hidden"]


@dataclass(frozen=True)
class Choice:
    """One link as the analyst takes it: `first` causes `second`, or (hidden) something unrecorded drives both."""

    first: str
    second: str
    how: How = "cause"


@dataclass(frozen=True)
class Accepted:
    """The graph with what could be added, how many links that were, and a sentence for each that could not."""

    graph: Graph
    added: int
    refused: tuple[Phrase, ...]


def accept(graph: Graph, choices: Iterable[Choice], words: Mapping[str, str]) -> Accepted:
    """Add the chosen links in their order; nodes that the graph lacks are added.

    Refused with a sentence: a link that the graph has the other way round, one that would close a circle, and what a
    graph cannot hold. A link that is there already is passed over. `words`: column -> its spoken name.
    """
    added, refused = 0, []
    for choice in choices:
        try:
            larger = _with(graph, choice, words)
        except Refusal as refusal:
            refused.append(refusal.phrase)
            continue
        added += larger != graph
        graph = larger
    return Accepted(graph, added, tuple(refused))


def _with(graph: Graph, choice: Choice, words: Mapping[str, str]) -> Graph:
    first, second = choice.first, choice.second
    facts = {"cause": words.get(first, first), "consequence": words.get(second, second)}
    if choice.how == "hidden":
        return _with_hidden(graph, choice, facts)
    if (first, second) in graph.edges:
        return graph
    if (second, first) in graph.edges:
        raise Refusal("discover.other_way", **facts)
    larger = _with_nodes(graph, first, second)
    loop = cycle(larger.nodes, (*larger.edges, (first, second)))
    if loop:
        said = " → ".join(words.get(name, name) for name in loop)
        raise Refusal("discover.would_circle", **facts, cycle=said)
    return larger.add_edge(first, second)


def _with_hidden(graph: Graph, choice: Choice, facts: Mapping[str, str]) -> Graph:
    """A latent node behind both; its name is data of the graph, the same in every language."""
    name = f"U({facts['cause']}, {facts['consequence']})"
    pair = {choice.first, choice.second}
    if name in graph.nodes or any(
        set(graph.children(node)) == pair and not graph.parents(node) for node in graph.latent
    ):
        return graph
    larger = _with_nodes(graph, choice.first, choice.second).add_node(name, latent=True)
    return larger.add_edge(name, choice.first).add_edge(name, choice.second)


def _with_nodes(graph: Graph, *names: str) -> Graph:
    for name in names:
        if name not in graph.nodes:
            graph = graph.add_node(name)
    return graph


def standing(graph: Graph, first: str, second: str) -> Literal["same", "turned", "hidden"] | None:
    """How the graph has the link already: that way, the other way round, by a latent node alone; None: not at all."""
    if (first, second) in graph.edges:
        return "same"
    if (second, first) in graph.edges:
        return "turned"
    return "hidden" if any({first, second} <= set(graph.children(node)) for node in graph.latent) else None
