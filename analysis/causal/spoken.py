"""Columns by the names that the analyst gave them, where roles renamed them: treatment -> promoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from analysis.causal.dag import Graph
from analysis.causal.identification import AdjustmentSet, Identification, Mediator
from analysis.log import Dataset

_ARROW = re.compile(r"( <- | -> )")


def spoken(dataset: Dataset, taken: Iterable[str] = ()) -> dict[str, str]:
    """Role -> the file's own name of its column; without those that something else is called already.

    taken: further names that are spoken for, such as the nodes of a graph.
    """
    roles = dataset.roles
    named = {
        "treatment": roles.treatment,
        "outcome": roles.outcome,
        "position": roles.position,
        "category": roles.category,
    }
    others = {str(name) for frame in (dataset.log, dataset.users, dataset.items) for name in frame.columns} | set(taken)
    return {role: name for role, name in named.items() if name is not None and name not in others}


def retold_graph(graph: Graph, words: Mapping[str, str]) -> Graph:
    """The same graph with its nodes under their spoken names; to be read, not to be computed with."""

    def said(name: str) -> str:
        return words.get(name, name)

    return Graph(
        nodes=tuple(map(said, graph.nodes)),
        edges=tuple((said(cause), said(consequence)) for cause, consequence in graph.edges),
        latent=tuple(map(said, graph.latent)),
        treatment=None if graph.treatment is None else said(graph.treatment),
        outcome=None if graph.outcome is None else said(graph.outcome),
    )


def retold(found: Identification, words: Mapping[str, str]) -> Identification:
    """The same answer under spoken names."""

    def said(name: str) -> str:
        return words.get(name, name)

    def all_of(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(said, names))

    def drawn(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(retold_path(path, words) for path in paths)

    return found.model_copy(
        update={
            "treatment": said(found.treatment),
            "outcome": said(found.outcome),
            "sets": tuple(AdjustmentSet(names=all_of(s.names), missing=all_of(s.missing)) for s in found.sets),
            "recommended": None if found.recommended is None else all_of(found.recommended),
            "recorded_causes": all_of(found.recorded_causes),
            "front_door": all_of(found.front_door),
            "front_doors": tuple(map(all_of, found.front_doors)),
            "door_to_record": all_of(found.door_to_record),
            "instruments": all_of(found.instruments),
            "mediators": tuple(
                Mediator(name=said(m.name), separable=m.separable, given=all_of(m.given)) for m in found.mediators
            ),
            "biasing": drawn(found.biasing),
            "still_open": drawn(found.still_open),
            "hidden": all_of(found.hidden),
            "absent": all_of(found.absent),
        }
    )


def retold_path(path: str, words: Mapping[str, str]) -> str:
    """A path drawn with arrows, its nodes under their spoken names, its arrows as arrows."""
    return "".join(_arrow(part) or words.get(part, part) for part in _ARROW.split(path))


def _arrow(part: str) -> str:
    return {" <- ": " ← ", " -> ": " → "}.get(part, "")
