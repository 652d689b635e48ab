"""The validation figure by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from models.data import Interactions
from models.evaluate import validation_ndcg


def tiny(valid):
    user, item, label = (np.array(column) for column in zip(*valid, strict=True)) if valid else (np.zeros(0),) * 3
    return Interactions(
        user=np.array([0, 1], np.int32),
        item=np.array([0, 1], np.int32),
        label=np.ones(2, np.float32),
        user_ids=("a", "b", "c"),
        item_ids=("p", "q", "r", "s"),
        seen=sp.csr_matrix(([True, True], ([0, 1], [0, 1])), shape=(3, 4)),
        valid_user=user.astype(np.int32),
        valid_item=item.astype(np.int32),
        valid_label=label.astype(np.float32),
    )


def by_code(users):
    return np.tile(np.array([3, 2, 1, 0], np.float32), (len(users), 1))  # p before q before r before s


def test_ndcg_of_two_users_by_hand():
    # a sees q r s: wants r (rank 2) and s (rank 3). b sees p r s: wants p (rank 1). c has only an unwanted row.
    data = tiny([(0, 2, 1), (0, 3, 1), (1, 0, 1), (2, 1, 0)])
    a = (1 / np.log2(3) + 1 / np.log2(4)) / (1 + 1 / np.log2(3))
    assert validation_ndcg(by_code, data) == pytest.approx((a + 1) / 2, abs=1e-12)


def test_the_ideal_list_is_cut_at_k():
    data = tiny([(0, 2, 1), (0, 3, 1)])
    assert validation_ndcg(by_code, data, k=1) == 0.0
    assert validation_ndcg(by_code, data, k=2) == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))


def test_an_item_already_seen_is_not_asked_for_again():
    assert validation_ndcg(by_code, tiny([(0, 0, 1), (1, 0, 1)])) == 1.0


@pytest.mark.parametrize("valid", [[], [(0, 2, 0)], [(0, 0, 1)]])
def test_without_anything_to_find_there_is_no_figure(valid):
    assert validation_ndcg(by_code, tiny(valid)) is None
