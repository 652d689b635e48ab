"""Attention, popularity and concentration equal hand computations."""

import numpy as np
import pytest

from analysis.fairness.concentration import concentration, gini
from analysis.fairness.exposure import (
    attention_measures,
    exposure_measures,
    parity,
)
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import judged
from analysis.finding import Verdict
from tests.analysis.fairness.lists import ranking

SETTINGS = InferenceSettings(replicates=200)


def by_name(measures):
    return {measure.name: measure for measure in measures}


def test_popularity_length_and_long_tail_of_a_list_worked_by_hand():
    shown = ranking([[0, 3, -1]], [[1, 0, 0, 0]], popularity=[90, 5, 3, 2])
    found = by_name(exposure_measures(shown, 3))
    assert (found["length"].overall, found["popularity"].overall, found["longtail"].overall) == (2, 46, 0.5)


def test_popularity_lift_compares_with_the_users_past():
    import scipy.sparse as sp

    past = sp.csr_matrix([[0, 1, 1, 0]])
    shown = ranking([[0, 3]], [[1, 0, 0, 0]], popularity=[90, 5, 3, 2], profile=past)
    assert by_name(exposure_measures(shown, 2))["lift"].overall == pytest.approx((46 - 4) / 4)


def test_a_user_without_a_list_has_no_popularity():
    shown = ranking([[0, 1], [-1, -1]], np.eye(2, 4), popularity=[4, 2, 0, 0])
    assert by_name(exposure_measures(shown, 2))["popularity"].denominator.tolist() == [1, 0]


def test_attention_falls_with_rank():
    shown = ranking([[0, 3]], [[1, 0, 0, 0]], item_groups={"category": ["a", "a", "b", "b"]})
    found = by_name(attention_measures(shown, 2, "category"))
    assert found["shown[category=a]"].overall == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_parity_is_one_where_attention_follows_the_catalogue_and_far_from_it_where_it_does_not():
    rng = np.random.default_rng(0)
    groups = {"category": ["a"] * 10 + ["b"] * 30}
    even = ranking([rng.permutation(40)[:5] for _ in range(400)], np.eye(400, 40), item_groups=groups)
    found = {f.key: f for f in judged(parity(even, 5, "category", SETTINGS, 1))}
    assert found["category.parity.a"].low <= 1 <= found["category.parity.a"].high
    biased = np.argsort(rng.random((400, 40)) - 0.5 * (np.arange(40) < 10), axis=1)[:, :5]
    tilted = ranking(biased, np.eye(400, 40), item_groups=groups)
    found = {f.key: f for f in judged(parity(tilted, 5, "category", SETTINGS, 1))}
    share = by_name(attention_measures(tilted, 5, "category"))["shown[category=a]"].overall
    assert found["category.parity.a"].verdict is Verdict.GAP
    assert found["category.parity.a"].value == pytest.approx((share / 10) / ((1 - share) / 30))
    assert found["category.parity.a"].value * found["category.parity.b"].value == pytest.approx(1)


def test_items_that_no_list_shows_have_no_attention_and_those_that_all_show_cannot_be_compared():
    groups = {"category": ["a"] * 4 + ["b"] * 6}
    lists = np.array([np.random.default_rng(user).permutation(4)[:3] for user in range(30)])
    none = {
        f.key: f for f in judged(parity(ranking(lists, np.zeros((30, 10)), None, groups), 3, "category", SETTINGS, 1))
    }
    shown, hidden = none["category.parity.a"], none["category.parity.b"]
    assert shown.verdict is Verdict.NOT_COMPUTED and shown.reason.key == "fairness.reason.all_attention"
    assert hidden.value == 0.0 and hidden.verdict is Verdict.GAP and hidden.low == 0.0
    most = 1 - 0.025 ** (1 / 30)  # Clopper and Pearson's bound for 0 of 30
    assert hidden.high == pytest.approx((most / 0.6) / ((1 - most) / 0.4))
    assert hidden.p_value == pytest.approx(2 * 0.4**30)


def test_a_group_that_all_lists_but_one_show_alone_has_no_upper_bound():
    groups = {"category": ["a"] * 4 + ["b"] * 6}
    lists = np.array([np.random.default_rng(user).permutation(4)[:3] for user in range(100)])
    lists[0, 2] = 7
    found = {
        f.key: f for f in judged(parity(ranking(lists, np.zeros((100, 10)), None, groups), 3, "category", SETTINGS, 1))
    }
    most, least = found["category.parity.a"], found["category.parity.b"]
    assert most.verdict is Verdict.GAP and most.high is None and most.reason.key == "fairness.reason.unbounded"
    assert most.value * least.value == pytest.approx(1) and least.low == 0.0 and least.high < 0.1


def test_a_rare_group_that_few_lists_leave_out_is_no_gap():
    groups = {"category": ["a"] * 99 + ["b"]}
    lists = np.array([np.random.default_rng(user).permutation(99)[:2] for user in range(30)])
    found = judged(parity(ranking(lists, np.zeros((30, 100)), None, groups), 2, "category", SETTINGS, 1))[1]
    assert found.verdict is Verdict.CANNOT_TELL and found.p_value == 1.0 and found.low <= 1 <= found.high


def test_parity_with_one_item_group_is_not_computed():
    one = ranking([[0, 1], [1, 2]], np.eye(2, 4), item_groups={"category": ["a"] * 4})
    assert judged(parity(one, 2, "category", SETTINGS, 1))[0].verdict is Verdict.NOT_COMPUTED


def test_gini_is_nought_when_even_and_counts_items_never_shown():
    assert gini(np.array([[3.0, 3, 3, 3]]))[0] == pytest.approx(0)
    assert gini(np.array([[0.0, 0, 0, 8]]))[0] == pytest.approx(0.75)
    counts = np.array([1.0, 2, 0, 7])
    pairs = np.abs(counts[:, None] - counts).sum() / (2 * 4 * counts.sum())
    assert gini(counts[None])[0] == pytest.approx(pairs)


def test_concentration_is_not_computed_without_lists():
    empty = ranking([[-1, -1], [-1, -1]], np.eye(2, 4))
    assert {f.verdict for f in concentration(empty, 2, SETTINGS, 1)} == {Verdict.NOT_COMPUTED}


def test_coverage_has_no_interval_and_says_why():
    found = concentration(ranking([[0, 1], [1, 0]], np.eye(2, 4)), 2, SETTINGS, 1)[1]
    assert (found.value, found.low) == (0.5, None) and found.reason is not None
