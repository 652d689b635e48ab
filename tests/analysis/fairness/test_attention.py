"""Attention against its targets by hand and by properties; concentration; clicks; ratios that go with a gap."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import equalized_odds_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.fairness.attention import (
    attention_mix_measures,
    equity,
    expected_exposure,
    expected_exposure_measures,
    group_attention,
)
from analysis.fairness.bygroup import resample
from analysis.fairness.concentration import concentration, effective, entropy
from analysis.fairness.decisions import decision_measures, rates, selected
from analysis.fairness.differential import (
    epsilons,
    equalised_odds,
    mean_absolute_gap,
    smallest_epsilon,
    spreads,
)
from analysis.fairness.disparity import DisparitySettings, disparity_section
from analysis.fairness.exposure import exposure_measures
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import judged
from analysis.fairness.partition import partition
from analysis.fairness.providers import provider_ratios
from analysis.fairness.ranking import Decisions
from analysis.fairness.utility import accuracy_measures
from analysis.finding import Verdict
from tests.analysis.fairness.lists import ranking
from words import LANGUAGES, say

SETTINGS = InferenceSettings(replicates=200, permutations=200)
AABB = {"category": list("aabb")}
CODE = np.array([0, 0, 1, 1])
V = 1 / np.log2(np.arange(2, 6))


def test_attention_of_groups_worked_by_hand():
    found = group_attention(np.array([[0, 2, 1], [3, -1, -1]], np.int32), CODE, 2)
    assert found == pytest.approx(np.array([[V[0] + V[2], V[1]], [0, V[0]]]))


def test_awrf_is_one_for_the_catalogues_mix_and_falls_to_the_share_that_is_missing():
    shown = ranking([[0, 2], [0, 1], [-1, -1]], np.ones((3, 4)), item_groups=AABB)
    [found] = attention_mix_measures(shown, 2, "category")
    first = V[0] / V[:2].sum()
    assert found.numerator == pytest.approx([1 - abs(first - 0.5), 0.5, 0])
    assert found.denominator.tolist() == [1, 1, 0]
    [one] = attention_mix_measures(
        ranking([[0, 2]], np.ones((1, 4)), item_groups={"category": list("aaaa")}), 2, "category"
    )
    assert one.numerator.tolist() == [1]


def test_expected_exposure_worked_by_hand():
    shown = ranking([[2, 0]], [[1, 0, 0, 0]], item_groups=AABB)
    given_, ideal, counted = expected_exposure(shown, 2, CODE, 2)
    other = V[1] / 3  # the second place, alike among three items that nobody wanted
    assert given_ == pytest.approx(np.array([[V[1], V[0]]])) and counted.tolist() == [1]
    assert ideal == pytest.approx(np.array([[V[0] + other, 2 * other]]))
    found = {m.name.split("[")[0]: m.overall for m in expected_exposure_measures(shown, 2, "category")}
    assert found["eed"] == pytest.approx(V[1] ** 2 + V[0] ** 2)
    assert found["eer"] == pytest.approx(V[1] * ideal[0, 0] + V[0] * ideal[0, 1])
    assert found["eel"] == pytest.approx(((given_ - ideal) ** 2).sum())


@settings(deadline=None, max_examples=40)
@given(st.permutations(range(4)), st.lists(st.booleans(), min_size=4, max_size=4).filter(any))
def test_loss_is_disparity_less_twice_relevance_and_all_attention_is_spent(order, wanted):
    shown = ranking([order], [np.array(wanted, float)], item_groups=AABB)
    given_, ideal, _ = expected_exposure(shown, 4, CODE, 2)
    assert given_.sum() == pytest.approx(ideal.sum()) == pytest.approx(V.sum())
    found = {m.name.split("[")[0]: m.overall for m in expected_exposure_measures(shown, 4, "category")}
    assert found["eel"] == pytest.approx(found["eed"] - 2 * found["eer"] + float((ideal**2).sum()))
    assert found["eel"] >= -1e-12


def test_expected_exposure_loss_is_nothing_for_the_ideal():
    shown = ranking([[0, 2]], [[1, 0, 1, 0]], item_groups={"category": list("abcd")})
    code = np.arange(4)
    given_, ideal, _ = expected_exposure(shown, 2, code, 4)
    assert ideal == pytest.approx(np.array([[V[:2].mean(), 0, V[:2].mean(), 0]]))
    assert np.abs(given_ - ideal).max() == pytest.approx((V[0] - V[1]) / 2)


def test_equity_of_attention_worked_by_hand_and_nothing_where_nobody_wanted():
    shown = ranking([[0, 2], [0, 1]], [[1, 0, 1, 0], [0, 0, 0, 1]], item_groups=AABB)
    found = equity(shown, 2, "category", 1)
    share = (2 * V[0] + V[1]) / (2 * V[:2].sum())
    assert found.value == pytest.approx(abs(share - 1 / 3) + abs(1 - share - 2 / 3)) and found.low is None
    assert (
        equity(ranking([[0, 2]], np.zeros((1, 4)), item_groups=AABB), 2, "category", 1).verdict is Verdict.NOT_COMPUTED
    )


def test_entropy_and_effective_number_at_their_ends():
    even, one = np.array([[3.0, 3, 3, 3]]), np.array([[0.0, 0, 7, 0]])
    assert entropy(even)[0] == pytest.approx(np.log(4)) and entropy(one)[0] == 0
    assert effective(even)[0] == pytest.approx(4) and effective(one)[0] == pytest.approx(1)
    assert effective(np.array([[3.0, 1]]))[0] == pytest.approx(1 / (9 / 16 + 1 / 16))


def test_providers_stand_as_entities_with_their_intervals():
    rng = np.random.default_rng(0)
    lists = np.argsort(rng.random((200, 12)) - 0.5 * (np.arange(12) < 3), axis=1)[:, :3]
    shown = ranking(lists, np.ones((200, 12)), item_groups={"provider": list("aaabbbcccddd")})
    found = {one.key: one for one in concentration(shown, 3, SETTINGS, 1, ("entropy", "providers"))}
    places = np.bincount(lists.ravel() // 3, minlength=4) / lists.size
    assert found["providers.effective"].value == pytest.approx(1 / (places**2).sum())
    for key in ("providers.gini", "providers.effective", "items.entropy"):
        assert found[key].low < found[key].value < found[key].high
    assert {one.key for one in concentration(shown, 3, SETTINGS, 1)} == {"items.gini", "items.coverage"}


def test_there_is_no_less_than_one_effective_provider():
    """Eleven of twelve lists are of one provider: about the deviations of resamples the interval began under 1."""
    shown = ranking([[0]] * 11 + [[1]], np.ones((12, 2)), item_groups={"provider": ["a", "b"]})
    found = {one.key: one for one in concentration(shown, 1, SETTINGS, 1, ("providers",))}["providers.effective"]
    assert found.low == 1.0 < found.value < found.high <= 2


def test_intervals_of_concentration_hold_what_very_many_lists_would_show():
    rng, hits, runs = np.random.default_rng(8), np.zeros(4), 120
    pull = np.linspace(1, -1, 24)

    def shown(users):
        lists = np.argsort(-(pull + rng.gumbel(0, 1, (users, 24))), axis=1)[:, :4]
        return ranking(lists, np.ones((users, 24)), item_groups={"provider": list("abcdef") * 4})

    def found(users):
        asked = concentration(shown(users), 4, SETTINGS, 1, ("entropy", "providers"))
        return [one for one in asked if one.key != "items.coverage"]

    known = [one.value for one in found(20_000)]
    for _ in range(runs):
        hits += [one.low <= true <= one.high for one, true in zip(found(200), known, strict=True)]
    assert (hits / runs >= 0.89).all() and (hits / runs <= 0.99).all()


def test_long_tail_items_are_counted():
    shown = ranking([[0, 1], [2, 3], [2, -1]], np.ones((3, 4)))
    assert next(m for m in exposure_measures(shown, 2) if m.name == "aclt").numerator.tolist() == [0, 2, 1]


def test_clicks_worked_by_hand():
    lists, wanted = [[0, 2], [3, 1]], [[1, 1, 0, 1], [0, 1, 1, 1]]
    shown = ranking(lists * 30, wanted * 30, item_groups=AABB)
    found = {f.key: f for f in judged(provider_ratios(shown, 2, "category", ("clicks",), SETTINGS, 5, 1))}
    a, b = (V[0] + V[1]) / 3, V[0] / 3  # attention on wanted items per wanted item: of a items 0 and 1, of b item 3
    assert found["category.clicks.a"].value == pytest.approx(a / b)
    assert found["category.clicks.a"].value * found["category.clicks.b"].value == pytest.approx(1)


def decided(seed=0, rows=3000, bias=0.4):
    rng = np.random.default_rng(seed)
    user = rng.integers(0, 300, rows).astype(np.int32)
    group = np.where(np.arange(300) % 3 == 0, "x", "y")
    label = (rng.random(rows) < 0.4).astype(np.int8)
    score = label + rng.normal(0, 1, rows) + bias * (group[user] == "x")
    return Decisions(user, label, score), partition(pd.DataFrame({"g": group}), ("g",))


def test_equalised_odds_and_every_rate_equal_fairlearn():
    decisions, groups = decided()
    batches = resample(decision_measures(decisions, 300), groups, SETTINGS, 1)
    headlines = {gap.key: gap for gap in gaps(batches, {})[0]}
    table = rates(decisions, groups)
    for batch in batches:
        for index, measure in enumerate(batch.measures):
            assert batch.found.value[:, index] == pytest.approx(table[measure.name].reindex(groups.names).to_numpy())
    [odds] = judged(equalised_odds(headlines))
    theirs = equalized_odds_difference(
        decisions.label, selected(decisions).astype(int), sensitive_features=groups.code[decisions.user]
    )
    assert odds.value == pytest.approx(theirs) and odds.verdict is Verdict.GAP and odds.low is None
    p = [headlines[f"g.{name}.gap"].p for name in ("opportunity", "fpr")]
    assert odds.p_value == pytest.approx(min(1, 2 * min(p)))


def test_no_unwanted_and_no_picked_rows_are_not_computed():
    decisions = Decisions(np.arange(40, dtype=np.int32), np.zeros(40, np.int8), np.arange(40.0))
    groups = partition(pd.DataFrame({"g": ["x", "y"] * 20}), ("g",))
    found = {f.key: f for f in judged(gaps(resample(decision_measures(decisions, 40), groups, SETTINGS, 1), {})[0])}
    assert found["g.ppv.gap"].verdict is Verdict.NOT_COMPUTED and found["g.opportunity.gap"].value is None
    assert np.isnan(rates(decisions, groups)["ppv"]).all()


def test_smallest_epsilon_worked_by_hand_and_by_search():
    total, count = np.array([8.0, 2.0]), np.array([18.0, 18.0])
    assert smallest_epsilon(total, count) == pytest.approx(np.log(9 / 3))
    assert smallest_epsilon(count - total, count) == pytest.approx(np.log(3))  # 1 - y tells the same
    assert smallest_epsilon(np.array([3.0, 3.0]), np.array([9.0, 9.0])) == 0
    assert np.isfinite(smallest_epsilon(np.array([0.0, 5.0]), np.array([10.0, 5.0])))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=5))
def test_epsilon_bounds_every_ratio_and_no_smaller_one_does(cells):
    total = np.array([a for a, _ in cells], float)
    count = np.array([a + b for a, b in cells], float)
    epsilon = smallest_epsilon(total, count)
    mean = (total + 1) / (count + 2)
    ratios = np.concatenate([np.divide.outer(y, y).ravel() for y in (mean, 1 - mean)])
    assert ratios.max() <= np.exp(epsilon) * (1 + 1e-9) and ratios.max() == pytest.approx(np.exp(epsilon))


def planted(names=("F", "M")):
    rng = np.random.default_rng(3)
    group = np.repeat(names, 150)
    lists = np.array([rng.permutation(20)[:5] for _ in group])
    good = rng.random(300) < np.where(np.arange(300) < 150, 0.9, 0.4)
    wanted = np.zeros((300, 20))
    wanted[np.arange(300), np.where(good, lists[:, 0], (lists.max(axis=1) + 1) % 20)] = 1
    return ranking(lists, wanted, {"gender": group}, {"category": list("ab") * 10, "provider": list("cdef") * 5})


def test_ratios_beside_a_gap_share_its_groups_and_its_p():
    shown = planted()
    groups = partition(shown.attributes, ("gender",))
    batches = resample(accuracy_measures(shown, 5), groups, SETTINGS, 1)
    headlines = {gap.key: gap for gap in gaps(batches, {})[0]}
    found = {f.key: f for f in (*judged(epsilons(batches, headlines)), *spreads(batches, headlines))}
    hit = [m for m in accuracy_measures(shown, 5) if m.name == "hit@5"][0].numerator
    a, b = hit[:150].mean(), hit[150:].mean()
    assert found["gender.hit@5.mad"].value == pytest.approx(abs(a - b))
    assert found["gender.hit@5.worst"].value == pytest.approx(min(a, b) / max(a, b))
    smooth = [(150 * mean + 1) / 152 for mean in (a, b)]
    expected = max(abs(np.log(smooth[0] / smooth[1])), abs(np.log((1 - smooth[0]) / (1 - smooth[1]))))
    one = found["gender.epsilon[hit@5].gap"]
    assert one.value == pytest.approx(expected) and one.p_value == headlines["gender.hit@5.gap"].p
    assert mean_absolute_gap(np.array([1.0, 2, 4])) == pytest.approx(2)


NEW = ("hit", "aclt", "awrf", "expected", "fpr", "ppv", "spread", "epsilon", "odds", "opportunity", "tv", "kl", "bias",
       "clicks", "equity", "entropy", "providers", "predicted", "rating")  # fmt: skip


def test_chosen_they_all_stand_in_the_section_in_both_languages_and_else_none_does():
    shown = planted()
    rng = np.random.default_rng(4)
    user = np.repeat(np.arange(300), 4).astype(np.int32)
    decisions = Decisions(user, (rng.random(1200) < 0.5).astype(np.int8), rng.random(1200))
    settings = DisparitySettings(replicates=100, permutations=100, intersections=False, figures=NEW)
    section = disparity_section(shown, decisions, None, settings, 10, 1)
    keys = {finding.key for finding in section.findings}
    assert {"gender.tv[item].gap", "gender.odds.gap", "gender.epsilon[hit@5].gap", "gender.hit@5.worst"} <= keys
    assert {"items.equity[category]", "items.entropy", "providers.gini", "category.clicks.a", "all.rating"} <= keys
    assert {"gender.awrf[category].gap", "gender.eel[provider].F", "gender.fpr.gap", "gender.aclt.gap"} <= keys
    for language in LANGUAGES:
        for finding in section.findings:
            assert say(finding.label, language) and say(finding.method, language)
            assert finding.reason is None or say(finding.reason, language)
        assert all(say(text, language) for text in section.summary)
    plain = disparity_section(shown, decisions, None, settings.model_copy(update={"figures": ("hit",)}), 10, 1)
    assert {f.key.split(".")[1].split("[")[0] for f in plain.findings} <= {"hit@5", "parity", "gini", "coverage"}


def test_exchanging_the_groups_turns_the_sign_of_the_gaps():
    settings = DisparitySettings(
        replicates=100, permutations=100, intersections=False, figures=("awrf", "expected", "aclt")
    )
    one, two = (
        {f.key: f for f in disparity_section(planted(names), None, None, settings, 10, 1).findings}
        for names in (("F", "M"), ("M", "F"))
    )
    for figure in ("awrf[category]", "eel[category]", "aclt"):
        ordered = [found[f"gender.{figure}.F"].value - found[f"gender.{figure}.M"].value for found in (one, two)]
        assert ordered[0] == pytest.approx(-ordered[1])
