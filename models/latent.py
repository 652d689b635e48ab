"""Mult-VAE (Liang et al., WWW 2018): what a user took is read into a few numbers and told again from them.

Letters in shapes: b users of a batch, i items, h units of the hidden layers, d dimensions of the latent vector.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import private
from models.base import Tell, silent
from models.config import VaeSettings
from models.data import Floats, Interactions, Ints
from models.debias import row_weights
from models.evaluate import validation_ndcg
from models.fair import KEPT, RATES, FairTerm, fair_term, without
from models.fitted import Fitted, Product, expect, ids_digest
from models.linear import positives
from models.loop import learn, seeded
from models.stamp import stamp
from models.store import Arrays
from words import Phrase

READ_AT_ONCE = 512
START = 0.001
"""Standard deviation of the biases before training; the weights start as Glorot's."""


class Autoencoder(nn.Module):
    """i -> h -> d -> h -> i with tanh between, as published; the latent vector is drawn while training."""

    def __init__(self, items: int, settings: VaeSettings) -> None:
        super().__init__()
        self.encode = nn.Linear(items, settings.hidden)
        self.latent = nn.Linear(settings.hidden, 2 * settings.dimensions)  # mean and log variance
        self.decode = nn.Linear(settings.dimensions, settings.hidden)
        self.out = nn.Linear(settings.hidden, items)
        self.silence = nn.Dropout(settings.dropout)
        for layer in (self.encode, self.latent, self.decode, self.out):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=START)

    def posterior(self, taken: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, each [b, d], of the latent vector of users who took `taken`, 0 or 1 [b, i]."""
        hidden = torch.tanh(self.encode(self.silence(F.normalize(taken))))  # [b, h]
        mean, log_variance = self.latent(hidden).float().chunk(2, dim=-1)
        return mean, log_variance

    def vectors(self, latent: Tensor) -> Tensor:
        """[b, h]: the last hidden layer, all that a score reads of a user."""
        return torch.tanh(self.decode(latent))

    def users(self, taken: Tensor) -> Tensor:
        """[b, h]: the vectors at the mean, with nothing silenced and nothing drawn."""
        hidden = torch.tanh(self.encode(F.normalize(taken)))
        return self.vectors(self.latent(hidden).chunk(2, dim=-1)[0])


class VaeLearner:
    """Users and loss of Mult-VAE for the loop."""

    def __init__(self, data: Interactions, settings: VaeSettings, seed: int) -> None:
        self.data, self.settings, self.epochs = data, settings, 0.0
        self.taken = positives(data)
        alone = private.wanted(settings)  # then nothing may be read from all users but by noisy steps
        weight = np.ones(len(data.user), np.float32) if alone else row_weights(data, settings.debias, seed)
        self.weight = cell_weights(data, weight)
        self.readers = np.nonzero(np.diff(self.taken.indptr))[0].astype(np.int32)
        self.length = 1.0 if alone else self.taken.nnz / len(self.readers)
        with seeded(seed):
            self.model = Autoencoder(data.n_items, settings)
        self.fair = fair_term(data, settings, RATES | {"parity", "worst_group", KEPT}, self.taken.nonzero()[0])
        self.module: nn.Module = nn.ModuleList([part for part in (self.model, self.fair) if part is not None])

    def rows(self, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        """The codes of users who took something."""
        return (self.readers,)

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        """The negative of the annealed evidence bound, per item that a user took."""
        (users,) = batch
        codes = users.cpu().numpy()
        taken, weight = (_dense(matrix, codes, users.device) for matrix in (self.taken, self.weight))
        mean, log_variance = self.model.posterior(taken)
        latent = mean + torch.randn_like(mean) * (log_variance / 2).exp()  # [b, d]
        logits = self.model.out(self.model.vectors(latent))  # [b, i]
        told = surprise(logits, weight)
        each = told + self.beta() * divergence(mean, log_variance)
        # Divided by a constant, which leaves the bound as published: an adversary's strength then means the
        # same here as in the other kinds, whose losses are of one item.
        normalised = self.settings.debias.correction == "snips"
        length = weight.sum() / len(users) if normalised else self.length
        if self.fair is None:
            return each.mean() / length
        loss = self._worst(self.fair, each, weight, users) if self.fair.leans else each.mean() / length
        loss = loss + self.fair.hides(self.model.users(taken), users)
        return loss + self._unfair(self.fair, F.softmax(logits.float(), dim=-1), taken, users)

    def _worst(self, fair: FairTerm, each: Tensor, weight: Tensor, users: Tensor) -> Tensor:
        """Groups are compared by their loss of an item, 0-d: by that of a user, those who took most would be worst."""
        items = weight.sum(-1).clamp(min=1e-9)  # [b]
        return fair.worst(each / items, users, items)

    def _unfair(self, fair: FairTerm, share: Tensor, taken: Tensor, users: Tensor) -> Tensor:
        """Penalties, 0-d: parity of the share [b, i] that falls on what was taken; errors of the count of each item."""
        count = taken.sum(-1, keepdim=True)
        who = users.repeat_interleave(taken.shape[1])
        what = torch.arange(taken.shape[1], device=users.device).repeat(len(users))
        rates = fair.rates((count * share).flatten(), taken.flatten(), who, what)
        return rates + fair.parity((share * taken).sum(-1), users)

    def anneal(self, epochs: float) -> None:
        self.epochs = epochs

    def beta(self) -> float:
        """Weight of the divergence now: from 0 straight to `beta` over the first `anneal` epochs."""
        over = self.settings.anneal
        return self.settings.beta * (min(1.0, self.epochs / over) if over else 1.0)

    def validate(self) -> float | None:
        items, level = self.items()
        return validation_ndcg(lambda users: _scored(self.users(users), items, level), self.data)

    def users(self, users: Ints) -> Floats:
        """float32 [len(users), h]: their vectors as the model gives them now."""
        parts = [np.zeros((0, self.settings.hidden), np.float32)]
        with torch.no_grad():
            for start in range(0, len(users), READ_AT_ONCE):
                taken = _dense(self.taken, users[start : start + READ_AT_ONCE], self.model.out.weight.device)
                parts.append(self.model.users(taken).cpu().numpy())
        return np.concatenate(parts)

    def items(self) -> tuple[Floats, Floats]:
        """Item vectors float32 [i, h] and levels float32 [i]: weights and biases of the last layer."""
        out = self.model.out
        return out.weight.detach().cpu().numpy().copy(), out.bias.detach().cpu().numpy().copy()


class Vae(Fitted[VaeSettings]):
    """score(u, i) = user vector . item vector + item level: log share of the item, up to a constant of the user."""

    kind = "vae"
    best_epoch: int = 0

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        learner = VaeLearner(data, self.settings, self.seed)
        course = learn(learner, self.settings, self.seed, stamp(data, self.settings, self.seed), folder, tell)
        self.items, self.level = learner.items()
        self.users = without(learner.users(np.arange(data.n_users, dtype=np.int32)), data, self.settings)
        self.curves = {"loss": course.loss, "validation": course.validation}
        self.best_epoch = course.best_epoch
        self.private = private.spent_by(self.settings, len(learner.readers))
        self.ids = ids_digest(data)
        return self

    def remarks(self) -> tuple[Phrase, ...]:
        return private.remarks(self.private)

    def score(self, users: Ints) -> Floats:
        return _scored(self.users[users], self.items, self.level)

    def user_vectors(self) -> Floats:
        return self.users

    def item_vectors(self) -> Floats:
        return self.items

    def product(self) -> Product:
        return Product(self.users, self.items, self.level)

    def state(self) -> Arrays:
        return {"users": self.users, "items": self.items, "level": self.level}

    def _restore(self, arrays: Arrays) -> None:
        h, items = self.settings.hidden, len(arrays["items"])
        self.users, self.items = expect(arrays["users"], (self.people, h)), expect(arrays["items"], (items, h))
        self.level = expect(arrays["level"], (items,))

    def facts(self) -> dict[str, Any]:
        return {"best_epoch": self.best_epoch, **private.facts_of(self.private), "users": len(self.users)}

    def _recall(self, facts: dict[str, Any]) -> None:
        self.best_epoch, self.people = int(facts["best_epoch"]), int(facts["users"])
        self.private = private.told(facts, self.settings)


def surprise(logits: Tensor, weight: Tensor) -> Tensor:
    """[b]: negative multinomial log likelihood of what was taken, each item times its weight [b, i].

    The multinomial coefficient is left out: it does not depend on what is learned.
    """
    return -(weight * F.log_softmax(logits.float(), dim=-1)).sum(-1)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """[b]: Kullback-Leibler divergence, in nats, of the latent vector's normal from the standard normal."""
    return (mean.square() + log_variance.exp() - log_variance - 1).sum(-1) / 2


def cell_weights(data: Interactions, weight: Floats) -> sp.csr_matrix:
    """csr float32 [users, items]: the mean weight of the rows in which the user took the item."""
    wanted = data.label > 0
    where, shape = (data.user[wanted], data.item[wanted]), (data.n_users, data.n_items)
    total = sp.csr_matrix((weight[wanted], where), shape=shape)
    rows = sp.csr_matrix((np.ones(wanted.sum(), np.float32), where), shape=shape)
    total.data /= rows.data  # both sum the same rows to the same cells
    return total


def _dense(matrix: sp.csr_matrix, users: Ints, place: torch.device) -> Tensor:
    return torch.from_numpy(matrix[users].toarray()).to(place)


def _scored(users: Floats, items: Floats, level: Floats) -> Floats:
    return np.asarray(users @ items.T + level, np.float32)
