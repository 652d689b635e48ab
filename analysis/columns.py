"""Where each role's column is found, and its values as the log's contract wants them."""

from __future__ import annotations

import difflib
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.ingest import Tables
from analysis.log import EACH_ROW, NO_ITEMS, Roles
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
    the log.

    Raises Refusal(data.no_role | data.missing_column | data.no_key) naming what was expected, found and is nearest.
    """
    tables = _with_ids(tables, roles)
    items = item_columns(tables) if tables.items is not None else None
    _check(tables, items, roles)
    log = tables.log.assign(**{name: as_id(tables.log[name]) for name in (roles.user, roles.item)})
    users = _keyed(tables.users, roles.user, "user") if tables.users is not None else None
    return Tables(
        log, users, _keyed(items, roles.item, "item") if items is not None else None, tables.digest, tables.notes
    )


def _with_ids(tables: Tables, roles: Roles) -> Tables:
    """A column of row numbers for `(each row)`, a constant one for `(none)`, under those names."""
    log = tables.log
    if roles.user == EACH_ROW:
        log = log.assign(**{EACH_ROW: [f"{row:08d}" for row in range(len(log))]})
    if roles.item == NO_ITEMS:
        log = log.assign(**{NO_ITEMS: ONE_ITEM})
    return replace(tables, log=log)


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


def _check(tables: Tables, items: pd.DataFrame | None, roles: Roles) -> None:
    log = [str(name) for name in tables.log.columns]
    users = [str(name) for name in tables.users.columns] if tables.users is not None else []
    of_items = [str(name) for name in items.columns] if items is not None else []
    for role in LOG_ROLES:
        _find(role, getattr(roles, role), log, required=role in ("user", "item"))
    for role in ITEM_ROLES:
        _find(role, getattr(roles, role), of_items + log)
    for name in roles.sensitive:
        _find("sensitive", name, users + log)


def _find(role: str, column: str | None, found: list[str], required: bool = False) -> None:
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


def _keyed(frame: pd.DataFrame, key: str, role: str) -> pd.DataFrame:
    """`frame` with its key column under the log's name, as text, without rows that have none."""
    own = key if key in frame.columns else None
    if own is None:
        names = {plain(str(column)): str(column) for column in reversed(frame.columns)}
        own = next((names[name] for name in (plain(key), *NAMES[role], "id") if name in names), None)
    if own is None:
        found = ", ".join(map(str, frame.columns[:20]))
        raise Refusal("data.no_key", table=phrase(f"data.table.{role}s"), key=key, found=found)
    named = frame.rename(columns={own: key})
    named[key] = as_id(named[key])
    return named[named[key].notna()].reset_index(drop=True)
