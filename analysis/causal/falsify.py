"""Does a graph fit better than the same arrows between shuffled names? DoWhy's falsification, with our test."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.adjustment import Names, networkx_graph
from analysis.causal.dag import Graph
from analysis.causal.encoded import Columns
from analysis.causal.independence import LEVEL, independence
from analysis.causal.strata import Numbers

MOST_NODES = 12
"""Larger graphs are not shuffled: each shuffled graph brings new claims, and their tests would take minutes."""
SHUFFLES = 40
ROWS = 4000
"""Rows that the many tests of shuffled graphs rest on, of randomly chosen users."""

Why = str
"""Why nothing was shuffled, a key under ``graph.unshuffled``: large, small, same, untested."""


@dataclass(frozen=True)
class Shuffled:
    """How the graph fares beside graphs of the same arrows with shuffled names.

    broken of claims: local claims of the graph (a node is unrelated to what it does not cause, given its causes) that
    fail at p < 0.05. share_as_good: share of shuffled graphs that break no larger share of theirs, 0..1. share_same:
    share that claim the very same, 0..1; above 0.05 shuffling says little.
    """

    broken: int
    claims: int
    share_as_good: float
    share_same: float
    graphs: int


def shuffled(graph: Graph, columns: Columns, seed: int) -> Shuffled | Why:
    """DoWhy 0.14's `falsify_graph` (Eulig et al. 2023) with the test of `independence`; or why it does not apply.

    Unrecorded nodes keep their place among the arrows and are shuffled along; what would need their values is not
    tested, in the graph as in its shuffled twins.
    """
    recorded = tuple(name for name in graph.nodes if name in columns.names and name not in graph.latent)
    if len(graph.nodes) > MOST_NODES:
        return "large"
    if len(recorded) < 3:
        return "small"
    if not graph.edges or len(graph.edges) == len(graph.nodes) * (len(graph.nodes) - 1) // 2:
        return "same"
    return _falsified(graph, recorded, columns, seed)


def _falsified(graph: Graph, names: Names, columns: Columns, seed: int) -> Shuffled | Why:
    from dowhy.gcm.falsify import FalsifyConst, falsify_graph
    from dowhy.gcm.util.general import set_random_seed

    test = _by_number(columns, names)
    # DoWhy hands a test the values of its columns; each column here holds its own number, by which the test knows it.
    numbered = pd.DataFrame({name: np.full(2, number, float) for number, name in enumerate(names)})
    set_random_seed(seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "WARN: Couldn't find data")
        result = falsify_graph(
            networkx_graph(graph),
            numbered,
            independence_test=test,
            conditional_independence_test=test,
            significance_ci=LEVEL,
            n_permutations=SHUFFLES,
            n_jobs=1,
            show_progress_bar=False,
        )
    if not result.can_evaluate:
        return "untested"
    local, same = result.summary[FalsifyConst.VALIDATE_LMC], result.summary[FalsifyConst.VALIDATE_TPA]
    return Shuffled(
        broken=int(local[FalsifyConst.GIVEN_VIOLATIONS]),
        claims=int(local[FalsifyConst.N_TESTS]),
        share_as_good=float(local[FalsifyConst.P_VALUE]),
        share_same=float(same[FalsifyConst.P_VALUE]),
        graphs=len(same[FalsifyConst.PERM_VIOLATIONS]),
    )


def _by_number(columns: Columns, names: Names) -> Callable[..., float]:
    """p of a test whose arrays hold the numbers of the columns; 1 where nothing could be tested."""

    def test(a: Numbers, b: Numbers, given: Numbers | None = None) -> float:
        held = () if given is None else tuple(names[int(number)] for number in given.reshape(-1, given.shape[-1])[0])
        found = independence(columns, names[int(a.flat[0])], names[int(b.flat[0])], held)
        return 1.0 if isinstance(found, str) else found.p

    return test
