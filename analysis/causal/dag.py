"""The causal graph: what the analyst believes causes what."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from words import Refusal

MAX_NODES = 60
"""More cannot be read on a screen, and the search for adjustment sets grows with them."""
MAX_EDGES = 600
MAX_NAME = 120

Edge = tuple[str, str]


class Graph(BaseModel):
    """A directed acyclic graph whose nodes are columns of the data or things that nobody recorded.

    Every instance is valid: no cycle, no self-loop, no duplicate, no edge to an unknown node, a treatment and
    an outcome that are two different nodes. What is not raises `Refusal` with the place (a cycle is printed
    a -> b -> a). Changing methods return a new graph, so an undo is the earlier instance.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    nodes: tuple[str, ...]
    """Names in the order drawn; any Unicode but control characters, up to 120 characters."""
    edges: tuple[Edge, ...] = ()
    """(cause, consequence)."""
    latent: tuple[str, ...] = ()
    """Nodes that the data cannot hold: taste, intent."""
    treatment: str | None = None
    outcome: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        tidy = dict(given)
        for key in ("nodes", "latent"):
            if isinstance(tidy.get(key), list | tuple):
                tidy[key] = tuple(clean_name(name) for name in tidy[key])
        if isinstance(tidy.get("edges"), list | tuple):
            tidy["edges"] = tuple(_edge(edge) for edge in tidy["edges"])
        for key in ("treatment", "outcome"):
            if tidy.get(key) is not None:
                tidy[key] = clean_name(tidy[key])
        return tidy

    @model_validator(mode="after")
    def _valid(self) -> Graph:
        _refuse_sizes(self)
        _refuse_duplicates(self)
        known = set(self.nodes)
        for cause, consequence in self.edges:
            for name in (cause, consequence):
                if name not in known:
                    raise Refusal("graph.unknown_node", name=name, edge=f"{cause} -> {consequence}")
            if cause == consequence:
                raise Refusal("graph.self_loop", name=cause)
        for named in (*self.latent, self.treatment, self.outcome):
            if named is not None and named not in known:
                raise Refusal("graph.unknown_role", name=named)
        if self.treatment is not None and self.treatment == self.outcome:
            raise Refusal("graph.same_roles", name=self.treatment)
        loop = cycle(self.nodes, self.edges)
        if loop:
            raise Refusal("graph.cycle", cycle=" -> ".join(loop))
        return self

    def parents(self, node: str) -> tuple[str, ...]:
        """Direct causes of `node`, in the order of the edges."""
        return tuple(cause for cause, consequence in self.edges if consequence == node)

    def children(self, node: str) -> tuple[str, ...]:
        """Direct consequences of `node`, in the order of the edges."""
        return tuple(consequence for cause, consequence in self.edges if cause == node)

    def ancestors(self, *nodes: str) -> frozenset[str]:
        """Everything that causes any of `nodes`, directly or not, without `nodes` themselves."""
        return _reached(nodes, self.parents) - set(nodes)

    def descendants(self, *nodes: str) -> frozenset[str]:
        """Everything that any of `nodes` causes, directly or not, without `nodes` themselves."""
        return _reached(nodes, self.children) - set(nodes)

    def add_node(self, name: str, latent: bool = False) -> Graph:
        """The graph with one more node; refuses a name that is there already."""
        name = clean_name(name)
        return self._with(nodes=(*self.nodes, name), latent=(*self.latent, name) if latent else self.latent)

    def remove_node(self, name: str) -> Graph:
        """The graph without `name`, its edges and its role."""
        return self._with(
            nodes=tuple(node for node in self.nodes if node != name),
            edges=tuple(edge for edge in self.edges if name not in edge),
            latent=tuple(node for node in self.latent if node != name),
            treatment=None if self.treatment == name else self.treatment,
            outcome=None if self.outcome == name else self.outcome,
        )

    def add_edge(self, cause: str, consequence: str) -> Graph:
        """The graph with cause -> consequence; refuses what would close a cycle."""
        return self._with(edges=(*self.edges, (cause, consequence)))

    def remove_edge(self, cause: str, consequence: str) -> Graph:
        """The graph without cause -> consequence."""
        return self._with(edges=tuple(edge for edge in self.edges if edge != (cause, consequence)))

    def ask(self, treatment: str | None, outcome: str | None) -> Graph:
        """The same drawing with another question."""
        return self._with(treatment=treatment, outcome=outcome)

    def _with(self, **changed: Any) -> Graph:
        return Graph(**{**self.model_dump(), **changed})


def clean_name(name: object) -> str:
    """A node's name without outer blanks, in Unicode's composed form; refuses empty, over-long, control characters."""
    if not isinstance(name, str):
        raise Refusal("graph.bad_name", name=str(name)[:MAX_NAME], limit=MAX_NAME)
    text = unicodedata.normalize("NFC", name).strip()
    if not text or len(text) > MAX_NAME or any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        shown = "".join(letter if letter.isprintable() else "?" for letter in text[:40])
        raise Refusal("graph.bad_name", name=shown, limit=MAX_NAME)
    return text


def cycle(nodes: Iterable[str], edges: Iterable[Edge]) -> tuple[str, ...]:
    """The first directed cycle as (a, b, ..., a), or () where there is none.

    Depth first from each node in order, so the same graph always names the same cycle.
    """
    children: dict[str, list[str]] = {}
    for cause, consequence in edges:
        children.setdefault(cause, []).append(consequence)
    done: set[str] = set()
    for start in nodes:
        path, waiting = [start], [iter(children.get(start, ()))]
        while path and start not in done:
            step = next((child for child in waiting[-1] if child not in done), None)
            if step is None:
                done.add(path.pop())
                waiting.pop()
            elif step in path:
                return (*path[path.index(step) :], step)
            else:
                path.append(step)
                waiting.append(iter(children.get(step, ())))
    return ()


def topological(graph: Graph) -> tuple[str, ...]:
    """Nodes so that every cause comes before its consequences; ties in the order drawn."""
    placed: list[str] = []
    left = list(graph.nodes)
    while left:
        ready = next(node for node in left if all(cause in placed for cause in graph.parents(node)))
        placed.append(ready)
        left.remove(ready)
    return tuple(placed)


def _edge(edge: object) -> Edge:
    if not isinstance(edge, list | tuple) or len(edge) != 2:
        raise Refusal("graph.bad_edge", edge=str(edge)[:MAX_NAME])
    return clean_name(edge[0]), clean_name(edge[1])


def _refuse_sizes(graph: Graph) -> None:
    if len(graph.nodes) > MAX_NODES or len(graph.edges) > MAX_EDGES:
        raise Refusal(
            "graph.too_large",
            nodes=len(graph.nodes),
            edges=len(graph.edges),
            max_nodes=MAX_NODES,
            max_edges=MAX_EDGES,
        )


def _refuse_duplicates(graph: Graph) -> None:
    for entries in (graph.nodes, graph.latent, graph.edges):
        seen: set[object] = set()
        for entry in entries:
            if entry in seen:
                raise Refusal("graph.twice", name=entry if isinstance(entry, str) else " -> ".join(entry))
            seen.add(entry)


def _reached(nodes: Iterable[str], step: Any) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        for near in step(waiting.pop()):
            if near not in found:
                found.add(near)
                waiting.append(near)
    return frozenset(found)
