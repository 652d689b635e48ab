"""Fresh probes: chance where there is nothing, the true AUC where something was planted, intervals that hold."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from analysis.fairness.probe import CHANCE, FEWEST, leak, macro_auc, parts


def planted(n, shift, seed, width=4):
    """Two groups of n / 2; the first column differs by `shift` standard deviations: best AUC is Phi(shift / sqrt 2)."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 2
    x = rng.normal(size=(n, width))
    x[:, 0] += shift * group
    return x, group


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_random_vectors_are_read_like_a_coin(kind):
    x, group = planted(600, 0.0, 1)
    found = leak(x, group, kind, 1)
    low, high = found.limits(0.95)
    assert low < CHANCE < high and high - low < 0.15


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_a_planted_shift_is_found_with_its_true_auc(kind):
    x, group = planted(1500, 1.0, 2)
    found = leak(x, group, kind, 1)
    low, high = found.limits(0.95)
    assert low < norm.cdf(1 / np.sqrt(2)) < high


def test_the_network_reads_what_a_line_cannot():
    x, group = planted(1200, 0.0, 3, width=2)
    group = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(int)
    assert leak(x, group, "linear", 1).auc < 0.6
    assert leak(x, group, "network", 1).auc > 0.9


def test_two_groups_are_sklearns_auc_and_delongs_error():
    rng = np.random.default_rng(4)
    group, raw = np.repeat([0, 1], [40, 25]), rng.normal(size=65).round(1)
    raw[40:] += 0.5
    auc, error = macro_auc(np.column_stack([-raw, raw]), group)
    assert auc == pytest.approx(roc_auc_score(group, raw))
    wins = (raw[40:, None] > raw[None, :40]) + 0.5 * (raw[40:, None] == raw[None, :40])
    by_hand = wins.mean(1).var(ddof=1) / 25 + wins.mean(0).var(ddof=1) / 40
    assert error == pytest.approx(np.sqrt(by_hand))


def test_three_groups_are_sklearns_macro_auc():
    rng = np.random.default_rng(5)
    group = rng.integers(0, 3, 200)
    score = rng.dirichlet(np.ones(3), 200) + 0.2 * np.eye(3)[group]
    score /= score.sum(1, keepdims=True)
    assert macro_auc(score, group)[0] == pytest.approx(roc_auc_score(group, score, multi_class="ovr"))


def test_the_intervals_hold_chance_as_often_as_they_say():
    held = 0
    for seed in range(120):
        x, group = planted(180, 0.0, 100 + seed)
        low, high = leak(x, group, "linear", seed).limits(0.95)
        held += low <= CHANCE <= high
    assert 0.88 <= held / 120 <= 1.0  # 0.95 +- 3.5 standard errors; cross-fitted folds give 0.83


def test_perfect_telling_has_an_interval_that_ends_at_one():
    x, group = planted(200, 100.0, 6)
    found = leak(x, group, "linear", 1)
    assert found.auc == 1.0
    low, high = found.limits(0.95)
    assert 0.9 < low < 1.0 == high


def test_the_same_for_everyone_tells_nothing():
    group = np.arange(80) % 2
    assert leak(np.ones((80, 3)), group, "linear", 1) is None
    assert leak(sp.csr_matrix(np.ones((80, 3))), group, "linear", 1) is None
    one_differs = np.ones((80, 3))
    one_differs[np.flatnonzero(parts(group, 1) == 0)[0]] = 2.0  # in a part that is never judged
    assert leak(one_differs, group, "linear", 1) is None


def test_too_few_are_refused_and_parts_have_the_same_mix():
    with pytest.raises(ValueError):
        leak(np.ones((50, 2)), np.arange(50) % 2, "linear", 1)
    group = np.repeat([0, 1], [FEWEST, 300])
    part = parts(group, 3)
    assert (np.bincount(part[group == 0]) == 5).all() and (np.bincount(part[group == 1]) == 50).all()
    assert (part == parts(group, 3)).all()
