"""What the data of an audit offer to its pages: columns, attributes, templates; read once for each state of them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.causal.comparable import compact
from analysis.causal.discovery.columns import candidates
from analysis.causal.discovery.knowledge import time_order
from analysis.causal.graph import Graph, templates, variables
from analysis.causal.reading import LARGE, Reading, reading
from analysis.causal.spoken import spoken
from pages.parts.house import section_of
from pages.parts.view import View
from words import Phrase, Refusal, phrase

USERS_LISTED = 500


@dataclass(frozen=True)
class Ground:
    """Names that inputs choose from.

    columns: every variable a graph may name; sensitive: the users' attributes; templates: name -> graph;
    users: the first ids, for "lists of one user"; item_groups: what groups items beside head and tail;
    shown: variable -> the name of its column in the file, where a role renamed it; rows: of the log;
    searched: variables that a search for links takes where none are chosen; order: all variables in the order of time
    that their roles suggest.
    """

    columns: tuple[str, ...]
    sensitive: tuple[str, ...]
    templates: dict[str, Graph]
    users: tuple[str, ...]
    item_groups: tuple[str, ...]
    shown: dict[str, str]
    rows: int
    searched: tuple[str, ...]
    order: tuple[tuple[str, ...], ...]


def ground(view: View) -> Ground:
    """The ground of the view's audit, by the digest of its data. Raises Refusal before the data step."""
    return _ground(_stamped(view))


def reading_now(view: View, known: Ground, graph: Graph) -> Reading:
    """What the graph as drawn says at once. Raises Refusal."""
    asked = (graph.model_dump_json(), json.dumps(known.shown, sort_keys=True), "\n".join(known.columns))
    return _reading(_stamped(view), known.rows <= LARGE, *asked)


def is_slow() -> bool:
    """Whether the first reading of this process still has to load its library (some seconds)."""
    return "dowhy.graph" not in sys.modules


def _stamped(view: View) -> str:
    section = section_of(view.folder, "data")
    stamp = "" if section is None else str(section.facts.get("digest", ""))
    return f"{view.folder.path}\n{stamp}"


@st.cache_data(scope="session", max_entries=64, show_spinner=False)
def _reading(stamped_folder: str, small: bool, graph: str, shown: str, columns: str) -> Reading:
    table = _table(stamped_folder) if small else None
    return reading(Graph.model_validate_json(graph), columns.split("\n"), json.loads(shown), table)


@st.cache_resource(max_entries=2, show_spinner=False)
def _table(stamped_folder: str) -> pd.DataFrame:
    """The variables of a log, shared by all sessions; only read."""
    from audit.workspace import AuditFolder

    dataset = AuditFolder(Path(stamped_folder.partition("\n")[0])).dataset()
    if dataset is None:
        raise Refusal("audit.needs_step", step=_data())
    return compact(variables(dataset))


@st.cache_data(scope="session", max_entries=4, show_spinner=False)
def _ground(stamped_folder: str) -> Ground:
    """One string as key: the folder and the digest of its data, so no other state of the data can answer."""
    from audit.workspace import AuditFolder

    dataset = AuditFolder(Path(stamped_folder.partition("\n")[0])).dataset()
    if dataset is None:
        raise Refusal("audit.needs_step", step=_data())
    table = variables(dataset)
    return Ground(
        columns=tuple(name for name in table.columns if name not in ("user", "item", "part")),
        sensitive=dataset.sensitive,
        templates=templates(dataset),
        users=tuple(dataset.users.index[:USERS_LISTED]),
        shown=spoken(dataset),
        rows=len(dataset.log),
        searched=candidates(dataset),
        order=time_order(dataset, map(str, table.columns)),
        item_groups=tuple(name for name in ("category", "provider") if name in dataset.items),
    )


def _data() -> Phrase:
    return phrase("audit.step.data")
