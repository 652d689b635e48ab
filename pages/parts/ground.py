"""What the data of an audit offer to its pages: columns, attributes, templates; read once for each state of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import streamlit as st

from analysis.causal.graph import Graph, templates, variables
from analysis.causal.spoken import retold, spoken
from pages.parts.house import section_of
from pages.parts.view import View
from words import Phrase, phrase

USERS_LISTED = 500


@dataclass(frozen=True)
class Ground:
    """Names that inputs choose from.

    columns: every variable a graph may name; sensitive: the users' attributes; templates: name -> graph;
    users: the first ids, for "lists of one user"; item_groups: what groups items beside head and tail;
    shown: variable -> the name of its column in the file, where a role renamed it.
    """

    columns: tuple[str, ...]
    sensitive: tuple[str, ...]
    templates: dict[str, Graph]
    users: tuple[str, ...]
    item_groups: tuple[str, ...]
    shown: dict[str, str]


def ground(view: View) -> Ground:
    """The ground of the view's audit, by the digest of its data. Raises Refusal before the data step."""
    section = section_of(view.folder, "data")
    stamp = "" if section is None else str(section.facts.get("digest", ""))
    return _ground(f"{view.folder.path}\n{stamp}")


def adjustment_now(known: Ground, graph: Graph) -> tuple[Phrase, ...]:
    """What may be adjusted for under the graph as drawn: the graph step's own sentences. Raises Refusal."""
    return _adjustment("\n".join(known.columns), graph.model_dump_json(), json.dumps(known.shown, sort_keys=True))


@st.cache_data(scope="session", max_entries=64, show_spinner=False)
def _adjustment(columns: str, graph: str, shown: str) -> tuple[Phrase, ...]:
    from analysis.causal.graph_section import answer
    from analysis.causal.identify import identify, options

    found = retold(identify(Graph.model_validate_json(graph), columns.split("\n")), json.loads(shown))
    return (*answer(found), *options(found))


@st.cache_data(scope="session", max_entries=4, show_spinner=False)
def _ground(stamped_folder: str) -> Ground:
    """One string as key: the folder and the digest of its data, so no other state of the data can answer."""
    from pathlib import Path

    from audit.workspace import AuditFolder
    from words import Refusal

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
        item_groups=tuple(name for name in ("category", "provider") if name in dataset.items),
    )


def _data() -> Phrase:
    return phrase("audit.step.data")
