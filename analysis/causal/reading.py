"""What a drawing says at once, at every edit: the answer, the ways to it, its sets, and the edges that bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.causal.comparable import comparable
from analysis.causal.dag import Edge, Graph
from analysis.causal.estimand import Expression, expressions
from analysis.causal.graph_section import answer, sets_table, ways
from analysis.causal.identification import identify, options
from analysis.causal.implications import still_claimed
from analysis.causal.spoken import retold
from analysis.document import Table
from words import Phrase

LARGE = 2_000_000
"""Rows of a log above which overlap is not computed at every edit, but in the graph step alone."""


@dataclass(frozen=True)
class Reading:
    """What one drawing says about one log.

    answer: the sentence that answers, what biases, what one can do; ways: instruments, front doors, what lies in
    between. sets: every minimal adjustment set with the share of rows that could be compared. open: edges on
    paths that stay open after adjusting; biasing: those on paths that adjusting closes (names of roles, as drawn).
    """

    answer: tuple[Phrase, ...]
    ways: tuple[Phrase, ...]
    sets: Table
    expressions: tuple[Expression, ...]
    biasing: tuple[Edge, ...]
    open: tuple[Edge, ...]


def reading(graph: Graph, columns: Sequence[str], words: Mapping[str, str], table: pd.DataFrame | None) -> Reading:
    """Read `graph` for data with these `columns`, called as `words` says; overlap on `table`, where it is given.

    Raises Refusal for a graph without treatment or outcome.
    """
    found = identify(graph, columns)
    told = retold(found, words)
    shares = {
        tuple(words.get(name, name) for name in one.names): comparable(table, found.treatment, one.names)
        for one in found.sets
        if table is not None and not one.missing
    }
    return Reading(
        answer=(*answer(told), *options(told)),
        ways=ways(told),
        sets=sets_table(told, shares),
        expressions=expressions(told),
        biasing=tuple(edge for edge in found.biasing_edges if edge not in found.open_edges),
        open=found.open_edges,
    )


def contradicted(graph: Graph, kept: Mapping[str, Any]) -> dict[Edge, float]:
    """Pairs that the data contradicted when they were last tested and that `graph` still claims: their strength.

    kept: the facts of the graph step's section; {} where nothing was tested.
    """
    failing: list[dict[str, Any]] = kept.get("fit", {}).get("failing", [])
    return {
        (one["a"], one["b"]): float(one["strength"])
        for one in failing
        if still_claimed(graph, one["a"], one["b"], one["given"])
    }
