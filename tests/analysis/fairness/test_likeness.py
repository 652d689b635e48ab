"""Similarity of lists: hand-worked cases, and where published code is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.fairness.flip import jaccard
from analysis.fairness.likeness import SIMILARITIES, paper_factor, prag, serp


def one(*codes, K):
    return np.array([list(codes) + [-1] * (K - len(codes))], np.int32)


@pytest.mark.parametrize("kind", SIMILARITIES)
def test_identical_lists_score_one(kind):
    full = one(*range(20), K=20)
    assert SIMILARITIES[kind](full, full)[0] == pytest.approx(1.0, abs=1e-15)
    assert SIMILARITIES[kind](full, one(*range(20, 40), K=20))[0] == 0.0


def test_a_list_against_its_own_first_half_has_the_exact_value():
    full, half = one(*range(20), K=20), one(*range(10), K=20)
    assert jaccard(full, half)[0] == 10 / 20
    assert serp(full, half)[0] == pytest.approx(sum(range(11, 21)) / 210)  # weights 20 .. 11 of 1 + .. + 20
    assert prag(full, half)[0] == pytest.approx(45 / 190)  # its 10 * 9 / 2 pairs of 20 * 19 / 2


def test_by_hand_three_places():
    neutral, other = one(1, 2, 3, K=3), one(3, 1, 9, K=3)
    assert jaccard(neutral, other)[0] == 2 / 4
    assert serp(neutral, other)[0] == pytest.approx((3 + 2) / 6)
    # (3, 1): 3 is third and 1 first in the neutral list: no. (3, 9) and (1, 9): 9 is not there: yes.
    assert prag(neutral, other)[0] == pytest.approx(2 / 3)


def test_the_published_divisor_gives_identical_lists_less_than_half():
    assert paper_factor(20) == pytest.approx(19 / 42)
    assert paper_factor(10) * prag(one(*range(10), K=10), one(*range(10), K=10))[0] == pytest.approx(9 / 22)


orders = st.lists(st.integers(0, 12), min_size=5, max_size=5, unique=True)


@given(orders, orders, st.permutations(range(5)))
def test_order_matters_to_prag_alone_and_all_stay_in_range(first, second, order):
    a, b = one(*first, K=5), one(*second, K=5)
    moved = a[:, list(order)]
    assert jaccard(a, b) == jaccard(moved, b)
    assert serp(a, b) == serp(moved, b)
    for similar in SIMILARITIES.values():
        assert 0 <= similar(a, b)[0] <= 1
    assert (prag(a, moved)[0] == 1) == (list(order) == sorted(order))
