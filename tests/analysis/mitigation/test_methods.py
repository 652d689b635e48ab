"""Reweighing, re-ranking and thresholds do what their papers say, on data whose answer is known."""

import numpy as np
import pytest
from scipy.optimize import linprog

from analysis.fairness.decisions import selected
from analysis.fairness.ranking import Decisions
from analysis.mitigation.candidates import Candidates
from analysis.mitigation.rerank import attention_shares, exposure_constrained
from analysis.mitigation.reweigh import group_balance, row_weights
from analysis.mitigation.threshold import group_thresholds, rehearsed_thresholds
from words import Refusal


def test_reweighing_makes_group_and_label_independent():
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "unknown"], 5000, p=[0.6, 0.3, 0.1])
    label = (rng.random(5000) < np.where(group == "a", 0.7, 0.2)).astype(float)
    weight = row_weights(group, label)
    rates = [np.average(label[group == g], weights=weight[group == g]) for g in ("a", "b", "unknown")]
    assert weight.dtype == np.float32 and weight.mean() == pytest.approx(1, abs=1e-6)
    assert rates == pytest.approx([label.mean()] * 3, abs=1e-5)


def test_a_weight_worked_by_hand():
    weight = row_weights(["a", "a", "a", "b"], np.array([1, 1, 0, 0]))
    assert weight == pytest.approx([0.75, 0.75, 1.5, 0.5], rel=1e-6) or weight.mean() == pytest.approx(1)
    raw = np.array([3 / 4 * 2 / 4 / (2 / 4), 3 / 4 * 2 / 4 / (2 / 4), 3 / 4 * 2 / 4 / (1 / 4), 1 / 4 * 2 / 4 / (1 / 4)])
    assert weight == pytest.approx(raw / raw.mean(), rel=1e-6)


def test_strength_nought_weighs_all_rows_alike():
    assert row_weights(["a", "a", "b"], np.array([1, 0, 1]), 0.0).tolist() == [1, 1, 1]


def test_rows_of_one_label_are_refused_and_groups_can_be_balanced_instead():
    with pytest.raises(Refusal):
        row_weights(["a", "b"], np.ones(2))
    weight = group_balance(["a", "a", "a", "b"])
    assert weight[:3].sum() == pytest.approx(weight[3])


def candidates(seed, users=30, M=12, items=40):
    rng = np.random.default_rng(seed)
    codes = np.array([rng.permutation(items)[:M] for _ in range(users)], np.int32)
    scores = -np.sort(-rng.random((users, M)).astype(np.float32), axis=1)
    group = np.where(np.arange(items) < 10, "head", "tail")
    scores += 0.3 * (group[codes] == "head")
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(codes, order, 1), np.take_along_axis(scores, order, 1), group


def relevance_of(lists, codes, scores):
    scaled = (scores - scores.min(1, keepdims=True)) / np.ptp(scores, axis=1, keepdims=True)
    discount = 1 / np.log2(np.arange(2, lists.shape[1] + 2))
    value = [[scaled[u][np.flatnonzero(codes[u] == item)[0]] for item in row] for u, row in enumerate(lists)]
    return float((np.array(value) * discount).sum())


def test_re_ranking_meets_its_target_and_strength_nought_changes_nothing():
    codes, scores, group = candidates(0, users=200)
    before = attention_shares(codes[:, :5], group)["tail"]
    for strength in (0.25, 0.5, 1.0):
        lists = exposure_constrained(Candidates(codes, scores), group, strength, 5)
        goal = (1 - strength) * before + strength * 0.75
        assert goal <= attention_shares(lists, group)["tail"] <= goal + 0.01
    assert np.array_equal(exposure_constrained(Candidates(codes, scores), group, 0.0, 5), codes[:, :5])


@pytest.mark.parametrize("seed", range(3))
def test_re_ranking_equals_the_linear_program(seed):
    users, M, K, strength = 6, 5, 3, 0.5
    codes, scores, group = candidates(seed, users, M, 12)
    group = np.where(np.arange(12) < 4, "head", "tail")
    lists = exposure_constrained(Candidates(codes, scores), group, strength, K)
    scaled = (scores - scores.min(1, keepdims=True)) / np.ptp(scores, axis=1, keepdims=True)
    discount = 1 / np.log2(np.arange(2, K + 2))
    before = attention_shares(codes[:, :K], group)
    short, area = ("tail", 8 / 12) if before["tail"] < 8 / 12 else ("head", 4 / 12)
    goal = (1 - strength) * before[short] + strength * area
    total = users * discount.sum()
    cost = -(scaled[:, :, None] * discount).ravel()  # x[u, m, r]
    tail = -((group[codes] == short)[:, :, None] * discount).ravel()[None]
    full = np.zeros((users * K, users * M * K))
    once = np.zeros((users * M, users * M * K))
    for u in range(users):
        for m in range(M):
            for r in range(K):
                full[u * K + r, (u * M + m) * K + r] = 1
                once[u * M + m, (u * M + m) * K + r] = 1
    bound = linprog(
        cost,
        A_ub=np.vstack([once, tail]),
        b_ub=np.concatenate([np.ones(users * M), [-goal * total]]),
        A_eq=full,
        b_eq=np.ones(users * K),
        bounds=(0, 1),
    )
    assert bound.status == 0
    ours = relevance_of(lists, codes, scores)
    assert attention_shares(lists, group)[short] >= goal - 1e-9
    assert -bound.fun - 0.5 <= ours <= -bound.fun + 1e-9  # within one list's step of the fractional optimum


def test_no_list_of_equal_attention_has_more_relevance():
    codes, scores, group = candidates(5, users=300)
    lists = exposure_constrained(Candidates(codes, scores), group, 0.6, 5)
    reached = attention_shares(lists, group)["tail"]
    rng = np.random.default_rng(1)
    for _ in range(50):
        noise = rng.normal(0, 0.2, scores.shape)
        other = np.take_along_axis(codes, np.argsort(-(scores + noise + 0.3 * (group[codes] == "tail")), 1), 1)[:, :5]
        if attention_shares(other, group)["tail"] >= reached:
            assert relevance_of(other, codes, scores) <= relevance_of(lists, codes, scores)


def test_short_lists_stay_short():
    codes, scores = np.array([[2, 0, -1, -1]], np.int32), np.array([[3.0, 1.0, -np.inf, -np.inf]], np.float32)
    assert exposure_constrained(Candidates(codes, scores), np.array(["a", "a", "b"]), 1.0, 3).tolist() == [[0, 2, -1]]


def test_two_short_groups_both_reach_their_goals():
    codes, scores, _ = candidates(2, users=200)
    group = np.where(np.arange(40) < 10, "head", np.where(np.arange(40) < 25, "niche", "local"))
    lists = exposure_constrained(Candidates(codes, scores), group, 0.9, 5)
    before, after = attention_shares(codes[:, :5], group), attention_shares(lists, group)
    for name, area in (("niche", 15 / 40), ("local", 15 / 40)):
        one_place = 1 / (200 * (1 / np.log2(np.arange(2, 7))).sum())
        assert after[name] >= 0.1 * before[name] + 0.9 * area - one_place


def decisions(seed, rows=4000):
    rng = np.random.default_rng(seed)
    group = rng.choice(["F", "M"], rows)
    label = (rng.random(rows) < 0.4).astype(np.int8)
    score = label + rng.normal(0, 0.7, rows) - 0.8 * (group == "F")
    return Decisions(np.arange(rows, dtype=np.int32), label, score), group


def test_group_thresholds_even_the_selection_rates():
    (valid, valid_group), (test, test_group) = decisions(0), decisions(1)
    after = group_thresholds(valid, valid_group, test, test_group, "demographic_parity", 1)
    rate = [[picked[test_group == g].mean() for g in ("F", "M")] for picked in (selected(test), selected(after))]
    assert rate[0][1] - rate[0][0] > 0.2 and abs(rate[1][1] - rate[1][0]) < 0.04


def test_group_thresholds_even_the_odds():
    (valid, valid_group), (test, test_group) = decisions(2), decisions(3)
    after = selected(group_thresholds(valid, valid_group, test, test_group, "equalized_odds", 1))
    for label in (0, 1):
        rows = test.label == label
        assert abs(after[rows & (test_group == "F")].mean() - after[rows & (test_group == "M")].mean()) < 0.06


def test_thresholds_on_their_own_rows_are_rehearsed_by_halves_or_not_at_all():
    valid, group = decisions(5)
    seen = group_thresholds(valid, group, valid, group, "demographic_parity", 1)
    unseen = rehearsed_thresholds(valid, group, "demographic_parity", 1)
    right = [np.mean(selected(one) == (valid.label > 0)) for one in (seen, unseen)]
    assert not np.array_equal(selected(seen), selected(unseen)) and abs(right[0] - right[1]) < 0.02
    untouched = rehearsed_thresholds(valid, group, "demographic_parity", 1, 0.0)
    assert np.array_equal(selected(untouched), selected(valid))
    group[0] = "X"
    assert rehearsed_thresholds(valid, group, "demographic_parity", 1) is None


def test_a_group_of_one_label_is_refused():
    valid, group = decisions(4)
    valid.label[group == "F"] = 0
    with pytest.raises(Refusal):
        group_thresholds(valid, group, valid, group, "demographic_parity", 1)
