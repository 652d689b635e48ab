"""Partial pooling beats raw values on groups drawn from one population, and its intervals cover them."""

import numpy as np
import pytest

from analysis.fairness.pooling import partial_pooling


def test_pooled_values_are_nearer_the_truth_and_their_intervals_cover_it():
    rng = np.random.default_rng(0)
    raw_error, pooled_error, covered, groups = 0.0, 0.0, 0, 20
    for _ in range(300):
        truth = rng.normal(0.4, 0.05, groups)
        error = rng.uniform(0.02, 0.12, groups)
        seen = truth + error * rng.normal(size=groups)
        found = partial_pooling(seen, error)
        raw_error += ((seen - truth) ** 2).sum()
        pooled_error += ((found.value - truth) ** 2).sum()
        covered += (np.abs(found.value - truth) <= 1.96 * found.spread).sum()
    assert pooled_error < 0.6 * raw_error
    assert 0.92 <= covered / (300 * groups) <= 0.98


def test_groups_that_differ_by_chance_are_drawn_close_to_the_common_mean():
    seen = np.array([0.5, 0.51, 0.49, 0.5, 0.52, 0.48, 0.5])
    found = partial_pooling(seen, np.full(7, 0.1))
    assert found.between == 0
    assert found.value - 0.5 == pytest.approx((1 - 4 / 6) * (seen - 0.5))


def test_precise_groups_keep_their_own_value():
    found = partial_pooling(np.array([0.1, 0.5, 0.9, 0.7]), np.full(4, 1e-4))
    assert found.value == pytest.approx([0.1, 0.5, 0.9, 0.7], abs=1e-4)


def test_three_groups_are_too_few():
    with pytest.raises(ValueError):
        partial_pooling(np.array([0.1, 0.2, 0.3]), np.full(3, 0.1))
