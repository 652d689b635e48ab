"""Small worlds with a written law, and their fitted structures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.graph import Graph
from analysis.causal.structure.model import Structure, structure
from analysis.causal.structure.projection import project
from analysis.causal.structure.variables import rows_of

LINE = Graph(
    nodes=("z", "x", "m", "y"),
    edges=(("z", "x"), ("z", "y"), ("x", "m"), ("x", "y"), ("m", "y")),
    treatment="x",
    outcome="y",
)


def linear(rows: int, seed: int) -> pd.DataFrame:
    """x = .8 z + e, m = .5 x + e, y = 1 + x + 2 m - z + e: setting x one higher raises y by 1 + 2 * .5 = 2."""
    rng = np.random.default_rng(seed)
    z, ex, em, ey = rng.normal(size=(4, rows))
    x = 0.8 * z + ex
    m = 0.5 * x + 0.3 * em
    return pd.DataFrame({"user": np.arange(rows).astype(str), "z": z, "x": x, "m": m, "y": 1 + x + 2 * m - z + ey})


def treated_line(rows: int, seed: int) -> pd.DataFrame:
    """A 0/1 treatment by z, then numbers: m = x + e, y = 1 + .5 x + 2 m + z + e."""
    rng = np.random.default_rng(seed)
    z, em, ey = rng.normal(size=(3, rows))
    x = (rng.random(rows) < 1 / (1 + np.exp(-z))).astype(int)
    m = x + 0.5 * em
    return pd.DataFrame(
        {"user": np.arange(rows).astype(str), "z": z, "x": x, "m": m, "y": 1 + 0.5 * x + 2 * m + z + ey}
    )


def fitted(table: pd.DataFrame, graph: Graph, seed: int = 1) -> Structure:
    """The structure of `graph` on a table with a column `user`."""
    assert graph.outcome is not None
    drawn = project(graph, graph.outcome, table.columns)
    return structure(rows_of(table, drawn.order, graph.outcome, seed), drawn, seed)
