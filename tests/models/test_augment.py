"""Changed histories: what a change must keep, and the contrastive loss by hand."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.augment import TEMPERATURE, changed, contrast, crop, mask, reorder
from models.config import SequenceSettings
from models.histories import MASKED, PAD
from models.train import fit
from tests.models.blocks import FAST, checkerboard

T = 12
lengths = st.lists(st.integers(1, T), min_size=1, max_size=8)


def made(lengths):
    """Histories 10, 11, 12 ... of these lengths, so that an item tells its place."""
    rows = [[10 + at if at < n else PAD for at in range(T)] for n in lengths]
    return torch.tensor(rows)


def items(row):
    return [int(item) for item in row if item != PAD]


@given(lengths, st.floats(0.1, 1.0), st.integers(0, 99))
def test_a_crop_is_one_stretch_of_the_asked_length_in_its_order(lengths, share, seed):
    torch.manual_seed(seed)
    for n, row in zip(lengths, crop(made(lengths), share), strict=True):
        left = items(row)
        assert len(left) == max(1, int(np.ceil(np.float32(share) * np.float32(n))))
        assert left == list(range(left[0], left[0] + len(left))) and left[0] >= 10 and left[-1] < 10 + n
        assert (row[len(left) :] == PAD).all()


@given(lengths, st.floats(0.0, 0.9), st.integers(0, 99))
def test_a_mask_hides_the_asked_share_and_leaves_the_rest_in_place(lengths, share, seed):
    torch.manual_seed(seed)
    before = made(lengths)
    after = mask(before, share)
    hidden = after == MASKED
    assert hidden.sum(1).tolist() == [int(np.float32(share) * np.float32(n)) for n in lengths]
    assert (after[~hidden] == before[~hidden]).all() and not (hidden & (before == PAD)).any()


@given(lengths, st.floats(0.0, 1.0), st.integers(0, 99))
def test_a_reordering_keeps_the_items_and_moves_only_one_stretch(lengths, share, seed):
    torch.manual_seed(seed)
    before = made(lengths)
    for n, old, new in zip(lengths, before, reorder(before, share), strict=True):
        assert sorted(items(new)) == items(old) and (new[n:] == PAD).all()
        moved = torch.nonzero(old != new).flatten()
        if len(moved):
            assert moved[-1] - moved[0] + 1 <= int(np.float32(share) * np.float32(n))


def test_each_user_gets_one_of_the_changes():
    torch.manual_seed(0)
    after = changed(made([T] * 60), ("crop", "mask"))
    cropped, masked = (after == PAD).any(1), (after == MASKED).any(1)
    assert (cropped ^ masked).all() and cropped.any() and masked.any()


def test_the_contrast_of_two_users_who_are_nothing_alike_is_known():
    views = torch.eye(2)
    by_hand = -log(exp(1 / TEMPERATURE) / (exp(1 / TEMPERATURE) + 2))
    assert float(contrast(views, 5 * views)) == pytest.approx(by_hand, rel=1e-6)  # length does not count
    assert float(contrast(torch.ones(3, 4), torch.ones(3, 4))) == pytest.approx(log(5))  # all alike: a guess among 5


def test_a_hidden_item_is_read_as_nothing_known():
    from models.histories import profiles
    from models.reading import NextItemLearner

    data, settings = checkerboard(), FAST["sequence"]
    learner = NextItemLearner(data, None, profiles(data, settings), settings, 3)
    vectors, _ = learner.items()
    none = torch.zeros((1, 0), dtype=torch.int64)
    history = torch.tensor([[2, MASKED, 4]])
    blank = torch.cat([vectors, torch.zeros(1, vectors.shape[1])])
    as_blank = learner.reader(blank, none, torch.tensor([[2, len(vectors), 4]]))
    torch.testing.assert_close(learner.reader(vectors, none, history), as_blank)


def test_the_task_makes_changed_histories_of_one_user_more_alike():
    from models.base import silent
    from models.histories import profiles
    from models.loop import learn
    from models.reading import NextItemLearner

    found = []
    for weight in (0.0, 0.5):
        settings = FAST["sequence"].model_copy(update={"epochs": 10, "augment": ("crop", "mask"), "contrast": weight})
        data = checkerboard()
        learner = NextItemLearner(data, None, profiles(data, settings), settings, 3)
        learn(learner, settings, 1, "", None, silent)
        _, profile, history, _ = (torch.from_numpy(rows) for rows in learner.rows(np.random.default_rng(0)))
        with torch.no_grad():
            torch.manual_seed(5)
            vectors, _ = learner.items()
            found.append(float(learner._contrast(vectors, profile, history.long())))
    assert found[1] < found[0] - 0.2


def test_changes_are_off_by_default_and_survive_json():
    assert SequenceSettings().augment == ()
    settings = FAST["sequence"].model_copy(update={"augment": ("crop", "reorder"), "epochs": 2})
    assert SequenceSettings.model_validate_json(settings.model_dump_json()) == settings
    assert len(fit(checkerboard(), settings, 1).curves["loss"]) == 2
