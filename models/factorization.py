"""Matrix factorisation: the score is the product of a user's and an item's vector, plus levels.

Its losses take every correction of the log's bias: weights, an imputation model, and the substitute confounder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.base import Tell, part, silent
from models.config import ROBUST, Debias, FactorSettings
from models.confounder import Check, Confounder, confounder
from models.data import Floats, Interactions, Ints
from models.debias import Correction, correction, own_weights
from models.evaluate import validation_ndcg
from models.fair import KEPT, RATES, FairTerm, fair_term, without
from models.fitted import Fitted, Product, expect, ids_digest
from models.loop import learn, seeded
from models.negatives import Negatives, with_negatives
from models.robustly import Imputation, imputation_weights, row_loss, weighted
from models.stamp import stamp
from models.store import Arrays
from words import Refusal

START = 0.1
"""Standard deviation of the vectors before training."""


class Factors(nn.Module):
    """Vectors and levels of users and items, and how much each user's outcomes move with the substitute confounder."""

    def __init__(
        self, users: int, items: int, settings: FactorSettings, level: float, cause: Confounder | None = None
    ) -> None:
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
        self.moved = None if cause is None else nn.Embedding(users, 1)
        if self.moved is not None and cause is not None:
            nn.init.zeros_(self.moved.weight)
            self.register_buffer("user_cause", torch.from_numpy(cause.user))  # [users, f]
            self.register_buffer("item_cause", torch.from_numpy(cause.item))  # [items, f]

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        return self.score(self.user(user), self.item(item), user, item)

    def score(self, p: Tensor, q: Tensor, user: Tensor, item: Tensor) -> Tensor:
        """[batch], from the vectors p and q [batch, d] of these users and items."""
        levels = self.user_level(user) + self.item_level(item)  # [batch, 1]
        if self.moved is not None:
            exposure = self.get_buffer("user_cause")[user] * self.get_buffer("item_cause")[item]  # [batch, f]
            levels = levels + self.moved(user) * exposure.sum(-1, keepdim=True)
        return (p * q).sum(-1) + levels.squeeze(-1) + self.get_buffer("level")


class FactorLearner:
    """Rows and losses of matrix factorisation for the loop."""

    def __init__(self, data: Interactions, settings: FactorSettings, seed: int, imputed: Factors | None = None) -> None:
        """imputed: the imputation model fitted beforehand, where the correction is `dr`."""
        self.data, self.settings = data, settings
        self.weight, self.valid_weight = own_weights(data), np.ones(len(data.valid_user))
        made = None if settings.debias.correction == "none" else correction(data, settings.debias, seed)
        if made is not None:
            self.weight = (self.weight * made.weight).astype(np.float32)
            self.valid_weight = made.valid
        self.target = _target(data, settings.loss)
        self.negatives = Negatives(data)
        self.cause = confounder(data, settings.debias.factors, seed) if settings.debias.confounder else None
        with seeded(seed):
            factors = Factors(data.n_users, data.n_items, settings, self._level(), self.cause)
            imputation = self._imputation(imputed, made) if made and settings.debias.correction in ROBUST else None
        self.factors, self.imputation = factors, imputation
        taught = data.user[data.label > 0] if settings.loss == "bpr" else data.user
        self.fair = fair_term(data, settings, _defined(settings), taught)
        self.silence = nn.Dropout(settings.dropout)
        parts = [part for part in (factors, self.silence, self.fair, imputation) if part is not None]
        self.module: nn.Module = nn.ModuleList(parts)

    def _imputation(self, imputed: Factors | None, made: Correction) -> Imputation:
        data, settings = self.data, self.settings
        if data.label.min() > 0 and (settings.loss == "logistic" or data.rating is None):
            raise Refusal("models.robust_needs_both")
        learned = settings.debias.correction != "dr"
        if learned:
            self.own_weight = imputation_weights(made.exposure, settings.debias.correction, settings.debias.most_weight)
            imputed = Factors(data.n_users, data.n_items, settings, self._level())
        assert imputed is not None, "dr is given its imputation model"
        return Imputation(imputed, settings.loss, learned)

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
        if self.imputation is not None:
            return self._with_cells_anywhere(rng)
        if self.settings.loss == "squared" and data.rating is not None:
            return data.user, data.item, self.target, self.weight
        user, item, label, weight = with_negatives(data, self.weight, self.settings.negatives, rng)
        return user, item, (label > 0).astype(np.float32), weight

    def _with_cells_anywhere(self, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        """user, item, target, weight, weight for the imputation model, and for each row a cell drawn from all."""
        data, n = self.data, len(self.data.user)
        own = self.own_weight if self.settings.debias.correction != "dr" else self.weight
        anywhere = (rng.integers(0, size, n, dtype=np.int32) for size in (data.n_users, data.n_items))
        return data.user, data.item, self.target, self.weight, own, *anywhere

    def embeddings(self) -> tuple[Tensor, ...]:
        """The vectors of users and items."""
        return self.factors.user.weight, self.factors.item.weight

    def vectors(self, user: Tensor, item: Tensor) -> tuple[Tensor, Tensor]:
        """[batch, d] each, with some entries silenced while training."""
        return self.silence(self.factors.user(user)), self.silence(self.factors.item(item))

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        return self._plain_loss(*batch) if self._is_plain(batch[3]) else self._any_loss(batch)

    def _is_plain(self, weight: Tensor) -> bool:
        """Whether the loss is one that `models.slopes` knows, in float32 on the CPU."""
        settings = self.settings
        asked = settings.dropout == 0 and settings.precision != "bfloat16"
        here = weight.device.type == "cpu" and weight.dtype == torch.float32
        return asked and here and all(part is None for part in (self.imputation, self.fair, self.cause))

    def _plain_loss(self, user: Tensor, item: Tensor, third: Tensor, weight: Tensor) -> Tensor:
        """The same as `_any_loss`, several times as quick."""
        from models.slopes import Risk

        factors, settings = self.factors, self.settings
        share = weight / (weight.sum() if settings.debias.correction == "snips" else len(weight))
        tables = [part.weight for part in (factors.user, factors.item, factors.user_level, factors.item_level)]
        level = factors.get_buffer("level")
        risk: Tensor = Risk.apply(*tables, level, settings.loss, user, item, third, share, settings.l2)
        return risk

    def _any_loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        user, item, third, weight, *rest = batch
        p, q = self.vectors(user, item)  # [batch, d]
        size = p.square().sum(-1) + q.square().sum(-1)
        score = self.factors.score(p, q, user, item)
        if self.imputation is not None:
            risk = self._robust_risk(self.imputation, (user, item, third), score, weight, rest)
        elif self.settings.loss == "bpr":
            q_other = self.silence(self.factors.item(third))
            score = score - self.factors.score(p, q_other, user, third)  # log odds of wanted above not wanted
            risk = self._mean(-F.logsigmoid(score), user, weight)
            size = size + q_other.square().sum(-1)
        else:
            risk = self._mean(row_loss(score, third, self.settings.loss), user, weight)
        loss = risk + self.settings.l2 * size.mean()
        return loss if self.fair is None else loss + self._unfair(self.fair, p, score, third, user, item)

    def _unfair(self, fair: FairTerm, p: Tensor, score: Tensor, third: Tensor, user: Tensor, item: Tensor) -> Tensor:
        """What the vectors give away, and penalties on the predictions."""
        predicted = score if self.settings.loss == "squared" else score.sigmoid()
        levels = (self.factors.user_level(user),) if self.settings.levels_of_users else ()
        found = fair.hides(torch.cat([p, *levels], -1), user) + fair.parity(predicted, user)
        return found if self.settings.loss == "bpr" else found + fair.rates(predicted, third, user, item)

    def _mean(self, each: Tensor, user: Tensor, weight: Tensor) -> Tensor:
        if self.fair is not None and self.fair.leans:
            return self.fair.worst(each, user, weight)
        return weighted(each, weight, self.settings.debias.correction)

    def _robust_risk(
        self, imputation: Imputation, seen: tuple[Tensor, ...], score: Tensor, weight: Tensor, rest: list[Tensor]
    ) -> Tensor:
        """The doubly robust risk, and that of the imputation model where it is learned along."""
        own, user, item = rest
        anywhere = self.factors.score(*self.vectors(user, item), user, item)
        risk = imputation.risk(seen, score, weight, (user, item, anywhere))
        if imputation.learned:
            p, q = imputation.scorer.user(seen[0]), imputation.scorer.item(seen[1])  # type: ignore[operator]
            size = p.square().sum(-1) + q.square().sum(-1)
            risk = risk + imputation.own_risk(seen, score, own) + self.settings.l2 * size.mean()
        return risk

    def validate(self) -> float | None:
        data = self.data
        if self.settings.stop_on == "ndcg":
            return validation_ndcg(Learned(self.factors).score, data)
        if len(data.valid_user) == 0:
            return None
        target = data.valid_label if self.settings.loss == "logistic" else self._valid_rating()
        scores = Learned(self.factors).cells(data.valid_user, data.valid_item)
        each = row_loss(torch.from_numpy(scores), torch.from_numpy(target), self.settings.loss)
        return -float(np.average(each.numpy(), weights=self.valid_weight))

    def _valid_rating(self) -> Floats:
        return self.data.valid_label if self.data.valid_rating is None else self.data.valid_rating


class Learned:
    """Vectors and levels as numpy arrays: enough to score."""

    def __init__(self, factors: Factors) -> None:
        weights = {name: value.detach().cpu().numpy() for name, value in factors.state_dict().items()}
        self.user, self.item = weights["user.weight"], weights["item.weight"]  # [users, d], [items, d]
        if "moved.weight" in weights:  # what the substitute confounder adds is a product too: f more dimensions
            self.user = np.hstack([self.user, weights["moved.weight"] * weights["user_cause"]])
            self.item = np.hstack([self.item, weights["item_cause"]])
        self.user_level, self.item_level = weights["user_level.weight"][:, 0], weights["item_level.weight"][:, 0]
        self.level = weights["level"]  # [1]

    def erase(self, data: Interactions, settings: FactorSettings) -> None:
        """Take out of the vectors what the settings erase, and out of the levels with them: these tell of a user too.

        Levels count as one more entry that varies as much as the entry that varies most, for an erasure leaves out
        directions of little variance, and the scale of either is none of its business.
        """
        if not settings.levels_of_users:
            self.user = without(self.user, data, settings)
            return
        spread = np.float32(max(self.user.std(axis=0).max(), 1e-12) / max(self.user_level.std(), 1e-12))
        whole = np.column_stack([self.user, self.user_level * spread])
        left = without(whole, data, settings)
        if left is not whole:
            self.user, self.user_level = left[:, :-1].copy(), left[:, -1] / spread

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
    check: Check | None = None
    """Of the exposure model behind the substitute confounder; None without one."""

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        imputed = None
        if self.settings.debias.correction == "dr":
            imputed, tell = _imputed(data, self.settings, self.seed, part(tell, 0.0, 0.5)), part(tell, 0.5, 1.0)
        learner = FactorLearner(data, self.settings, self.seed, imputed)
        course = learn(learner, self.settings, self.seed, stamp(data, self.settings, self.seed), folder, tell)
        self.learned = Learned(learner.factors)
        self.check = None if learner.cause is None else learner.cause.check
        self.learned.erase(data, self.settings)
        self.curves = {"loss": course.loss, "validation": course.validation}
        self.best_epoch = course.best_epoch
        self.ids = ids_digest(data)
        return self

    def score(self, users: Ints) -> Floats:
        return self.learned.score(users)

    def user_vectors(self) -> Floats:
        """With the users' levels, where they have any: these are kept of them as well."""
        learned = self.learned
        return np.column_stack([learned.user, learned.user_level]) if self.settings.levels_of_users else learned.user

    def item_vectors(self) -> Floats:
        item = self.learned.item
        return np.column_stack([item, np.ones_like(item[:, 0])]) if self.settings.levels_of_users else item

    def product(self) -> Product:
        return Product(self.learned.user, self.learned.item, self.learned.item_level)

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
        return {"best_epoch": self.best_epoch, "check": None if self.check is None else vars(self.check)}

    def _recall(self, facts: dict[str, Any]) -> None:
        self.best_epoch = int(facts["best_epoch"])
        self.check = None if facts["check"] is None else Check(**facts["check"])


def _imputed(data: Interactions, settings: FactorSettings, seed: int, tell: Tell) -> Factors:
    """The same factorisation without any correction: it imputes the outcomes of `dr`."""
    plain = settings.model_copy(update={"debias": Debias(), "adversary": None, "penalty": None})
    learner = FactorLearner(data, plain, seed)
    learn(learner, plain, seed, "", None, tell)
    return learner.factors


def _defined(settings: FactorSettings) -> frozenset[str]:
    """Penalties: pairs are told right or wrong, but give no item a value that could be in error."""
    rows = frozenset() if settings.debias.correction in ROBUST else frozenset({"worst_group"})
    return rows | {"parity", KEPT} | (frozenset() if settings.loss == "bpr" else RATES)


def _target(data: Interactions, loss: str) -> Floats:
    if loss == "squared" and data.rating is not None:
        return data.rating
    return (data.label > 0).astype(np.float32)
