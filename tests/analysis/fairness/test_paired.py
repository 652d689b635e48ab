"""The change between two recommenders on the same users: covered by its interval, equal to the paired t-test."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.fairness.infer import InferenceSettings, limits
from analysis.fairness.judge import Comparison, Measure, judge
from analysis.fairness.paired import changes, judgeable_change, judgeable_gap_change
from analysis.fairness.partition import everyone, partition
from analysis.finding import Verdict
from words import phrase

SETTINGS = InferenceSettings(replicates=300, permutations=100)
WORDS = phrase("fairness.group.all")


def measure(values, weights=None):
    values = np.asarray(values, float)
    return Measure("x", WORDS, "ndcg", values, np.ones(len(values)) if weights is None else weights, WORDS)


def blank():
    return Comparison("x", WORDS, "ndcg", 1, WORDS, {}, {}, 1)


def pair(rng, n=60, shift=0.1):
    before = rng.random(n)
    return before, before + shift + rng.normal(0, 0.2, n) * (rng.random(n) < 0.5)


def test_the_interval_of_a_change_covers_it():
    rng, hits, runs = np.random.default_rng(0), 0, 500
    for _ in range(runs):
        before, after = pair(rng)
        found = changes(measure(before), measure(after), everyone(60), SETTINGS, rng)
        low, high = limits(found.replicate_after[:, 0] - found.replicate_before[:, 0], found.error, found.n, 0.95)
        hits += low <= 0.1 <= high
    assert 0.925 <= hits / runs <= 0.975


def test_p_and_value_equal_the_paired_t_test():
    rng = np.random.default_rng(1)
    before, after = pair(rng)
    found = judgeable_change(blank(), changes(measure(before), measure(after), everyone(60), SETTINGS, rng), 0, 0.01)
    assert found.value == pytest.approx((after - before).mean())
    assert found.p == pytest.approx(stats.ttest_rel(after, before).pvalue)


def test_a_rare_change_as_large_as_the_margin_is_seldom_called_equivalent():
    """0.5% of 700 users gain a hit, which is the margin: by plain percentiles 11% of samples were equivalent."""
    rng, before, equivalent, runs = np.random.default_rng(3), np.zeros(700), 0, 300
    for _ in range(runs):
        after = (rng.random(700) < 0.005) * 1.0
        moved = changes(measure(before), measure(after), everyone(700), SETTINGS, rng)
        found = judgeable_change(blank(), moved, 0, 0.005)
        equivalent += judge(found, found.p).verdict is Verdict.EQUIVALENT
    assert equivalent / runs <= 0.065
    after = np.arange(700) < 2  # under the margin by far where the margin is wide
    found = judgeable_change(blank(), changes(measure(before), measure(after), everyone(700), SETTINGS, rng), 0, 0.02)
    assert judge(found, found.p).verdict is Verdict.EQUIVALENT


def test_the_change_of_a_gap_is_the_difference_of_the_changes():
    import pandas as pd

    rng = np.random.default_rng(2)
    group = partition(pd.DataFrame({"g": ["a"] * 1400 + ["b"] * 1000}), ("g",))
    before, after = pair(rng, 2400)
    after[1400:] += 0.02
    moved = changes(measure(before), measure(after), group, SETTINGS, rng)
    found = judgeable_gap_change(blank(), moved, 0, 1, 0.01, 100)
    change = after - before
    assert found.value == pytest.approx(change[:1400].mean() - change[1400:].mean())
    assert found.p == pytest.approx(stats.ttest_ind(change[:1400], change[1400:], equal_var=False).pvalue)
    assert judge(found, found.p).verdict is Verdict.GAP


def test_a_small_group_that_nobody_of_was_hit_is_no_gap_that_changed():
    """Both groups lose 5% of their hits; a small one often loses none of its few, which tells nothing."""
    import pandas as pd

    rng, runs = np.random.default_rng(5), 80
    group = partition(pd.DataFrame({"g": ["a"] * 15 + ["b"] * 1000}), ("g",))
    told, held, p = 0, 0, []
    for _ in range(runs):
        before = (rng.random(1015) < 0.5) * 1.0
        after = before * (rng.random(1015) < 0.9)
        moved = changes(measure(before), measure(after), group, SETTINGS, rng)
        gap = judge(found := judgeable_gap_change(blank(), moved, 0, 1, 0.01, 100), found.p)
        told, held, p = told + (gap.verdict is Verdict.GAP), held + (gap.low <= 0 <= gap.high), [*p, found.p]
    assert told <= 0.1 * runs and held >= 0.9 * runs and np.mean(np.array(p) <= 0.05) <= 0.1


def test_users_who_count_in_one_only_are_left_out():
    weights = np.ones(60)
    weights[:10] = 0
    rng = np.random.default_rng(3)
    before, after = pair(rng)
    found = changes(measure(before, weights), measure(after), everyone(60), SETTINGS, rng)
    assert found.n.tolist() == [50] and found.before[0] == pytest.approx(before[10:].mean())


def test_nothing_changed_is_not_computed_with_the_reason():
    same = measure(np.arange(60) / 60)
    found = changes(same, replace(same), everyone(60), SETTINGS, np.random.default_rng(4))
    finding = judge(judgeable_change(blank(), found, 0, 0.01), None)
    assert finding.verdict is Verdict.NOT_COMPUTED and finding.reason.key == "fairness.reason.unchanged"


def test_a_change_that_is_the_same_for_everybody_is_so_at_any_scale():
    before = np.random.default_rng(6).random(50) * 1e5
    found = changes(measure(before), measure(before + 0.1), everyone(50), SETTINGS, np.random.default_rng(7))
    change = judgeable_change(blank(), found, 0, 0.01)
    assert found.same.tolist() == [True] and change.limits is None and change.p == pytest.approx(2.0**-49)
