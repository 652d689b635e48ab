"""Matrix factorisation: the score is the product of a user's and an item's vector, plus levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.base import Tell, silent
from models.config import FactorSettings
from models.data import Floats, Interactions, Ints
from models.debias import row_weights
from models.evaluate import validation_ndcg
from models.fair import Critic
from models.fitted import Fitted, expect, ids_digest
from models.loop import learn, seeded
from models.negatives import Negatives, with_negatives
from models.stamp import stamp
from models.store import Arrays

START = 0.1
"""Standard deviation of the vectors before training."""


class Factors(nn.Module):
    """Vectors and levels of users and items."""

    def __init__(self, users: int, items: int, settings: FactorSettings, level: float) -> None:
        super().__init__()
        self.user = nn.Embedding(users, settings.dimensions)
        self.item = nn.Embedding(items, settings.dimensions)
        self.user_level = nn.Embedding(users, 1)
        self.item_level = nn.Embedding(items, 1)
        self.register_buffer("level", torch.tensor([level], dtype=torch.float32))
        for vectors in (self.user, self.item):
            nn.init.normal_(vectors.weight, std=START)
        for levels in (self.user_level, self.item_level):
            nn.init.zeros_(levels.weight)
            levels.weight.requires_grad_(settings.biases)

    def forward(self, p: Tensor, q: Tensor, user: Tensor, item: Tensor) -> Tensor:
        product = (p * q).sum(-1)  # [batch]
        levels = self.user_level(user) + self.item_level(item)  # [batch, 1]
        return product + levels.squeeze(-1) + self.get_buffer("level")


class FactorLearner:
    """Rows and losses of matrix factorisation for the loop."""

    def __init__(self, data: Interactions, settings: FactorSettings, seed: int) -> None:
        self.data, self.settings = data, settings
        self.weight = row_weights(data, settings.ips)
        self.target = _target(data, settings.loss)
        self.negatives = Negatives(data)
        with seeded(seed):
            factors = Factors(data.n_users, data.n_items, settings, self._level())
            critic = Critic(data, settings.adversary) if settings.adversary else None
        self.factors, self.critic = factors, critic
        self.silence = nn.Dropout(settings.dropout)
        self.module: nn.Module = nn.ModuleList([part for part in (factors, self.silence, critic) if part is not None])

    def _level(self) -> float:
        """The score before anything is learned: the mean rating, the log odds of wanted, or 0 for pairs."""
        if self.settings.loss == "bpr" or not self.settings.biases:
            return 0.0
        mean = float(np.average(self.target, weights=self.weight))
        if self.settings.loss == "squared":
            return mean
        return float(np.log(mean / (1 - mean))) if 0 < mean < 1 else 0.0

    def rows(self, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        """bpr: user, wanted, not wanted, weight; else: user, item, target, weight."""
        data = self.data
        if self.settings.loss == "bpr":
            wanted = data.label > 0
            user = data.user[wanted]
            return user, data.item[wanted], self.negatives.draw(user, rng), self.weight[wanted]
        if self.settings.loss == "squared" and data.rating is not None:
            return data.user, data.item, self.target, self.weight
        user, item, label, weight = with_negatives(data, self.weight, self.settings.negatives, rng)
        return user, item, (label > 0).astype(np.float32), weight

    def embeddings(self) -> tuple[Tensor, ...]:
        """The vectors of users and items."""
        return self.factors.user.weight, self.factors.item.weight

    def vectors(self, user: Tensor, item: Tensor) -> tuple[Tensor, Tensor]:
        """[batch, d] each, with some entries silenced while training."""
        return self.silence(self.factors.user(user)), self.silence(self.factors.item(item))

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        user, item, third, weight = batch
        p, q = self.vectors(user, item)  # [batch, d]
        size = p.square().sum(-1) + q.square().sum(-1)
        score = self.factors(p, q, user, item)
        if self.settings.loss == "bpr":
            q_other = self.silence(self.factors.item(third))
            each = -F.logsigmoid(score - self.factors(p, q_other, user, third))
            size = size + q_other.square().sum(-1)
        else:
            each = _row_loss(score, third, self.settings.loss)
        loss = (weight * each + self.settings.l2 * size).mean()
        if self.critic is not None:
            loss = loss + self.critic.loss(p, user)
        return loss

    def validate(self) -> float | None:
        data = self.data
        if self.settings.stop_on == "ndcg":
            return validation_ndcg(Learned(self.factors).score, data)
        if len(data.valid_user) == 0:
            return None
        target = data.valid_label if self.settings.loss == "logistic" else self._valid_rating()
        scores = Learned(self.factors).cells(data.valid_user, data.valid_item)
        each = _row_loss(torch.from_numpy(scores), torch.from_numpy(target), self.settings.loss)
        return -float(each.mean())

    def _valid_rating(self) -> Floats:
        return self.data.valid_label if self.data.valid_rating is None else self.data.valid_rating


class Learned:
    """Vectors and levels as numpy arrays: enough to score."""

    def __init__(self, factors: Factors) -> None:
        weights = {name: value.detach().cpu().numpy() for name, value in factors.state_dict().items()}
        self.user, self.item = weights["user.weight"], weights["item.weight"]  # [users, d], [items, d]
        self.user_level, self.item_level = weights["user_level.weight"][:, 0], weights["item_level.weight"][:, 0]
        self.level = weights["level"]  # [1]

    def score(self, users: Ints) -> Floats:
        levels = self.level + self.user_level[users, None] + self.item_level
        return np.asarray(self.user[users] @ self.item.T + levels, np.float32)

    def cells(self, users: Ints, items: Ints) -> Floats:
        """The scores of single pairs, float32 [len(users)]."""
        product = np.einsum("nd,nd->n", self.user[users], self.item[items])
        return np.asarray(product + self.level + self.user_level[users] + self.item_level[items], np.float32)


class Factorization(Fitted[FactorSettings]):
    """score(u, i) = p_u . q_i + a_u + b_i + level; a scale of its own for bpr, log odds, or rating points."""

    kind = "mf"
    best_epoch: int = 0

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        learner = FactorLearner(data, self.settings, self.seed)
        course = learn(learner, self.settings, self.seed, stamp(data, self.settings, self.seed), folder, tell)
        self.learned = Learned(learner.factors)
        self.curves = {"loss": course.loss, "validation": course.validation}
        self.best_epoch = course.best_epoch
        self.ids = ids_digest(data)
        return self

    def score(self, users: Ints) -> Floats:
        return self.learned.score(users)

    def user_vectors(self) -> Floats:
        return self.learned.user

    def item_vectors(self) -> Floats:
        return self.learned.item

    def state(self) -> Arrays:
        return dict(vars(self.learned))

    def _restore(self, arrays: Arrays) -> None:
        (users, d), items = arrays["user"].shape, len(arrays["item"])
        learned = Learned.__new__(Learned)
        learned.user, learned.item = expect(arrays["user"], (users, d)), expect(arrays["item"], (items, d))
        learned.user_level = expect(arrays["user_level"], (users,))
        learned.item_level = expect(arrays["item_level"], (items,))
        learned.level = expect(arrays["level"], (1,))
        self.learned = learned

    def facts(self) -> dict[str, Any]:
        return {"best_epoch": self.best_epoch}

    def _recall(self, facts: dict[str, Any]) -> None:
        self.best_epoch = int(facts["best_epoch"])


def _target(data: Interactions, loss: str) -> Floats:
    if loss == "squared" and data.rating is not None:
        return data.rating
    return (data.label > 0).astype(np.float32)


def _row_loss(score: Tensor, target: Tensor, loss: str) -> Tensor:
    """[rows]: log loss of the log odds `score`, or the squared error."""
    if loss == "logistic":
        return F.binary_cross_entropy_with_logits(score, target, reduction="none")
    return (score - target).square()
