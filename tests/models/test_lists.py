"""Lists from a file: taken as they are, or refused with the place of the fault."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.lists import read_lists
from tests.models.blocks import USERS, checkerboard
from words import Refusal


@pytest.fixture(scope="module")
def data():
    return checkerboard()


def frame(**columns):
    base = {"user": ["u01", "u00", "u00", "u00"], "item": ["i05", "i03", "i02", "i07"]}
    return pd.DataFrame(base | columns)


def test_ranks_order_the_list(data):
    codes, scores = read_lists(frame(rank=[1, 3, 1, 2]), data, 4)
    assert codes[0].tolist() == [2, 7, 3, -1] and codes[1].tolist() == [5, -1, -1, -1]
    assert scores[0].tolist() == [-1, -2, -3, -np.inf]
    assert (codes[2:] == -1).all()


def test_scores_order_the_list_and_ties_break_by_item(data):
    codes, _ = read_lists(frame(score=[0, 0.5, 0.5, 0.9]), data, 2)
    assert codes[0].tolist() == [7, 2]


def test_scores_beyond_float32_order_the_list_and_stay_finite(data):
    codes, scores = read_lists(frame(score=[1e300, 1e200, 1e201, -1e300]), data, 3)
    assert codes[0].tolist() == [2, 3, 7] and np.isfinite(scores[0]).all()


def test_unknown_users_and_items_are_counted_before_the_cut(data):
    file = frame(user=["zz", "u00", "u00", "u00"], item=["i05", "??", "i02", "i07"], rank=[1, 1, 2, 3])
    lists = read_lists(file, data, 2)
    assert lists.codes[0].tolist() == [2, 7]
    assert (lists.unknown_users, lists.unknown_items, lists.without) == (1, 1, USERS - 1)
    assert [note.key.split(".")[-1] for note in lists.notes] == ["unknown_users", "unknown_items", "without_list"]


def test_ids_read_as_decimals_are_whole_numbers():
    data = checkerboard(user_ids=tuple(str(code) for code in range(USERS)))
    file = pd.DataFrame({"User_ID": [3.0, None], "item": ["i01", "i02"], "Rank": ["1", "1"]})
    lists = read_lists(file, data, 1)
    assert lists.codes[3, 0] == 1 and lists.unknown_users == 1


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (frame(), "neither a rank nor a score"),
        (frame(rank=[1, 1, 2, 3]).drop(columns="item"), "column for the item"),
        (frame(rank=[1, 0, 1, 2]), "row 2 has the rank 0"),
        (frame(rank=[1, 1.5, 1, 2]), "row 2 has the rank 1.5"),
        (frame(rank=[1, 2, 2, 3]), "row 3 has a rank"),
        (frame(score=[1, "x", 2, None]), "2 values of score"),
        (frame(item=["i05", "i03", "i03", "i07"], rank=[1, 1, 2, 3]), "row 3 names an item"),
        (frame(user=["a", "b", "c", "d"], rank=[1, 1, 1, 1]), "None of the 4 rows"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(data, file, says):
    with pytest.raises(Refusal, match=says):
        read_lists(file, data, 3)
