"""The causal graph editor: our own SVG component, judged in Python. The drawing is in editor.js / .html / .css."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

import streamlit as st
from pydantic import ValidationError

from analysis.causal.dag import Edge
from analysis.causal.graph import Graph, layout
from pages.parts.component import mount
from pages.parts.state import state
from pages.parts.text import raw
from words import Phrase, Refusal, phrase

Kind = Literal["biasing", "open", "missing", "suggested", "share"]
"""biasing: on a path that biases the plain difference and that adjusting closes. open: on one that stays open.
missing: no edge is drawn, the data speak for one (no direction). suggested: no edge is drawn, an analysis proposes it.
share: an edge as drawn with a word beside it."""
ROLES = ("treatment", "outcome", "sensitive", "latent", "absent")
PARTS = {
    ".t-variable": "variable",
    ".t-cause": "cause",
    ".t-consequence": "consequence",
    ".add": "add",
    ".connect": "connect",
    ".recorded": "latent",
    ".remove": "remove",
    ".tidy": "tidy",
    ".hint": "hint",
}
"""Place in editor.html -> its text under ``pages.editor``."""
MESSAGES = (
    "added", "cycle", "drawing", "edge_added", "edge_label", "edge_removed", "edge_twice", "from", "latent_now",
    "name_first", "node_label", "observed_now", "removed", "select_first", "self", "twice",
)  # fmt: skip
PLACEHOLDERS = ("a", "b", "cycle")


@dataclass(frozen=True)
class Mark:
    """How one edge stands out: by a kind, which colour, dash and legend tell, and by a few words beside it.

    `missing` and `suggested` are for edges that the graph lacks; where it has them (or their reverse) they are passed
    over. An edge can be marked once.
    """

    kind: Kind
    label: str = ""


NONE: Mapping[Edge, Mark] = MappingProxyType({})


def edit(
    graph: Graph,
    columns: Collection[str],
    sensitive: Collection[str],
    shown: Mapping[str, str],
    key: str,
    on_edit: Callable[[Graph], None],
    on_undo: Callable[[], None],
    on_redo: Callable[[], None],
    on_refusal: Callable[[Phrase], None],
    marks: Mapping[Edge, Mark] = NONE,
) -> None:
    """Draw `graph` to be edited, its nodes called as `shown` says, edges standing out as `marks` says.

    A valid edit goes to `on_edit`, an invalid one to `on_refusal` and is taken back.
    """

    def edited() -> None:
        sent = st.session_state[key].get("edit")
        if sent is None:
            return
        state().revisions[key] = int(sent["revision"])
        try:
            on_edit(Graph.model_validate(sent["graph"]))
        except Refusal as refusal:
            on_refusal(refusal.phrase)
        except ValidationError:
            on_refusal(phrase("pages.editor.not_a_graph"))

    mount(
        "editor",
        key,
        _drawing(graph, columns, sensitive, key) | {"shown": dict(shown), "marks": _marked(graph, marks)},
        on_edit_change=edited,
        on_undo_change=on_undo,
        on_redo_change=on_redo,
    )


def _drawing(graph: Graph, columns: Collection[str], sensitive: Collection[str], key: str) -> dict[str, Any]:
    return {
        "graph": graph.model_dump(mode="json"),
        "places": {node: list(place) for node, place in layout(graph).items()},
        "columns": sorted(columns),
        "sensitive": sorted(sensitive),
        "revision": state().revisions.get(key, 0),
        "words": _words(),
    }


def _marked(graph: Graph, marks: Mapping[Edge, Mark]) -> list[dict[str, Any]]:
    """The marks that can be drawn: on edges of the graph, or between two of its nodes that no edge joins."""
    edges = set(graph.edges)
    return [
        {"ends": list(ends), "kind": mark.kind, "label": mark.label}
        for ends, mark in marks.items()
        if ends in edges
        or (mark.kind in ("missing", "suggested") and set(ends) <= set(graph.nodes) and ends[::-1] not in edges)
    ]


def _words() -> dict[str, Any]:
    """The component's texts; facts it fills itself stay as {a}, {b}, {cycle}."""
    open_facts = {name: f"{{{name}}}" for name in PLACEHOLDERS}
    return {name: raw(f"editor.{name}", **open_facts) for name in MESSAGES} | {
        "roles": {role: raw(f"editor.role.{role}") for role in ROLES},
        "marks": {kind: raw(f"editor.mark.{kind}") for kind in get_args(Kind)},
        "parts": {place: raw(f"editor.{name}") for place, name in PARTS.items()},
    }
