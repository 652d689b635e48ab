"""Small logs with answers known in advance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.causal.graph import Graph
from analysis.causal.study import Study, contrasts, study
from analysis.log import Dataset, Roles

DATA = Path(__file__).parents[3] / ".." / "shared" / "data"


def real(name: str) -> Path:
    """A file of the real data, or a skip with the reason where the folder is absent."""
    if not DATA.is_dir():
        pytest.skip("the real data are not beside this checkout")
    return DATA / name


def dataset(table: pd.DataFrame, sensitive: tuple[str, ...] = ()) -> Dataset:
    """A log of one table; `user` is one user a row where the table has none."""
    log = table.reset_index(drop=True)
    if "user" not in log:
        log = log.assign(user=[f"u{row:06d}" for row in range(len(log))])
    log = log.assign(item="i1", part="train")
    names = sorted(log["user"].unique())
    users = log.groupby("user")[list(sensitive)].first().loc[names] if sensitive else pd.DataFrame(index=names)
    items = pd.DataFrame(index=pd.Index(["i1"], name="item"))
    return Dataset(log, users.rename_axis("user"), items, Roles(user="user", item="item", sensitive=sensitive), "log")


def cut(table: pd.DataFrame, adjustment: tuple[str, ...], bins: int = 5) -> Study:
    """The study of columns x -> y, rows their own users where there is no column `user`."""
    if "user" not in table:
        table = table.assign(user=np.arange(len(table)).astype(str))
    return study(table, "x", "y", contrasts(table["x"], None, None)[0], adjustment, bins)


def confounded(rows: int, seed: int, effect: float = 0.1, users: int | None = None) -> pd.DataFrame:
    """z raises x and y; x adds `effect` to the chance of y."""
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 3, rows)
    x = (rng.random(rows) < np.array([0.2, 0.5, 0.8])[z]).astype(int)
    y = (rng.random(rows) < 0.1 + 0.2 * z + effect * x).astype(float)
    user = np.arange(rows) if users is None else rng.integers(0, users, rows)
    return pd.DataFrame({"user": user.astype(str), "z": z.astype(str), "x": x, "y": y})


def triangle(*confounders: str) -> Graph:
    """x -> y with every confounder behind both."""
    edges = tuple((name, end) for name in confounders for end in ("x", "y"))
    return Graph(nodes=("x", "y", *confounders), edges=(*edges, ("x", "y")), treatment="x", outcome="y")
