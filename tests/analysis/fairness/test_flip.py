"""Overlap of a list with its flipped twin: worked by hand, and the ends of each scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.fairness.flip import displacement, flip_measures, jaccard, rank_biased_overlap
from analysis.fairness.ranking import Flip

A = np.array([[1, 2, 3]], np.int32)


def test_identical_lists_are_one_and_move_nothing():
    assert (jaccard(A, A)[0], displacement(A, A)[0]) == (1.0, 0.0)
    assert rank_biased_overlap(A, A)[0] == pytest.approx(1.0)


def test_disjoint_lists_are_nought():
    other = np.array([[4, 5, 6]], np.int32)
    assert jaccard(A, other)[0] == 0 and rank_biased_overlap(A, other)[0] == pytest.approx(0)
    assert displacement(A, other)[0] == pytest.approx((3 + 2 + 1) / 3)


def test_lists_worked_by_hand():
    other = np.array([[2, 1, 9]], np.int32)
    p, agreement = 0.9, [0, 1, 2 / 3]
    expected = (1 - p) * sum(a * p**d for d, a in enumerate(agreement)) + agreement[-1] * p**3
    assert jaccard(A, other)[0] == pytest.approx(2 / 4)
    assert rank_biased_overlap(A, other)[0] == pytest.approx(expected)
    assert displacement(A, other)[0] == pytest.approx((1 + 1 + 1) / 3)


def test_ended_lists_compare_what_they_hold():
    short = np.array([[1, 2, -1]], np.int32)
    assert jaccard(A, short)[0] == pytest.approx(2 / 3)
    assert rank_biased_overlap(short, short)[0] == pytest.approx(1.0)


@given(st.permutations(range(8)), st.permutations(range(8)))
def test_overlaps_are_symmetric_and_between_nought_and_one(one, other):
    a, b = np.array([one[:5]], np.int32), np.array([other[:5]], np.int32)
    for overlap in (jaccard, rank_biased_overlap):
        assert overlap(a, b)[0] == pytest.approx(overlap(b, a)[0]) and 0 <= overlap(a, b)[0] <= 1 + 1e-12


def test_twins_of_one_user_are_averaged_and_others_do_not_count():
    flip = Flip("age", np.array([1, 1]), np.vstack([A, A]), np.vstack([A, A]), np.array([2.0, 4.0]))
    divergence = flip_measures(flip, 3)[-1]
    assert divergence.numerator.tolist() == [0, 3, 0] and divergence.denominator.tolist() == [0, 1, 0]
