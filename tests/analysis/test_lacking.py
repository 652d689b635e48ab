"""Missing values and outliers by group are shares counted by hand, tested, and said of the log before cleaning."""

import numpy as np
import pandas as pd
import pytest

from analysis.finding import Verdict
from analysis.ingest import Tables
from analysis.lacking import lacking
from analysis.log import Roles
from analysis.overview import data_section
from analysis.prepare import prepare
from analysis.quality import Cleaning
from analysis.split import Split
from words import LANGUAGES, say

ROLES = Roles(user="user", item="item", outcome="spent", treatment="shown", sensitive=("sex",))


def log(users=200, rows=20, seed=0):
    """Women's rows lack the amount spent four times as often, and are never far out; men's are at times."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), rows)
    woman = user % 2 == 0
    spent = rng.normal(10, 2, len(user))
    spent[~woman & (rng.random(len(user)) < 0.02)] = 900.0
    spent[rng.random(len(user)) < np.where(woman, 0.2, 0.05)] = np.nan
    frame = pd.DataFrame({"user": [f"u{u:03d}" for u in user], "item": rng.integers(0, 30, len(user)).astype(str)})
    frame = frame.assign(spent=spent, shown=rng.integers(0, 2, len(user)))
    people = pd.DataFrame(
        {"user": [f"u{u:03d}" for u in range(users)], "sex": np.where(np.arange(users) % 2, "man", "woman")}
    )
    return Tables(frame, people, None, "d")


def test_counts_by_user_are_those_of_a_plain_loop_and_whole_columns_are_left_out():
    tables = log(10)
    found = lacking(tables, ROLES)
    assert set(found.columns) == {"rows", "missing[spent]", "outliers"}
    for user, rows in tables.log.groupby("user"):
        assert found.loc[user, "rows"] == 20
        assert found.loc[user, "missing[spent]"] == rows["spent"].isna().sum()
        assert found.loc[user, "outliers"] == (rows["spent"] > 500).sum()


def test_what_befalls_one_group_more_often_is_a_gap_in_the_data_section():
    tables = log()
    section = data_section(prepare(tables, ROLES, Cleaning(), Split(), 1), 10)
    found = {one.key: one for one in section.findings}
    woman = tables.log["user"].map(tables.users.set_index("user")["sex"]) == "woman"
    lost = tables.log["spent"].isna()
    assert found["sex.missing[spent].woman"].value == pytest.approx(lost[woman].mean())
    missing, far = found["sex.missing[spent].gap"], found["sex.outliers.gap"]
    assert missing.verdict is Verdict.GAP and far.verdict is Verdict.GAP and missing.p_adjusted is not None
    assert abs(missing.value) == pytest.approx(lost[woman].mean() - lost[~woman].mean())
    for one in (missing, far):
        assert all(say(one.label, language) and say(one.method, language) for language in LANGUAGES)


def test_outcome_given_exposure_is_the_mean_of_the_exposed_rows():
    tables = log()
    section = data_section(prepare(tables, ROLES, Cleaning(), Split(), 1), 10)
    found = {one.key: one for one in section.findings}
    kept = tables.log.dropna(subset="spent")
    woman = kept["user"].map(tables.users.set_index("user")["sex"]) == "woman"
    expected = kept[woman & (kept["shown"] == 1)]["spent"].mean()
    assert found["sex.outcome[shown=1].woman"].value == pytest.approx(expected)


def test_a_log_that_lacks_nothing_says_nothing_of_it():
    tables = log(60)
    whole = Tables(tables.log.assign(spent=1.0 * (tables.log["spent"] > 10)), tables.users, None, "d")
    section = data_section(prepare(whole, ROLES, Cleaning(), Split(), 1), 10)
    assert not [one.key for one in section.findings if "missing" in one.key or "outliers" in one.key]
