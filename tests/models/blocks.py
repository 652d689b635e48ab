"""A checkerboard whose answer is known beforehand: even users take even items, odd users odd ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp

from models.config import (
    AdditiveSettings,
    EaseSettings,
    FactorSettings,
    LanguageSettings,
    PairwiseSettings,
    PopularitySettings,
    RecommenderSettings,
    SequenceSettings,
    VaeSettings,
)
from models.data import Interactions
from models.fitted import Fitted
from models.train import fit
from tests.models.tiny import tiny_encoder

USERS, ITEMS = 60, 24
EVEN = ("red wool coat", "blue winter jacket", "green rain parka", "warm knitted sweater")
ODD = ("steel kitchen knife", "cast iron frying pan", "glass measuring cup", "wooden cutting board")


FAST: dict[str, RecommenderSettings] = {
    "popularity": PopularitySettings(),
    "additive": AdditiveSettings(strengths=(10.0, 100.0), negatives=12),
    "ease": EaseSettings(l2=10),
    "mf": FactorSettings(dimensions=8, epochs=60, batch=256, learning_rate=0.03, l2=0.05, patience=60),
    "vae": VaeSettings(dimensions=8, hidden=16, epochs=60, batch=20, learning_rate=0.01, anneal=10, patience=60),
    "sequence": SequenceSettings(
        dimensions=16, heads=2, epochs=20, batch=20, learning_rate=0.01, dropout=0.0, history=8
    ),
    "language": LanguageSettings(
        dimensions=16, heads=2, epochs=12, batch=20, learning_rate=0.01, dropout=0.0, history=8
    ),
    "pairwise": PairwiseSettings(
        encoder=tiny_encoder(EVEN, ODD),
        epochs=6,
        batch=60,
        learning_rate=0.03,
        pairs=300,
        candidates=ITEMS,
        history=3,
        tokens=48,
        patience=6,
    ),
}
"""Each kind with settings small enough for a test."""


def checkerboard(**other: Any) -> Interactions:
    """Each user took 6 of the 12 items of their colour, has 1 for validation and has not met 5; item 0 and 1 lead.

    Gender is the colour for three users in four, and one user in twelve has none known.
    """
    rng = np.random.default_rng(3)
    rows, valid = [], []
    for user in range(USERS):
        own = rng.permutation(np.arange(2 + user % 2, ITEMS, 2))
        rows += [(user, user % 2)] + [(user, item) for item in own[:5]]
        valid.append((user, own[5]))
    user, item = np.array(rows, np.int32).T
    v_user, v_item = np.array(valid, np.int32).T
    seen = sp.csr_matrix((np.ones(len(user), bool), (user, item)), shape=(USERS, ITEMS))
    gender = np.where((np.arange(USERS) % 2 == 0) ^ (rng.random(USERS) < 0.25), "women", "men").astype(object)
    gender[::12] = "unknown"
    colour = np.arange(ITEMS) % 2
    data = Interactions(
        user=user,
        item=item,
        label=np.ones(len(user), np.float32),
        user_ids=tuple(f"u{code:02}" for code in range(USERS)),
        item_ids=tuple(f"i{code:02}" for code in range(ITEMS)),
        seen=seen,
        valid_user=v_user,
        valid_item=v_item,
        valid_label=np.ones(len(v_user), np.float32),
        time=np.arange(len(user), dtype=np.int64),
        item_features=sp.csr_matrix(np.eye(2, dtype=np.float32)[colour]),
        item_feature_names=("shelf=clothes", "shelf=kitchen"),
        user_features=sp.csr_matrix(np.stack([gender == "men", gender == "women"], 1).astype(np.float32)),
        user_feature_names=("gender=men", "gender=women"),
        item_texts=tuple(f"{(EVEN, ODD)[code % 2][code // 2 % 4]} no {code}" for code in range(ITEMS)),
        profile={"gender": gender},
    )
    return replace(data, **other)


@cache
def fitted(kind: str) -> Fitted[Any]:
    """That kind of FAST on the checkerboard with seed 1, for all tests of this process: to be read, not changed."""
    return fit(checkerboard(), FAST[kind], seed=1)
