"""Parts: the shares asked for, nothing leaks backward in time, the same every time."""

import numpy as np
import pandas as pd
import pytest

from analysis.split import Split, parts
from words import Refusal


def _log(seed: int = 1, rows: int = 4000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"user": rng.integers(0, 60, rows).astype(str), "item": rng.integers(0, 90, rows).astype(str)})
    frame["time"] = pd.to_datetime(rng.integers(1_700_000_000, 1_710_000_000, rows), unit="s", utc=True)
    return frame.assign(randomised=rng.random(rows) < 0.3)


LOG = _log()


@pytest.mark.parametrize("kind", ["rows", "time", "users", "leave-one-out", "randomised"])
def test_every_row_has_one_part_and_the_same_seed_gives_the_same(kind: str) -> None:
    split = Split(kind=kind)  # type: ignore[arg-type]
    found = parts(LOG, split, 3)
    assert set(found) == {"train", "validation", "test"}
    pd.testing.assert_series_equal(found, parts(LOG, split, 3))


def test_rows_gives_each_user_the_share_to_the_row() -> None:
    found = parts(LOG, Split(kind="rows", test=0.25, validation=0.1), 1)
    counts = pd.crosstab(LOG["user"], found)
    total = counts.sum(axis=1)
    assert (counts["test"] == np.round(0.25 * total)).all()
    assert (counts["validation"] == np.round(0.1 * (total - counts["test"]))).all()
    assert not found.equals(parts(LOG, Split(kind="rows"), 2))


def test_time_never_trains_on_what_comes_after_the_test() -> None:
    found = parts(LOG, Split(kind="time", test=0.2), 1)
    times = LOG.groupby(found)["time"].agg(["min", "max"])
    assert times["max"]["train"] < times["min"]["validation"] <= times["max"]["validation"] < times["min"]["test"]
    assert abs((found == "test").mean() - 0.2) < 0.01


def test_users_keeps_each_user_whole() -> None:
    found = parts(LOG, Split(kind="users", test=0.25), 1)
    assert (found.groupby(LOG["user"]).nunique() == 1).all()
    assert found.groupby(LOG["user"]).first().eq("test").sum() == 15


def test_leave_one_out_takes_the_last_and_the_last_but_one() -> None:
    small = pd.concat([LOG, pd.DataFrame({"user": ["rare"], "item": ["1"], "time": [LOG["time"].max()]})])
    small = small.reset_index(drop=True)
    found = parts(small, Split(kind="leave-one-out"), 1)
    for user, rows in small.groupby("user"):
        own = found[rows.index]
        if user == "rare":
            assert own.tolist() == ["train"]
            continue
        assert (own == "test").sum() == (own == "validation").sum() == 1
        assert rows["time"][own == "test"].iloc[0] == rows["time"].max()


def test_randomised_tests_on_all_random_rows_and_trains_on_no_other() -> None:
    found = parts(LOG, Split(kind="randomised"), 1)
    assert ((found == "test") == LOG["randomised"]).all()


def test_a_split_without_its_column_is_refused() -> None:
    for kind in ("time", "randomised"):
        with pytest.raises(Refusal, match="needs the column"):
            parts(LOG[["user", "item"]], Split(kind=kind), 1)  # type: ignore[arg-type]


def test_one_user_with_one_row_can_be_split() -> None:
    one = LOG.iloc[:1]
    assert parts(one, Split(kind="rows"), 1).tolist() == ["train"]
