"""Popularity: the same list for everyone, less what each has seen."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np

from models.base import Tell, silent
from models.config import PopularitySettings
from models.data import Floats, Interactions, Ints
from models.debias import own_weights
from models.fitted import Fitted, expect, ids_digest
from models.store import Arrays


class Popularity(Fitted[PopularitySettings]):
    """Score of an item: its weighted share of all positive training interactions, in [0, 1]."""

    kind = "popularity"

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        wanted = data.label > 0
        weight = own_weights(data)[wanted]
        counts = np.bincount(data.item[wanted], weights=weight, minlength=data.n_items)
        self.share = (counts / counts.sum()).astype(np.float32)  # [items]
        self.users = data.n_users
        self.ids = ids_digest(data)
        tell(1.0, "models.fitted")
        return self

    def score(self, users: Ints) -> Floats:
        return np.repeat(self.share[None], len(users), axis=0)

    def state(self) -> Arrays:
        return {"share": self.share, "users": np.array([self.users])}

    def _restore(self, arrays: Arrays) -> None:
        self.share = expect(arrays["share"], (arrays["share"].size,))
        self.users = int(expect(arrays["users"], (1,), np.int64)[0])
