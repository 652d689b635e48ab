"""Erasing a group from vectors: what probes of another make still find, and what is left as it was."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.fairness.probe import leak
from models.config import Adversary, Erasure
from models.fair.erase import _barycentre, erased
from models.fair.fresh import fresh_auc
from models.train import fit
from tests.models.blocks import FAST, USERS, checkerboard
from words import Refusal

N = 400
ADVERSARY = Adversary(attribute="gender", strength=1.0)


def apart(seed=0, shift=0.8, stretch=2.0, share=0.4, d=8):
    """Two groups of normals that differ in mean along one axis and in variance along another."""
    rng = np.random.default_rng(seed)
    group = (rng.random(N) < share).astype(np.int64)
    x = rng.normal(size=(N, d))
    x[:, 0] += shift * group
    x[:, 1] *= np.where(group == 1, stretch, 1.0)
    return x.astype(np.float32), group


def audited(x, group, kind):
    return leak(x.astype(np.float64), group.astype(np.intp), kind, 5).auc


def test_the_fresh_probe_knows_the_true_auc_of_two_normals():
    """Means apart by d: the AUC is Phi(d / sqrt 2)."""
    rng = np.random.default_rng(1)
    group = np.repeat([0, 1], 500).astype(np.int64)
    x = rng.normal(size=(1000, 3)) + 1.2 * group[:, None] * [1, 0, 0]
    from scipy.stats import norm

    assert fresh_auc(x, group, "linear") == pytest.approx(norm.cdf(1.2 / 2**0.5), abs=0.03)
    assert fresh_auc(rng.normal(size=(1000, 3)), group, "kernel") == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("few", [1, 2, 3])
def test_a_group_too_small_for_every_part_is_no_obstacle_to_erasing(few):
    x, group = apart()
    small = group.copy()
    small[:few] = 2
    assert fresh_auc(x.astype(float), small, "linear") == pytest.approx(
        fresh_auc(x.astype(float), np.where(small == 2, -1, small), "linear")
    )
    left = erased(x, small, 1.0)
    assert 0.4 < audited(left[few:], group[few:], "linear") < 0.6


def test_of_many_people_a_probe_reads_some_of_every_group():
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1, 2], [3000, 3000, 12])
    x = rng.normal(size=(len(group), 3)) + 3 * (group == 2)[:, None]
    assert all(fresh_auc(x, group, "linear", seed) > 0.55 for seed in range(3))


def test_nobody_is_told_apart_in_one_group():
    with pytest.raises(Refusal, match="two groups of at least 4 users"):
        fresh_auc(np.zeros((20, 2)), np.repeat([0, 1], [17, 3]), "linear")


def test_a_spread_that_only_a_curved_probe_can_read_is_read_by_the_kernel():
    x, group = apart(shift=0.0, stretch=3.0)
    assert fresh_auc(x.astype(float), group, "linear") < 0.58 < 0.65 < fresh_auc(x.astype(float), group, "kernel")


@pytest.mark.parametrize("seed", [0, 1])
def test_the_audits_own_probes_are_left_at_a_coin(seed):
    x, group = apart(seed)
    assert max(audited(x, group, kind) for kind in ("linear", "network")) > 0.65
    left = erased(x, group, 1.0)
    assert all(0.4 < audited(left, group, kind) < 0.6 for kind in ("linear", "network"))
    assert np.corrcoef(left[:, 4], x[:, 4])[0, 1] > 0.98  # a direction that says nothing is hardly touched


def test_strength_is_the_share_that_is_taken_out():
    x, group = apart(shift=1.2, stretch=1.0)
    read = [audited(erased(x, group, strength), group, "linear") for strength in (0.0, 0.5, 1.0)]
    assert read[0] > read[1] + 0.08 and read[1] > read[2] + 0.08
    assert read[1] == pytest.approx((read[0] + 0.5) / 2, abs=0.07)


def test_no_strength_and_unknown_people_are_left_bit_for_bit():
    x, group = apart()
    assert erased(x, group, 0.0) is x
    group[:50] = -1
    assert np.array_equal(erased(x, group, 1.0)[:50], x[:50])


def test_the_common_covariance_of_numbers_is_the_square_of_the_mean_deviation():
    """In one dimension the barycentre's standard deviation is the mean of the groups'."""
    assert _barycentre([np.array([[1.0]]), np.array([[9.0]])], [0.5, 0.5])[0, 0] == pytest.approx(4.0)


@pytest.mark.parametrize("kind", ["mf", "vae", "sequence"])
def test_a_fit_keeps_the_erased_vectors_and_scores_by_them(kind, tmp_path):
    colour = np.where(np.arange(USERS) % 2 == 0, "women", "men")
    data = checkerboard(profile={"gender": colour})
    plain = FAST[kind]
    held = plain.model_copy(update={"erasure": Erasure(attribute="gender", strength=1.0)})
    before, after = fit(data, plain, 1, cache=tmp_path), fit(data, held, 1, cache=tmp_path)
    codes = (colour == "women").astype(np.int64)
    assert fresh_auc(before.user_vectors().astype(float), codes, "linear") > 0.9
    assert fresh_auc(after.user_vectors().astype(float), codes, "linear") < 0.7
    after.save(tmp_path / "kept")
    from models.store import load

    users = np.arange(USERS, dtype=np.int32)
    assert np.array_equal(load(tmp_path / "kept").score(users), after.score(users))
    assert not np.array_equal(before.score(users), after.score(users))


@pytest.mark.parametrize("hidden", [{"erasure": Erasure(attribute="gender")}, {"adversary": ADVERSARY}])
def test_levels_of_users_do_not_tell_what_was_taken_out_of_their_vectors(hidden):
    data = checkerboard()
    women = np.random.default_rng(0).random(USERS) < 0.5
    rating = (3 + women[data.user] + np.random.default_rng(1).normal(0, 0.7, len(data.user))).astype(np.float32)
    none = {"valid_user": data.user[:0], "valid_item": data.item[:0], "valid_label": data.label[:0]}
    data = checkerboard(rating=rating, profile={"gender": np.where(women, "women", "men")}, **none)
    plain = FAST["mf"].model_copy(update={"loss": "squared"})
    users = np.arange(USERS, dtype=np.int32)

    def told(settings):
        model = fit(data, settings, 1)
        kept = (model.user_vectors(), model.score(users).mean(1, keepdims=True))
        return [fresh_auc(one.astype(float), women.astype(np.int64), "linear") for one in kept]

    assert min(told(plain)) > 0.9
    assert max(told(plain.model_copy(update=hidden))) < 0.8


def test_profile_tokens_and_erasure_do_not_go_together():
    settings = FAST["sequence"].model_copy(update={"erasure": Erasure(attribute="gender"), "profile": ("gender",)})
    with pytest.raises(Refusal, match="would not hold"):
        fit(checkerboard(), settings, 0)


def test_one_vector_for_everybody_tells_nothing_and_is_left_as_it_is():
    for vectors in (np.ones((40, 4), np.float32), np.zeros((40, 3), np.float32)):
        assert np.array_equal(erased(vectors, np.arange(40) % 2, 1.0), vectors)
