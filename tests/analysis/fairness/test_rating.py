"""Errors of predicted ratings by group equal hand computations; the same errors on both sides are no unfairness."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.fairness.bygroup import levels, resample
from analysis.fairness.contrasts import contrasted
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import judged
from analysis.fairness.partition import partition
from analysis.fairness.rating import KINDS, Ratings, rating_measures, unfairness
from analysis.finding import Verdict
from words import Phrase, say

SETTINGS = InferenceSettings(replicates=300, permutations=300)


def rated(user, item, true, predicted):
    columns = (np.array(user, np.int32), np.array(item, np.int32), np.array(true, float), np.array(predicted, float))
    return Ratings(*columns, "rating", Phrase(key="fairness.group.all"))


def figures(ratings, users, items, code):
    """The four kinds for two groups, by the statistic of the product."""
    own = np.array([code[user] for user in range(users)]) == 0
    found = {}
    for contrast in unfairness(ratings, users, items):
        dense = contrast.values.toarray()
        found[contrast.name] = float(contrast.statistic(dense[own].sum(0), dense[~own].sum(0)))
    return found


def test_the_four_kinds_worked_by_hand_over_items_that_both_sides_rated():
    # item 0: side a errs by +1, side b by -0.5; item 1: a by -2, b by -1; item 2: a alone
    data = rated([0, 1, 0, 1, 0], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5], [4, 2.5, 2, 3, 1])
    found = figures(data, 2, 3, [0, 1])
    assert found["unfair_value"] == pytest.approx((1.5 + 1) / 2)
    assert found["unfair_absolute"] == pytest.approx((0.5 + 1) / 2)
    assert found["unfair_under"] == pytest.approx((0.5 + 1) / 2)
    assert found["unfair_over"] == pytest.approx((1 + 0) / 2)


@st.composite
def logs(draw):
    n = draw(st.integers(8, 40))
    drawn = [draw(st.lists(st.integers(0, top), min_size=n, max_size=n)) for top in (5, 3)]
    errors = draw(st.lists(st.floats(-2, 2), min_size=n, max_size=n))
    return pd.DataFrame({"user": drawn[0], "item": drawn[1], "error": np.round(errors, 3)}).drop_duplicates(
        ["user", "item"]
    )


@given(logs())
@settings(deadline=None, max_examples=60)
def test_they_equal_a_plain_loop_and_do_not_mind_which_side_comes_first(log):
    code = [0, 0, 0, 1, 1, 1]
    data = rated(log["user"], log["item"], np.zeros(len(log)), log["error"])
    found = figures(data, 6, 4, code)
    turned = figures(data, 6, 4, [1 - side for side in code])
    by = log.assign(side=np.array(code)[log["user"]]).groupby(["item", "side"])["error"].mean().unstack()
    both = by.dropna() if by.shape[1] == 2 else by.iloc[:0]
    for kind, formula in KINDS.items():
        slow = float(formula(both[0].to_numpy(), both[1].to_numpy()).mean()) if len(both) else 0.0
        assert found[f"unfair_{kind}"] == pytest.approx(slow, abs=1e-9)
        assert turned[f"unfair_{kind}"] == pytest.approx(slow, abs=1e-9)
    assert found["unfair_absolute"] <= found["unfair_value"] + 1e-9


def shop(users, bias, seed=0, names=("a", "b")):
    """Every user rates 12 of 30 items; the last group's ratings are predicted too low by `bias`."""
    rng = np.random.default_rng(seed)
    group = rng.choice(names, users)
    user = np.repeat(np.arange(users), 12)
    item = np.concatenate([rng.permutation(30)[:12] for _ in range(users)])
    own = rng.normal(0, 0.3, users)[user]
    true = rng.integers(1, 6, len(user)).astype(float)
    low = bias * (group[user] == names[-1])
    return rated(user, item, true, true + own + rng.normal(0, 1, len(user)) - low), pd.DataFrame({"group": group})


def test_a_side_predicted_too_low_is_found_and_chance_is_said():
    data, people = shop(200, 0.5)
    found = {}
    for contrast in unfairness(data, 200, 30):
        [one] = judged(contrasted(contrast, partition(people, ("group",)), {}, SETTINGS, 10, 1))
        found[contrast.name] = one
    value = found["unfair_value"]
    assert value.key == "group.unfair_value.gap" and value.verdict is Verdict.GAP and value.low is None
    assert value.value > 2 * value.settings["chance"] > 0 and "random" in say(value.reason)
    assert found["unfair_under"].verdict is Verdict.GAP


def test_three_groups_give_each_against_the_rest_and_the_largest():
    data, people = shop(240, 0.8, 1, ("a", "b", "c"))
    contrast = unfairness(data, 240, 30)[0]
    whole, *each = judged(contrasted(contrast, partition(people, ("group",)), {}, SETTINGS, 10, 1))
    assert [one.key.rsplit(".", 1)[1].split("-")[1] for one in each] == ["rest"] * 3
    assert whole.value == max(one.value for one in each)
    assert whole.settings["highest"] == "c" and whole.verdict is Verdict.GAP


def test_the_shuffle_finds_nothing_where_there_is_nothing():
    p = []
    for seed in range(60):
        data, people = shop(60, 0.0, 100 + seed)
        small = InferenceSettings(permutations=100)
        p += [one.p for one in contrasted(unfairness(data, 60, 30)[0], partition(people, ("group",)), {}, small, 2, 1)]
    assert np.mean(np.array(p) <= 0.05) <= 0.15 and 0.3 < np.mean(p) < 0.7


def test_sizes_of_error_equal_plain_means_and_the_root_is_taken_last():
    data, people = shop(150, 0.0, 2)
    batches = resample(rating_measures(data, 150), partition(people, ("group",)), SETTINGS, 1)
    found = {f.key: f for f in (*levels(batches), *judged(gaps(batches, {})[0]))}
    error = data.predicted - data.true
    mine = (people["group"] == "a").to_numpy()[data.user]
    assert found["group.mae.a"].value == pytest.approx(np.abs(error[mine]).mean())
    assert found["group.rmse.a"].value == pytest.approx(np.sqrt((error[mine] ** 2).mean()))
    assert found["group.predicted.a"].value == pytest.approx(data.predicted[mine].mean())
    gap = found["group.rmse.gap"]
    assert gap.low < gap.value < gap.high and abs(gap.value) < 0.5
    resampled = np.random.default_rng(3).integers(0, 150, (400, 150))
    square, rows = (np.bincount(data.user, values, 150) for values in (error**2, np.ones(len(error))))
    inside = square * mine.reshape(150, 12)[:, 0], rows * mine.reshape(150, 12)[:, 0]
    slow = np.sqrt(inside[0][resampled].sum(1) / inside[1][resampled].sum(1)).std()
    level = found["group.rmse.a"]
    assert (level.high - level.low) / 3.92 == pytest.approx(slow, rel=0.2)


def test_one_group_and_no_common_items_are_not_computed_or_nothing():
    data, people = shop(30, 0.0, 3)
    [one] = judged(
        contrasted(unfairness(data, 30, 30)[0], partition(people.assign(group="a"), ("group",)), {}, SETTINGS, 2, 1)
    )
    assert one.verdict is Verdict.NOT_COMPUTED
    apart = rated([0, 1], [0, 1], [1, 1], [2, 3])
    assert set(figures(apart, 2, 2, [0, 1]).values()) == {0.0}
    assert sp.issparse(unfairness(apart, 2, 2)[0].values)


def test_a_mean_over_no_item_is_not_computed_and_the_items_that_both_sides_rated_are_counted():
    data, people = shop(60, 0.0, 4)
    group = partition(people, ("group",))
    apart = replace(data, item=np.where(group.code[data.user] == 0, data.item % 15, 15 + data.item % 15))
    [one] = judged(contrasted(unfairness(apart, 60, 30)[0], group, {}, SETTINGS, 2, 1))
    assert one.verdict is Verdict.NOT_COMPUTED and "both sides" in say(one.reason)
    [one] = judged(contrasted(unfairness(data, 60, 30)[0], group, {}, SETTINGS, 2, 1))
    sides = [set(data.item[group.code[data.user] == side]) for side in (0, 1)]
    assert one.settings["items"] == len(sides[0] & sides[1]) and str(one.settings["items"]) in say(one.reason)
