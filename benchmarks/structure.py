"""Do the structure step's intervals hold the truth? Simulated logs of a world whose law is written out.

python -m benchmarks.structure [--logs 300] [--users 250] [--replicates 100]

Prints, for each figure, how often its 95% interval held the truth, with the interval of that share.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd

from analysis.causal.graph import Graph
from analysis.causal.structure.actions import actions
from analysis.causal.structure.change import Change, Compared, change, shares
from analysis.causal.structure.model import structure
from analysis.causal.structure.projection import project
from analysis.causal.structure.variables import rows_of
from analysis.causal.structure.whatif import answers, base
from analysis.causal.trust.trial import share

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


def covered(users: int, replicates: int, seed: int) -> dict[str, bool]:
    """One log: whether each figure's interval holds the truth."""
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
    return {name: one is not None and one.low <= true[name] <= one.high for name, one in found.items()}


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.structure")
    parser.add_argument("--logs", type=int, default=300)
    parser.add_argument("--users", type=int, default=250)
    parser.add_argument("--replicates", type=int, default=100)
    asked = parser.parse_args(arguments)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        held = [covered(asked.users, asked.replicates, seed) for seed in range(asked.logs)]
    print(f"{asked.logs} logs of {asked.users} users, {asked.replicates} replicates")
    for name, true in truths().items():
        one = share(sum(log[name] for log in held), len(held))
        print(f"{name:28} truth {true:+.4f}  held {one.value:6.1%}  ({one.low:.1%} to {one.high:.1%})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
