"""Where each role's column is found, and its values as the log's contract wants them."""

from __future__ import annotations

import difflib
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.ingest import Tables
from analysis.log import CROSSED, EACH_ROW, NO_ITEMS, Roles
from analysis.roles import NAMES, RANDOM_WORDS, item_columns, plain
from words import Refusal, phrase

LOG_ROLES = ("user", "item", "time", "outcome", "treatment", "position", "propensity", "randomised")
ITEM_ROLES = ("provider", "category", "text")
ONE_ITEM = "all rows"
"""The item of every row where the data are about none."""
TRUE_WORDS = frozenset({"true", "yes", "y", "t", "1", "是"})
FALSE_WORDS = frozenset({"false", "no", "n", "f", "0", "否"})


def arranged(tables: Tables, roles: Roles) -> Tables:
    """The tables with clashing items' columns renamed, ids as text, and the users' and items' key columns named as in
    the log; positions and propensities as float64. What is arranged already stays as it is.

    Raises Refusal(data.no_role | data.missing_column | data.two_roles | data.crossed_name | data.not_numeric |
    data.no_key | data.no_match) naming what was expected, found and is nearest.
    """
    tables = _with_ids(tables, roles)
    log = _typed(tables.log, roles)
    users = _keyed(tables.users, log[roles.user], "user") if tables.users is not None else None
    items = _keyed(item_columns(tables, roles.item), log[roles.item], "item") if tables.items is not None else None
    _check(log, users, items, roles)
    return replace(tables, log=log, users=users, items=items)


def _with_ids(tables: Tables, roles: Roles) -> Tables:
    """A column of row numbers for `(each row)`, a constant one for `(none)`, under those names."""
    log = tables.log
    if roles.user == EACH_ROW and EACH_ROW not in log.columns:
        log = log.assign(**{EACH_ROW: [f"{row:08d}" for row in range(len(log))]})
    if roles.item == NO_ITEMS:
        log = log.assign(**{NO_ITEMS: ONE_ITEM})
    return replace(tables, log=log)


def _typed(log: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """The log's ids as text and its positions and propensities as numbers, once all of its roles are found."""
    found = [str(name) for name in log.columns]
    for role in LOG_ROLES:
        find(role, getattr(roles, role), found, required=role in ("user", "item"))
    typed = {name: as_id(log[name]) for name in (roles.user, roles.item)}
    for role in ("position", "propensity"):
        name = getattr(roles, role)
        if name is not None:
            typed[name] = _as_number(log[name], role)
    return log.assign(**typed)


def _as_number(column: pd.Series, role: str) -> pd.Series:
    if column.dtype.kind in "iufb":
        return column.astype("float64")
    if column.isna().all():
        return _without_value(column)
    facts = {"column": str(column.name), "example": str(column.dropna().iloc[0])[:40]}
    raise Refusal("data.not_numeric", role=phrase(f"data.role.{role}"), **facts)


def _without_value(column: pd.Series) -> pd.Series:
    """float64, all missing: of whatever type nothing is, such as a column of times without any."""
    return pd.Series(np.nan, index=column.index, name=column.name, dtype="float64")


def as_id(column: pd.Series) -> pd.Series:
    """Identifiers as text: whole numbers without a decimal point; missing or blank stays missing."""
    if column.dtype.kind == "f":
        whole = column.dropna()
        if (whole == np.round(whole)).all():
            column = column.astype("Int64")
    text = column.astype("str").where(column.notna())
    return text.where(text.str.strip() != "").astype("str")


def as_outcome(column: pd.Series, name: str) -> pd.Series:
    """float64. Words for yes and no are 1 and 0. Raises Refusal(data.outcome_text) for other text."""
    if column.dtype.kind in "iufb":
        return column.astype("float64")
    if column.isna().all():
        return _without_value(column)
    flags = _flags(column)
    if flags is None:
        raise Refusal("data.outcome_text", column=name, example=str(column.dropna().iloc[0])[:40])
    return flags


def as_treatment(column: pd.Series) -> pd.Series:
    """int8 where the values are 0 and 1 (or true and false, yes and no), else text; nothing may be missing."""
    flags = column.astype("float64") if column.dtype.kind in "iufb" else _flags(column)
    if flags is not None and flags.isin((0.0, 1.0)).all():
        return flags.astype("int8")
    return as_id(column)


def as_randomised(column: pd.Series, name: str) -> pd.Series:
    """bool: true/false, 0/1, or a word such as ``random`` for the rows whose exposure was random.

    Raises Refusal(data.randomised_values) where no value says which rows those are.
    """
    flags = column.astype("float64") if column.dtype.kind in "iufb" else _flags(column)
    if flags is not None and flags.dropna().isin((0.0, 1.0)).all():
        return flags.fillna(0.0).astype(bool)
    marked = column.astype("str").str.strip().str.casefold().isin(RANDOM_WORDS)
    if not marked.any():
        found = ", ".join(sorted(map(str, column.dropna().unique()))[:5])
        raise Refusal("data.randomised_values", column=name, found=found)
    return marked.astype(bool)


def constant_of(log: pd.DataFrame, key: str, column: str) -> pd.Series:
    """The value of `column` of each `key` (first that is not missing).

    Raises Refusal(data.not_constant) where a key has several values.
    """
    pairs = log[[key, column]].dropna().drop_duplicates()
    several = pairs[key].duplicated()
    if several.any():
        raise Refusal("data.not_constant", column=column, key=key, count=int(pairs[key][several].nunique()))
    return pairs.set_index(key)[column]


def _flags(column: pd.Series) -> pd.Series | None:
    """1.0 and 0.0 for words of yes and no, or None where any value is another word."""
    words = column.astype("str").str.strip().str.casefold()
    known = words.isin(TRUE_WORDS | FALSE_WORDS) | column.isna()
    if not known.all() or column.isna().all():
        return None
    return words.isin(TRUE_WORDS).astype("float64").where(column.notna())


def _check(log: pd.DataFrame, users: pd.DataFrame | None, items: pd.DataFrame | None, roles: Roles) -> None:
    """The roles of users and items are found, and no column plays two."""
    of_log, of_users, of_items = ([] if table is None else list(map(str, table)) for table in (log, users, items))
    played: dict[str, str] = {}
    for role in (*LOG_ROLES, *ITEM_ROLES):
        column = getattr(roles, role)
        find(role, column, of_log if role in LOG_ROLES else of_items + of_log)
        if column in played:
            raise _two_roles(column, played[column], role)
        if column is not None:
            played[column] = role
    for name in roles.sensitive:
        find("sensitive", name, of_users + of_log)
        if CROSSED in name:
            raise Refusal("data.crossed_name", column=name, mark=CROSSED)
        if played.get(name) in LOG_ROLES and (name not in of_users or name == roles.user):
            raise _two_roles(name, played[name], "sensitive")


def _two_roles(column: str, first: str, second: str) -> Refusal:
    facts = {name: phrase(f"data.role.{role}") for name, role in (("first", first), ("second", second))}
    return Refusal("data.two_roles", column=column, **facts)


def find(role: str, column: str | None, found: list[str], required: bool = False) -> None:
    """Raise Refusal(data.no_role | data.missing_column) where the role's column is not among those found."""
    shown = ", ".join(found[:20]) + (" ..." if len(found) > 20 else "")
    if not column:
        if required:
            raise Refusal("data.no_role", role=phrase(f"data.role.{role}"), found=shown)
        return
    if column not in found:
        near = difflib.get_close_matches(column.casefold(), [name.casefold() for name in found], n=1, cutoff=0.0)
        nearest = next((name for name in found if near and name.casefold() == near[0]), "")
        facts = {"column": column, "found": shown, "nearest": nearest}
        raise Refusal("data.missing_column", role=phrase(f"data.role.{role}"), **facts)


def key_column(found: list[str], key: str, role: str) -> str:
    """Of the users' or items' columns that which belongs to the log's `key`. Raises Refusal(data.no_key)."""
    if own := column_named(found, (key, *NAMES[role], "id")):
        return own
    raise Refusal("data.no_key", table=phrase(f"data.table.{role}s"), key=key, found=", ".join(found[:20]))


def column_named(found: list[str], names: tuple[str, ...]) -> str | None:
    """The column of the first of `names`, else the first that is called like one of them."""
    alike = {plain(column): column for column in reversed(found)}
    return names[0] if names[0] in found else next((alike[plain(one)] for one in names if plain(one) in alike), None)


def _keyed(frame: pd.DataFrame, ids: pd.Series, role: str) -> pd.DataFrame:
    """`frame` with its key column under the name of the log's `ids`, as text, without rows that have none."""
    key = str(ids.name)
    own = key_column(list(map(str, frame.columns)), key, role)
    named = frame.rename(columns={own: key})
    named[key] = as_id(named[key])
    named = named[named[key].notna()].reset_index(drop=True)
    if key != NO_ITEMS and not named[key].isin(ids).any() and ids.notna().any():
        raise Refusal("data.no_match", table=phrase(f"data.table.{role}s"), key=key, own=own)
    return named
