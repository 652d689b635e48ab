"""Roles are guessed by name and checked against values, in both languages."""

import pandas as pd

from analysis.ingest import Tables
from analysis.log import Roles
from analysis.roles import guess, plain
from analysis.simulate import ROLES, Shop, simulate
from words import say


def _tables(log: dict, users: dict | None = None, items: dict | None = None) -> Tables:
    frames = [pd.DataFrame(columns) if columns is not None else None for columns in (log, users, items)]
    assert frames[0] is not None
    return Tables(frames[0], frames[1], frames[2], "")


def test_the_shop_is_understood_without_help() -> None:
    shop = simulate(Shop(users=50))
    found = guess(Tables(shop.log, shop.users, shop.items, ""))
    assert found.roles == ROLES
    assert all(say(reason) and say(reason, "zh") for reason in found.reasons.values())


def test_chinese_names_are_understood() -> None:
    found = guess(
        _tables(
            {"用户": ["甲"], "商品": ["茶"], "时间": [1_700_000_000], "评分": [5], "是否推广": [1], "位置": [2]},
            {"用户": ["甲"], "性别": ["女"], "年龄": [30]},
            {"商品": ["茶"], "名称": ["绿茶"], "类目": ["饮料"], "品牌": ["某"]},
        )
    )
    assert found.roles == Roles(
        user="用户", item="商品", time="时间", outcome="评分", treatment="是否推广", position="位置",
        provider="品牌", category="类目", text="名称", sensitive=("性别", "年龄"),
    )  # fmt: skip


def test_camel_case_and_spaces_are_understood() -> None:
    assert plain("userId") == "user_id" and plain(" Item ID ") == "item_id"
    assert guess(_tables({"userId": ["a"], "Item ID": ["b"]})).roles == Roles(user="userId", item="Item ID")


def test_a_name_whose_values_do_not_fit_is_not_taken() -> None:
    log = {
        "user": ["a", "b"],
        "item": ["x", "y"],
        "time": ["soon", "late"],
        "rating": ["good", "bad"],
        "pscore": [2.0, 3.0],
    }
    roles = guess(_tables(log)).roles
    assert roles.time is None and roles.outcome is None and roles.propensity is None


def test_a_missing_user_is_left_open_with_a_reason() -> None:
    found = guess(_tables({"thing": [1], "item_id": [2]}))
    assert found.roles.user == "" and "No column looks like the user" in say(found.reasons["user"])


def test_the_gender_an_item_is_made_for_is_its_category_and_not_that_of_people() -> None:
    found = guess(
        _tables({"user": [1], "item": [1]}, {"user": [1], "gender": ["women"]}, {"item": [1], "gender": ["men"]})
    )
    assert found.roles.category == "item_gender" and found.roles.sensitive == ("gender",)


def test_names_of_many_people_are_not_a_group() -> None:
    users = {"user": range(100), "location": [f"place {n}" for n in range(100)], "sex": ["f", "m"] * 50}
    assert guess(_tables({"user": [1], "item": [1]}, users)).roles.sensitive == ("sex",)
