"""Private training: what one user can do to a step is bounded, and the epsilon is Opacus's."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.special import gammaln, logsumexp

from models import store
from models.config import SETTINGS, Adversary, FactorSettings, SequenceSettings, VaeSettings
from models.histories import profiles
from models.private import Plan, delta_of, draws, plan, private_step, spent
from models.reading import NextItemLearner
from models.train import fit
from tests.models.blocks import FAST, ITEMS, USERS, checkerboard
from words import Refusal

ALL = np.arange(USERS, dtype=np.int32)
PRIVATE = FAST["sequence"].model_copy(update={"epochs": 2, "epsilon": 8.0, "delta": 1e-3})


def test_a_tighter_bound_takes_more_noise_and_what_is_spent_stays_below_it():
    noises = []
    for epsilon in (1.0, 4.0, 16.0):
        made = plan(PRIVATE.model_copy(update={"epsilon": epsilon, "epochs": 20}), 900, 90)
        assert (made.share, made.steps, made.clip) == (0.1, 200, 1.0)
        assert epsilon - 0.05 <= spent(made, 1e-3) <= epsilon
        noises.append(made.noise)
    assert noises[0] > noises[1] > noises[2] > 0


def test_the_epsilon_of_one_plain_gaussian_step_is_the_formula_of_renyi_privacy():
    """All users in one step: a / 2s^2 + log((a - 1) / a) - (log d + log a) / (a - 1), least over a (Balle et al.)."""
    noise, delta = 3.0, 1e-5
    orders = np.arange(11, 64).astype(float)
    eps = orders / (2 * noise**2) + np.log((orders - 1) / orders) - (np.log(delta) + np.log(orders)) / (orders - 1)
    assert spent(Plan(1.0, 1, noise, 1.0), delta) == pytest.approx(eps.min(), rel=0.02)


@pytest.mark.parametrize(("share", "steps", "noise"), [(0.01, 1000, 1.1), (0.1, 200, 2.0), (0.25, 40, 4.0)])
def test_the_epsilon_of_drawn_users_is_that_of_mironovs_binomial_sum(share, steps, noise):
    """Whole orders a: log sum_k C(a, k) (1 - q)^(a - k) q^k exp(k (k - 1) / 2s^2) / (a - 1) (Mironov et al. 2019)."""
    delta, eps = 1e-5, []
    for order in range(2, 200):
        k = np.arange(order + 1.0)
        chance = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
        chance += k * np.log(share) + (order - k) * np.log1p(-share)
        spends = steps * logsumexp(chance + k * (k - 1) / (2 * noise**2)) / (order - 1)
        eps.append(spends + np.log((order - 1) / order) - (np.log(delta) + np.log(order)) / (order - 1))
    assert spent(Plan(share, steps, noise, 1.0), delta) == pytest.approx(min(eps), rel=0.02)


def test_a_delta_by_which_one_user_may_be_published_is_refused():
    with pytest.raises(Refusal, match="drawn by lot"):
        fit(checkerboard(), PRIVATE.model_copy(update={"delta": 1 / USERS}), 1)
    assert plan(PRIVATE.model_copy(update={"delta": 0.9 / USERS}), USERS, 20).noise > 0


def test_a_delta_that_is_not_given_is_below_one_over_the_users_however_many():
    """A million users were refused what a hundred thousand could have by default."""
    settings = PRIVATE.model_copy(update={"delta": None})
    assert [delta_of(settings, users) for users in (60, 10_000, 1_000_000)] == pytest.approx([1e-5, 1e-5, 1e-7])
    assert plan(settings, 1_000_000, 1000).noise > 0
    assert fit(checkerboard(), settings, 1).remarks()[0].facts["delta"] == 1e-5


def test_users_are_drawn_each_by_itself():
    drawn = draws(1000, 0.1, 200, np.random.default_rng(0))
    sizes = np.array([len(step) for step in drawn])
    assert sizes.mean() == pytest.approx(100, abs=3) and sizes.std() == pytest.approx(np.sqrt(90), rel=0.2)
    assert len(draws(3, 0.001, 1, np.random.default_rng(0))[0]) == 0


def steps_gradient(users, clip, noise=0.0, seed=0):
    """The gradient that a private step applies, as one vector."""
    data, settings = checkerboard(), PRIVATE
    learner = NextItemLearner(data, None, profiles(data, settings), settings, 3)
    rows = [torch.from_numpy(row)[users] for row in learner.rows(np.random.default_rng(0))]
    optimiser = torch.optim.SGD(learner.module.parameters(), lr=1.0)
    before = torch.cat([w.detach().flatten().clone() for w in learner.module.parameters()])
    torch.manual_seed(seed)
    private_step(learner, optimiser, Plan(0.5, 1, noise, clip), 1, rows)
    return before - torch.cat([w.detach().flatten() for w in learner.module.parameters()])


def test_one_user_moves_the_sum_by_the_clipped_gradient_and_no_more():
    with_user, without = steps_gradient([3, 8, 11], 0.05), steps_gradient([3, 11], 0.05)
    assert float((with_user - without).norm()) == pytest.approx(0.05, rel=1e-3)  # the gradient is longer than that
    assert float(steps_gradient([8], 1e6).norm()) > 0.05
    torch.testing.assert_close(with_user - without, steps_gradient([8], 0.05), atol=1e-6, rtol=1e-3)


def test_the_noise_has_the_size_that_the_accounting_supposes():
    noise = steps_gradient([3], 0.05, noise=40.0) - steps_gradient([3], 0.05)
    assert float(noise.std()) == pytest.approx(40.0 * 0.05, rel=0.03)
    assert float(steps_gradient([], 0.05, noise=40.0).std()) == pytest.approx(
        2.0, rel=0.03
    )  # nobody drawn: noise alone


@pytest.mark.parametrize("kind", ["sequence", "vae"])
def test_a_private_model_runs_all_epochs_is_kept_with_its_epsilon_and_is_the_same_again(kind, tmp_path):
    settings = FAST[kind].model_copy(update={"epochs": 2, "epsilon": 8.0, "delta": 1e-3, "patience": 1})
    model = fit(checkerboard(), settings, 1)
    assert len(model.curves["loss"]) == 2 and 7.9 <= model.private.epsilon <= 8.0
    model.save(tmp_path)
    assert store.load(tmp_path).private == model.private
    assert fit(checkerboard(), settings, 1).score(ALL).tobytes() == model.score(ALL).tobytes()
    assert fit(checkerboard(), settings.model_copy(update={"epsilon": 0.0}), 1).private is None


@pytest.mark.parametrize("kind", ["sequence", "vae", "language"])
@pytest.mark.parametrize(
    "chosen", [{"debias": {"correction": "ips"}}, {"penalty": {"figure": "parity", "attribute": "gender"}}]
)
def test_weights_and_penalties_are_refused_only_with_privacy(kind, chosen):
    for epsilon, refused in ((0.0, False), (8.0, True)):
        with pytest.raises(ValidationError) if refused else nullcontext():
            SETTINGS.validate_python({"kind": kind, "epsilon": epsilon, **chosen})


def test_what_all_users_took_is_not_read_before_the_first_noisy_step():
    data = checkerboard()
    learner = NextItemLearner(data, None, profiles(data, PRIVATE), PRIVATE, 3)
    _, level = learner.items()
    assert level.unique().numel() == 1 and len(level) == ITEMS


def test_kinds_and_settings_whose_rows_do_not_stand_alone_are_refused():
    with pytest.raises(ValueError, match="no row stands alone"):
        FactorSettings.model_validate({"epsilon": 3.0})
    parity, twins = ({"figure": figure, "attribute": "gender"} for figure in ("parity", "twins"))
    for other in ({"augment": ("crop",)}, {"attack": "fgsm"}, {"adversary": Adversary(attribute="gender")}):
        with pytest.raises(ValueError, match="each user alone"):
            SequenceSettings.model_validate({"epsilon": 3.0, **other})
    with pytest.raises(ValueError, match="compares groups of users"):
        SequenceSettings.model_validate({"epsilon": 3.0, "penalty": parity})
    with pytest.raises(ValueError, match="have no effect"):
        SequenceSettings.model_validate({"epsilon": 3.0, "debias": {"correction": "ips"}})
    assert SequenceSettings.model_validate({"epsilon": 3.0, "penalty": twins}).penalty is not None
    with pytest.raises(ValueError, match="each user alone"):
        VaeSettings(epsilon=3.0, adversary=Adversary(attribute="gender"))
