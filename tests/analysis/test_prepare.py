"""The Dataset keeps its contract, and survives the disk."""

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.columns import arranged, as_outcome
from analysis.ingest import Source, Tables, spool
from analysis.log import UNKNOWN, Dataset, Roles
from analysis.prepare import load, prepare, save
from analysis.quality import Cleaning
from analysis.roles import guess
from analysis.simulate import Shop, simulate
from analysis.split import Split
from words import Refusal, phrase, say

SHARED = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/data is absent")


def _prepare(tables: Tables, roles: Roles, **settings: object) -> Dataset:
    return prepare(tables, roles, Cleaning.model_validate(settings), Split(), 1).dataset


@pytest.fixture(scope="module")
def shop() -> Dataset:
    shopped = simulate(Shop(users=300))
    return _prepare(Tables(shopped.log, shopped.users, shopped.items, "d"), shopped.roles)


def test_the_log_has_its_roles_types_and_parts(shop: Dataset) -> None:
    kinds = {name: str(shop.log[name].dtype) for name in shop.log}
    assert kinds == {
        "user": "str", "item": "str", "time": "datetime64[us, UTC]", "outcome": "float64", "treatment": "int8",
        "position": "float64", "propensity": "float64", "session": "int64", "intent": "str", "part": "str",
    }  # fmt: skip
    assert not shop.log[["user", "item", "outcome", "treatment", "part"]].isna().any().any()


def test_users_and_items_cover_the_log_in_order(shop: Dataset) -> None:
    assert shop.users.index.is_monotonic_increasing and shop.users.index.is_unique
    assert set(shop.log.user) == set(shop.users.index) and set(shop.log.item) <= set(shop.items.index)
    assert shop.sensitive == ("gender", "age") and UNKNOWN in set(shop.users.gender)
    assert set(shop.users.age) == {"18-24", "25-34", "35-49", "50-64"}
    assert {"text", "category", "provider", "tier", "title"} <= set(shop.items.columns)
    assert {"gender", "activity", "tier", "category", "treatment", "outcome"} <= set(shop.table().columns)


def test_a_dataset_comes_back_from_disk_as_it_was_and_a_changed_one_is_refused(shop: Dataset, tmp_path: Path) -> None:
    save(shop, tmp_path)
    again = load(tmp_path)
    for name in ("log", "users", "items"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(shop, name))
    assert (again.roles, again.digest) == (shop.roles, shop.digest)
    raw = bytearray((tmp_path / "users.parquet").read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "users.parquet").write_bytes(bytes(raw))
    with pytest.raises(Refusal, match=r"users\.parquet"):
        load(tmp_path)


def test_the_digest_names_data_and_settings() -> None:
    log = pd.DataFrame({"u": ["a", "b"], "i": ["x", "y"]})
    roles = Roles(user="u", item="i")
    first = _prepare(Tables(log, None, None, "d"), roles)
    assert first.digest == _prepare(Tables(log, None, None, "d"), roles).digest
    assert first.digest != _prepare(Tables(log, None, None, "e"), roles).digest
    assert first.digest != _prepare(Tables(log, None, None, "d"), roles, min_user_rows=1, repeats="first").digest


def test_users_without_a_record_are_unknown_and_extra_records_are_left_out() -> None:
    log = pd.DataFrame({"u": [1, 2, 3], "i": [7, 7, 8]})
    users = pd.DataFrame({"id": [1, 3, 9], "sex": ["f", None, "m"]})
    dataset = _prepare(Tables(log, users, None, ""), Roles(user="u", item="i", sensitive=("sex",)))
    assert dataset.users["sex"].to_dict() == {"1": "f", "2": UNKNOWN, "3": UNKNOWN}


def test_a_sensitive_column_of_the_log_moves_to_the_users_or_is_refused() -> None:
    log = pd.DataFrame({"u": [1, 1, 2], "i": [7, 8, 8], "sex": ["f", "f", "m"]})
    dataset = _prepare(Tables(log, None, None, ""), Roles(user="u", item="i", sensitive=("sex",)))
    assert dataset.users["sex"].tolist() == ["f", "m"] and "sex" not in dataset.log
    log.loc[1, "sex"] = "m"
    with pytest.raises(Refusal, match="more than one value for 1 value of user"):
        _prepare(Tables(log, None, None, ""), Roles(user="u", item="i", sensitive=("sex",)))


def test_a_column_called_like_a_role_that_another_plays_gives_way() -> None:
    log = pd.DataFrame({"u": [1], "i": [2], "y": [1], "outcome": [5], "part": ["x"]})
    dataset = _prepare(Tables(log, None, None, ""), Roles(user="u", item="i", outcome="y"))
    assert dataset.log.iloc[0].to_dict() == {
        "user": "1", "item": "2", "outcome": 1.0, "file_outcome": 5, "file_part": "x", "part": "train",
    }  # fmt: skip


def test_words_for_yes_and_random_are_understood() -> None:
    log = pd.DataFrame(
        {"u": [1, 2], "i": [1, 1], "y": ["yes", "No"], "w": ["true", "False"], "r": ["random", "policy"]}
    )
    dataset = _prepare(
        Tables(log, None, None, ""), Roles(user="u", item="i", outcome="y", treatment="w", randomised="r")
    )
    assert dataset.log["outcome"].tolist() == [1.0, 0.0] and dataset.log["treatment"].tolist() == [1, 0]
    assert dataset.log["randomised"].tolist() == [True, False]
    with pytest.raises(Refusal, match="which rows were shown at random"):
        _prepare(Tables(log.assign(r="policy"), None, None, ""), Roles(user="u", item="i", randomised="r"))
    with pytest.raises(Refusal, match=r"holds text \(good\)"):
        _prepare(Tables(log.assign(y="good"), None, None, ""), Roles(user="u", item="i", outcome="y"))


@pytest.mark.parametrize(
    ("column", "roles", "says"),
    [
        (["a", "b"], {"propensity": "x"}, "chosen as the propensity, holds a, which is no number"),
        (["a", "b"], {"position": "x"}, "chosen as the position, holds a, which is no number"),
        ([None, None], {"outcome": "x"}, "No row is left after this rule: 2 rows without an outcome"),
        ([0, 1], {"outcome": "x", "treatment": "x"}, "x is chosen both as the outcome and as the treatment"),
        ([0, 1], {"outcome": "x", "category": "x"}, "x is chosen both as the outcome and as the category"),
        ([0, 1], {"outcome": "x", "sensitive": ("x",)}, "x is chosen both as the outcome and as the sensitive"),
        ([0, 1], {"sensitive": ("u",)}, "u is chosen both as the user and as the sensitive"),
    ],
)
def test_a_column_that_cannot_be_what_it_was_chosen_for_is_refused(column: list, roles: dict, says: str) -> None:
    log = pd.DataFrame({"u": [1, 2], "i": [1, 1], "x": column})
    with pytest.raises(Refusal, match=says):
        _prepare(Tables(log, None, None, ""), Roles.model_validate({"user": "u", "item": "i"} | roles))


def test_an_attribute_of_the_users_may_be_called_like_a_column_of_the_log() -> None:
    log = pd.DataFrame({"u": [1, 2], "i": [1, 1], "g": [0, 1]})
    users = pd.DataFrame({"u": [1, 2], "g": ["f", "m"]})
    dataset = _prepare(Tables(log, users, None, ""), Roles(user="u", item="i", treatment="g", sensitive=("g",)))
    assert dataset.log["treatment"].tolist() == [0, 1] and dataset.users["g"].tolist() == ["f", "m"]


def test_a_users_file_of_nobody_but_the_few_who_are_left_out_is_of_this_log() -> None:
    log = pd.DataFrame({"u": [f"u{n % 90}" for n in range(900)], "i": ["x", "y", "z"] * 300})
    log["sex"] = [None if n % 90 < 3 else "fm"[n % 2] for n in range(900)]
    users = pd.DataFrame({"u": ["u0", "u1", "u2", "v9"], "region": ["n", "s", "n", "s"]})
    roles = Roles(user="u", item="i", sensitive=("sex",))
    prepared = prepare(Tables(log, users, None, ""), roles, Cleaning(), Split(), 1, k=10)
    assert len(prepared.dataset.users) == 87 and prepared.quality.users == 87


def test_users_or_items_of_another_log_are_refused() -> None:
    log, other = pd.DataFrame({"u": [1, 2], "i": [5, 6]}), pd.DataFrame({"u": [3, 4], "i": [7, 8], "g": ["f", "m"]})
    for tables, says in (
        (Tables(log, other, None, ""), "No u of the log is in the column u of the users"),
        (Tables(log, None, other, ""), "No i of the log is in the column i of the items"),
    ):
        with pytest.raises(Refusal, match=says):
            _prepare(tables, Roles(user="u", item="i"))


@pytest.mark.parametrize("key", ["item_id", "code"])
def test_items_are_joined_on_the_column_that_was_chosen(key: str) -> None:
    """Under a name of its own the key was renamed as a clash, and the file's `id` joined in its place."""
    log = pd.DataFrame({"u": [1, 2], key: [7, 8]})
    items = pd.DataFrame({"id": [8, 7], key: [7, 8], "kind": ["a", "b"]})
    dataset = _prepare(Tables(log, None, items, ""), Roles(user="u", item=key, category="kind"))
    assert dataset.items["category"].to_dict() == {"7": "a", "8": "b"} and "id" in dataset.items


def test_one_user_one_item_one_row_is_a_dataset() -> None:
    dataset = _prepare(Tables(pd.DataFrame({"u": ["a"], "i": ["x"]}), None, None, ""), Roles(user="u", item="i"))
    assert len(dataset.log) == len(dataset.users) == len(dataset.items) == 1


def test_whole_numbers_that_came_as_floats_are_ids_without_a_point() -> None:
    dataset = _prepare(
        Tables(pd.DataFrame({"u": [1.0, None, 3.0], "i": [1, 2, 3]}), None, None, ""), Roles(user="u", item="i")
    )
    assert dataset.users.index.tolist() == ["1", "3"]


@needs_data
def test_coat_pools_its_sparse_ages_and_keeps_the_random_part_for_the_test(tmp_path: Path) -> None:
    tables = spool(Source(kind="coat", folder=str(SHARED / "coat")), tmp_path)
    roles = guess(tables).roles
    assert (roles.category, roles.randomised, roles.sensitive) == (
        "coat_gender",
        "randomised",
        ("gender", "age", "location"),
    )
    prepared = prepare(tables, roles, Cleaning(), Split(kind="randomised"), 1)
    assert prepared.dataset.users["age"].value_counts().to_dict() == {
        "under 30": 115,
        "30-40": 99,
        "40-50": 43,
        "over 50": 33,
    }
    assert "under 20 = under 30" in say(prepared.steps[-1].phrase)
    assert prepared.dataset.log["part"].value_counts().to_dict() == {"train": 6380, "test": 4640, "validation": 580}


def test_too_few_people_of_unknown_group_are_left_out_and_logged() -> None:
    rows = pd.DataFrame({"u": [f"u{n:03d}" for n in range(90)], "i": ["x", "y"] * 45})
    people = pd.DataFrame({"u": rows["u"], "sex": [None] * 49 + ["F"] * 20 + ["M"] * 21})
    roles = Roles(user="u", item="i", sensitive=("sex",))
    prepared = prepare(Tables(rows, people, None, ""), roles, Cleaning(), Split(), 1, k=10)
    assert set(prepared.dataset.users["sex"]) == {"F", "M"}
    assert set(prepared.dataset.log["user"]) == set(prepared.dataset.users.index)
    step = next(step for step in prepared.steps if step.rule == "few_unknown")
    assert (step.rows_before, step.rows_after) == (90, 41)
    assert prepared.quality.rows == 90
    enough = prepare(Tables(rows, people, None, ""), roles, Cleaning(), Split(), 1, k=9)
    assert UNKNOWN in set(enough.dataset.users["sex"])


def test_people_of_unknown_group_under_the_threshold_are_as_though_they_had_never_been_there() -> None:
    """Any count with them, beside one without, would tell how many they are: users, filled cells, rows of the file."""
    rows = pd.DataFrame({"u": [f"u{n:03d}" for n in range(60)] * 2, "i": ["x"] * 60 + ["y"] * 60})
    rows = pd.concat([rows, rows[:1], rows[-1:]])  # a row twice of one who is left out, and of one who stays
    people = pd.DataFrame({"u": rows["u"][:60], "sex": [None] * 3 + ["F"] * 30 + ["M"] * 27})
    roles = Roles(user="u", item="i", sensitive=("sex",))
    read = (phrase("data.note.jsonlines", name="log", rows=122, columns=2), phrase("data.note.local", column="x"))
    prepared, without = (
        prepare(Tables(log, users, None, "d", read), roles, Cleaning(), Split(), 1, k=10)
        for log, users in ((rows, people), (rows[~rows["u"].isin(people["u"][:3])].reset_index(drop=True), people[3:]))
    )
    assert prepared.quality == without.quality and prepared.quality.rows == 115
    pd.testing.assert_frame_equal(prepared.dataset.log, without.dataset.log)
    pd.testing.assert_frame_equal(prepared.dataset.users, without.dataset.users)
    assert [(step.rule, step.rows_before, step.rows_after) for step in prepared.steps] == [
        ("duplicates", 115, 114),
        ("few_unknown", 114, 114),
    ]
    assert prepared.notes == (read[1], phrase("data.note.few_not_told"))


@pytest.mark.parametrize("people", [3, 30])
def test_where_no_group_is_known_and_people_are_few_nobody_is_left(people: int) -> None:
    log = pd.DataFrame({"u": range(people), "i": 1, "sex": None})
    with pytest.raises(Refusal, match="No row is left after this rule: People whose sex is not known"):
        prepare(Tables(log, None, None, ""), Roles(user="u", item="i", sensitive=("sex",)), Cleaning(), Split(), 1, 10)


@pytest.mark.parametrize("damage", [{"roles": None}, {"roles": {"user": 1}}, {"files": {}}])
def test_a_manifest_of_other_facts_is_no_dataset(shop: Dataset, tmp_path: Path, damage: dict[str, object]) -> None:
    save(shop, tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(Refusal, match="manifest is missing or unreadable"):
        load(tmp_path)


@pytest.mark.parametrize("role", ["outcome", "position", "propensity"])
def test_a_column_of_times_without_any_is_missing_throughout(role: str) -> None:
    """pandas casts no time to a number, not even where there is none."""
    log = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "at": pd.to_datetime([None, None], utc=True)})
    kept = arranged(Tables(log, None, None, "d"), Roles(user="user", item="item", **{role: "at"})).log
    missing = as_outcome(kept["at"], "at") if role == "outcome" else kept["at"]
    assert missing.dtype == "float64" and missing.isna().all()


def test_an_attribute_that_is_called_like_two_crossed_ones_is_refused() -> None:
    """Its groups and those of a × b had the same keys, and a rule of --fail-on took one for the other."""
    log = pd.DataFrame({"user": ["u", "v"], "item": ["x", "y"], "a": ["1", "2"], "b": ["1", "2"], "a*b": ["1", "2"]})
    roles = Roles(user="user", item="item", sensitive=("a", "b", "a*b"))
    with pytest.raises(Refusal, match=r"a\*b has \* in its name"):
        arranged(Tables(log, None, None, "d"), roles)
    arranged(Tables(log, None, None, "d"), roles.model_copy(update={"sensitive": ("a", "b")}))
