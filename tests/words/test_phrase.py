"""A text and its facts become one sentence."""

from __future__ import annotations

import pytest

from words import say


@pytest.mark.parametrize(
    ("rows", "said"),
    [(1, "1 row without a time was left out."), (1200, "1,200 rows without a time were left out.")],
)
def test_one_is_said_as_one(rows: int, said: str) -> None:
    assert say("data.clean.missing_time", rows=rows) == said


def test_a_number_that_is_written_already_is_said_as_one_too() -> None:
    assert say("pages.quality.thin_users", n="1", examples="") == "1 user has fewer than five rows."
