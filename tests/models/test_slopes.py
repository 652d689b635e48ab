"""The loss of a factorisation made in one reading is that of torch, with the same slopes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from models.config import Debias, FactorSettings
from models.factorization import FactorLearner
from models.negatives import Negatives
from tests.models.blocks import checkerboard


def learner(**settings):
    made = FactorLearner(checkerboard(), FactorSettings(dimensions=9, l2=0.03, **settings), 4)
    with torch.no_grad():  # levels start at 0, where a mistake in them would not be seen
        for table in (made.factors.user_level, made.factors.item_level):
            table.weight.normal_(generator=torch.Generator().manual_seed(1))
    return made


def risk_and_slopes(made, loss, batch):
    found = loss(batch)
    slopes = torch.autograd.grad(2.5 * found, list(made.factors.parameters()), materialize_grads=True)
    return found.item(), [slope.numpy() for slope in slopes]


def batch_of(made, scale=1.0):
    rng = np.random.default_rng(2)
    user, item, third, weight = made.rows(rng)
    with torch.no_grad():
        made.factors.user.weight.mul_(scale)
    return tuple(torch.from_numpy(row) for row in (user, item, third, weight * rng.random(len(weight), np.float32)))


@pytest.mark.parametrize(
    ("loss", "correction", "scale"),
    product(("bpr", "logistic", "squared"), ("ips", "snips"), (1.0, 30.0, 3000.0)),
)
def test_risk_and_slopes_are_those_of_torch(loss, correction, scale):
    made = learner(loss=loss, debias=Debias(correction=correction, propensity="popularity"))
    batch = batch_of(made, scale)
    assert made._is_plain(batch[3])
    risk, slopes = risk_and_slopes(made, lambda rows: made._plain_loss(*rows), batch)
    expected, torchs = risk_and_slopes(made, made._any_loss, batch)
    assert risk == pytest.approx(expected, rel=2e-6)
    for own, other in zip(slopes, torchs, strict=True):
        assert own.shape == other.shape and own.dtype == other.dtype
        np.testing.assert_allclose(own, other, rtol=2e-4, atol=2e-6 * np.abs(other).max())


@pytest.mark.parametrize(
    "more", [{"dropout": 0.1}, {"precision": "bfloat16"}, {"loss": "logistic", "debias": Debias(confounder=True)}]
)
def test_what_it_does_not_know_is_left_to_torch(more):
    weight = torch.ones(1)
    assert learner()._is_plain(weight) and not learner(**more)._is_plain(weight)
    assert not learner()._is_plain(weight.double())


def test_no_draw_is_an_item_that_the_user_took_and_all_others_come_up():
    data = checkerboard()
    taken = sp.csr_matrix((data.label > 0, (data.user, data.item)), shape=(data.n_users, data.n_items)).toarray()
    users = np.repeat(np.arange(data.n_users, dtype=np.int32), 300)
    drawn = Negatives(data).draw(users, np.random.default_rng(0))
    came = np.zeros_like(taken)
    came[users, drawn] = True
    assert (came == ~taken).all()
