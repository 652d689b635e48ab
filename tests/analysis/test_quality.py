"""What is wrong is counted, what a rule did is said, and nothing given is changed."""

import pandas as pd
import pytest

from analysis.ingest import Tables
from analysis.log import Roles
from analysis.quality import Cleaning, clean, inspect
from words import Refusal, say

ROLES = Roles(user="u", item="i", time="t", outcome="y", propensity="p", sensitive=("g",))
LOG = pd.DataFrame(
    {
        "u": ["a", "a", "a", "b", "b", None, "c", "d"],
        "i": ["x", "x", "y", "x", "y", "x", "z", "x"],
        "t": [1_700_000_000 + day * 86_400 for day in (0, 0, 1, 2, 3, 4, 5, 6)],
        "y": [1.0, 1.0, 2.0, None, 1.0, 1.0, 3.0, 2.0],
        "p": [0.5, 0.5, 0.2, 1.0, 1.5, 0.3, 0.0, None],
    }
)
USERS = pd.DataFrame({"u": ["a", "b", "c", "c"], "g": ["F", " f", "M", "M"]})
TABLES = Tables(LOG, USERS, None, "digest")


def _steps(cleaning: Cleaning) -> dict[str, tuple[int, int]]:
    return {step.rule: (step.rows_before, step.rows_after) for step in clean(TABLES, ROLES, cleaning).steps}


def test_every_fault_is_counted() -> None:
    quality = inspect(TABLES, ROLES)
    assert (quality.rows, quality.users, quality.items) == (8, 4, 3)
    assert (quality.duplicates, quality.repeats, quality.missing_ids, quality.missing_outcome) == (1, 1, 1, 1)
    assert quality.bad_propensity == 3 and quality.users_without_record == 1 and quality.thin_users == 4
    assert quality.look_alikes == {"g": {"F": "f", " f": "f"}} or quality.look_alikes == {"g": {" f": "F"}}
    assert quality.first == "2023-11-14T22:13:20+00:00"
    filled = {(one.table, one.column): (one.filled, one.missing) for one in quality.columns}
    assert filled["log", "y"] == (7, 1) and filled["users", "g"] == (4, 0)


def test_the_defaults_remove_only_what_cannot_be_used() -> None:
    assert _steps(Cleaning()) == {
        "missing_ids": (8, 7),
        "duplicates": (7, 6),
        "missing_outcome": (6, 5),
        "bad_propensity": (5, 5),
        "repeated_users": (5, 5),
        "look_alikes": (5, 5),
    }


def test_every_rule_can_be_chosen() -> None:
    assert "duplicates" not in _steps(Cleaning(duplicates="keep"))
    assert _steps(Cleaning(duplicates="keep", repeats="last"))["repeats"] == (7, 6)
    assert "missing_outcome_zero" in _steps(Cleaning(missing_outcome="zero"))
    assert _steps(Cleaning(min_user_rows=2))["thin"] == (5, 2)
    dated = _steps(Cleaning(time_from="2023-11-16", time_to="2023-11-19T00:00:00+00:00"))
    assert dated["before"] == (7, 4) and dated["after"] == (4, 2)


def test_look_alikes_are_merged_or_left() -> None:
    merged, left = (clean(TABLES, ROLES, Cleaning(merge_look_alikes=on)).tables.users for on in (True, False))
    assert merged is not None and left is not None
    assert merged["g"].nunique() == 2 and left["g"].nunique() == 3


def test_outliers_are_clipped_or_dropped_at_tukeys_outer_fence() -> None:
    log = pd.DataFrame({"u": ["a"] * 41, "i": ["x"] * 41, "y": [*map(float, range(40)), 1000.0]})
    tables, roles = Tables(log, None, None, ""), Roles(user="u", item="i", outcome="y")
    low, high = log.y.quantile(0.25), log.y.quantile(0.75)
    assert inspect(tables, roles).outliers == 1
    clipped = clean(tables, roles, Cleaning(outliers="clip")).tables.log.y
    assert clipped.max() == high + 3 * (high - low)
    assert len(clean(tables, roles, Cleaning(outliers="drop")).tables.log) == 40
    assert len(clean(tables, roles, Cleaning()).tables.log) == 41


def test_the_fences_are_told_as_numbers_are_everywhere() -> None:
    """Not as -1e+06 to 2e+06."""
    log = pd.DataFrame({"u": ["a"] * 41, "i": ["x"] * 41, "y": [*(50_000.0 * n for n in range(40)), 9e7]})
    (step,) = clean(
        Tables(log, None, None, ""), Roles(user="u", item="i", outcome="y"), Cleaning(outliers="clip")
    ).steps
    assert say(step.phrase) == "1 outcome outside -2,500,000 to 4,500,000 was set to the nearer end."


def test_thin_users_and_items_go_until_none_is_left() -> None:
    log = pd.DataFrame({"u": ["a", "a", "b", "b", "c"], "i": ["x", "y", "x", "y", "z"]})
    cleaned = clean(Tables(log, None, None, ""), Roles(user="u", item="i"), Cleaning(min_user_rows=2, min_item_rows=2))
    assert cleaned.tables.log.u.tolist() == ["a", "a", "b", "b"]


def test_nothing_given_is_changed_and_every_step_can_be_said() -> None:
    before = LOG.copy(), USERS.copy()
    for step in clean(TABLES, ROLES, Cleaning()).steps:
        assert say(step.phrase) and say(step.phrase, "zh")
    pd.testing.assert_frame_equal(LOG, before[0])
    pd.testing.assert_frame_equal(USERS, before[1])


def test_a_rule_that_leaves_nothing_says_which() -> None:
    with pytest.raises(Refusal, match="No row is left after this rule: 7 rows before"):
        clean(TABLES, ROLES, Cleaning(time_from="2030-01-01"))
    with pytest.raises(Refusal, match="not a date"):
        clean(TABLES, ROLES, Cleaning(time_from="soon"))


def test_a_missing_column_is_named_with_what_was_found_and_the_nearest() -> None:
    with pytest.raises(Refusal, match=r"no column ratng .* Found: u, i, t, y, p\. Nearest: t"):
        inspect(TABLES, ROLES.model_copy(update={"outcome": "ratng"}))
    with pytest.raises(Refusal, match="No column is chosen as the user"):
        inspect(TABLES, ROLES.model_copy(update={"user": ""}))
