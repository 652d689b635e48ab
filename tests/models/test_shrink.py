"""A model made smaller ranks as its smaller numbers say, and its size is counted right."""

from __future__ import annotations

import numpy as np
import pytest

from models import shrink
from tests.models.blocks import fitted
from words import Refusal

KINDS = ("ease", "mf", "vae", "sequence", "language")
EVERYONE = np.arange(60, dtype=np.int32)


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return fitted(request.param)


def apart(first, second):
    """Largest difference of two score matrices, each up to a constant of the user."""
    difference = first - second
    return np.abs(difference - difference.mean(axis=1, keepdims=True)).max()


def test_in_full_the_product_is_the_models_own_score(model) -> None:
    small = shrink.full(model)
    assert apart(small.score(EVERYONE), model.score(EVERYONE)) < 1e-4
    assert small.bytes == small.of


def test_int8_stays_within_the_error_that_rounding_allows(model) -> None:
    kept, small = model.product(), shrink.in_bytes(model)
    left = np.asarray(kept.left.toarray() if hasattr(kept.left, "toarray") else kept.left)
    # each weight moves by half a step of its row; a number of the user by a step of the kernel and half of ours
    weights = np.abs(left).sum(1)[:, None] * (np.abs(kept.right).max(1) / 127 / 2)
    own = np.abs(left).max(1)[:, None] * (2 / 127 + 1 / 127) * np.abs(kept.right).sum(1)
    moved = np.abs(small.score(EVERYONE) - shrink.full(model).score(EVERYONE))
    assert (moved <= weights + own + 1e-5).all()
    assert moved.max() > 0


def test_int8_takes_a_quarter_and_a_step_a_row(model) -> None:
    kept, small = model.product(), shrink.in_bytes(model)
    rows = len(kept.right) + (0 if hasattr(kept.left, "toarray") else len(kept.left))
    numbers = (small.of // 4) - len(kept.level)
    assert small.bytes == numbers + 4 * rows + 4 * len(kept.level)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_pruning_keeps_the_largest_weights_and_their_places(model, share: float) -> None:
    kept, small = model.product(), shrink.pruned(model, share)
    right = kept.right.copy()
    cut = np.sort(np.abs(right), axis=None)[int(share * right.size)]
    assert (np.abs(right) > cut).sum() <= right.size - int(share * right.size)
    by_hand = np.where(np.abs(right) > cut, right, 0) if share else right
    if hasattr(kept.left, "toarray"):  # the users' rows are data: only the item side is pruned
        lost = np.abs(small.score(EVERYONE) - kept.left.toarray() @ by_hand.T)
        assert (lost <= cut * kept.left.toarray().sum(1)[:, None] + 1e-5).all()  # weights as large as the cut may stay
    if share == 0.0:
        assert apart(small.score(EVERYONE), model.score(EVERYONE)) < 1e-4
    assert small.bytes <= shrink.pruned(model, 0.0).bytes


def test_a_row_of_nothing_stays_nothing() -> None:
    assert shrink._steps(np.zeros((2, 3), np.float32)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("kind", ["popularity", "additive"])
def test_a_kind_that_ranks_by_no_product_is_refused(kind: str) -> None:
    with pytest.raises(Refusal):
        shrink.full(fitted(kind))
