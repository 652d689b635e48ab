"""A world whose law is written out, and what the structure step says of its logs; `benchmarks.coverage` counts what the
intervals hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.causal.estimate import Estimate
from analysis.causal.graph import Graph
from analysis.causal.structure.actions import actions
from analysis.causal.structure.change import Change, Compared, change, shares
from analysis.causal.structure.model import structure
from analysis.causal.structure.projection import project
from analysis.causal.structure.variables import rows_of
from analysis.causal.structure.whatif import answers, base

GRAPH = Graph(
    nodes=("g", "z", "x", "m", "y"),
    edges=(("g", "z"), ("g", "x"), ("z", "x"), ("x", "m"), ("g", "y"), ("z", "y"), ("x", "y"), ("m", "y")),
    treatment="x",
    outcome="y",
)
Z_OF_G = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
X_OF_GZ = np.array([[0.2, 0.4, 0.6], [0.3, 0.5, 0.7]])
M_OF_X = np.array([[0.6, 0.4], [0.3, 0.7]])
HABIT = 0.05
"""A user has this much more or less of the outcome than users alike."""


def outcome_table() -> np.ndarray:
    """P(y = 1 | g, z, x, m)."""
    g, z, x, m = np.indices((2, 3, 2, 2))
    return np.asarray(0.15 + 0.05 * g + 0.08 * z + (0.10 - 0.04 * g) * x + 0.12 * m)


def simulated(users: int, rows: int, seed: int) -> pd.DataFrame:
    """A log of `users` with `rows` rows each; g is the user's own."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), rows)
    g = rng.integers(0, 2, users)[user]
    z = (rng.random(len(user))[:, None] >= np.cumsum(Z_OF_G[g], axis=1)[:, :2]).sum(axis=1)
    x = (rng.random(len(user)) < X_OF_GZ[g, z]).astype(int)
    m = (rng.random(len(user)) < M_OF_X[x, 1]).astype(int)
    habit = HABIT * (rng.integers(0, 2, users)[user] * 2 - 1)
    y = (rng.random(len(user)) < outcome_table()[g, z, x, m] + habit).astype(float)
    names = {"user": user.astype(str), "g": np.array(["a", "b"])[g], "z": z.astype(str), "x": x, "m": m.astype(str)}
    return pd.DataFrame(names | {"y": y})


def truths() -> dict[str, float]:
    """Every figure's population value, by summing over the law."""
    y = outcome_table()
    set_to = [np.einsum("gz,m,gzm->g", Z_OF_G, M_OF_X[x], y[:, :, x]) for x in (0, 1)]
    whole = set_to[1] - set_to[0]
    worth = np.empty(16)
    for mask in range(16):
        z, x, m, own = (int(mask >> bit & 1) for bit in range(4))
        chance = np.stack([1 - X_OF_GZ[x], X_OF_GZ[x]], axis=1)
        worth[mask] = np.einsum("z,zx,xm,zxm->", Z_OF_G[z], chance, M_OF_X, y[own])
    parts = dict(zip(("z", "x", "m", "y"), shares(worth), strict=True))
    return {
        "level, every row treated": float(set_to[1].mean()),
        "effect": float(whole.mean()),
        "effect in group a": float(whole[0]),
        "effect in group b": float(whole[1]),
        "change in total": float(worth[-1] - worth[0]),
        **{f"change through {name}": float(part) for name, part in parts.items()},
    }


def figures(users: int, replicates: int, seed: int) -> Iterator[tuple[str, float, Estimate | None]]:
    """(figure, truth, estimate) of one log, for `benchmarks.coverage`."""
    table = simulated(users, 8, seed)
    drawn = project(GRAPH, "y", table.columns)
    model = structure(rows_of(table, drawn.order, "y", seed), drawn, seed)
    on = base(model.rows, drawn.order[:-1], ("g",))
    todo = tuple(one for one in actions(model.rows, ("x",), 10) if one.amount in (0.0, 1.0))
    done = answers(model, on, todo, replicates, seed, lambda _: None)
    label = model.rows.table["g"].to_numpy()
    which = Compared("groups", "g", ("b", "a"), label == "b", label == "a")
    apart = change(model, which, replicates, seed, lambda _: None)
    assert isinstance(apart, Change)
    effect = done.whole["x"]
    found = {
        "level, every row treated": done.each[-1].level[0],
        "effect": effect[0],
        "effect in group a": effect[1],
        "effect in group b": effect[2],
        "change in total": apart.total,
        **{f"change through {name}": one for name, one in apart.parts.items()},
    }
    true = truths()
    yield from ((name, true[name], one) for name, one in found.items())
