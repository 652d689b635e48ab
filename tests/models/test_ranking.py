"""Lists are the exact best, in an order that nothing but the scores and the codes decides."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from models.ranking import best_unseen, gains, ideal


def plain(scores, seen, k):
    """The definition, one row at a time."""
    codes = np.full((len(scores), k), -1, np.int32)
    for row, values in enumerate(scores):
        order = sorted((i for i in range(len(values)) if not seen[row, i]), key=lambda i: (-values[i], i))[:k]
        codes[row, : len(order)] = order
    return codes


@pytest.mark.parametrize("seed", range(40))
def test_lists_equal_the_definition_with_many_ties(seed):
    rng = np.random.default_rng(seed)
    rows, items, k = rng.integers(1, 30), rng.integers(1, 60), rng.integers(1, 25)
    levels = rng.integers(1, 9)  # few levels: most scores tie
    scores = rng.integers(0, levels, (rows, items)).astype(np.float32)
    seen = rng.random((rows, items)) < rng.random()
    codes, values = best_unseen(scores, sp.csr_matrix(seen), int(k))
    np.testing.assert_array_equal(codes, plain(scores, seen, int(k)))
    there = codes >= 0
    np.testing.assert_array_equal(values[there], np.take_along_axis(scores, np.maximum(codes, 0), 1)[there])
    assert np.isneginf(values[~there]).all()
    assert codes.dtype == np.int32 and values.dtype == np.float32


def test_equal_scores_come_in_the_order_of_codes():
    codes, _ = best_unseen(np.zeros((2, 6), np.float32), sp.csr_matrix(np.eye(2, 6, dtype=bool)), 3)
    np.testing.assert_array_equal(codes, [[1, 2, 3], [0, 2, 3]])


def test_the_scores_given_are_left_as_they_were():
    scores = np.arange(6, dtype=np.float32)[None]
    best_unseen(scores, sp.csr_matrix(np.ones((1, 6), bool)), 2)
    np.testing.assert_array_equal(scores[0], np.arange(6))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_no_number_has_no_rank(bad):
    with pytest.raises(ValueError, match="NaN or infinite"):
        best_unseen(np.array([[0, bad]], np.float32), sp.csr_matrix((1, 2), dtype=bool), 1)


@pytest.mark.parametrize("items", [63, 64, 65, 200])
def test_long_rows_with_ties_across_chunks_equal_the_definition(items):
    rng = np.random.default_rng(items)
    scores = rng.integers(0, 5, (20, items)).astype(np.float32)
    seen = rng.random(scores.shape) < 0.3
    np.testing.assert_array_equal(best_unseen(scores, sp.csr_matrix(seen), 12)[0], plain(scores, seen, 12))


def test_a_bad_score_is_refused_even_where_it_could_not_be_listed():
    scores = np.arange(130, dtype=np.float32)[None] + 1
    scores[0, 129] = -np.inf
    with pytest.raises(ValueError, match="NaN or infinite"):
        best_unseen(scores, sp.csr_matrix(([True], ([0], [129])), shape=(1, 130)), 2)


@pytest.mark.parametrize("items", [*range(2, 40), 2047, 2049, 5000])
def test_what_a_list_is_worth_is_known_without_making_it(items):
    rng = np.random.default_rng(items)
    scores = rng.integers(-2, rng.integers(0, 4000), (15, items)).astype(np.float32)  # some tie, some do not
    seen = rng.random(scores.shape) < 0.3
    wanted = ~seen & (rng.random(scores.shape) < rng.random())
    gain, hits = gains(scores, sp.csr_matrix(seen), sp.csr_matrix(wanted), 7)
    listed = plain(scores, seen, 7)
    found = np.take_along_axis(wanted, listed, 1) & (listed >= 0)
    np.testing.assert_array_equal(hits, found.sum(1))
    np.testing.assert_allclose(gain, found @ (1 / np.log2(np.arange(2, 9))), rtol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_with_a_bad_score_is_worth_nothing(bad):
    scores = np.arange(130, dtype=np.float32)[None] + 1
    scores[0, 100] = bad
    with pytest.raises(ValueError, match="NaN or infinite"):
        gains(scores, sp.csr_matrix(scores == 1), sp.csr_matrix(scores == 130), 2)


def test_the_best_list_is_cut_at_its_length():
    np.testing.assert_allclose(ideal(np.array([1, 2, 3]), 2), [1, 1 + 1 / np.log2(3), 1 + 1 / np.log2(3)])
