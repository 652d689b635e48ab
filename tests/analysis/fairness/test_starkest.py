"""The starkest gaps: no spread inside any group, so no interval, yet the groups (or the times) are worlds apart."""

from math import comb

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from analysis.fairness.bias import bias_disparity
from analysis.fairness.bygroup import resample
from analysis.fairness.decisions import decision_measures, impact_ratios
from analysis.fairness.differential import epsilons, equalised_odds
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import Comparison, Measure, judged
from analysis.fairness.paired import changes, judgeable_change, judgeable_gap_change
from analysis.fairness.partition import everyone, partition
from analysis.fairness.ranking import Decisions
from analysis.fairness.summary import disparity_summary
from analysis.finding import Verdict, sentence
from analysis.logged import Logged, Shown, selection
from tests.analysis.fairness.lists import ranking
from words import LANGUAGES, phrase, say

SETTINGS = InferenceSettings(replicates=200, permutations=500)
WORDS = phrase("fairness.group.all")


def measure(values, name="hit@10", unit="share"):
    return Measure(name, WORDS, unit, np.asarray(values, float), np.ones(len(values)), WORDS)


def parted(**sizes):
    return partition(pd.DataFrame({"g": np.repeat(list(sizes), list(sizes.values()))}), ("g",))


def compared(values, groups):
    batches = resample([measure(values)], groups, SETTINGS, 1)
    headlines, pairs = gaps(batches, {})
    return batches, headlines, judged([*headlines, *pairs])


@pytest.mark.parametrize("size", [20, 300, 12_000], ids=["few", "many", "in cells"])
def test_all_of_one_group_and_none_of_the_other_is_a_gap_of_100_points(size):
    _, _, [gap] = compared(np.repeat([1.0, 0.0], size), parted(a=size, b=size))
    assert gap.verdict is Verdict.GAP and gap.value == 1.0 and (gap.low, gap.high) == (None, None)
    assert 0 < gap.p_value <= 1 / 501 and gap.test == "permutation" and gap.smallest_detectable is None
    assert gap.reason.key == "fairness.reason.no_spread_within"
    for language in LANGUAGES:
        assert all(say(said, language) for said in (sentence(gap), gap.reason, *disparity_summary([gap])))
    assert "lower for b than for a, all users of a group alike" in say(disparity_summary([gap])[1])


def test_values_that_are_no_whole_numbers_are_as_far_apart():
    _, _, [gap] = compared(np.repeat([0.3, 0.1], [37, 23]), parted(a=37, b=23))
    assert gap.verdict is Verdict.GAP and gap.value == pytest.approx(0.2) and gap.p_value <= 1 / 501


def test_a_small_group_of_which_all_were_hit_is_not_taken_for_a_known_share():
    """Resamples of such a group never vary: the interval of its gap held the truth in 46 of 100 samples."""
    rng, groups = np.random.default_rng(3), parted(large=400, small=12)
    held, runs, verdicts = 0, 60, []
    for _ in range(runs):
        values = np.append(rng.random(400) < 0.9, rng.random(12) < 0.95) * 1.0
        batches = resample([measure(values)], groups, InferenceSettings(replicates=100, permutations=100), 1)
        [gap] = judged(gaps(batches, {})[0])
        held, verdicts = held + (gap.low <= 0.9 - 0.95 <= gap.high), [*verdicts, gap.verdict]
        assert gap.smallest_detectable > 0.1
    assert held >= 0.9 * runs and set(verdicts) == {Verdict.CANNOT_TELL}


def test_many_alike_users_are_equivalent_to_others_of_whom_few_differ():
    _, _, [gap] = compared(np.append(np.full(3000, 10.0), 10.0 - (np.arange(3000) < 3)), parted(a=3000, b=3000))
    assert gap.verdict is Verdict.EQUIVALENT and gap.low < 0.001 < gap.high


def test_too_few_people_for_a_stark_gap_cannot_tell():
    _, _, [gap] = compared(np.repeat([1.0, 0.0], 2), parted(a=2, b=2))
    assert gap.verdict is Verdict.CANNOT_TELL and gap.p_value == pytest.approx(2 / comb(4, 2), abs=0.06)
    named = gap.model_copy(update={"settings": gap.settings | {"figure": "ndcg@10"}})
    assert all(say(said, language) for language in LANGUAGES for said in disparity_summary([named]))


def test_only_one_and_the_same_value_of_all_is_not_computed():
    for value in (1.0, 0.1, 0.0):
        _, _, [gap] = compared(np.full(60, value), parted(a=37, b=23))
        assert gap.verdict is Verdict.NOT_COMPUTED and gap.reason.key == "fairness.reason.constant"


def test_of_three_groups_without_spread_the_widest_is_a_gap_and_two_alike_are_not_compared():
    _, _, found = compared(np.repeat([1.0, 1.0, 0.0], [30, 25, 20]), parted(a=30, b=25, c=20))
    by_key = {finding.key: finding for finding in found}
    assert by_key["g.hit@10.gap"].verdict is Verdict.GAP and by_key["g.hit@10.gap"].value == 1.0
    assert by_key["g.hit@10.gap.a-c"].verdict is Verdict.GAP
    assert by_key["g.hit@10.gap.a-b"].reason.key == "fairness.reason.constant"


def test_epsilon_and_equalised_odds_say_it_too():
    batches, headlines, _ = compared(np.repeat([1.0, 0.0], 30), parted(a=30, b=30))
    [epsilon] = judged(epsilons(batches, {gap.key: gap for gap in headlines}))
    assert epsilon.verdict is Verdict.GAP and epsilon.value == pytest.approx(np.log(31))
    user = np.arange(80, dtype=np.int32)
    picked = np.repeat([1.0, 0.0], 40)  # of `a` everybody is picked, of `b` nobody, wanted or not
    groups = parted(a=40, b=40)
    batches = resample(decision_measures(Decisions(user, (user % 2).astype(np.int8), picked), 80), groups, SETTINGS, 1)
    [odds] = judged(equalised_odds({gap.key: gap for gap in gaps(batches, {})[0]}))
    assert odds.verdict is Verdict.GAP and odds.value == 1.0


def test_epsilon_and_equalised_odds_give_the_reason_where_nothing_varies():
    batches, headlines, _ = compared(np.ones(60), parted(a=30, b=30))
    [epsilon] = judged(epsilons(batches, {gap.key: gap for gap in headlines}))
    assert epsilon.verdict is Verdict.NOT_COMPUTED and epsilon.reason.key == "fairness.reason.constant"
    alike = {f"g.{name}.gap": headlines[0] for name in ("opportunity", "fpr")}
    assert [odds.reason.key for odds in judged(equalised_odds(alike))] == ["fairness.reason.constant"]


def test_bias_that_is_the_same_for_all_of_a_group():
    users, sex = 60, np.repeat(["m", "f"], [30, 30])
    past = sp.csr_matrix(np.tile([1.0, 1, 0, 0, 0, 1, 1, 1, 0, 0], (users, 1)) > 0)  # 2 of 5 from the first half
    lists = np.where((sex == "m")[:, None], np.array([0, 1, 2, 3, 5]), np.array([0, 5, 6, 7, 8]))
    groups = {"category": np.where(np.arange(10) < 5, "first", "second")}
    data = ranking(lists, np.ones((users, 10)), {"sex": sex}, groups, profile=past)
    by_sex = partition(data.attributes, ("sex",))
    found = judged(bias_disparity(data, 5, "category", by_sex, {}, SETTINGS, 5, 1)[1])
    gap = {finding.key: finding for finding in found}["sex.bias[category=first].gap"]
    assert abs(gap.value) == pytest.approx((0.8 - 0.2) / 0.4) and gap.verdict is Verdict.GAP and gap.low is None


def test_selection_that_is_the_same_for_all_of_a_group():
    rows = []
    for user in range(60):
        chosen = 2 if user < 30 else 0  # of two chosen rows `a` takes two of the category, `b` none; of two random, one
        rows += [(user, "x", False, chosen), (user, "y", False, 2 - chosen), (user, "x", True, 1), (user, "y", True, 1)]
    cells = pd.DataFrame(rows, columns=["user", "category", "randomised", "n"]).query("n > 0")
    data = Logged(cells.assign(total=0.0), 60, (Shown("genre", "x", "category"),), True, None, False)
    [gap] = judged(selection(data, parted(a=30, b=30), 1, SETTINGS))
    assert gap.value == pytest.approx(1.0) and gap.verdict is Verdict.GAP and gap.low is None


def test_a_small_group_that_never_sees_a_rare_category_is_not_taken_for_known():
    rng, rows = np.random.default_rng(2), []
    for user in range(212):
        for random in (False, True):
            rare = int(user < 200 and rng.random() < (0.05 if random else 0.2))
            rows += [(user, "x", random, rare), (user, "y", random, 4 - rare)]
    cells = pd.DataFrame(rows, columns=["user", "category", "randomised", "n"]).query("n > 0")
    data = Logged(cells.assign(total=0.0), 212, (Shown("genre", "x", "category"),), True, None, False)
    [gap] = judged(selection(data, parted(a=200, b=12), 1, SETTINGS))
    assert gap.low is None and gap.verdict is Verdict.CANNOT_TELL and gap.p_value > 0.05


def blank():
    return Comparison("x.change", WORDS, "items", 1, WORDS, {}, {}, 1)


def moved(before, after, groups):
    one, two = (measure(values, "length", "items") for values in (before, after))
    return changes(one, two, groups, SETTINGS, np.random.default_rng(0))


def test_a_change_of_everybody_from_ten_to_five_is_told():
    found = moved(np.full(12, 10.0), np.full(12, 5.0), everyone(12))
    [change] = judged([judgeable_change(blank(), found, 0, 0.01)])
    assert change.verdict is Verdict.GAP and change.value == -5 and change.low is None
    assert change.p_value == pytest.approx(2 / 2**12)
    said = (sentence(change), change.reason, change.method)
    assert all(say(one, language) for language in LANGUAGES for one in said)
    few = judged([judgeable_change(blank(), moved(np.full(3, 10.0), np.full(3, 5.0), everyone(3)), 0, 0.01)])
    assert few[0].verdict is Verdict.CANNOT_TELL and few[0].p_value == pytest.approx(2 / 2**3)


def test_one_group_that_loses_five_and_another_that_loses_nothing():
    groups = parted(a=8, b=6)
    found = moved(np.full(14, 10.0), np.repeat([10.0, 5.0], [8, 6]), groups)
    [change] = judged([judgeable_gap_change(blank(), found, 0, 1, 0.01, 500)])
    assert change.value == 5 and change.p_value == pytest.approx(1 / comb(14, 6)) and change.verdict is Verdict.GAP
    alike = judgeable_gap_change(blank(), moved(np.full(14, 0.3), np.full(14, 0.1), groups), 0, 1, 0.01, 500)
    assert alike.value is None and alike.reason.key == "fairness.reason.moved_alike"


def test_the_impact_ratio_of_groups_without_spread_claims_no_interval():
    picked = np.repeat([1.0, 0.0], 40)
    decisions = Decisions(np.arange(80, dtype=np.int32), (np.arange(80) % 2).astype(np.int8), picked)
    none = impact_ratios(decisions, parted(a=40, b=40), frozenset(), SETTINGS, 1)[1]
    assert none.value == 0.0 and (none.low, none.high) == (None, None)
