"""Which column is what: a guess with its reasons, for the analyst to confirm."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from analysis.groups import is_age
from analysis.ingest import Tables
from analysis.log import Roles
from analysis.moments import RANGES
from words import Phrase, phrase

ITEM_PREFIX = "item_"
"""Put before the name of an items' column that the log or the users have too."""
NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        *("user_id", "user", "userid", "uid", "customer_id", "customer", "visitor_id", "visitorid", "member_id"),
        *("account_id", "client_id", "person_id", "reviewer_id", "用户id", "用户", "用户编号", "会员id", "会员"),
        *("顾客", "客户", "客户编号", "顾客编号"),
    ),
    "item": (
        *("item_id", "item", "itemid", "iid", "product_id", "product", "movie_id", "movieid", "article_id", "sku"),
        *("asin", "video_id", "song_id", "track_id", "book_id", "job_id", "goods_id", "商品id", "商品", "商品编号"),
        *("物品id", "物品", "产品id", "产品", "电影", "电影id", "文章", "视频", "职位"),
    ),
    "time": (
        *("timestamp", "time", "datetime", "date", "event_time", "created_at", "ts", "unix_time", "时间", "时间戳"),
        *("日期", "下单时间", "点击时间", "创建时间"),
    ),
    "outcome": (
        *("purchased", "purchase", "bought", "rating", "stars", "clicked", "click", "conversion", "converted"),
        *(
            "outcome",
            "label",
            "response",
            "engaged",
            "liked",
            "watched",
            "购买",
            "是否购买",
            "评分",
            "点击",
            "是否点击",
            "转化",
        ),
    ),
    "treatment": (
        *("treatment", "treated", "promoted", "promotion", "exposed", "exposure", "shown", "recommended", "boosted"),
        *("featured", "campaign", "arm", "variant", "推广", "是否推广", "推荐", "是否推荐", "曝光", "是否曝光", "干预"),
    ),
    "position": ("position", "slot", "rank", "pos", "位置", "排名", "槽位", "坑位"),
    "propensity": (
        *("propensity", "propensity_score", "pscore", "action_prob", "logging_probability", "propensity_released"),
        *("倾向得分", "曝光概率", "推广概率"),
    ),
    "provider": (
        *("provider", "seller", "brand", "publisher", "artist", "vendor", "creator", "author", "supplier", "merchant"),
        *("provider_id", "seller_id", "供应商", "卖家", "品牌", "商家", "店铺", "作者"),
    ),
    "category": (
        *("category", "genre", "first_genre", "topic", "department", "section", "product_type"),
        *("类别", "类目", "分类", "品类"),
    ),
    "text": (
        "text",
        "description",
        "summary",
        "overview",
        "content",
        "title",
        "name",
        "描述",
        "简介",
        "内容",
        "标题",
        "名称",
    ),
    "randomised": (
        *("randomised", "randomized", "is_random", "random", "logging", "rct", "exploration", "随机", "是否随机"),
    ),
}
SENSITIVE = (
    *("gender", "sex", "age", "age_group", "age_band", "race", "ethnicity", "region", "country", "location"),
    *("occupation", "income", "education", "religion", "disability", "marital_status", "nationality"),
    *("性别", "年龄", "年龄段", "民族", "种族", "地区", "城市", "省份", "职业", "学历", "收入", "宗教", "婚姻状况"),
)
RANDOM_WORDS = frozenset({"random", "randomised", "randomized", "uniform", "rct", "explore", "exploration", "随机"})
"""Values that mark a row as randomised exposure, where the column is not true/false or 0/1."""
MOST_GROUPS = 30
"""A text column with more distinct values is not guessed to be a sensitive attribute."""


@dataclass(frozen=True)
class Guess:
    """roles: as guessed; `user` or `item` is "" where no column looks like it (preparing then refuses).

    reasons: role (or ``sensitive.COLUMN``) -> why.
    """

    roles: Roles
    reasons: dict[str, Phrase]


def guess(tables: Tables) -> Guess:
    """Roles by the columns' names, checked against their values."""
    found: dict[str, str] = {}
    reasons: dict[str, Phrase] = {}
    items = item_columns(tables)
    for role in NAMES:
        frames = [tables.log] if role not in ("provider", "category", "text") else [items, tables.log]
        for frame in frames:
            column = _named(role, frame, set(found.values()))
            if column is not None and role not in found:
                found[role] = column
                reasons[role] = phrase("data.reason.name", column=column)
    _category(found, reasons, tables, items)
    sensitive = _sensitive(tables, set(found.values()), reasons)
    for role in ("user", "item"):
        if role not in found:
            reasons[role] = phrase("data.reason.none", role=phrase(f"data.role.{role}"))
    roles = Roles(user=found.pop("user", ""), item=found.pop("item", ""), sensitive=sensitive, **found)
    return Guess(roles, reasons)


def item_columns(tables: Tables, key: str = "") -> pd.DataFrame:
    """The items with columns renamed ``item_...`` where the log or the users have one of that name, too.

    Columns that the items share with the log as the item keep their names: `key`, and those that are called so.
    """
    if tables.items is None:
        return pd.DataFrame()
    taken = {*tables.log.columns, *(tables.users.columns if tables.users is not None else ())}
    shared = set(tables.items.columns) & set(tables.log.columns)
    keys = {column for column in shared if column == key or plain(column) in NAMES["item"]}
    return tables.items.rename(columns={name: f"{ITEM_PREFIX}{name}" for name in tables.items if name in taken - keys})


def plain(name: str) -> str:
    """A column's name as compared: lower case, words joined by one underscore."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9\u4e00-\u9fff]+", "_", spaced.casefold()).strip("_")


def _named(role: str, frame: pd.DataFrame, taken: set[str]) -> str | None:
    """The column whose name stands first in the role's list, and whose values fit the role."""
    names = {plain(column): column for column in reversed(frame.columns)}
    for wanted in NAMES[role]:
        column = names.get(wanted)
        if column is not None and column not in taken and _fits(role, frame[column]):
            return str(column)
    return None


def _fits(role: str, column: pd.Series) -> bool:
    """Whether the values can be what the name says."""
    filled = column.dropna()
    if filled.empty:
        return False
    numeric = filled.dtype.kind in "iufb"
    if role == "time":
        return filled.dtype.kind == "M" or (numeric and _epoch(filled)) or str(filled.iloc[0]).strip().isdigit()
    if role in ("outcome", "position"):
        return bool(numeric)
    if role == "propensity":
        return numeric and float(filled.min()) >= 0 and float(filled.max()) <= 1
    if role in ("treatment", "randomised"):
        return filled.nunique() <= 10
    return True


def _epoch(filled: pd.Series) -> bool:
    low, high = float(filled.min()), float(filled.max())
    return any(first <= low and high <= last for first, last in RANGES.values())


def _category(found: dict[str, str], reasons: dict[str, Phrase], tables: Tables, items: pd.DataFrame) -> None:
    """Items that are made for a group of people (a coat for women) say so; that is the category to compare."""
    for column in items.columns:
        if tables.users is None or _sensitive_word(str(column)) is None:
            continue
        if items[column].nunique() <= MOST_GROUPS and plain(str(column)) != plain(found.get("item", "")):
            found["category"] = str(column)
            reasons["category"] = phrase("data.reason.for_group", column=str(column))
            return


def _sensitive(tables: Tables, taken: set[str], reasons: dict[str, Phrase]) -> tuple[str, ...]:
    """Attributes of people, from the users or, without a users' table, from the log."""
    frame = tables.users if tables.users is not None else tables.log
    chosen = []
    for column in map(str, frame.columns):
        values = frame[column]
        few = values.dtype.kind in "iuf" and is_age(column) or values.nunique() <= MOST_GROUPS
        if column not in taken and plain(column) in SENSITIVE and few and values.notna().any():
            chosen.append(column)
            reasons[f"sensitive.{column}"] = phrase("data.reason.sensitive", column=column)
    return tuple(chosen)


def _sensitive_word(column: str) -> str | None:
    words: Iterable[str] = plain(column).split("_")
    return next((word for word in words if word in ("gender", "sex", "性别")), None)
