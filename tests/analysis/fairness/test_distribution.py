"""Distances between what groups are shown, by hand and by bounds; amplification of a past."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as kl

from analysis.fairness.bias import amplified, bias_disparity
from analysis.fairness.compressed import permuted_p
from analysis.fairness.contrasts import contrasted
from analysis.fairness.distribution import distribution_contrasts, divergence, total_variation
from analysis.fairness.infer import InferenceSettings, welch_p
from analysis.fairness.itemgroups import ITEM
from analysis.fairness.judge import judged
from analysis.fairness.partition import partition
from analysis.finding import Verdict
from tests.analysis.fairness.lists import ranking
from words import say

SETTINGS = InferenceSettings(permutations=200)
BOTH = frozenset({"tv", "kl"})
COUNTS = st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any).map(lambda c: np.array(c, float))


def test_distances_worked_by_hand():
    a, b = np.array([2.0, 2, 0]), np.array([1.0, 0, 3])
    assert total_variation(a, b) == pytest.approx((0.25 + 0.5 + 0.75) / 2)
    mixed = 0.99 * np.array([0.25, 0, 0.75]) + 0.01 * np.array([0.5, 0.5, 0])
    assert divergence(a, b) == pytest.approx(0.5 * np.log(0.5 / mixed[0]) + 0.5 * np.log(0.5 / mixed[1]))
    assert total_variation(np.array([1.0, 0]), np.array([0, 5.0])) == 1
    assert divergence(np.array([1.0, 0]), np.array([0, 5.0])) == pytest.approx(np.log(100))


@given(COUNTS, COUNTS, st.integers(1, 5))
@settings(deadline=None, max_examples=50)
def test_distances_are_nothing_for_the_same_mix_and_do_not_mind_how_much_there_is(a, b, times):
    assert total_variation(a, times * a) == pytest.approx(0) and divergence(a, times * a) == pytest.approx(0, abs=1e-12)
    assert total_variation(a, b) == pytest.approx(total_variation(b, times * a)) and total_variation(a, b) <= 1
    p, q = a / a.sum(), b / b.sum()
    assert divergence(a, b) == pytest.approx(kl(p, 0.99 * q + 0.01 * p), abs=1e-9)
    assert divergence(a, b) <= np.log(100) + 1e-9


def shown(users, taste, seed=0):
    """Five of 20 items for each of users; the group `m` is shown the second half of the catalogue `taste` more."""
    rng = np.random.default_rng(seed)
    sex = np.where(np.arange(users) % 3 == 0, "f", "m")
    weight = rng.random((users, 20)) + taste * (sex == "m")[:, None] * (np.arange(20) >= 10)
    lists = np.argsort(-weight, axis=1)[:, :5]
    past = sp.csr_matrix(rng.random((users, 20)) < 0.4)
    groups = {"category": np.where(np.arange(20) < 10, "first", "second")}
    return ranking(lists, np.eye(20)[rng.integers(0, 20, users)], {"sex": sex}, groups, profile=past)


def test_groups_shown_different_things_are_told_from_groups_that_are_not():
    for taste, verdict in ((0.4, Verdict.GAP), (0.0, Verdict.CANNOT_TELL)):
        lists = shown(300, taste)
        for grouping in ("category", ITEM):
            for contrast in distribution_contrasts(lists, 5, grouping, BOTH):
                [one] = judged(contrasted(contrast, partition(lists.attributes, ("sex",)), {}, SETTINGS, 10, 1))
                assert one.verdict is verdict and one.low is None
                assert one.key.startswith(("sex.tv[", "sex.kl[")) and one.value >= 0


def test_the_value_is_the_distance_of_the_groups_own_counts():
    lists = shown(90, 0.3)
    [tv, _] = distribution_contrasts(lists, 5, "category", BOTH)
    [one] = judged(contrasted(tv, partition(lists.attributes, ("sex",)), {}, SETTINGS, 10, 1))
    second = lists.lists >= 10
    mine = (lists.attributes["sex"] == "f").to_numpy()
    assert one.value == pytest.approx(abs(second[mine].mean() - second[~mine].mean()))


def test_a_group_that_is_hidden_or_small_takes_no_part():
    lists = shown(90, 0.3)
    three = pd.DataFrame({"sex": np.where(np.arange(90) < 4, "x", lists.attributes["sex"])})
    [tv, _] = distribution_contrasts(lists, 5, "category", BOTH)
    [small] = judged(contrasted(tv, partition(three, ("sex",)), {}, SETTINGS, 10, 1))
    assert set(small.groups) == {"f", "m"}
    hidden = {"ndcg@5": [("sex", "f")]}
    [gone] = judged(contrasted(tv, partition(three, ("sex",)), hidden, SETTINGS, 10, 1))
    assert gone.verdict is Verdict.NOT_COMPUTED


def test_amplification_worked_by_hand():
    before, after = np.array([0.5, 0.25, 0.0]), np.array([1.0, 0.0, 0.5])
    found = amplified(before, after, 1)
    assert found.value == pytest.approx(1.5 / 0.75 - 1)
    residual = after - 2 * before
    assert found.error == pytest.approx(np.sqrt((residual**2).sum() * 3 / 2) / 0.75)
    assert amplified(before, before, 1).value == 0 and amplified(before, 0 * after, 1) is None
    assert amplified(np.array([0.5]), np.array([0.5])) is None


def test_amplification_by_group_has_levels_and_a_gap_and_turns_its_sign_with_the_groups():
    lists = shown(400, 0.4)
    groups = partition(lists.attributes, ("sex",))
    levels, gaps = bias_disparity(lists, 5, "category", groups, {}, SETTINGS, 10, 1)
    found = {one.key: one for one in (*levels, *judged(gaps))}
    level, gap = found["sex.bias[category=second].m"], found["sex.bias[category=second].gap"]
    assert level.low < level.value < level.high and level.low > 0
    assert gap.verdict is Verdict.GAP and gap.value == pytest.approx(
        level.value - found["sex.bias[category=second].f"].value
    )
    opposite = found["sex.bias[category=first].gap"]
    assert opposite.value < 0
    without = ranking(
        lists.lists, lists.relevant, {"sex": lists.attributes["sex"]}, {"category": lists.item_groups["category"]}
    )
    assert bias_disparity(without, 5, "category", groups, {}, SETTINGS, 10, 1) == ([], [])


def test_amplification_intervals_hold_the_truth_in_nineteen_of_twenty():
    rng, hits, runs = np.random.default_rng(5), 0, 500
    for _ in range(runs):
        before = rng.beta(2, 4, 60)
        after = np.clip(1.3 * before + rng.normal(0, 0.15, 60), 0, None)
        found = amplified(before, after)
        truth = 0.3115  # by 4,000,000 users: clipping adds a little
        hits += abs(found.value - truth) <= 2.001 * found.error
    assert 0.92 <= hits / runs <= 0.975


def test_a_small_group_of_skewed_shares_is_found_unlike_by_permutation_no_more_often_than_chance_allows():
    rng, runs, sizes = np.random.default_rng(3), 400, np.array([250, 25])
    code, ones = np.repeat([0, 1], sizes), np.ones(275, bool)
    by_welch, shuffled = [], []
    for _ in range(runs):
        before = np.where(rng.random(275) < 0.2, 0, rng.beta(1, 4, 275))
        after = np.minimum(np.exp(rng.normal(-3, 1.5, 275)), 1) * (0.5 + before)
        a, b = (amplified(before[code == group], after[code == group]) for group in (0, 1))
        by_welch.append(welch_p(a.value - b.value, np.array([a.error, b.error]), sizes))
        shuffled.append(permuted_p(after[:, None], before[:, None], code, 199, rng, ones)[0])
    assert np.mean(np.array(by_welch) <= 0.01) > 0.02  # 0.04 in 1,000 runs, and 0.08 at 0.05
    assert 0.02 <= np.mean(np.array(shuffled) <= 0.05) <= 0.075  # 0.04 in 1,000 runs


def test_the_test_of_amplification_is_that_of_the_board_and_the_words_name_it():
    for users, test, said in ((400, "permutation", "re-labellings"), (6000, "welch", "Welch's t")):
        lists = shown(users, 0.4)
        _, gaps = bias_disparity(lists, 5, "category", partition(lists.attributes, ("sex",)), {}, SETTINGS, 10, 1)
        assert {one.test for one in judged(gaps)} == {test} and all(said in say(one.method) for one in gaps)
