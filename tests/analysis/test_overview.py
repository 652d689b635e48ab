"""The data section says what the log shows, with intervals over users, and hides small cells."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.document import Section, canonical
from analysis.fairness.infer import welch_p
from analysis.finding import VALUELESS, Finding, Verdict
from analysis.ingest import Source, Tables, spool
from analysis.log import Roles
from analysis.logged import paired_error, selection_p
from analysis.overview import data_section
from analysis.prepare import Prepared, prepare
from analysis.quality import Cleaning
from analysis.roles import guess
from analysis.simulate import Shop, simulate
from analysis.split import Split
from words import Phrase, say

SHARED = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/data is absent")


def _shop(shop: Shop) -> Prepared:
    shopped = simulate(shop)
    tables = Tables(shopped.log, shopped.users, shopped.items, "d")
    return prepare(tables, shopped.roles, Cleaning(), Split(), 1)


def _findings(section: Section) -> dict[str, Finding]:
    return {finding.key: finding for finding in section.findings}


@pytest.fixture(scope="module")
def demo() -> Section:
    return data_section(_shop(Shop()), 10)


def test_levels_and_gaps_equal_shares_counted_by_hand(demo: Section) -> None:
    found = _findings(demo)
    shopped = simulate(Shop())
    wide = shopped.log.merge(shopped.users, on="user_id").merge(shopped.items, on="item_id")
    promoted = wide.groupby("gender").promoted.mean()
    bought = wide.groupby("gender").purchased.mean()
    yoga = wide.groupby("gender").category.agg(lambda names: (names == "yoga").mean())
    for key, by in (("exposure[promoted=1]", promoted), ("outcome", bought), ("exposure[category=yoga]", yoga)):
        assert found[f"gender.{key}.women"].value == pytest.approx(by["women"])
        assert found[f"gender.{key}.gap"].value == pytest.approx(by["men"] - by["women"])
    assert found["gender.rows.men"].value == pytest.approx(
        (wide.gender == "men").sum() / (shopped.users.gender == "men").sum()
    )
    assert found["log.rows"].value == len(wide)


def test_the_true_gaps_of_the_shop_lie_inside_their_intervals_as_often_as_they_should() -> None:
    hits = []
    for seed in range(12):
        prepared = _shop(Shop(users=700, seed=seed))
        true = simulate(Shop(users=10, seed=seed)).truth
        found = _findings(data_section(prepared, 10))
        for key, gap in (("exposure[promoted=1]", -true.exposure_gap), ("outcome", -true.outcome_gap)):
            finding = found[f"gender.{key}.gap"]
            assert finding.low is not None and finding.high is not None
            hits.append(finding.low <= gap <= finding.high)
    assert np.mean(hits) >= 0.8


def test_the_section_is_the_same_bytes_every_time(demo: Section) -> None:
    assert canonical(demo) == canonical(data_section(_shop(Shop()), 10))


def test_everything_said_can_be_said_in_both_languages(demo: Section) -> None:
    for language in ("en", "zh"):
        for said in (*demo.summary, *demo.notes, *(chart.alt for chart in demo.charts)):
            assert "{" not in say(said, language)  # type: ignore[arg-type]
    assert any(say(said).startswith("The log has 36,") for said in demo.summary)
    assert {chart.key for chart in demo.charts} == {"activity", "exposure.gender", "exposure.age", "tail"}
    exposed = next(chart for chart in demo.charts if chart.key == "exposure.gender").series[0].x
    assert "category: yoga" in exposed and [say(one, "zh") for one in exposed if isinstance(one, Phrase)] == [
        "promoted: 是"
    ]
    assert {table.key for table in demo.tables} == {"quality", "columns", "cleaning", "parts"}


def test_no_time_means_no_activity_picture_and_no_groups_is_said() -> None:
    log = pd.DataFrame({"u": ["a", "b"] * 20, "i": ["x", "y", "z", "w"] * 10})
    prepared = prepare(Tables(log, None, None, ""), Roles(user="u", item="i"), Cleaning(), Split(), 1)
    section = data_section(prepared, 10)
    assert [chart.key for chart in section.charts] == ["tail"]
    assert any("No sensitive attribute" in say(note) for note in section.notes)


@pytest.mark.parametrize("users", [1, 2, 15])
def test_few_people_or_one_group_never_break_or_give_a_number(users: int) -> None:
    log = pd.DataFrame({"u": np.repeat(range(users), 3), "i": [1] * 3 * users, "y": [1.0] * 3 * users})
    people = pd.DataFrame({"u": range(users), "sex": ["f"] * users})
    roles = Roles(user="u", item="i", outcome="y", sensitive=("sex",))
    section = data_section(prepare(Tables(log, people, None, ""), roles, Cleaning(), Split(), 1), 10)
    found = _findings(section)
    assert any(f" {users} {'user' if users == 1 else 'users'} and 1 item." in say(said) for said in section.summary)
    assert found["sex.outcome.gap"].verdict in VALUELESS
    assert (found["sex.outcome.f"].verdict is Verdict.SUPPRESSED) == (users < 10)


def test_small_groups_are_hidden_everywhere() -> None:
    shopped = simulate(Shop(users=200))
    users = shopped.users.assign(gender=["rare"] * 4 + shopped.users.gender.tolist()[4:])
    tables = Tables(shopped.log, users, shopped.items, "")
    section = data_section(prepare(tables, shopped.roles, Cleaning(), Split(), 1), 10)
    assert _findings(section)["gender.outcome.rare"].verdict is Verdict.SUPPRESSED
    names = {str(series.name) for chart in section.charts for series in chart.series if "gender" in chart.key}
    assert "rare" not in names
    assert not any("rare" in say(said) for said in section.summary)


def test_the_answer_says_by_which_attribute_nobody_was_compared() -> None:
    shopped = simulate(Shop(users=200))
    users = shopped.users.assign(gender=["many"] * 196 + ["rare"] * 4)
    tables = Tables(shopped.log, users, shopped.items, "")
    section = data_section(prepare(tables, shopped.roles, Cleaning(), Split(), 1), 10)
    said = " ".join(say(one) for one in section.summary)
    assert "By gender, nothing was compared. Fewer than two groups are large enough to be shown." in said


@needs_data
def test_coat_shows_selection_in_the_chosen_rows_and_none_in_the_random_ones(tmp_path: Path) -> None:
    tables = spool(Source(kind="coat", folder=str(SHARED / "coat")), tmp_path)
    prepared = prepare(tables, guess(tables).roles, Cleaning(), Split(kind="randomised"), 1)
    section = data_section(prepared, 10)
    found = _findings(section)
    key = "gender.exposure[coat_gender=women]"
    shares = {
        name: round(100 * (found[f"{key}{name}"].value or 0))
        for name in (".men", ".women", ".randomised.men", ".randomised.women")
    }
    assert shares == {".men": 12, ".women": 87, ".randomised.men": 49, ".randomised.women": 50}
    chosen, random = found[f"{key}.gap"], found[f"{key}.randomised.gap"]
    selection = found[f"{key}.selection"]
    assert chosen.verdict is Verdict.GAP and random.verdict is Verdict.CANNOT_TELL
    assert chosen.value is not None and random.value is not None and selection.value is not None
    assert selection.value == pytest.approx(chosen.value - random.value)
    assert selection.test == "permutation" and "re-labellings" in say(selection.method)
    assert selection.verdict is Verdict.GAP and selection.groups == {"men": 162, "women": 128}
    assert any("come from selection" in say(said) for said in section.summary)


@needs_data
def test_the_interval_of_selection_agrees_with_a_jackknife_over_users(tmp_path: Path) -> None:
    tables = spool(Source(kind="coat", folder=str(SHARED / "coat")), tmp_path)
    prepared = prepare(tables, guess(tables).roles, Cleaning(), Split(kind="randomised"), 1)
    selection = _findings(data_section(prepared, 10))["gender.exposure[coat_gender=women].selection"]
    log = prepared.dataset.table()
    log["hit"] = log["category"] == "women"
    per_user = log.pivot_table(index=["gender", "user"], columns="randomised", values="hit", aggfunc="mean")
    own = (per_user[False] - per_user[True]).groupby("gender").agg(["mean", "var", "size"])  # equal rows a user
    error = np.sqrt((own["var"] / own["size"]).sum())
    assert selection.value == pytest.approx(own["mean"]["men"] - own["mean"]["women"])
    assert selection.low is not None and selection.high is not None
    assert selection.high - selection.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_selection_in_a_small_group_of_skewed_logs_is_found_no_more_often_than_chance_allows() -> None:
    rng, runs, sizes = np.random.default_rng(3), 400, np.array([250, 25])
    code = np.repeat([0, 1], sizes)
    by_welch, shuffled = [], []
    for _ in range(runs):
        rows = 1.0 + rng.negative_binomial(1, 0.05, (275, 2))
        shown = rng.binomial(rows.astype(int), rng.beta(0.1, 2, 275)[:, None] * np.array([1, 0.5])).astype(float)
        ratio = [shown[code == group].sum(0) / rows[code == group].sum(0) for group in (0, 1)]
        error = np.array([paired_error(shown, rows, code == group) for group in (0, 1)])
        by_welch.append(welch_p(float(np.subtract(*(one[0] - one[1] for one in ratio))), error, sizes))
        shuffled.append(selection_p(shown, rows, code, (0, 1), 199, rng))
    assert np.mean(np.array(by_welch) <= 0.05) > 0.08  # 0.12 in 1,000 runs
    assert 0.02 <= np.mean(np.array(shuffled) <= 0.05) <= 0.08  # 0.055 in 1,000 runs
