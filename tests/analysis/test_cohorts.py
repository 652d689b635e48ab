"""Cohorts pick who meets their conditions, use no row of the test part to group people, and give nobody away."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from analysis.cohorts import Cohort, Condition, choices, compared_attributes, gives_away, people_of, restricted, rows_of
from analysis.log import Dataset, Roles
from words import Refusal, say


def data(women=40, men=60):
    users = pd.DataFrame(
        {"gender": ["women"] * women + ["men"] * men, "visits": np.arange(women + men, dtype=float)},
        index=pd.Index([f"u{at:03d}" for at in range(women + men)], name="user"),
    )
    items = pd.DataFrame({"category": ["tea", "tools"]}, index=pd.Index(["a", "b"], name="item"))
    log = pd.DataFrame(
        {
            "user": np.repeat(users.index, 2),
            "item": ["a", "b"] * len(users),
            "time": pd.date_range("2026-01-01", periods=2 * len(users), freq="D", tz="UTC"),
            "part": ["train", "test"] * len(users),
        }
    )
    roles = Roles(user="user", item="item", time="time", sensitive=("gender",))
    return Dataset(log, users, items, roles, "0" * 64)


def cohort(*where, match="all", name="tried"):
    return Cohort(name=name, match=match, where=[Condition(column=c, operator=o, values=v) for c, o, v in where])


def test_and_or_and_each_operator_pick_what_a_query_by_hand_picks():
    table = data()
    women, many = table.users["gender"] == "women", table.users["visits"] >= 30
    both, either = (("gender", "is", ("women",)), ("visits", "at_least", ("30",))), "any"
    assert (people_of(table, cohort(*both)) == (women & many)).all()
    assert (people_of(table, cohort(*both, match=either)) == (women | many)).all()
    assert (people_of(table, cohort(("gender", "is_not", ("women",)))) == ~women).all()
    late = cohort(("time", "since", ("2026-03-01",)), ("category", "is", ("tea",)))
    expected = (table.log["time"] >= "2026-03-01") & (table.log["item"] == "a")
    assert (rows_of(table, late) == expected).all()
    assert (people_of(table, late) == table.users.index.isin(table.log.loc[expected, "user"])).all()
    early = cohort(("time", "before", ("2026-03-01",)))
    assert (rows_of(table, early) == (table.log["time"] < "2026-03-01")).all()


def test_rows_of_the_test_part_group_nobody():
    assert not people_of(data(), cohort(("category", "is", ("tools",)))).any()  # tools stand in test rows alone
    assert rows_of(data(), cohort(("category", "is", ("tools",)))).sum() == 100


def test_a_restricted_log_has_its_rows_people_and_items_alone_and_another_digest():
    table = data()
    kept = restricted(table, cohort(("category", "is", ("tea",)), ("gender", "is", ("men",))), 10)
    assert set(kept.log["item"]) == {"a"} == set(kept.items.index)
    assert len(kept.users) == 60 == kept.log["user"].nunique() and kept.digest != table.digest
    with pytest.raises(Refusal):
        restricted(table, cohort(("visits", "below", ("5",))), 10)
    with pytest.raises(Refusal):
        restricted(table, cohort(("visits", "at_least", ("5",))), 10)  # the five left out would follow


def test_a_cohort_is_compared_only_where_it_and_what_it_leaves_are_large():
    table = data()
    large = cohort(("visits", "at_least", ("20",)), ("visits", "below", ("80",)), name="middle")
    small, near = cohort(("visits", "below", ("4",)), name="few"), cohort(("visits", "below", ("35",)), name="near")
    columns, notes = compared_attributes(table, [large, small, near], 10)
    assert list(columns) == ["cohort middle"]
    assert dict(zip(*np.unique(columns["cohort middle"], return_counts=True), strict=True)) == {
        "middle": 60,
        "others": 40,
    }
    assert [note.key for note in notes] == ["cohort.left_out_small", "cohort.left_out_near"]
    assert "subtraction" in say(notes[1])  # women less "near" are the five women of 35 and more visits


@pytest.mark.parametrize("seed", range(20))
def test_what_gives_nobody_away_leaves_no_small_difference_of_two_shown_sets(seed):
    rng = np.random.default_rng(seed)
    shown, members = rng.random((120, 4)) < rng.random(4), rng.random(120) < rng.random()
    if seed % 2:
        members = shown[:, 0] & (np.arange(120) >= rng.integers(0, 40))
    sets = [*shown.T, members]
    nested = [a & ~b for a in sets for b in sets if (b <= a).all()]
    small = any(
        0 < one.sum() < 10
        for one in nested
        if not any((one == old & ~other).all() for old in shown.T for other in shown.T if (other <= old).all())
    )
    assert gives_away(shown, np.zeros((120, 0), bool), members, 10) >= small


def test_nothing_of_a_cohort_is_ever_run():
    with pytest.raises(ValidationError):
        Cohort(name="__import__('os')", where=[Condition(column="a", values=("b",))])
    with pytest.raises(ValidationError):
        Condition(column="visits", operator="below", values=("1; drop",))
    with pytest.raises(Refusal):
        rows_of(data(), cohort(("@pd.read_csv('x')", "is", ("1",))))
    with pytest.raises(Refusal):
        rows_of(data(), cohort(("gender", "below", ("3",))))


def test_the_builder_offers_columns_with_operators_that_fit():
    found = choices(data())
    assert found["gender"].values == ("men", "women") and found["visits"].kind == "number"
    assert found["time"].operators == ("since", "before") and "user" not in found and "part" not in found
