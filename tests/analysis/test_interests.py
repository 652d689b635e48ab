"""Intents and interests: by hand on four items, and against a log whose intents are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.interests import INTENT, INTEREST, TOPIC, Read, topics_table, with_topics
from analysis.log import UNKNOWN, Dataset, Roles

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]
ITEMS = Read(("east", "east", "north", ""), np.array([EAST, EAST, NORTH, [0, 0]], np.float32))


def dataset(rows: list[tuple[str, str, float]], users: pd.DataFrame | None = None) -> Dataset:
    log = pd.DataFrame(rows, columns=["user", "item", "outcome"])
    people = pd.DataFrame(index=pd.Index(sorted(log["user"].unique()), name="user")) if users is None else users
    return Dataset(log, people, pd.DataFrame(index=pd.Index(list("abcd"), name="item")), Roles(user="u", item="i"), "x")


ROWS = [("ann", "a", 1.0), ("ann", "b", 1.0), ("ann", "c", 0.0), ("bob", "c", 1.0), ("bob", "d", 0.0), ("cy", "a", 0.0)]


def test_intent_is_the_topic_taken_beyond_its_share_and_unknown_without_any() -> None:
    joined = with_topics(dataset(ROWS), ITEMS, None, by_treatment=False, by_rows=False)
    assert joined.users[INTENT].to_dict() == {"ann": "east", "bob": "north", "cy": UNKNOWN}
    assert joined.items[TOPIC].tolist() == ["east", "east", "north", UNKNOWN]


def test_interest_is_the_cosine_to_what_the_user_took_in_other_rows() -> None:
    # Less their mean (2/3, 1/3) the texts are (1/3, -1/3) twice and (-2/3, 2/3): opposite directions.
    joined = with_topics(dataset(ROWS), ITEMS, None, by_treatment=False, by_rows=False)
    # ann's a: b is left; b: a is left; c was not taken: a + b; bob's c was all he took; d has no text; cy took none.
    np.testing.assert_allclose(joined.log[INTEREST], [1, 1, -1, 0, 0, 0], atol=1e-6)


def test_a_row_never_explains_itself() -> None:
    alone = [("ann", "a", 1.0), ("bob", "c", 1.0)]
    joined = with_topics(dataset(alone), ITEMS, None, by_treatment=False, by_rows=False)
    assert joined.log[INTEREST].tolist() == [0.0, 0.0]


def test_own_words_need_no_history() -> None:
    said = Read(("north", "", "east"), np.array([NORTH, [0, 0], EAST], np.float32))
    joined = with_topics(dataset(ROWS), ITEMS, said, by_treatment=False, by_rows=False)
    assert joined.users[INTENT].tolist() == ["north", UNKNOWN, "east"]
    np.testing.assert_allclose(joined.log[INTEREST], [-1, -1, 1, 0, 0, 1], atol=1e-6)


def test_the_rows_that_count_as_taken_can_be_widened() -> None:
    data = dataset(ROWS)
    data = Dataset(data.log.assign(treatment=[0, 0, 0, 0, 0, 1]), data.users, data.items, data.roles, "x")
    by_act = with_topics(data, ITEMS, None, by_treatment=True, by_rows=False)
    assert by_act.users[INTENT]["cy"] == "east"
    by_rows = with_topics(data, ITEMS, None, by_treatment=False, by_rows=True)
    assert by_rows.users[INTENT]["cy"] == "east"


def test_columns_of_the_files_are_left_as_they_are() -> None:
    users = pd.DataFrame({INTENT: ["own", "own", "own"]}, index=pd.Index(["ann", "bob", "cy"], name="user"))
    joined = with_topics(dataset(ROWS, users), ITEMS, None, by_treatment=False, by_rows=False)
    assert joined.users[INTENT].tolist() == ["own"] * 3


def test_counts_of_few_users_are_left_out_of_the_table() -> None:
    joined = with_topics(dataset(ROWS), ITEMS, None, by_treatment=False, by_rows=False)
    rows = {row[0]: row[1:] for row in topics_table(joined, k=2).rows}
    assert rows == {"east": (2, None), "north": (1, None), UNKNOWN: (1, None)}
    assert {row[0]: row[2] for row in topics_table(joined, k=1).rows} == {"east": 1, "north": 1, UNKNOWN: 1}


def test_a_hidden_count_does_not_follow_from_the_number_of_users() -> None:
    people = pd.DataFrame({INTENT: ["east"] * 30 + ["north"] * 20 + ["west"] * 3}).rename_axis("user")
    items = pd.DataFrame({TOPIC: ["east", "north", "west"]})
    table = topics_table(Dataset(pd.DataFrame(), people, items, Roles(user="u", item="i"), "x"), 10)
    assert {row[0]: row[2] for row in table.rows} == {"east": 30, "north": None, "west": None}
