"""Mult-VAE: its bound against torch's distributions and numpy's, its annealing, who is read and how."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Multinomial, Normal, kl_divergence

from models.base import silent
from models.config import Adversary, Penalty
from models.latent import VaeLearner, cell_weights, divergence, surprise
from models.linear import positives
from models.loop import learn
from models.train import fit
from tests.models.blocks import FAST, ITEMS, USERS, checkerboard

ALL = np.arange(USERS, dtype=np.int32)
PLAIN = FAST["vae"].model_copy(update={"dropout": 0.0, "anneal": 0, "beta": 0.3})


def test_the_divergence_is_torchs():
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    peer = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(divergence(mean, log_variance), peer)


def test_the_likelihood_is_the_multinomials_up_to_its_coefficient():
    taken, logits = torch.bernoulli(torch.full((6, 9), 0.5)), torch.randn(6, 9)
    for row, one in zip(taken, logits, strict=True):
        count = int(row.sum())
        coefficient = torch.lgamma(torch.tensor(count + 1.0))  # log n!; each item is taken once at most
        peer = Multinomial(count, logits=one).log_prob(row) - coefficient
        torch.testing.assert_close(-surprise(one[None], row[None])[0], peer)


def test_the_loss_is_the_published_bound_worked_out_in_numpy():
    data = checkerboard()
    learner = VaeLearner(data, PLAIN, 3)
    users = torch.tensor([0, 1, 7])
    torch.manual_seed(8)
    loss = float(learner.loss((users,)).detach())
    torch.manual_seed(8)
    noise = torch.randn(3, PLAIN.dimensions).numpy().astype(float)
    w = {name: value.numpy().astype(float) for name, value in learner.model.state_dict().items()}
    x = positives(data).toarray()[users].astype(float)
    x_hat = x / np.sqrt((x**2).sum(1, keepdims=True))
    both = np.tanh(x_hat @ w["encode.weight"].T + w["encode.bias"]) @ w["latent.weight"].T + w["latent.bias"]
    mu, sigma = both[:, : PLAIN.dimensions], np.exp(both[:, PLAIN.dimensions :] / 2)
    z = mu + sigma * noise
    logits = np.tanh(z @ w["decode.weight"].T + w["decode.bias"]) @ w["out.weight"].T + w["out.bias"]
    told = (x * (logits - np.log(np.exp(logits).sum(1, keepdims=True)))).sum(1)
    kl = (mu**2 + sigma**2 - 2 * np.log(sigma) - 1).sum(1) / 2
    assert loss == pytest.approx((-told + 0.3 * kl).mean() / learner.length, rel=1e-5)
    assert learner.length == pytest.approx(len(data.user) / USERS)


def test_the_worst_group_is_the_worst_told_item_by_item_not_the_one_that_took_most():
    """Women took 12 items each and men 3; before training, every item is told as badly as any other."""
    women = np.arange(USERS) % 2 == 0
    took = np.where(women, 12, 3)
    user = np.repeat(ALL, took)
    item = np.concatenate([np.arange(count, dtype=np.int32) for count in took])
    profile = {"gender": np.where(women, "women", "men")}
    data = checkerboard(user=user, item=item, label=np.ones(len(user), np.float32), time=None, profile=profile)
    settings = PLAIN.model_copy(update={"beta": 0.0})
    penalty = Penalty(figure="worst_group", attribute="gender", strength=1.0)
    learner = VaeLearner(data, settings.model_copy(update={"penalty": penalty}), 3)
    with torch.no_grad():
        learner.model.out.weight.zero_()
        learner.model.out.bias.zero_()
        loss = learner.loss((torch.from_numpy(ALL),))
    assert float(loss) == pytest.approx(np.log(ITEMS), rel=1e-5)
    assert learner.fair.weight.tolist() == pytest.approx([0.0, 0.2, 0.8], abs=1e-5)  # unknown, men, women: of the rows


def test_scores_are_the_models_logits_at_the_mean():
    data = checkerboard()
    learner = VaeLearner(data, PLAIN.model_copy(update={"epochs": 2}), 3)
    learn(learner, learner.settings, 3, "", None, silent)
    model = fit(data, learner.settings, 3)
    with torch.no_grad():
        mean, _ = learner.model.posterior(
            torch.from_numpy(positives(data).toarray()).to(learner.model.out.weight.device)
        )
        logits = learner.model.out(learner.model.vectors(mean)).cpu().numpy()
    np.testing.assert_allclose(model.score(ALL), logits, atol=1e-5)


def test_beta_rises_straight_over_the_epochs_of_annealing_and_then_stays():
    settings = FAST["vae"].model_copy(update={"beta": 0.4, "anneal": 4, "epochs": 6})
    learner = VaeLearner(checkerboard(), settings, 0)
    steps = betas_of(learner)
    learn(learner, settings, 0, "", None, silent)
    first = [0.4 * epoch / 4 for epoch in (0, 1, 2, 3, 4, 4)]
    assert [betas[0] for betas in np.array_split(steps, 6)] == pytest.approx(first)
    assert sorted(steps) == steps
    assert VaeLearner(checkerboard(), PLAIN, 0).beta() == pytest.approx(0.3)  # nothing to anneal over


def test_a_batch_computed_in_parts_is_annealed_once():
    """The parts of a step each moved beta on: those of one batch were told by different losses."""
    settings = FAST["vae"].model_copy(update={"anneal": 4, "epochs": 2, "batch": 20})
    whole, parts = (VaeLearner(checkerboard(), settings, 0) for _ in range(2))
    once, each = betas_of(whole), betas_of(parts)
    learn(whole, settings, 0, "", None, silent)
    learn(parts, settings.model_copy(update={"accumulate": 2}), 0, "", None, silent)
    assert each == pytest.approx(np.repeat(once, 2)) and len(set(once)) == len(once) > 2


def betas_of(learner: VaeLearner) -> list[float]:
    """What beta was at each loss, filled in while it trains."""
    found, loss = [], learner.loss
    learner.loss = lambda batch: (found.append(learner.beta()), loss(batch))[1]
    return found


def test_an_item_taken_twice_counts_once_with_the_mean_weight():
    data = checkerboard()
    again = np.append(data.user, data.user[0]), np.append(data.item, data.item[0])
    label, weight = np.ones(len(again[0]), np.float32), np.ones(len(again[0]), np.float32)
    weight[0], weight[-1] = 3.0, 0.0
    twice = checkerboard(user=again[0], item=again[1], label=label, weight=weight)
    cells = cell_weights(twice, weight).toarray()
    assert cells[data.user[0], data.item[0]] == 1.5
    assert ((cells > 0) == (positives(data).toarray() > 0)).all()


def test_a_user_who_took_nothing_gets_what_a_newcomer_would():
    label = np.where(checkerboard().user < 2, 0, 1).astype(np.float32)
    model = fit(checkerboard(label=label), FAST["vae"], 1)
    scores = model.score(ALL[:3])
    assert np.isfinite(scores).all() and scores.shape == (3, ITEMS)
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_an_adversary_of_no_strength_changes_nothing_but_the_epochs():
    settings = FAST["vae"].model_copy(update={"epochs": 3})
    idle = settings.model_copy(update={"adversary": Adversary(attribute="gender", strength=0.0)})
    np.testing.assert_allclose(fit(checkerboard(), idle, 1).score(ALL), fit(checkerboard(), settings, 1).score(ALL))
