"""Per-user accuracy equals the formula by hand, scikit-learn, and its own properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from analysis.fairness.peruser import accuracy
from tests.analysis.fairness.lists import ranking
from words import Refusal


def test_a_list_worked_by_hand():
    found = accuracy(ranking([[4, 1, 0]], [[1, 1, 0, 1, 0]]), 3)
    dcg, ideal = 1 / np.log2(3) + 1 / np.log2(4), 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert found.ndcg[0] == pytest.approx(dcg / ideal)
    assert (found.recall[0], found.precision[0]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (found.hit[0], found.mrr[0], found.length[0]) == (1.0, 0.5, 3.0)


def test_grades_gain_two_to_the_grade_less_one():
    found = accuracy(ranking([[0, 1]], [[1, 3, 2]]), 2)
    assert found.ndcg[0] == pytest.approx((1 + 7 / np.log2(3)) / (7 + 3 / np.log2(3)))


def test_ideal_list_is_cut_at_the_number_of_relevant_items():
    assert accuracy(ranking([[0, 1, 2, 3]], [[1, 0, 0, 0]]), 4).ndcg[0] == 1.0


def test_a_user_without_held_out_items_is_excluded_not_scored():
    found = accuracy(ranking([[0, 1], [0, 1]], [[0, 0, 0], [1, 0, 0]]), 2)
    assert found.counted.tolist() == [False, True]


def test_average_precision_worked_by_hand_is_one_at_the_top_and_equals_scikit_learn():
    from sklearn.metrics import average_precision_score

    shown = ranking([[4, 1, 0], [1, 3, 0], [2, 4, -1]], [[1, 1, 0, 1, 0]] * 3)
    assert accuracy(shown, 3).map == pytest.approx([(1 / 2 + 2 / 3) / 3, 1.0, 0.0])
    assert accuracy(shown, 1).map.tolist() == [0.0, 1.0, 0.0]
    whole = accuracy(ranking([[3, 0, 2, 1]], [[1, 1, 0, 0]]), 4).map[0]  # places of the wanted: 2 and 4
    assert whole == pytest.approx(average_precision_score([1, 1, 0, 0], [3, 1, 2, 4]))


def test_an_empty_list_scores_nothing_and_has_no_length():
    found = accuracy(ranking([[-1, -1]], [[1, 0, 0]]), 2)
    assert (found.ndcg[0], found.hit[0], found.mrr[0], found.length[0]) == (0.0, 0.0, 0.0, 0.0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
@settings(deadline=None, max_examples=60)
def test_ndcg_equals_scikit_learn(seed, K):
    rng = np.random.default_rng(seed)
    grades = rng.integers(0, 4, (5, 9))
    grades[:, 0] = 1
    order = np.argsort(rng.random((5, 9)), axis=1)
    score = np.empty((5, 9))
    np.put_along_axis(score, order, np.arange(9, 0, -1.0)[None], axis=1)
    ours = accuracy(ranking(order[:, :K], grades), K).ndcg
    peer = [ndcg_score((np.exp2(grades) - 1)[[u]], score[[u]], k=K) for u in range(5)]
    assert ours == pytest.approx(peer)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_ndcg_never_falls_when_a_relevant_item_moves_up(seed):
    rng = np.random.default_rng(seed)
    relevant = (rng.random(10) < 0.4).astype(float)
    relevant[rng.integers(10)] = 1
    order = rng.permutation(10)[:6]
    place = rng.integers(1, 6)
    better = order.copy()
    if relevant[order[place]] > relevant[order[place - 1]]:
        better[[place - 1, place]] = order[[place, place - 1]]
    before, after = (accuracy(ranking([x], [relevant]), 6) for x in (order, better))
    assert after.ndcg[0] >= before.ndcg[0]
    assert 0 <= before.ndcg[0] <= 1 and after.recall[0] == before.recall[0]


def test_a_list_that_names_an_item_twice_is_refused():
    with pytest.raises(Refusal):
        ranking([[1, 1]], [[1, 0, 0]])


def test_a_code_outside_the_catalogue_is_refused():
    with pytest.raises(Refusal):
        ranking([[1, 7]], [[1, 0, 0]])
