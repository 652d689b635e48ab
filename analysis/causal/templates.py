"""Graphs to start from, drawn with the columns that this log really has."""

from __future__ import annotations

import pandas as pd

from analysis.causal.dag import Edge, Graph
from analysis.causal.variables import ACTIVITY, NOT_CAUSES, POPULARITY, SELF_SELECTED, variables
from analysis.interests import INTEREST
from analysis.log import Dataset
from analysis.simulate import EDGES, ROLES

MAX_LEVELS = 20
"""Columns with more values (titles, postcodes) are no causes one could adjust for in a template."""
MAX_ATTRIBUTES = 4


def templates(dataset: Dataset) -> dict[str, Graph]:
    """Template's name -> graph, the most fitting first; texts under ``graph.template.NAME``.

    shop                 the simulated shop's own true graph, where its columns are there
    self_selection       does choosing go with the outcome? (logs with a randomised part and an outcome)
    confounded_exposure  exposure -> outcome, popularity and the users' attributes behind both
    browse_buy           browse -> buy with intent behind both (a column where topics were asked for, else latent)
    attribute_path       attribute -> activity -> exposure -> outcome

    A node that is no column of the log is latent: the drawing names what would have to be recorded.
    """
    table = variables(dataset)
    found = {
        "shop": _shop(table),
        "self_selection": _self_selection(dataset, table),
        "confounded_exposure": _confounded_exposure(dataset, table),
        "browse_buy": _browse_buy(dataset, table),
        "attribute_path": _attribute_path(dataset, table),
    }
    return {name: graph for name, graph in found.items() if graph is not None}


def _shop(table: pd.DataFrame) -> Graph | None:
    """The simulator's edges with its columns under the names that their roles give them."""
    role_of = {ROLES.treatment: "treatment", ROLES.outcome: "outcome", ROLES.position: "position"}
    edges = tuple((role_of.get(cause, cause), role_of.get(effect, effect)) for cause, effect in EDGES)
    absent = {name for edge in edges for name in edge} - set(table.columns)
    return _drawn(edges, table, "treatment", "outcome") if absent == {"taste"} else None


def _self_selection(dataset: Dataset, table: pd.DataFrame) -> Graph | None:
    if SELF_SELECTED not in table or "outcome" not in table:
        return None
    seen = [*dataset.sensitive[:1], *_item_attributes(dataset, table)]
    edges = [(name, to) for name in (*seen, "taste") for to in (SELF_SELECTED, "outcome")]
    return _drawn((*edges, (SELF_SELECTED, "outcome")), table, SELF_SELECTED, "outcome")


def _confounded_exposure(dataset: Dataset, table: pd.DataFrame) -> Graph:
    exposure, outcome = _ends(table, "exposure", "outcome")
    behind = [*dataset.sensitive[:MAX_ATTRIBUTES], *([POPULARITY] if POPULARITY in table else [])]
    edges = [(name, to) for name in behind for to in (exposure, outcome)]
    return _drawn((*edges, (exposure, outcome)), table, exposure, outcome)


def _browse_buy(dataset: Dataset, table: pd.DataFrame) -> Graph:
    browse, buy = _ends(table, "browse", "buy")
    intent = INTEREST if INTEREST in table else "intent"
    attributes = [(name, to) for name in dataset.sensitive[:MAX_ATTRIBUTES] for to in (intent, buy)]
    return _drawn((*attributes, (intent, browse), (intent, buy), (browse, buy)), table, browse, buy)


def _attribute_path(dataset: Dataset, table: pd.DataFrame) -> Graph | None:
    if ACTIVITY not in table:
        return None
    exposure, outcome = _ends(table, "exposure", "outcome")
    attributes = dataset.sensitive[:1] or ("attribute",)
    edges = [(name, to) for name in attributes for to in (ACTIVITY, outcome)]
    return _drawn((*edges, (ACTIVITY, exposure), (ACTIVITY, outcome), (exposure, outcome)), table, exposure, outcome)


def _ends(table: pd.DataFrame, exposure: str, outcome: str) -> tuple[str, str]:
    """The log's treatment and outcome columns, or the template's own words where it has none."""
    return (
        "treatment" if "treatment" in table else exposure,
        "outcome" if "outcome" in table else outcome,
    )


def _item_attributes(dataset: Dataset, table: pd.DataFrame) -> list[str]:
    columns = [
        name
        for name in dataset.items.columns
        if name in table and name not in NOT_CAUSES and 2 <= table[name].nunique() <= MAX_LEVELS
    ]
    return sorted(columns, key=lambda name: (table[name].nunique(), name))[:MAX_ATTRIBUTES]


def _drawn(edges: tuple[Edge, ...], table: pd.DataFrame, treatment: str, outcome: str) -> Graph:
    nodes = tuple(dict.fromkeys(name for edge in edges for name in edge))
    latent = tuple(name for name in nodes if name not in table.columns)
    return Graph(nodes=nodes, edges=edges, latent=latent, treatment=treatment, outcome=outcome)
