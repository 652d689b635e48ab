"""Worlds with a known effect, in which users have several rows that are alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

SLOPE = 0.5
"""What a unit of the treatment adds in `sloped` and `moved`."""


def chosen(seed: int, users: int = 250, vary: float = 0.5) -> pd.DataFrame:
    """w and g drive the choice x and y; the effect is 1 + vary * w, so 1 on average; a user's rows are alike."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), rng.integers(1, 6, users))
    n = len(user)
    w = 0.7 * rng.normal(size=users)[user] + 0.7 * rng.normal(size=n)
    g = rng.integers(0, 3, users)[user]
    x = (rng.random(n) < 1 / (1 + np.exp(-(0.6 * w + 0.3 * (g - 1))))).astype(int)
    y = (1 + vary * w) * x + w + 0.5 * g + 0.5 * rng.normal(size=users)[user] + rng.normal(size=n)
    return pd.DataFrame({"user": user.astype(str), "x": x, "y": y, "w": w, "g": g.astype(str)})


def sloped(seed: int, users: int = 300) -> pd.DataFrame:
    """g drives x and y; the users' own bent makes their rows alike; 0.5 more of y a unit of x."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), rng.integers(1, 6, users))
    g, own = rng.integers(0, 3, users)[user], rng.normal(size=(2, users))[:, user]
    w = 0.6 * own[0] + rng.normal(size=len(user))
    x = 5 + g + 0.5 * w + rng.normal(size=len(user)) + 0.5 * own[0]
    y = SLOPE * x + 1.5 * g + w + rng.normal(size=len(user)) + 0.5 * own[1]
    side = np.where(user % 2, "a", "b")
    return pd.DataFrame({"user": user.astype(str), "x": x, "y": y, "g": g.astype(str), "w": w, "side": side})


def moved(seed: int, strength: float, users: int = 250, kinds: int = 2) -> pd.DataFrame:
    """z moves the dose d; the users' hidden h drives d and y; 0.5 more of y a unit of d."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), 3)
    z, h = rng.integers(0, kinds, users)[user], rng.normal(size=users)[user]
    d = strength * z + h + rng.normal(size=len(user))
    y = SLOPE * d + h + rng.normal(size=len(user))
    return pd.DataFrame({"user": user.astype(str), "z": z.astype(str), "x": d, "y": y})


def through(seed: int, users: int = 300) -> pd.DataFrame:
    """All of x's effect on y, 1.0, goes through m; h confounds x and y."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), 4)
    h = rng.normal(size=users)[user]
    x = (h + rng.normal(size=len(user)) > 0).astype(int)
    m = (rng.random(len(user)) < 0.2 + 0.5 * x).astype(int)
    y = 2.0 * m + h + rng.normal(size=len(user))
    return pd.DataFrame({"user": user.astype(str), "x": x, "m": m.astype(str), "y": y})
