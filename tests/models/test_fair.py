"""The adversary: its gradient by hand, and what a fresh probe still finds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.config import Adversary
from models.fair import Critic, Reverse, group_codes
from models.schedule import risen
from models.train import fit
from tests.models.blocks import FAST, USERS, checkerboard
from words import Refusal


def test_the_gradient_comes_back_reversed_and_scaled():
    x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    y = Reverse.apply(x, 2.5)
    assert torch.equal(y, x)
    (y * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [-2.5, -25.0, -250.0]


def test_the_gradient_is_that_of_the_best_linear_guess_reversed_and_scaled():
    """Against numeric differences of the least-squares error, solved afresh for each (no ridge to speak of)."""
    data = checkerboard()
    codes = group_codes(data, "gender")
    users = torch.arange(1, 12)
    rng = np.random.default_rng(0)
    start = rng.normal(size=(11, 2)).astype(np.float32)
    sizes = np.bincount(codes[codes >= 0])
    weight = 1 / sizes[codes[1:12]]
    weight = weight / weight.sum()

    def left(x):
        y = np.eye(2)[codes[1:12]]
        x, y = x - weight @ x, y - weight @ y
        root = np.sqrt(weight)[:, None]
        best = np.linalg.lstsq(root * x, root * y, rcond=None)[0]
        return (weight[:, None] * (y - x @ best) ** 2).sum() / (weight[:, None] * y**2).sum()

    numeric = np.zeros_like(start)
    for at in np.ndindex(start.shape):
        step = np.zeros(start.shape)
        step[at] = 1e-4
        numeric[at] = (left(start + step) - left(start - step)) / 2e-4
    vectors = torch.tensor(start, requires_grad=True)
    loss = Critic(data, Adversary(attribute="gender", strength=3.0)).loss(vectors, users)
    loss.backward()
    assert loss.item() == pytest.approx(left(start), abs=1e-3)
    np.testing.assert_allclose(vectors.grad.numpy(), -3.0 * numeric, atol=0.01)


def test_the_loop_lets_the_adversary_rise_with_the_epochs(monkeypatch):
    seen = []
    plain = Critic.loss
    monkeypatch.setattr(Critic, "loss", lambda self, *batch: seen.append(self.risen) or plain(self, *batch))
    adversary = Adversary(attribute="gender", strength=0.1, ramp=0.5)
    fit(checkerboard(), FAST["mf"].model_copy(update={"adversary": adversary, "epochs": 4, "batch": 10**6}), 0)
    assert seen == [risen(epoch / 4, 0.5) for epoch in range(4)]
    assert seen[0] == 0 and seen[-1] == 1


def test_users_of_unknown_group_teach_the_critic_nothing():
    data = checkerboard()
    codes = group_codes(data, "gender")
    assert (codes[::12] == -1).all() and set(codes) == {-1, 0, 1}
    critic = Critic(data, Adversary(attribute="gender"))
    vectors = torch.randn(3, 4, requires_grad=True)
    loss = critic.loss(vectors, torch.tensor([0, 12, 24]))
    loss.backward()
    assert loss == 0 and not vectors.grad.any()


@pytest.mark.parametrize("kind", ["mf", "vae", "language"])
def test_the_adversary_lowers_what_a_fresh_probe_finds(kind, tmp_path):
    colour = np.where(np.arange(USERS) % 2 == 0, "women", "men")
    data = checkerboard(profile={"gender": colour})
    settings = FAST[kind].model_copy(update={"patience": 100, "epochs": 60})
    hidden = settings.model_copy(update={"adversary": Adversary(attribute="gender", strength=3.0)})
    found = probe(fit(data, settings, 1, cache=tmp_path).user_vectors(), colour)
    left = probe(fit(data, hidden, 1, cache=tmp_path).user_vectors(), colour)
    assert found > 0.95
    assert left < found - 0.2


def probe(vectors, values):
    """AUC of a fresh logistic regression, five folds of users."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    guess = make_pipeline(StandardScaler(), LogisticRegression())
    scores = cross_val_predict(guess, vectors, values, cv=5, method="decision_function")
    return roc_auc_score(values == "women", scores)


def test_an_attribute_that_is_not_there_is_refused():
    with pytest.raises(Refusal, match="no attribute named age"):
        fit(checkerboard(), FAST["mf"].model_copy(update={"adversary": Adversary(attribute="age")}), 0)


def test_one_group_has_nothing_to_hide():
    with pytest.raises(Refusal, match="same gender"):
        group_codes(checkerboard(profile={"gender": np.array(["men"] * USERS)}), "gender")


def test_the_critic_solves_in_full_precision_inside_autocast():
    data = checkerboard()
    vectors, users = torch.randn(20, 4), torch.arange(20)
    critic = Critic(data, Adversary(attribute="gender"))
    with torch.autocast("cpu", torch.bfloat16):
        inside = critic.loss(vectors, users)
    assert inside.dtype == torch.float32 and inside == critic.loss(vectors, users)
