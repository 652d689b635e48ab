"""Items drawn as not wanted, for logs that hold only what was wanted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.data import Floats, Interactions, Ints

ROUNDS = 20
"""Redraws of items that turned out wanted; after them a user who took nearly everything keeps the draw."""


class Negatives:
    """Draws items uniformly among those that a user has not taken."""

    def __init__(self, data: Interactions) -> None:
        wanted = data.label > 0
        cells = (np.ones(int(wanted.sum()), bool), (data.user[wanted], data.item[wanted]))
        self.items = data.n_items
        self.taken: sp.csr_matrix = sp.csr_matrix(cells, shape=(data.n_users, data.n_items))
        self.taken.sort_indices()

    def draw(self, users: Ints, rng: np.random.Generator) -> Ints:
        """int32 [len(users)]: one item for each."""
        from models.scan import held

        drawn = rng.integers(0, self.items, len(users), dtype=np.int64)
        again: npt.NDArray[np.int64] = np.arange(len(users))
        for _ in range(ROUNDS):
            again = again[held(self.taken.indptr, self.taken.indices, users[again], drawn[again])]
            if len(again) == 0:
                break
            drawn[again] = rng.integers(0, self.items, len(again), dtype=np.int64)
        return drawn.astype(np.int32)


def with_negatives(
    data: Interactions, weight: Floats, negatives: int, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats, Floats]:
    """Rows to learn a probability from: user, item, label, weight.

    A log with unwanted rows is taken as it is; one without gets `negatives` drawn rows for each row, each of
    the row's weight / negatives, so that wanted and drawn weigh the same.
    """
    if (data.label <= 0).any():
        return data.user, data.item, data.label, weight
    users = np.repeat(data.user, negatives)
    items = Negatives(data).draw(users, rng)
    light = np.repeat(weight / negatives, negatives)
    return (
        np.concatenate([data.user, users]),
        np.concatenate([data.item, items]),
        np.concatenate([data.label, np.zeros(len(users), np.float32)]),
        np.concatenate([weight, light]).astype(np.float32),
    )
