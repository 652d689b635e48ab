"""Batches hold every row once; with lengths, rows of like length."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.batches import batches
from models.histories import PAD, profiles
from models.reading import NextItemLearner, user_arrays
from tests.models.blocks import FAST, USERS, checkerboard


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


def test_users_read_by_length_have_the_vectors_they_have_alone(monkeypatch):
    data, settings = checkerboard(), FAST["sequence"]
    learner = NextItemLearner(data, None, profiles(data, settings), settings, 3)
    learner.module.eval()
    history = learner.histories.items.copy()
    history[::3, 2:] = PAD  # users of different lengths, in no order
    known = learner.profiles.codes
    monkeypatch.setattr("models.reading.READ_AT_ONCE", 16)
    together = user_arrays(learner.reader, known, history)
    alone = [user_arrays(learner.reader, known[[one]], history[[one]])[0] for one in range(USERS)]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert user_arrays(learner.reader, known[:0], history[:0]).shape == (0, settings.dimensions)
