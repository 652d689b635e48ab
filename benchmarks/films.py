"""MovieLens-100K with its texts, as the benchmarks of the language kinds learn from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.ingest import Limits
from analysis.parse.layouts import movielens
from models.data import Interactions

Array = npt.NDArray[np.float64]
Picked = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Films:
    """One row a rating: int32 codes and int64 seconds; a text an item; a gender a user."""

    user: npt.NDArray[np.int32]
    item: npt.NDArray[np.int32]
    time: npt.NDArray[np.int64]
    texts: tuple[str, ...]
    gender: npt.NDArray[np.str_]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.gender), len(self.texts)

    def cells(self, rows: Picked) -> sp.csr_matrix:
        """csr bool [users, items] of the chosen rows."""
        return sp.csr_matrix((np.ones(rows.sum(), bool), (self.user[rows], self.item[rows])), shape=self.shape)

    def fewer(self, users: int) -> Films:
        """The first `users` users."""
        kept = self.user < users
        smaller = {name: getattr(self, name)[kept] for name in ("user", "item", "time")}
        return replace(self, **smaller, gender=self.gender[:users])

    def interactions(self, train: Picked, valid: Picked, timed: bool) -> Interactions:
        """The rows to learn from and to stop by; every rating is an interaction. Untimed histories are sets: right
        where held-out rows are drawn at random, and so do not come after what is known."""
        return Interactions(
            user=self.user[train],
            item=self.item[train],
            label=np.ones(train.sum(), np.float32),
            user_ids=tuple(f"{code:04}" for code in range(self.shape[0])),
            item_ids=tuple(f"{code:04}" for code in range(self.shape[1])),
            seen=self.cells(train),
            valid_user=self.user[valid],
            valid_item=self.item[valid],
            valid_label=np.ones(valid.sum(), np.float32),
            time=self.time[train] if timed else None,
            item_texts=self.texts,
        )


def read_films(folder: Path) -> Films:
    tables = movielens(folder, Limits())
    log, users, items = tables["log"], tables["users"], tables["items"]
    columns = (np.asarray(log[name]) for name in ("user_id", "item_id", "timestamp"))
    user, item, time = columns
    return Films(
        (user - 1).astype(np.int32),
        (item - 1).astype(np.int32),
        time.astype(np.int64),
        tuple(str(text) for text in items["text"]),
        np.asarray(users["gender"], str),
    )


def interval(per_user: Array, replicates: int = 2000, seed: int = 0) -> tuple[float, float, float]:
    """Mean over users and its 95% interval by resampling users."""
    rng = np.random.default_rng(seed)
    means = per_user[rng.integers(0, len(per_user), (replicates, len(per_user)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(per_user.mean()), float(low), float(high)


def said(found: tuple[float, float, float], sign: str = "") -> str:
    return "{:{s}.4f} ({:{s}.4f} to {:{s}.4f})".format(*found, s=sign)
