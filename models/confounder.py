"""The substitute confounder of the deconfounded recommender (Wang, Liang, Charlin, Blei, RecSys 2020).

What several exposures of a user have in common is read from the exposures alone, by Poisson factorisation; the expected
exposure then stands beside the usual terms of the outcome model and takes up what moves exposure and outcome together.
That can only be trusted where the exposure model predicts exposures that were kept from it: `check`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.special import digamma
from scipy.stats import rankdata

from models.data import Floats, Interactions

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

SHAPE = 0.3
"""Shape of the gamma priors, under which most factors of a user or an item are near 0."""
ROUNDS = 300
SETTLED = 1e-5
"""Relative gain in a round below which the fit has settled."""
HIDDEN = 0.2
"""Share of the cells of the checked users that are kept from the fit."""
CHECKED = 300
"""Users on whom the model is checked; of more, so many drawn at random."""
REPLICATES = 100


@dataclass(frozen=True)
class Check:
    """Of a model of exposure.

    p: predictive p-value, in [0, 1]; near a half is right, near 0 the real exposures are less likely under the model
    than what it would have drawn itself. auc: how well it tells kept exposures from cells without, chance 0.5.
    """

    p: float
    auc: float


@dataclass(frozen=True)
class Confounder:
    """user float32 [users, f], item float32 [items, f]: their product is the expected exposure of a cell.

    check: of the same model fitted without some cells.
    """

    user: Floats
    item: Floats
    check: Check


@dataclass(frozen=True)
class Posterior:
    """Gamma posteriors of the factors: shape and rate, float64 [users, f] and [items, f]."""

    user_shape: Numbers
    user_rate: Numbers
    item_shape: Numbers
    item_rate: Numbers

    @property
    def user(self) -> Numbers:
        """Posterior means, [users, f]."""
        return self.user_shape / self.user_rate

    @property
    def item(self) -> Numbers:
        """Posterior means, [items, f]."""
        return self.item_shape / self.item_rate


def confounder(data: Interactions, factors: int, seed: int) -> Confounder:
    """Fitted to all exposures of the training rows; checked by a second fit that some cells were kept from."""
    shape = (data.n_users, data.n_items)
    cells = sp.csr_matrix((np.ones(len(data.user)), (data.user, data.item)), shape=shape)
    cells.data[:] = 1.0  # seen or not, however often
    rng = np.random.default_rng([seed, 2])
    found = factorise(cells, sp.csr_matrix(shape), factors, rng)
    return Confounder(found.user.astype(np.float32), found.item.astype(np.float32), check(cells, factors, rng))


def factorise(cells: sp.csr_matrix, hidden: sp.csr_matrix, factors: int, rng: np.random.Generator) -> Posterior:
    """Poisson factorisation by coordinate ascent on the variational bound (Gopalan, Hofman, Blei 2015).

    cells: csr [users, items], 1 where exposed. hidden: csr, 1 where a cell is kept from the fit, exposed or not.
    """
    shown = sp.csr_matrix(cells - cells.multiply(hidden))
    shown.eliminate_zeros()
    users, items = shown.shape
    row = np.repeat(np.arange(users), np.diff(shown.indptr)).astype(np.int64)
    density = max(shown.nnz, 1) / (users * items)
    prior_rate = SHAPE * factors / density  # of items; so that exposure is expected as often as it occurred
    at = Posterior(
        SHAPE * (1 + rng.random((users, factors))),
        np.full((users, factors), SHAPE),
        SHAPE * (1 + rng.random((items, factors))),
        np.full((items, factors), prior_rate),
    )
    before = -np.inf
    for _ in range(ROUNDS):
        at, expected = _round(at, shown, row, hidden, prior_rate)
        now = float(np.log(expected).mean()) if len(expected) else 0.0
        if now - before < SETTLED * abs(now):
            break
        before = now
    return at


def _round(
    at: Posterior, shown: sp.csr_matrix, row: Codes, hidden: sp.csr_matrix, prior_rate: float
) -> tuple[Posterior, Numbers]:
    """One pass over users and items, and each exposed cell's rate before it, float64 [exposed]."""
    user, item = _geometric(at.user_shape, at.user_rate), _geometric(at.item_shape, at.item_rate)
    expected = np.einsum("nf,nf->n", user[row], item[shown.indices])
    share = sp.csr_matrix((1 / expected, shown.indices, shown.indptr), shape=shown.shape)
    user_shape, item_shape = SHAPE + user * (share @ item), SHAPE + item * (share.T @ user)
    means = at.item_shape / at.item_rate
    user_rate = SHAPE + means.sum(0) - hidden @ means
    means = user_shape / user_rate
    item_rate = prior_rate + means.sum(0) - hidden.T @ means
    return Posterior(user_shape, user_rate, item_shape, item_rate), expected


def _geometric(shape: Numbers, rate: Numbers) -> Numbers:
    """exp(E[log x]) of gamma variables; no smaller than what a division can bear."""
    return np.maximum(np.exp(digamma(shape)) / rate, 1e-12)


def check(cells: sp.csr_matrix, factors: int, rng: np.random.Generator) -> Check:
    """How well a fit without a share of the cells says what they are."""
    users, items = cells.shape
    people = np.sort(rng.choice(users, min(users, CHECKED), replace=False))
    kept = rng.random((len(people), items)) < HIDDEN  # [people, items]
    hidden = sp.lil_matrix((users, items))
    hidden[people] = kept
    found = factorise(cells, sp.csr_matrix(hidden), factors, rng)
    return agreement(found, cells[people].toarray(), people, kept, rng)


def agreement(
    found: Posterior, observed: Numbers, people: Codes, kept: npt.NDArray[np.bool_], rng: np.random.Generator
) -> Check:
    """How well the `kept` cells [people, items] of `observed` (1 where exposed) agree with the posterior.

    p: share of replicated exposures whose log likelihood (expected, Poisson) is below that of the real ones, ties by
    half, averaged over users. A user has few kept cells, so it seldom fails; hence auc beside it.
    """
    draws = [_rates(found, people, rng) for _ in range(REPLICATES)]
    log_rate = np.mean([np.log(rate) for rate in draws], axis=0)  # [people, items]
    log_factorial = np.array([0.0, 0.0, *np.cumsum(np.log(np.arange(2, 200)))])

    def likelihood(seen: npt.NDArray[np.int64]) -> Numbers:
        """[people], up to the expected rate, which all replicates share."""
        return np.asarray((kept * (seen * log_rate - log_factorial[np.minimum(seen, 199)])).sum(1))

    real = likelihood(observed.astype(np.int64))
    drawn = np.array([likelihood(rng.poisson(rate)) for rate in draws])  # [replicates, people]
    p = float(((drawn < real) + 0.5 * (drawn == real)).mean())
    return Check(p, _auc(observed[kept] > 0, (found.user[people] @ found.item.T)[kept]))


def _auc(exposed: npt.NDArray[np.bool_], rate: Numbers) -> float:
    """Share of pairs (an exposed cell, another) in which the exposed one has the higher rate, ties by half."""
    n = int(exposed.sum())
    if n in (0, len(exposed)):
        return 0.5
    return float((rankdata(rate)[exposed].sum() - n * (n + 1) / 2) / (n * (len(exposed) - n)))


def _rates(found: Posterior, people: Codes, rng: np.random.Generator) -> Numbers:
    """float64 [people, items]: expected exposures under one draw of the posterior."""
    user = rng.gamma(found.user_shape[people]) / found.user_rate[people]
    item = rng.gamma(found.item_shape) / found.item_rate
    return np.maximum(user @ item.T, 1e-12)
