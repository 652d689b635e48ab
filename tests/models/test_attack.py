"""Attacks on vectors: what a small push does to the loss is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.attack import worst
from models.base import silent
from models.config import Penalty
from models.factorization import FactorLearner
from models.histories import profiles
from models.loop import learn
from models.reading import NextItemLearner
from models.train import fit
from tests.models.blocks import FAST, USERS, checkerboard

ALL = np.arange(USERS, dtype=np.int32)


def learner_of(kind, **settings):
    settings = FAST[kind].model_copy(update=settings)
    data = checkerboard()
    if kind == "mf":
        return FactorLearner(data, settings, 3), settings
    return NextItemLearner(data, None, profiles(data, settings), settings, 3), settings


def batch_of(learner):
    return tuple(torch.from_numpy(rows) for rows in learner.rows(np.random.default_rng(0)))


@pytest.mark.parametrize("kind", ["mf", "sequence"])
def test_a_small_push_raises_the_loss_by_radius_times_the_lengths_of_the_gradients(kind):
    learner, settings = learner_of(kind, attack="fgsm", attack_size=1e-3)
    learner.module.double()
    batch = tuple(rows.double() if rows.is_floating_point() else rows for rows in batch_of(learner))
    loss = learner.loss(batch)
    slopes = torch.autograd.grad(loss, learner.embeddings(), retain_graph=True)
    first_order = 1e-3 * sum(float(slope.norm(dim=1).sum()) for slope in slopes)
    risen = float((worst(learner, loss, batch, settings) - loss).detach())
    assert risen == pytest.approx(first_order, rel=0.02)


@pytest.mark.parametrize("attack", ["fgsm", "pgd"])
def test_no_vector_is_pushed_further_than_the_radius_and_none_without_a_slope(attack, monkeypatch):
    seen = []
    call = torch.func.functional_call
    monkeypatch.setattr(
        "models.attack.functional_call", lambda m, tables, batch: seen.append(tables) or call(m, tables, batch)
    )
    learner, settings = learner_of("mf", attack=attack, attack_size=0.3, l2=0.0)
    batch = tuple(rows[:10] for rows in batch_of(learner))
    worst(learner, learner.loss(batch), batch, settings)
    pushed, own = list(seen[-1].values())[:2], learner.embeddings()
    for after, before in zip(pushed, own, strict=True):
        moved = (after - before).norm(dim=1)
        assert float(moved.detach().max()) == pytest.approx(0.3, rel=1e-4)
    users, others = batch[0].unique(), set(range(USERS)) - set(batch[0].tolist())
    lengths = (next(iter(pushed)) - own[0]).norm(dim=1)
    assert (lengths[users.long()] > 0.1).all() and not lengths[sorted(others)].any()


def test_several_steps_find_a_worse_place_than_one():
    learner, once = learner_of("sequence", epochs=8, attack="fgsm", attack_size=0.1)
    learn(learner, FAST["sequence"].model_copy(update={"epochs": 8}), 1, "", None, silent)
    batch = batch_of(learner)
    loss = learner.loss(batch)
    often = once.model_copy(update={"attack": "pgd"})
    found = [float(worst(learner, loss, batch, settings).detach()) for settings in (once, often)]
    assert float(loss) < found[0] < found[1]


def test_a_model_trained_under_the_attack_loses_less_to_it():
    """Both models, attacked alike: how much the loss rises, against what it is."""
    rises = []
    for attack in ("none", "fgsm"):
        settings = FAST["mf"].model_copy(update={"epochs": 25, "attack": attack, "attack_size": 0.5})
        learner, _ = learner_of("mf")
        learn(learner, settings, 1, "", None, silent)
        batch = batch_of(learner)
        loss = learner.loss(batch)
        risen = worst(learner, loss, batch, settings.model_copy(update={"attack": "fgsm"}))
        rises.append(float((risen - loss) / loss))
    assert rises[1] < 0.8 * rises[0]


def test_an_attack_of_no_weight_changes_nothing():
    plain = FAST["mf"].model_copy(update={"epochs": 3})
    idle = plain.model_copy(update={"attack": "fgsm", "attack_weight": 0.0})
    np.testing.assert_allclose(fit(checkerboard(), idle, 1).score(ALL), fit(checkerboard(), plain, 1).score(ALL))


@pytest.mark.parametrize("kind", ["mf", "sequence"])
def test_the_attacks_own_passes_are_no_steps_of_the_groups_weights(kind):
    leaning = Penalty(figure="worst_group", attribute="gender", strength=0.5)
    learner, settings = learner_of(kind, attack="pgd", penalty=leaning)
    batch = batch_of(learner)
    loss = learner.loss(batch)
    once = learner.fair.weight.clone()
    worst(learner, loss, batch, settings).backward()
    assert torch.equal(learner.fair.weight, once)
