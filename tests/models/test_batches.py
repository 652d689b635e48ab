"""Batches hold every row once; with lengths, rows of like length."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.batches import batches


@given(st.integers(1, 200), st.integers(1, 60), st.booleans(), st.integers(0, 9))
def test_every_row_comes_once_and_only_one_batch_is_short(rows, size, by_length, seed):
    lengths = np.random.default_rng(1).integers(1, 50, rows) if by_length else None
    cut = batches(rows, size, lengths, np.random.default_rng(seed))
    assert sorted(np.concatenate(cut)) == list(range(rows))
    assert sum(len(batch) < size for batch in cut) <= 1 and max(map(len, cut)) <= size


def test_a_batch_of_the_sorted_ones_spans_no_more_than_its_neighbours_leave():
    lengths = np.random.default_rng(0).integers(1, 500, 640)
    cut = batches(640, 64, lengths, np.random.default_rng(3))
    spans = sorted((lengths[batch].min(), lengths[batch].max()) for batch in cut)
    assert all(last <= first for (_, last), (first, _) in zip(spans, spans[1:], strict=False))


def test_rows_of_one_length_meet_others_in_each_epoch():
    same = np.full(100, 7)
    first, second = (batches(100, 10, same, np.random.default_rng(seed))[0] for seed in (1, 2))
    assert set(first) != set(second)
