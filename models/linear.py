"""EASE: an item is recommended by the items beside which it is usually taken."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import scipy.sparse as sp

from models.base import Tell, silent
from models.config import EaseSettings
from models.data import Floats, Interactions, Ints
from models.debias import own_weights
from models.fitted import Fitted, Product, expect, ids_digest, packed, unpacked
from models.store import Arrays
from words import Refusal

MOST_ITEMS = 20_000
"""Larger catalogues are refused: the item-to-item matrix of 20,000 items takes 3.2 GB while it is solved."""


class Ease(Fitted[EaseSettings]):
    """B = argmin ||X - XB||^2 + l2 ||B||^2 with diag(B) = 0 (Steck, WWW 2019), X the positives of users.

    With row weights, a user's row of X counts by the mean weight of that user's positives.
    """

    kind = "ease"

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        from scipy.linalg import cho_factor, cho_solve

        if data.n_items > MOST_ITEMS:
            raise Refusal("models.too_many_items", n=data.n_items, most=MOST_ITEMS)
        self.history = positives(data)
        counts = user_weights(data)
        tell(0.1, "models.counting")
        gram = (self.history.T @ sp.diags(counts) @ self.history).toarray()  # [items, items]
        gram[np.diag_indices_from(gram)] += self.settings.l2
        tell(0.3, "models.solving")
        inverse = cho_solve(cho_factor(gram, overwrite_a=True), np.eye(data.n_items))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        self.weights = weights.astype(np.float32)  # [items, items]; column: the item recommended
        self.ids = ids_digest(data)
        tell(1.0, "models.fitted")
        return self

    def score(self, users: Ints) -> Floats:
        return np.asarray(self.history[users] @ self.weights, np.float32)

    def product(self) -> Product:
        level = np.zeros(self.weights.shape[1], np.float32)
        return Product(self.history, np.ascontiguousarray(self.weights.T), level)

    def state(self) -> Arrays:
        return {"weights": self.weights, **packed("history", self.history)}

    def _restore(self, arrays: Arrays) -> None:
        self.history = unpacked("history", arrays)
        items = self.history.shape[1]
        self.weights = expect(arrays["weights"], (items, items))


def positives(data: Interactions) -> sp.csr_matrix:
    """csr float32 [users, items]: 1 where the user took the item at least once in training."""
    wanted = data.label > 0
    cells = (np.ones(wanted.sum(), np.float32), (data.user[wanted], data.item[wanted]))
    matrix = sp.csr_matrix(cells, shape=(data.n_users, data.n_items))
    matrix.data[:] = 1.0  # the same item taken twice is one positive
    matrix.sort_indices()
    return matrix


def user_weights(data: Interactions) -> Floats:
    """float64 [users]: the mean weight of each user's positive rows; 1 for users without."""
    wanted = data.label > 0
    weight = own_weights(data)[wanted]
    total = np.bincount(data.user[wanted], weights=weight, minlength=data.n_users)
    rows = np.bincount(data.user[wanted], minlength=data.n_users)
    return np.where(rows > 0, total / np.maximum(rows, 1), 1.0)
