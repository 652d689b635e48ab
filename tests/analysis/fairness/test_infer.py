"""Intervals cover, tests keep their size, and every formula equals an independent one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.fairness.infer import (
    CLOSER,
    benjamini_hochberg,
    estimate,
    inside_margin,
    limits,
    permutation_p,
    resampling_counts,
    smallest_detectable,
    welch_p,
)


def ndcg_like(rng, size):
    """A third zeros, the rest between 0 and 1: the shape of per-user NDCG (mean 2/3 * 0.4)."""
    return np.where(rng.random(size) < 1 / 3, 0.0, rng.beta(2, 3, size))


def test_interval_of_a_gap_covers_the_truth_at_its_level():
    rng, hits, runs = np.random.default_rng(1), 0, 600
    for _ in range(runs):
        values = np.concatenate([ndcg_like(rng, 60), ndcg_like(rng, 25)])[:, None]
        code = np.repeat([0, 1], [60, 25])
        found = estimate(values, np.ones_like(values), code, 2, 400, rng)
        low, high = limits(found.replicate[:, 0, 0] - found.replicate[:, 1, 0], found.error[:, 0], found.n, 0.95)
        hits += low <= 0 <= high
    assert 0.93 <= hits / runs <= 0.97


def test_interval_of_a_ratio_of_sums_covers_the_truth_at_its_level():
    rng, hits, runs = np.random.default_rng(2), 0, 600
    for _ in range(runs):
        rows = 1 + rng.poisson(6, 80)
        taste = rng.beta(3, 5, 80)  # a user's own rate: rows of one user are alike
        chosen = rng.binomial(rows, taste)
        found = estimate(chosen[:, None] * 1.0, rows[:, None] * 1.0, np.zeros(80, np.intp), 1, 400, rng)
        low, high = limits(found.replicate[:, 0, 0], found.error[:, 0], found.n, 0.95)
        hits += low <= 3 / 8 <= high
    assert 0.93 <= hits / runs <= 0.97


def test_permutation_test_over_three_groups_keeps_its_size():
    rng, runs = np.random.default_rng(3), 800
    code = np.repeat([0, 1, 2], [40, 25, 15])
    found = [permutation_p(ndcg_like(rng, (80, 1)), np.ones((80, 1)), code, 3, 199, rng)[0] for _ in range(runs)]
    assert 0.035 <= np.mean(np.array(found) <= 0.05) <= 0.065


def test_permutation_test_finds_a_group_that_gets_less():
    rng = np.random.default_rng(4)
    values = ndcg_like(rng, (300, 1))
    code = np.repeat([0, 1, 2], 100)
    values[code == 2] *= 0.5
    assert permutation_p(values, np.ones_like(values), code, 3, 999, rng)[0] == pytest.approx(1 / (1 + CLOSER * 999))


def test_permutation_statistic_equals_the_welch_t_of_scipy():
    from analysis.fairness.infer import _largest_t

    rng = np.random.default_rng(5)
    top, code = rng.normal(size=(30, 1)), np.repeat([0, 1], [12, 18])
    ones = np.ones_like(top)
    values = np.hstack([top, ones, top**2, top, ones])
    expected = abs(stats.ttest_ind(top[code == 0, 0], top[code == 1, 0], equal_var=False).statistic)
    assert _largest_t(values, code[None], np.array([12, 18]))[0, 0] == pytest.approx(expected)


def test_welch_p_equals_scipy():
    rng = np.random.default_rng(6)
    a, b = rng.normal(0, 1, 14), rng.normal(0.5, 3, 9)
    values, code = np.concatenate([a, b])[:, None], np.repeat([0, 1], [14, 9])
    found = estimate(values, np.ones_like(values), code, 2, 100, rng)
    gap = found.value[0, 0] - found.value[1, 0]
    expected = stats.ttest_ind(a, b, equal_var=False).pvalue
    assert welch_p(gap, found.error[:, 0], found.n) == pytest.approx(expected)


@given(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=40))
@settings(deadline=None)
def test_benjamini_hochberg_equals_scipy(p):
    assert np.allclose(benjamini_hochberg(np.array(p)), stats.false_discovery_control(p))


def test_replicates_are_ratios_of_resampled_sums():
    top, bottom = np.array([[1.0], [0.0], [5.0]]), np.array([[2.0], [1.0], [5.0]])
    found = estimate(top, bottom, np.zeros(3, np.intp), 1, 100, np.random.default_rng(7))
    counts = resampling_counts(3, 100, np.random.default_rng(7))
    assert counts.sum(1).tolist() == [3.0] * 100
    assert np.allclose(found.replicate[:, 0, 0], (counts @ top)[:, 0] / (counts @ bottom)[:, 0])
    assert found.value[0, 0] == pytest.approx(6 / 8)


def test_users_without_denominator_do_not_count():
    top, bottom = np.array([[1.0], [9.0], [0.0]]), np.array([[1.0], [0.0], [1.0]])
    found = estimate(top, bottom, np.zeros(3, np.intp), 1, 100, np.random.default_rng(8))
    assert found.n.tolist() == [2] and found.value[0, 0] == 0.5


def test_same_seed_gives_the_same_replicates():
    values = np.random.default_rng(0).random((50, 2))
    twins = [
        estimate(values, np.ones_like(values), np.arange(50) % 3, 3, 200, np.random.default_rng(9)) for _ in range(2)
    ]
    assert np.array_equal(twins[0].replicate, twins[1].replicate)


def test_smallest_detectable_difference_has_eighty_percent_power():
    rng, runs, n = np.random.default_rng(10), 2000, 100
    truth = smallest_detectable(np.array([1.0, 1.0]) / np.sqrt(n))
    a, b = rng.normal(0, 1, (runs, n)), rng.normal(truth, 1, (runs, n))
    power = np.mean(stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue < 0.05)
    assert 0.77 <= power <= 0.83


def test_equivalence_needs_the_whole_interval_inside_the_margin():
    assert inside_margin(-0.005, 0.009, 0.01)
    assert not inside_margin(-0.005, 0.01, 0.01)
    assert inside_margin(0.95, 1.05, 0.1, null=1.0)


def test_resampling_by_counts_of_distinct_values_has_the_same_distribution():
    rng = np.random.default_rng(11)
    values = rng.integers(0, 3, (2400, 1)) * 1.0
    ones, code = np.ones_like(values), np.zeros(2400, np.intp)
    found = estimate(values, ones, code, 1, 4000, rng)
    rough = values + rng.normal(0, 1e-9, values.shape)  # no two alike: resampled user by user
    plain = estimate(rough, ones, code, 1, 4000, rng)
    assert found.replicate.std() == pytest.approx(plain.replicate.std(), rel=0.06)
    assert found.replicate.mean() == pytest.approx(values.mean(), abs=4 * found.replicate.std() / np.sqrt(4000))
