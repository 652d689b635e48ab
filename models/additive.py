"""Additive logistic regression: user + item + crosses of what is known of both.

Published tables of debiased recommendation lack this baseline, and most of their rows lie below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.base import Tell, silent
from models.config import AdditiveSettings
from models.crossing import CROSS, design, features
from models.data import Floats, Interactions, Ints
from models.debias import row_weights
from models.fitted import Fitted, expect, ids_digest, packed, unpacked
from models.negatives import with_negatives
from models.store import Arrays
from words import Refusal

MOST_CHOICE = 60_000
"""Rows on which C is chosen; of more, whole users are taken until there are so many."""


@dataclass(frozen=True)
class Rows:
    """Training rows with sparse features: X csr [rows, features], label 0/1 and weight float32 [rows]."""

    X: sp.csr_matrix
    label: Floats
    weight: Floats

    def __getitem__(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        return Rows(self.X[chosen], self.label[chosen], self.weight[chosen])


class Additive(Fitted[AdditiveSettings]):
    """log odds(u, i) = level + a_u + b_i + x_u M z_i + W_u z_i + x_u V_i, features x of users and z of items.

    All coefficients share one L2 penalty 1/C, C by log loss over folds of the training rows alone. Scores are
    log odds. Without features (or with `crosses` off) the last three terms are absent.
    """

    kind = "additive"
    strength: float
    """The C that was chosen."""
    losses: dict[float, float]
    """Mean log loss over the folds, for each C that was tried; empty where there was one to choose from."""

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        rng = np.random.default_rng(self.seed)
        self.x, self.z = features(data, self.settings.crosses)
        self.x_names = _names(data.user_feature_names, self.x)
        self.z_names = _names(data.item_feature_names, self.z)
        weight = row_weights(data, self.settings.debias, self.seed)
        user, item, label, weight = with_negatives(data, weight, self.settings.negatives, rng)
        label = (label > 0).astype(np.float32)
        if label.all():
            raise Refusal("models.one_label")
        rows = Rows(design(user, item, self.x, self.z), label, weight)
        if len(self.settings.strengths) == 1:
            self.losses, self.strength = {}, self.settings.strengths[0]
        else:
            few = rows if len(label) <= MOST_CHOICE else rows[_of_some_users(user, rng)]
            self.losses = _losses(few, self.settings, rng, tell)
            self.strength = min(self.losses, key=lambda C: (self.losses[C], C))
        tell(0.9, "models.solving")
        level, coefficients = _solve(rows, self.strength)
        self._take(level, coefficients)
        self.ids = ids_digest(data)
        tell(1.0, "models.fitted")
        return self

    def _take(self, level: float, coefficients: Floats) -> None:
        users, a = self.x.shape
        items, b = self.z.shape
        sizes = [users, items, a * b, users * b, a * items]
        own, level_item, cross, taste, appeal = np.split(coefficients.astype(np.float32), np.cumsum(sizes)[:-1])
        self.level = np.array([level], np.float32)
        self.user_level, self.item_level = own, level_item  # [users], [items]
        self.cross = CROSS * cross.reshape(a, b)
        self.taste = CROSS * taste.reshape(users, b)
        self.appeal = CROSS * appeal.reshape(a, items)

    def score(self, users: Ints) -> Floats:
        return self._score(users, self.x[users])

    def score_as(self, users: Ints, attribute: str, value: str) -> Floats:
        """float32 [len(users), items]: the scores of these users were their `attribute` `value`."""
        x = self.x[users].toarray()
        columns = [at for at, name in enumerate(self.x_names) if name.startswith(f"{attribute}=")]
        x[:, columns] = [float(self.x_names[at] == f"{attribute}={value}") for at in columns]
        return self._score(users, sp.csr_matrix(x))

    def reads(self, attribute: str) -> bool:
        return any(name.startswith(f"{attribute}=") for name in self.x_names)

    def _score(self, users: Ints, x: sp.csr_matrix) -> Floats:
        by_item_feature = (x @ self.cross + self.taste[users]) @ self.z.T.toarray()  # [users, items]
        levels = self.level + self.user_level[users, None] + self.item_level
        return np.asarray(levels + by_item_feature + x @ self.appeal, np.float32)

    def user_vectors(self) -> Floats:
        """float32 [users, 1 + b + a]: level, taste for each item feature, own features."""
        tastes = self.x @ self.cross + self.taste
        return np.hstack([self.user_level[:, None], tastes, self.x.toarray()]).astype(np.float32)

    def item_vectors(self) -> Floats:
        """float32 [items, 1 + b + a], whose product with a user's vector is the score less both item's levels."""
        ones = np.ones((self.z.shape[0], 1))
        return np.hstack([ones, self.z.toarray(), self.appeal.T]).astype(np.float32)

    def state(self) -> Arrays:
        names = ("level", "user_level", "item_level", "cross", "taste", "appeal")
        return {name: getattr(self, name) for name in names} | packed("x", self.x) | packed("z", self.z)

    def _restore(self, arrays: Arrays) -> None:
        self.x, self.z = unpacked("x", arrays), unpacked("z", arrays)
        (users, a), (items, b) = self.x.shape, self.z.shape
        if (len(self.x_names), len(self.z_names)) != (a, b):
            raise ValueError("names and features differ")
        self.level = expect(arrays["level"], (1,))
        self.user_level = expect(arrays["user_level"], (users,))
        self.item_level = expect(arrays["item_level"], (items,))
        self.cross = expect(arrays["cross"], (a, b))
        self.taste = expect(arrays["taste"], (users, b))
        self.appeal = expect(arrays["appeal"], (a, items))

    def settled(self) -> AdditiveSettings:
        return self.settings.model_copy(update={"strengths": (self.strength,)})

    def facts(self) -> dict[str, Any]:
        losses = [[C, loss] for C, loss in self.losses.items()]
        return {
            "strength": self.strength,
            "losses": losses,
            "x_names": list(self.x_names),
            "z_names": list(self.z_names),
        }

    def _recall(self, facts: dict[str, Any]) -> None:
        self.strength = float(facts["strength"])
        self.losses = {float(C): float(loss) for C, loss in facts["losses"]}
        self.x_names = tuple(str(name) for name in facts["x_names"])
        self.z_names = tuple(str(name) for name in facts["z_names"])


def _names(names: tuple[str, ...] | None, features: sp.csr_matrix) -> tuple[str, ...]:
    if names is not None and features.shape[1]:
        return names
    return tuple(str(number + 1) for number in range(features.shape[1]))


def _of_some_users(user: Ints, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    order = rng.permutation(int(user.max()) + 1)
    rows = np.cumsum(np.bincount(user, minlength=len(order))[order])
    some = np.zeros(len(order), bool)
    some[order[: max(2, int(np.searchsorted(rows, MOST_CHOICE)))]] = True
    return np.asarray(some[user])


def _losses(rows: Rows, settings: AdditiveSettings, rng: np.random.Generator, tell: Tell) -> dict[float, float]:
    """Weighted mean log loss of each C on the folds left out."""
    fold = rng.integers(0, settings.folds, len(rows.label))
    loss = dict.fromkeys(settings.strengths, 0.0)
    total = float(rows.weight.sum())
    for number in range(settings.folds):
        inside = fold != number
        if len(np.unique(rows.label[inside])) < 2:
            raise Refusal("models.one_label")
        out = rows[~inside]
        for C in settings.strengths:
            level, coefficients = _solve(rows[inside], C)
            margin = (level + out.X @ coefficients) * (2 * out.label - 1)
            loss[C] += float((out.weight * np.logaddexp(0, -margin)).sum()) / total
        tell(0.9 * (number + 1) / settings.folds, "models.choosing")
    return loss


def _solve(rows: Rows, C: float) -> tuple[float, Floats]:
    """Intercept and coefficients of the penalised logistic regression."""
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression(C=C, max_iter=2000).fit(rows.X, rows.label, sample_weight=rows.weight)
    return float(fit.intercept_[0]), fit.coef_[0]
