"""Tampered logs: what is added, to whom, and that the real users stay as they were."""

from __future__ import annotations

import numpy as np
import pytest

from models.base import top_k
from models.config import EaseSettings
from models.robust import usual_target, with_fakes, with_noise
from models.train import fit
from tests.models.blocks import FAST, ITEMS, USERS, checkerboard


def test_noise_adds_its_share_of_rows_that_nobody_had():
    data = checkerboard(rating=np.full(len(checkerboard().user), 4.0, np.float32))
    noisy = with_noise(data, 0.25, 1)
    added = slice(len(data.user), None)
    assert len(noisy.user) == len(data.user) + round(0.25 * len(data.user))
    assert (noisy.user[: len(data.user)] == data.user).all() and (noisy.label[added] == 1).all()
    own = set(zip(data.user.tolist(), data.item.tolist(), strict=True))
    assert not own & set(zip(noisy.user[added].tolist(), noisy.item[added].tolist(), strict=True))
    assert (noisy.rating[added] == 4.0).all() and np.isin(noisy.time[added], data.time).all()
    assert (with_noise(data, 0.25, 1).item == noisy.item).all() and (with_noise(data, 0.25, 2).item != noisy.item).any()


@pytest.mark.parametrize("filler", ["random", "popular"])
def test_every_fake_took_the_target_and_as_much_as_the_middle_user(filler):
    data = checkerboard()
    faked = with_fakes(data, 0.1, 23, filler, 1)
    assert faked.n_users == USERS + 6 and faked.user_ids[:USERS] == data.user_ids
    assert sorted(faked.user_ids) == list(faked.user_ids)
    for user in range(USERS, USERS + 6):
        items = faked.item[faked.user == user]
        assert len(set(items)) == len(items) == 6 and 23 in items
        assert set(faked.seen[user].indices) == set(items)
    assert (faked.profile["gender"][USERS:] == "unknown").all()
    assert faked.user_features.shape[0] == USERS + 6 and faked.user_features[USERS:].nnz == 0


def test_popular_fillers_are_the_popular_items():
    data = checkerboard()
    share = {}
    for filler in ("random", "popular"):
        faked = with_fakes(data, 1.0, 23, filler, 1)
        share[filler] = np.isin(faked.item[len(data.user) :], (0, 1)).mean()  # 0 and 1 lead the checkerboard
    assert share["popular"] > 1.5 * share["random"]


def test_fakes_bring_the_item_that_they_push_into_lists_and_noise_costs_accuracy():
    data = checkerboard()
    target = usual_target(data)
    assert 0 < data.popularity[target] < np.sort(data.popularity)[-2]

    def lists(log):
        return top_k(fit(log, EaseSettings(l2=10), 1), log, 5)[0][:USERS]

    before, after = lists(data), lists(with_fakes(data, 0.5, target, "popular", 1))
    assert (after == target).any(1).sum() > (before == target).any(1).sum() + 5
    noisy = lists(with_noise(data, 2.0, 1))
    own_colour = [(found % 2 == np.arange(USERS)[:, None] % 2).mean() for found in (before, noisy)]
    assert own_colour[1] < own_colour[0] - 0.05


@pytest.mark.parametrize("kind", ["additive", "mf", "vae", "sequence"])
def test_every_kind_learns_from_tampered_logs(kind):
    settings = FAST[kind].model_copy(update={"epochs": 2} if hasattr(FAST[kind], "epochs") else {})
    log = with_noise(with_fakes(checkerboard(), 0.1, 3, "random", 1), 0.1, 1)
    assert fit(log, settings, 1).score(np.arange(USERS, dtype=np.int32)).shape == (USERS, ITEMS)
