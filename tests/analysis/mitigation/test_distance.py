"""Distance of exposure from parity: the interval holds the value and the truth, at parity and away from it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.finding import Verdict
from analysis.mitigation.compare import MitigationSettings, Variant, mitigation_section
from analysis.mitigation.distance import attention_given, distance, far_from_parity
from tests.analysis.fairness.test_disparity import findings, planted
from tests.analysis.mitigation.test_compare import as_is

SETTINGS = MitigationSettings(replicates=200, permutations=200, figure="hit")
KEY = "mitigation.rerank@1.distance[tail]"


def shown(users, share, seed, K=5, items=40):
    """Rankings whose places hold head and tail items at random with the given share of tail items on average."""
    rng = np.random.default_rng(seed)
    ranking = planted({"M": users}, {"M": 0.5}, seed)
    lists = np.empty((users, K), np.int32)
    for user in range(users):
        tail = rng.random(K) < share
        lists[user] = np.where(tail, 20 + rng.permutation(20)[:K], rng.permutation(20)[:K])
    groups = pd.DataFrame({"tail": ["head"] * 20 + ["tail"] * 20})
    return replace(ranking, lists=lists, item_groups=groups)


@pytest.mark.parametrize("share", [0.5, 0.52, 0.8])
def test_the_interval_holds_the_true_distance_at_least_as_often_as_it_promises(share):
    held = 0
    for seed in range(60):
        pair = shown(80, 0.2, seed), shown(80, share, 1000 + seed)
        section = mitigation_section(as_is(pair[0]), [Variant("rerank", 1.0, pair[1])], SETTINGS, 10, seed)
        found = findings(section)[KEY]
        assert found.low <= found.value <= found.high
        held += found.low <= abs(share - 0.5) <= found.high
    assert held >= 52  # 57 expected at 95%; fewer than 52 has a chance of 0.6%


def test_a_list_brought_to_parity_is_a_change_whose_interval_holds_it():
    pair = shown(80, 0.2, 1), shown(80, 0.5, 2)
    found = findings(mitigation_section(as_is(pair[0]), [Variant("rerank", 1.0, pair[1])], SETTINGS, 10, 1))
    change = found[KEY + ".change"]
    assert change.verdict is Verdict.GAP and change.low <= change.value <= change.high < 0


def test_a_distance_that_changed_alike_for_everybody_is_told_without_an_interval():
    pair = shown(40, 0.2, 1), shown(40, 0.5, 2)
    same = [replace(one, lists=np.tile(row, (40, 1))) for one, row in zip(pair, ([0, 1, 20], [0, 20, 21]), strict=True)]
    found = findings(mitigation_section(as_is(same[0]), [Variant("rerank", 1.0, same[1])], SETTINGS, 10, 1))
    level, change = found[KEY], found[KEY + ".change"]
    assert level.low is None and level.reason.key == "fairness.reason.no_spread"
    assert change.verdict is Verdict.GAP and change.low is None and change.p_value == pytest.approx(2.0**-39)


@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
    st.lists(st.lists(st.floats(0.01, 1), min_size=6, max_size=6), min_size=2, max_size=8),
)
def test_no_resample_is_further_from_the_value_than_its_shares_have_moved(items, rows):
    groups = len(items)
    area = np.array(items) / sum(items)
    shares = np.array([np.array(row[:groups]) / sum(row[:groups]) for row in rows])
    found = distance(shares, area)
    assert found.value == pytest.approx(max(0, *(np.abs(shares[0] - area).sum(keepdims=True) / 2)))
    assert (np.abs(found.replicate - found.value) <= found.moved + 1e-12).all()


def test_every_value_of_a_grouping_counts_however_many_there_are():
    pair = shown(80, 0.2, 1), shown(80, 0.5, 2)
    for values in (20, 40):  # more than a chart shows; each item a value of its own
        names = [f"v{item % values:02}" for item in range(40)]
        many = [replace(one, item_groups=one.item_groups.assign(tail=names)) for one in pair]
        found = findings(mitigation_section(as_is(many[0]), [Variant("rerank", 1.0, many[1])], SETTINGS, 10, 1))
        place = np.broadcast_to(1 / np.log2(np.arange(2, 7)), many[1].lists.shape)
        weight = np.bincount((many[1].lists % values).ravel(), place.ravel(), minlength=values)
        by_hand = np.abs(weight / weight.sum() - 1 / values).sum() / 2
        assert found[KEY].value == pytest.approx(by_hand)
        assert far_from_parity(many[1], "tail") == pytest.approx(by_hand)
    folded, area = attention_given(replace(pair[0], item_groups=pair[0].item_groups.assign(tail=names)), "tail")
    assert folded.shape == (80, 40) and area.sum() == pytest.approx(1)


def test_where_nobody_has_a_list_before_and_after_there_is_no_distance():
    before, after = shown(80, 0.2, 1), shown(80, 0.5, 2)
    empty = replace(after, lists=np.full_like(after.lists, -1))
    for pair in ((before, empty), (empty, empty)):
        found = findings(mitigation_section(as_is(pair[0]), [Variant("rerank", 1.0, pair[1])], SETTINGS, 10, 1))
        assert not any("distance" in key for key in found)
