"""Chances of item groups equal hand computations; parity is 1; groups are exchangeable; few people give no ratio."""

import numpy as np
import pytest
import scipy.sparse as sp

from analysis.fairness.disparity import DisparitySettings, disparity_section
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import judged
from analysis.fairness.providers import _judgeable, provider_levels, provider_ratios, relative_spread
from analysis.finding import Verdict
from tests.analysis.fairness.lists import ranking
from words import LANGUAGES, say

SETTINGS = InferenceSettings()
BOTH = ("rsp", "reo", "merit")
AABB = {"category": list("aabb")}


def ratios(shown, K, k=5):
    return {f.key: f for f in judged(provider_ratios(shown, K, "category", BOTH, SETTINGS, k, 1))}


def spreads(shown, K, k=1):
    return {f.key.split("[")[0]: f for f in provider_levels(shown, K, "category", BOTH, k, 1)}


def test_rsp_and_reo_worked_by_hand():
    past = sp.csr_matrix([[1, 0, 0, 0], [0, 0, 0, 1]])
    shown = ranking([[1, 2], [0, 1]], [[0, 1, 1, 1], [1, 0, 1, 0]], item_groups=AABB, profile=past)
    found = spreads(shown, 2)
    a, b = 3 / 3, 1 / 3  # four candidates of each group less one seen
    assert found["items.rsp"].value == pytest.approx(np.std([a, b]) / np.mean([a, b]))
    a, b = 2 / 2, 1 / 3  # wanted and listed, of wanted
    assert found["items.reo"].value == pytest.approx(np.std([a, b]) / np.mean([a, b]))
    assert found["items.rsp"].low is None and found["items.rsp"].reason is not None


def test_the_spread_ends_at_nothing_and_at_one_group_that_takes_all():
    assert relative_spread(np.array([0.3, 0.3, 0.3])) == pytest.approx(0)
    assert relative_spread(np.array([0.7, 0, 0, 0, 0])) == pytest.approx(2)
    assert relative_spread(np.array([2.0, 6, 1])) == pytest.approx(relative_spread(np.array([0.1, 0.3, 0.05])))
    assert relative_spread(np.array([0.4])) is None and relative_spread(np.zeros(3)) is None


def test_a_group_wanted_by_too_few_people_is_left_out_of_reo():
    shown = ranking([[1, 2], [0, 1]], [[0, 1, 1, 0], [1, 0, 0, 0]], item_groups=AABB)
    found = spreads(shown, 2, k=2)["items.reo"]
    assert found.verdict is Verdict.NOT_COMPUTED and found.settings["groups"] == 1


def repeated(times=30):
    """Two kinds of user, many of each: wanted a, a, b and shown a, b; wanted a, b, b and shown b, a."""
    lists, wanted = [[0, 2], [3, 1]], [[1, 1, 0, 1], [0, 1, 1, 1]]
    return ranking(lists * times, wanted * times, item_groups=AABB)


def test_ratios_worked_by_hand_and_reciprocal_between_two_groups():
    found = ratios(repeated(), 2)
    reached = (2 / 3) / (1 / 3)  # of a: two of three wanted are listed (0 and 1), of b: one of three (3)
    assert found["category.reached.a"].value == pytest.approx(reached)
    assert found["category.reached.a"].value * found["category.reached.b"].value == pytest.approx(1)
    attention = 1 + 1 / np.log2(3)  # of each group once in the first and once in the second place
    assert found["category.merit.a"].value == pytest.approx((attention / 3) / (attention / 3)) == 1.0
    gap = found["category.reached.a"]
    assert gap.verdict is Verdict.GAP and 1 < gap.low < gap.value < gap.high
    assert gap.low * found["category.reached.b"].high == pytest.approx(1)


def test_the_error_of_a_ratio_is_that_of_resampled_users():
    rng = np.random.default_rng(5)
    lists = np.argsort(rng.random((300, 20)) - 0.3 * (np.arange(20) < 8), axis=1)[:, :6]
    wanted = (rng.random((300, 20)) < 0.3).astype(float)
    group = np.where(np.arange(20) < 8, "a", "b")
    found = ratios(ranking(lists, wanted, item_groups={"category": group}), 6)["category.reached.a"]
    hit = np.take_along_axis(wanted, lists, 1)
    own = group[lists] == "a"
    got = np.column_stack([(hit * own).sum(1), (hit * ~own).sum(1)])
    want = np.column_stack([wanted[:, :8].sum(1), wanted[:, 8:].sum(1)])
    drawn = rng.integers(0, 300, (2000, 300))
    g, w = got[drawn].sum(1), want[drawn].sum(1)
    slow = np.quantile(np.log(g[:, 0] / w[:, 0] / (g[:, 1] / w[:, 1])), [0.025, 0.975])
    assert np.log([found.low, found.high]) == pytest.approx(slow, abs=0.02)


def test_the_interval_holds_the_truth_in_nineteen_of_twenty_samples():
    rng = np.random.default_rng(6)
    blank = provider_ratios(repeated(), 2, "category", BOTH, SETTINGS, 5, 1)[0]
    inside = 0
    for _ in range(500):
        wanted = np.column_stack([rng.poisson(1, 150), rng.poisson(2, 150)])
        skill = rng.beta(2, 2, (150, 1))  # users are unlike, and a user's rows alike
        got = rng.binomial(wanted, np.clip(skill * [1.0, 0.5], 0, 1))
        low, high = _judgeable(blank, got.astype(float), wanted.astype(float), 20, SETTINGS).limits
        inside += low <= 2 <= high
    assert 0.925 <= inside / 500 <= 0.975


def test_few_people_no_positives_and_one_group_give_no_ratio():
    few = ratios(repeated(5), 2)["category.merit.a"]
    assert few.verdict is Verdict.NOT_COMPUTED and "20" in say(few.reason)
    none = ranking([[0, 2]] * 30, np.zeros((30, 4)), item_groups=AABB)
    assert {f.verdict for f in ratios(none, 2).values()} == {Verdict.NOT_COMPUTED}
    assert spreads(none, 2)["items.reo"].verdict is Verdict.NOT_COMPUTED
    one = ranking([[0, 2]] * 30, np.ones((30, 4)), item_groups={"category": list("aaaa")})
    assert {f.verdict for f in ratios(one, 2).values()} == {Verdict.NOT_COMPUTED}


def test_chosen_they_stand_in_the_section_and_its_table_of_items_in_both_languages():
    settings = DisparitySettings(replicates=100, permutations=100, intersections=False, figures=("hit", *BOTH))
    section = disparity_section(repeated(), None, None, settings, 10, 1)
    keys = {finding.key for finding in section.findings}
    assert {"category.reached.a", "category.merit.b", "items.rsp[category]", "items.reo[category]"} <= keys
    labels = [row[0] for row in next(table for table in section.tables if table.key == "disparity.items").rows]
    for language in LANGUAGES:
        assert len({say(label, language) for label in labels}) == len(labels) == 2 + 4 + 2 + 2
    plain = disparity_section(repeated(), None, None, settings.model_copy(update={"figures": ("hit",)}), 10, 1)
    assert not [f.key for f in plain.findings if "merit" in f.key or "rsp" in f.key]
