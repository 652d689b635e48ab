"""Logs whose gap, and whose mediated effect, have known parts; `benchmarks.coverage` counts what the intervals hold.

Two worlds whose every part is a finite sum (or an exact quadrature): `discrete` (three-valued confounder and mediator,
a two-valued second mediator, interactions; several rows a user) and `smooth` (a normal confounder, a skewed and a
normal mediator, interactions and squares).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.causal.estimate import Estimate
from analysis.causal.gap.decompose import Parts, decompose
from analysis.causal.gap.mediate import mediate
from analysis.causal.gap.sample import Sample, sample

P_Z = np.array([0.4, 0.35, 0.25])
P_X = np.array([0.3, 0.45, 0.6])  # P(x1 | z)
P_W = np.array(  # P(w | x, z)
    [
        [[0.5, 0.3, 0.2], [0.4, 0.35, 0.25], [0.3, 0.35, 0.35]],
        [[0.3, 0.3, 0.4], [0.25, 0.3, 0.45], [0.2, 0.25, 0.55]],
    ]
)
P_V = np.array([[[0.25], [0.35], [0.45]], [[0.45], [0.55], [0.7]]])[..., 0]  # P(v = 1 | x, w)
SHIFT = 0.8  # the smooth world's confounder: N(SHIFT x, 1)
NODES = 16
Truth = dict[str, float]


def y_discrete() -> np.ndarray:
    """E[y | x, z, w, v], [2, 3, 3, 2]."""
    x, z, w, v = np.meshgrid([0, 1], [0, 1, 2], [0, 1, 2], [0, 1], indexing="ij")
    return 0.12 + 0.05 * x + 0.06 * z + 0.05 * w + 0.08 * v + 0.05 * x * v + 0.02 * x * w + 0.01 * z * w


def discrete(users: int, seed: int, per_user: int = 1) -> Sample:
    """Rows of users with a habit of their own in buying; with `per_user` 1 the user is the row."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), rng.integers(1, 2 * per_user, users) if per_user > 1 else 1)
    habit = rng.choice([-0.08, 0.08], users)[user]
    z = rng.choice(3, users, p=P_Z)[user]
    x = (rng.random(len(user)) < P_X[z]).astype(int)
    w = (rng.random(len(user))[:, None] > np.cumsum(P_W[x, z], axis=1)).sum(axis=1)
    v = (rng.random(len(user)) < P_V[x, w]).astype(int)
    y = (rng.random(len(user)) < y_discrete()[x, z, w, v] + habit).astype(float)
    table = pd.DataFrame({"user": user.astype(str), "z": z, "w": w, "v": v})
    return sample(table, x.astype(np.int8), y, ("z",), ("w", "v"), 5)


def discrete_truth() -> tuple[Truth, Truth]:
    """(parts of the gap, parts of the effect), rows of a user being alike in size over z."""
    v = np.stack([1 - P_V, P_V], axis=-1)  # x w v
    of_z = np.stack([P_Z * (1 - P_X), P_Z * P_X])  # x z
    of_z /= of_z.sum(axis=1, keepdims=True)

    def mean(y_arm: int, w_arm: int, v_arm: int, z: np.ndarray) -> float:
        return float(np.einsum("z,zw,wv,zwv->", z, P_W[w_arm], v[v_arm], y_discrete()[y_arm]))

    return _parts(mean, of_z, P_Z)


def _parts(mean, of_z, everyone) -> tuple[Truth, Truth]:
    """Both ladders from mean(arm of y, arm of the first, arm of the second mediator, weights of z)."""
    women = of_z[0]
    total = mean(1, 1, 1, of_z[1]) - mean(0, 0, 0, women)
    steps = [mean(*arms, women) for arms in ((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1))]
    gap = {
        "gap.total": total,
        "gap.direct": steps[1] - steps[0],
        "gap.indirect": steps[3] - steps[1],
        "gap.spurious": mean(1, 1, 1, of_z[1]) - steps[3],
        "gap.through w": steps[3] - steps[2],
        "gap.through v": steps[2] - steps[1],
    }
    all_of = [mean(*arms, everyone) for arms in ((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1))]
    effect = {
        "effect.total": all_of[3] - all_of[0],
        "effect.direct": all_of[1] - all_of[0],
        "effect.indirect": all_of[3] - all_of[1],
        "effect.through w": all_of[3] - all_of[2],
        "effect.through v": all_of[2] - all_of[1],
    }
    return gap, effect


def _y_smooth(x, z, w, v):
    return 0.3 * x + 0.4 * z + 0.5 * w + 0.4 * v + 0.25 * x * v + 0.1 * w**2 - 0.1 * z * w + 0.2 * np.tanh(v)


def smooth(users: int, seed: int) -> Sample:
    """One row a user; the first mediator is recorded as its exponential, as counts of activity are."""
    rng = np.random.default_rng(seed)
    x = (rng.random(users) < 0.35).astype(int)
    z = SHIFT * x + rng.normal(size=users)
    w = 0.5 * x + 0.3 * z + rng.normal(size=users)
    v = -0.4 * x + 0.2 * z + 0.3 * w + rng.normal(size=users)
    y = _y_smooth(x, z, w, v) + rng.normal(size=users) * (0.7 + 0.3 * x)
    table = pd.DataFrame({"user": np.arange(users).astype(str), "z": z, "w": np.exp(0.7 * w), "v": v})
    return sample(table, x.astype(np.int8), y, ("z",), ("w", "v"), 5)


def smooth_truth() -> tuple[Truth, Truth]:
    """By Gauss-Hermite quadrature over the three normals."""
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    weight = weight / weight.sum()
    a, b, c = np.meshgrid(node, node, node, indexing="ij")
    joint = weight[:, None, None] * weight[None, :, None] * weight[None, None, :]

    def mean(y_arm: int, w_arm: int, v_arm: int, shares: np.ndarray) -> float:
        whole = 0.0
        for group, share in enumerate(shares):
            z = SHIFT * group + a
            w = 0.5 * w_arm + 0.3 * z + b
            v = -0.4 * v_arm + 0.2 * z + 0.3 * w + c
            whole += share * float((joint * _y_smooth(y_arm, z, w, v)).sum())
        return whole

    return _parts(mean, np.eye(2), np.array([0.65, 0.35]))


WORLDS = {
    "discrete": (discrete, discrete_truth),
    "discrete, 6 rows a user": (lambda users, seed: discrete(users, seed, 6), discrete_truth),
    "smooth": (smooth, smooth_truth),
}


def figures(world: str, users: int, seed: int, replicates: int = 500) -> Iterator[tuple[str, float, Estimate]]:
    """(key, truth, estimate) of every part of one log of one world, for `benchmarks.coverage.Coverage.add`."""
    draw, truth = WORLDS[world]
    gap, effect = truth()
    rows = draw(users, seed)
    for known, found in ((gap, decompose(rows, replicates, seed)), (effect, mediate(rows, replicates, seed))):
        prefix = next(iter(known)).split(".")[0]
        for name, one in named(found, rows).items():
            if one is not None and f"{prefix}.{name}" in known:
                yield f"{world}: {prefix}.{name}", known[f"{prefix}.{name}"], one


def named(found: Parts, rows: Sample) -> dict[str, Estimate | None]:
    """Parts by name."""
    parts = {name: getattr(found, name) for name in ("total", "direct", "indirect", "spurious")}
    through = {f"through {one.name}": part for one, part in zip(rows.between, found.through, strict=True)}
    return parts | through
