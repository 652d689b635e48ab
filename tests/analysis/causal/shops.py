"""Datasets made straight from the simulated shop, without reading files."""

from __future__ import annotations

import pandas as pd

from analysis.log import UNKNOWN, Dataset
from analysis.simulate import AGE_LIMITS, AGES, Simulated


def dataset_of(shop: Simulated) -> Dataset:
    """The shop's frames under the names that their roles give them, ages in the shop's own bands."""
    names = {"user_id": "user", "item_id": "item", "promoted": "treatment", "purchased": "outcome", "slot": "position"}
    log = shop.log.rename(columns=names).assign(part="train")
    log["outcome"] = log["outcome"].astype(float)
    edges = [low for low, _ in AGE_LIMITS] + [AGE_LIMITS[-1][1]]
    users = shop.users.rename(columns=names).set_index("user").sort_index()
    users = users.assign(
        gender=users["gender"].fillna(UNKNOWN).astype(str),
        age=pd.cut(users["age"], edges, right=False, labels=AGES).astype(str),
    )
    users = users.loc[users.index.isin(log["user"])]
    items = shop.items.rename(columns=names).set_index("item").sort_index()
    return Dataset(log=log, users=users, items=items, roles=shop.roles, digest=f"shop-{len(log)}")
