"""Debiased risks: by hand, without bias over the ways in which cells could have been seen, and in a model."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from models.config import Debias, FactorSettings, SequenceSettings, VaeSettings
from models.exposure import Exposure
from models.factorization import FactorLearner, Factors
from models.robustly import Imputation, doubly_robust, imputation_weights, ips, row_loss, snips
from models.train import fit
from tests.models.blocks import FAST, USERS, checkerboard
from tests.models.test_exposure import shown
from words import Refusal

SHAPE = (12, 9)
DRAWS = 2000
RNG = np.random.default_rng(5)
ERROR, CHANCE, GUESS = RNG.gamma(1, 1, SHAPE), RNG.uniform(0.1, 0.9, SHAPE), RNG.gamma(1, 1, SHAPE)


def twin(error, seen, chance, imputed):
    """The doubly robust risk as the paper writes it, cell by cell."""
    total = 0.0
    for u in range(SHAPE[0]):
        for i in range(SHAPE[1]):
            total += imputed[u, i] + (error[u, i] - imputed[u, i]) / chance[u, i] * seen[u, i]
    return total / error.size


def estimated(seen, chance, imputed):
    """ips and doubly_robust of one way in which the cells could have been seen."""
    error, p, guess = (torch.from_numpy(table[seen]) for table in (ERROR, chance, imputed))
    weight = seen.mean() / p
    return ips(error, weight), doubly_robust(error, guess, weight, torch.from_numpy(imputed.ravel()))


def means(chance, imputed):
    rng = np.random.default_rng(6)
    each = [estimated(rng.random(SHAPE) < CHANCE, chance, imputed) for _ in range(DRAWS)]
    return np.mean(each, axis=0), np.std(each, axis=0) / np.sqrt(DRAWS)


def test_the_risks_are_those_of_the_papers_cell_by_cell():
    seen = np.random.default_rng(1).random(SHAPE) < CHANCE
    found_ips, found = estimated(seen, CHANCE, GUESS)
    assert float(found) == pytest.approx(twin(ERROR, seen, CHANCE, GUESS))
    assert float(found_ips) == pytest.approx((ERROR / CHANCE * seen).sum() / ERROR.size)
    error, weight = torch.tensor([1.0, 3.0]), torch.tensor([1.0, 3.0])
    assert float(snips(error, weight)) == pytest.approx(10 / 4)


def test_with_the_right_propensities_both_are_without_bias():
    (mean_ips, mean), (error_ips, error) = means(CHANCE, GUESS)
    assert abs(mean_ips - ERROR.mean()) < 4 * error_ips
    assert abs(mean - ERROR.mean()) < 4 * error


def test_with_the_right_imputation_wrong_propensities_do_no_harm():
    (mean_ips, mean), _ = means(np.full(SHAPE, 0.5), ERROR)
    assert mean == pytest.approx(ERROR.mean())
    assert abs(mean_ips - ERROR.mean()) > 0.05


def test_with_both_wrong_it_is_biased():
    """Or the two tests above would pass whatever was computed."""
    (_, mean), (_, error) = means(np.full(SHAPE, 0.5), GUESS)
    assert abs(mean - ERROR.mean()) > 5 * error


def test_imputation_weights_are_the_variance_that_a_miss_makes():
    chance = np.array([0.2, 0.5, 1.0])
    found = Exposure(chance, 1 / chance, np.ones(0), None)
    np.testing.assert_allclose(imputation_weights(found, "joint", 99) * 8 / 3, [5, 2, 1], rtol=1e-6)
    np.testing.assert_allclose(imputation_weights(found, "mrdr", 99) * 22 / 3, [20, 2, 0], atol=1e-6)


class Constant(torch.nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = torch.nn.Parameter(torch.tensor(value))

    def forward(self, user: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        return self.value.expand(len(user))


@pytest.mark.parametrize("loss", ["logistic", "squared"])
def test_the_model_and_its_imputation_each_learn_from_their_own_risk(loss):
    user = item = torch.zeros(2, dtype=torch.long)
    score, target, weight = torch.tensor([0.3, -1.0], requires_grad=True), torch.tensor([1.0, 0.0]), torch.ones(2)
    imputation = Imputation(Constant(0.4), loss, learned=True)
    imputation.risk((user, item, target), score, weight, (user, item, score)).backward()
    assert score.grad is not None and imputation.scorer.value.grad is None
    # With weight 1 and the same cells anywhere, what is imputed cancels: the gradient is that of the error alone.
    own = torch.tensor([0.3, -1.0], requires_grad=True)
    row_loss(own, target, loss).mean().backward()
    torch.testing.assert_close(score.grad, own.grad)
    score.grad = None
    imputation.own_risk((user, item, target), score, weight).backward()
    assert score.grad is None and imputation.scorer.value.grad is not None


def rated(seed: int = 0) -> tuple[FactorSettings, object]:
    """Wanted items are seen three times as often: the log's share of wanted is far above the truth of 30%."""
    rng = np.random.default_rng(seed)
    truth = rng.random((150, 40)) < 0.3
    chance = np.where(truth, 0.45, 0.15)
    data = shown(chance, seed + 100)
    label = truth[data.user, data.item].astype(np.float32)
    logged = chance[data.user, data.item].astype(np.float32)
    settings = FactorSettings(loss="logistic", dimensions=2, epochs=30, batch=800, learning_rate=0.05, l2=1.0)
    return settings, type(data)(**{**vars(data), "label": label, "propensity": logged})


@pytest.mark.parametrize("correction", get_args(Debias.model_fields["correction"].annotation))
def test_a_model_learns_the_share_of_all_cells_where_the_log_misleads(correction):
    settings, data = rated()
    debias = Debias(correction=correction, propensity="given")
    model = fit(data, settings.model_copy(update={"debias": debias}), 0)
    share = 1 / (1 + np.exp(-model.score(np.arange(150, dtype=np.int32))))
    if correction == "none":
        assert share.mean() > 0.5
    else:
        assert share.mean() == pytest.approx(0.3, abs=0.06)


def test_doubly_robust_losses_need_rows_that_were_not_wanted():
    for correction in ("dr", "joint", "mrdr"):
        with pytest.raises(Refusal, match="seen and not wanted"):
            fit(checkerboard(), FactorSettings(loss="logistic", epochs=1, debias=Debias(correction=correction)), 0)


def test_kinds_without_a_loss_on_rows_take_weights_alone():
    for kind in (VaeSettings, SequenceSettings):
        with pytest.raises(ValueError, match="'none', 'ips' or 'snips'"):
            kind(debias={"correction": "dr"})


@pytest.mark.parametrize("kind", ["vae", "sequence", "mf"])
def test_an_item_that_counts_a_hundred_times_rises(kind, tmp_path):
    """Logged propensities under which one item was hardly ever shown: weights lift it in every kind."""
    data = checkerboard(label=np.tile([1, 1, 1, 1, 1, 0], USERS).astype(np.float32))
    lifted = 7
    rare = np.where(data.item == lifted, 0.01, 1.0).astype(np.float32)
    data = type(data)(**{**vars(data), "propensity": rare})
    settings = FAST[kind].model_copy(update={"epochs": 12})
    asked = settings.debias.model_copy(update={"correction": "snips", "propensity": "given", "most_weight": 100.0})
    plain = fit(data, settings, 0, cache=tmp_path).score(np.arange(USERS, dtype=np.int32))
    moved = fit(data, settings.model_copy(update={"debias": asked}), 0, cache=tmp_path)
    scores = moved.score(np.arange(USERS, dtype=np.int32))

    def place(of):
        return (of > of[:, [lifted]]).sum(1)[1::2].mean()

    assert place(scores) < place(plain) - 1


def test_the_imputation_of_dr_stands_still_and_that_of_joint_moves():
    settings, data = rated()
    fixed = Factors(150, 40, settings, 0.0)
    dr = settings.model_copy(update={"debias": Debias(correction="dr", propensity="given")})
    assert not any(weight.requires_grad for weight in FactorLearner(data, dr, 0, fixed).imputation.parameters())
    joint = settings.model_copy(update={"debias": Debias(correction="joint", propensity="given")})
    assert any(weight.requires_grad for weight in FactorLearner(data, joint, 0).imputation.parameters())
