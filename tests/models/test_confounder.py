"""The substitute confounder: factors that made the exposures are found, and a model that is wrong fails its check."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import digamma

from models.config import Adversary, Debias, FactorSettings
from models.confounder import SHAPE, agreement, check, confounder, factorise
from models.store import load
from models.train import fit
from tests.models.test_exposure import shown

USERS, ITEMS = 200, 80


def law(seed: int) -> np.ndarray:
    """Expected exposures of users and items with two factors."""
    rng = np.random.default_rng(seed)
    return rng.gamma(0.5, 1, (USERS, 2)) @ rng.gamma(0.5, 0.25, (ITEMS, 2)).T


def drawn(rate: np.ndarray, seed: int) -> sp.csr_matrix:
    return sp.csr_matrix((np.random.default_rng(seed).random(rate.shape) < 1 - np.exp(-rate)).astype(float))


def test_a_round_is_the_published_update_in_loops():
    cells = drawn(law(0)[:6, :5], 1)
    hidden = sp.csr_matrix(np.random.default_rng(2).random((6, 5)) < 0.3, dtype=float)
    from models import confounder as room

    at = factorise(cells, hidden, 2, np.random.default_rng(3))
    shown_cells = sp.csr_matrix(cells - cells.multiply(hidden))
    shown_cells.eliminate_zeros()
    row = np.repeat(np.arange(6), np.diff(shown_cells.indptr))
    after, _ = room._round(at, shown_cells, row, hidden, 0.7)
    log_user = digamma(at.user_shape) - np.log(at.user_rate)
    log_item = digamma(at.item_shape) - np.log(at.item_rate)
    shape = np.full((6, 2), SHAPE)
    rate = np.full((6, 2), SHAPE)
    for u in range(6):
        for i in range(5):
            if hidden[u, i]:
                continue
            rate[u] += at.item[i]
            if cells[u, i]:
                share = np.exp(log_user[u] + log_item[i])
                shape[u] += share / share.sum()
    np.testing.assert_allclose(after.user_shape, shape, rtol=1e-6)
    np.testing.assert_allclose(after.user_rate, rate, rtol=1e-6)


def test_the_factors_give_back_the_law_of_the_exposures():
    rate = law(0)
    found = factorise(drawn(rate, 1), sp.csr_matrix(rate.shape), 2, np.random.default_rng(0))
    assert np.corrcoef((found.user @ found.item.T).ravel(), rate.ravel())[0, 1] > 0.85


def test_the_check_tells_exposures_with_something_in_common_from_pure_chance():
    found = check(drawn(law(0), 1), 2, np.random.default_rng(0))
    assert found.auc > 0.75 and 0.3 < found.p < 0.7
    chance = check(drawn(np.full((USERS, ITEMS), 0.1), 2), 2, np.random.default_rng(0))
    assert chance.auc < 0.55


def test_the_p_value_is_near_0_where_exposures_are_unlike_what_was_fitted():
    """Users are shown what the others of their law are not: every item that the fit thinks unlikely."""
    rate = law(0)
    cells = drawn(rate, 1)
    found = factorise(cells, sp.csr_matrix(cells.shape), 2, np.random.default_rng(0))
    everyone, every = np.arange(USERS), np.ones(rate.shape, bool)
    expected = found.user @ found.item.T
    unlikely = (expected < np.median(expected, axis=1, keepdims=True)).astype(float)
    assert agreement(found, unlikely, everyone, every, np.random.default_rng(1)).p < 0.1
    assert agreement(found, cells.toarray(), everyone, every, np.random.default_rng(1)).p > 0.3


def confounded(seed: int):
    """Users are shown, and rate higher, what a hidden cause of theirs favours; nothing else moves a rating."""
    rate = law(seed)
    data = shown(1 - np.exp(-rate), seed + 1)
    cause = rate[data.user, data.item]
    rating = (2 + 1.5 * cause + np.random.default_rng(seed).normal(0, 0.2, len(cause))).astype(np.float32)
    return type(data)(**{**vars(data), "rating": rating}), 2 + 1.5 * rate


def test_what_it_takes_up_is_kept_saved_and_loaded(tmp_path):
    data, truth = confounded(3)
    settings = FactorSettings(loss="squared", dimensions=2, epochs=30, batch=500, learning_rate=0.03, l2=0.05)
    deconfounded = settings.model_copy(update={"debias": Debias(confounder=True, factors=2)})
    plain, model = fit(data, settings, 0), fit(data, deconfounded, 0)
    people = np.arange(USERS, dtype=np.int32)
    assert ((model.score(people) - truth) ** 2).mean() < ((plain.score(people) - truth) ** 2).mean()
    assert model.check == confounder(data, 2, 0).check
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(again.score(people), model.score(people))
    assert again.check == model.check


def test_an_adversary_and_the_confounder_exclude_each_other():
    with pytest.raises(ValueError, match="choose one of the two"):
        FactorSettings(loss="logistic", debias=Debias(confounder=True), adversary=Adversary(attribute="gender"))
