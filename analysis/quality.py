"""What is wrong with the data, which rule mends it, and what the rules did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from analysis.charts.labels import number
from analysis.columns import arranged, as_outcome
from analysis.groups import look_alikes
from analysis.ingest import Tables
from analysis.log import Roles
from analysis.moments import Unit, as_utc
from words import Phrase, Refusal, phrase

THIN = 5
"""Users and items with fewer rows are counted as thin: little can be said about them."""
FENCE = 3.0
"""An outcome further than this many interquartile ranges outside the quartiles is an outlier (Tukey's outer fence)."""
MANY_VALUES = 20
"""Outcomes with fewer distinct values (clicks, ratings) have no outliers."""


TableName = Literal["log", "users", "items"]
Kind = Literal["number", "time", "flag", "text"]
KINDS: dict[str, Kind] = {"i": "number", "u": "number", "f": "number", "M": "time", "b": "flag"}
"""numpy's kind of a column -> what it is called."""


class Cleaning(BaseModel):
    """What is removed or merged before anything is computed; the defaults change as little as possible."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duplicates: Literal["keep", "first", "last"] = "first"
    """Rows equal in every column: all, or the first or last of them."""
    repeats: Literal["keep", "first", "last"] = "keep"
    """Several rows of one user and item: all, or the first or last (by time where known)."""
    missing_outcome: Literal["drop", "zero"] = "drop"
    """Rows without an outcome: left out, or counted as 0 (no click)."""
    outliers: Literal["keep", "clip", "drop"] = "keep"
    """Outcomes far outside the others: kept, set to the fence, or left out."""
    min_user_rows: int = Field(1, ge=1)
    """Users with fewer rows are left out."""
    min_item_rows: int = Field(1, ge=1)
    """Items with fewer rows are left out."""
    merge_look_alikes: bool = True
    """Groups and categories that differ in case, width or blanks only ("F", "f", " F") are one."""
    pool_under: int = Field(10, ge=1)
    """Bands of age and the like with fewer users are joined with their neighbour; 1 joins none."""
    time_from: str | None = None
    """Rows before this moment (ISO 8601, UTC) are left out."""
    time_to: str | None = None
    """Rows at or after this moment are left out."""
    time_unit: Unit | None = None
    """Unit of times given as numbers; None: told by their size."""


@dataclass(frozen=True)
class ColumnQuality:
    """One column: rows with and without a value, and how many values differ."""

    table: TableName
    column: str
    type: Kind
    filled: int
    missing: int
    distinct: int


@dataclass(frozen=True)
class Quality:
    """Counts on the data as uploaded, before any rule; rows of the log unless said otherwise.

    first, last: ISO 8601 UTC, None without a time. outliers: None where the outcome has few values or none is given.
    thin_users, thin_items: those with under THIN rows. look_alikes: column -> value -> value it would become.
    users_without_record: users of the log that the users' table lacks (None without one).
    """

    rows: int
    users: int
    items: int
    first: str | None
    last: str | None
    duplicates: int
    repeats: int
    missing_ids: int
    missing_outcome: int
    outliers: int | None
    bad_propensity: int
    thin_users: int
    thin_items: int
    users_without_record: int | None
    look_alikes: dict[str, dict[str, str]]
    columns: tuple[ColumnQuality, ...]


@dataclass(frozen=True)
class CleaningStep:
    """One rule as applied: what it did in words, and the rows of the log before and after."""

    rule: str
    phrase: Phrase
    rows_before: int
    rows_after: int


@dataclass(frozen=True)
class Cleaned:
    """The tables after the rules, and what each rule did (rules that changed nothing are not listed)."""

    tables: Tables
    steps: tuple[CleaningStep, ...]


def inspect(tables: Tables, roles: Roles, unit: Unit | None = None) -> Quality:
    """Count what could distort a result. Raises Refusal(data.*) where a role's column is not there."""
    return inspected(arranged(tables, roles), roles, unit)


def clean(tables: Tables, roles: Roles, cleaning: Cleaning) -> Cleaned:
    """Apply the rules in the order of Cleaning's fields; nothing given is changed.

    The time column, where the role is given, comes out as UTC. Raises Refusal(data.nothing_left) where no row stays.
    """
    return cleaned(arranged(tables, roles), roles, cleaning)


def fences(outcome: pd.Series) -> tuple[float, float] | None:
    """Lower and upper outer fence of an outcome, or None where it has few values or no spread."""
    if outcome.nunique() < MANY_VALUES:
        return None
    low, high = outcome.quantile([0.25, 0.75])
    return (low - FENCE * (high - low), high + FENCE * (high - low)) if high > low else None


def merged_columns(tables: Tables, roles: Roles) -> dict[str, pd.Series]:
    """The columns whose values name groups: sensitive attributes, category, provider, a treatment of text."""
    frames = [frame for frame in (tables.users, tables.items, tables.log) if frame is not None]
    wanted = [*roles.sensitive, roles.category, roles.provider, roles.treatment]
    found: dict[str, pd.Series] = {}
    for name in wanted:
        holder = next((frame for frame in frames if name in frame.columns), None)
        if name and holder is not None and not pd.api.types.is_numeric_dtype(holder[name].dtype):
            found[name] = holder[name]
    return found


def cleaned(tables: Tables, roles: Roles, cleaning: Cleaning) -> Cleaned:
    """`clean` for tables that are arranged already."""
    return _Cleaner(tables, roles, cleaning).run()


def inspected(tables: Tables, roles: Roles, unit: Unit | None = None) -> Quality:
    """`inspect` for tables that are arranged already."""
    log = tables.log
    time = as_utc(log[roles.time], roles.time, unit).dropna() if roles.time else pd.Series(dtype="datetime64[us, UTC]")
    outcome = as_outcome(log[roles.outcome], roles.outcome) if roles.outcome else None
    fence = fences(outcome) if outcome is not None else None
    per_user, per_item = log[roles.user].value_counts(), log[roles.item].value_counts()
    alike = {name: look_alikes(column) for name, column in merged_columns(tables, roles).items()}
    frames: dict[TableName, pd.DataFrame | None] = {"log": log, "users": tables.users, "items": tables.items}
    return Quality(
        rows=len(log),
        users=len(per_user),
        items=len(per_item),
        first=time.min().isoformat() if len(time) else None,
        last=time.max().isoformat() if len(time) else None,
        duplicates=int(log.duplicated().sum()),
        repeats=int(log.duplicated([roles.user, roles.item]).sum()),
        missing_ids=int(log[[roles.user, roles.item]].isna().any(axis=1).sum()),
        missing_outcome=int(outcome.isna().sum()) if outcome is not None else 0,
        outliers=int((~outcome.dropna().between(*fence)).sum()) if outcome is not None and fence else None,
        bad_propensity=int(_bad_propensity(log[roles.propensity]).sum()) if roles.propensity else 0,
        thin_users=int((per_user < THIN).sum()),
        thin_items=int((per_item < THIN).sum()),
        users_without_record=len(set(per_user.index) - set(tables.users[roles.user]))
        if tables.users is not None
        else None,
        look_alikes={name: merged for name, merged in alike.items() if merged},
        columns=tuple(
            _column(table, frame, str(name)) for table, frame in frames.items() if frame is not None for name in frame
        ),
    )


def _column(table: TableName, frame: pd.DataFrame, name: str) -> ColumnQuality:
    column = frame[name]
    missing = int(column.isna().sum())
    kind = KINDS.get(column.dtype.kind, "text")
    return ColumnQuality(table, str(name), kind, len(column) - missing, missing, int(column.nunique()))


def _bad_propensity(column: pd.Series) -> pd.Series:
    return ~((column > 0) & (column <= 1))


class _Cleaner:
    """The rules, one method each; every method that removes rows says so through `keep`."""

    def __init__(self, tables: Tables, roles: Roles, cleaning: Cleaning) -> None:
        self.tables, self.roles, self.cleaning = tables, roles, cleaning
        self.log = tables.log
        self.users, self.items = tables.users, tables.items
        self.steps: list[CleaningStep] = []

    def run(self) -> Cleaned:
        self.missing_ids()
        self.times()
        self.duplicates()
        self.repeats()
        self.outcomes()
        self.gaps_in_columns()
        self.records()
        self.look_alikes()
        self.thin()
        log = self.log.reset_index(drop=True)
        return Cleaned(replace(self.tables, log=log, users=self.users, items=self.items), tuple(self.steps))

    def keep(self, rows: pd.Series, rule: str, **facts: str | int | float) -> None:
        """Keep these rows and note how many went."""
        gone = int((~rows).sum())
        if not gone:
            return
        before, self.log = len(self.log), self.log[rows]
        self.note(rule, before, rows=gone, **facts)
        if self.log.empty:
            raise Refusal("data.nothing_left", rule=phrase(f"data.clean.{rule}", rows=gone, **facts))

    def note(self, rule: str, before: int, **facts: str | int | float) -> None:
        self.steps.append(CleaningStep(rule, phrase(f"data.clean.{rule}", **facts), before, len(self.log)))

    def missing_ids(self) -> None:
        self.keep(self.log[[self.roles.user, self.roles.item]].notna().all(axis=1), "missing_ids")

    def times(self) -> None:
        name = self.roles.time
        if name is None:
            return
        self.log = self.log.assign(**{name: as_utc(self.log[name], name, self.cleaning.time_unit)})
        self.keep(self.log[name].notna(), "missing_time")
        for end, rule in ((self.cleaning.time_from, "before"), (self.cleaning.time_to, "after")):
            if end is not None:
                bound = _moment(end)
                late = self.log[name] >= bound
                self.keep(late if rule == "before" else ~late, rule, bound=bound.isoformat())

    def duplicates(self) -> None:
        if self.cleaning.duplicates != "keep":
            self.keep(~self.log.duplicated(keep=self.cleaning.duplicates), "duplicates")

    def repeats(self) -> None:
        if self.cleaning.repeats == "keep":
            return
        ordered = self.log.sort_values(self.roles.time, kind="stable") if self.roles.time else self.log
        repeated = ordered.duplicated([self.roles.user, self.roles.item], keep=self.cleaning.repeats)
        self.keep(~repeated.reindex(self.log.index), "repeats")

    def outcomes(self) -> None:
        name = self.roles.outcome
        if name is None:
            return
        values = as_outcome(self.log[name], name)
        missing = int(values.isna().sum())
        if missing and self.cleaning.missing_outcome == "zero":
            values = values.fillna(0.0)
            self.note("missing_outcome_zero", len(self.log), rows=missing)
        self.log = self.log.assign(**{name: values})
        self.keep(values.notna(), "missing_outcome")
        self.outliers(name)

    def outliers(self, name: str) -> None:
        fence = fences(self.log[name])
        if fence is None or self.cleaning.outliers == "keep":
            return
        inside = self.log[name].between(*fence)
        facts = {"low": number(fence[0]), "high": number(fence[1])}
        if self.cleaning.outliers == "drop":
            self.keep(inside, "outliers_drop", **facts)
        elif not inside.all():
            self.log = self.log.assign(**{name: self.log[name].clip(*fence)})
            self.note("outliers_clip", len(self.log), rows=int((~inside).sum()), **facts)

    def gaps_in_columns(self) -> None:
        """A row without a treatment is left out; a propensity outside (0, 1] becomes missing."""
        if self.roles.treatment is not None:
            self.keep(self.log[self.roles.treatment].notna(), "missing_treatment")
        name = self.roles.propensity
        if name is not None:
            bad = _bad_propensity(self.log[name]) & self.log[name].notna()
            if bad.any():
                self.log = self.log.assign(**{name: self.log[name].mask(bad)})
                self.note("bad_propensity", len(self.log), rows=int(bad.sum()))

    def records(self) -> None:
        """One record a user and an item: the first."""
        if self.users is not None and (repeated := self.users.duplicated(self.roles.user)).any():
            self.users = self.users[~repeated]
            self.note("repeated_users", len(self.log), rows=int(repeated.sum()))
        if self.items is not None and (repeated := self.items.duplicated(self.roles.item)).any():
            self.items = self.items[~repeated]
            self.note("repeated_items", len(self.log), rows=int(repeated.sum()))

    def look_alikes(self) -> None:
        if not self.cleaning.merge_look_alikes:
            return
        tables = Tables(self.log, self.users, self.items, "")
        for name, column in merged_columns(tables, self.roles).items():
            merged = look_alikes(column)
            if not merged:
                continue
            shown = ", ".join(f'"{value}" = "{best}"' for value, best in sorted(merged.items())[:10])
            self.log = _merged(self.log, name, merged)
            self.users = _merged(self.users, name, merged) if self.users is not None else None
            self.items = _merged(self.items, name, merged) if self.items is not None else None
            self.note("look_alikes", len(self.log), column=name, merged=shown)

    def thin(self) -> None:
        """Leave out thin users and items, again and again until none is left."""
        limits = ((self.roles.user, self.cleaning.min_user_rows), (self.roles.item, self.cleaning.min_item_rows))
        before, rows = len(self.log), -1
        while rows != len(self.log):
            rows = len(self.log)
            for name, least in limits:
                self.log = self.log[self.log.groupby(name)[name].transform("size") >= least]
        if len(self.log) < before:
            facts = {"users": self.cleaning.min_user_rows, "items": self.cleaning.min_item_rows}
            self.note("thin", before, rows=before - len(self.log), **facts)
            if self.log.empty:
                raise Refusal("data.nothing_left", rule=phrase("data.clean.thin", rows=before, **facts))


def _merged(frame: pd.DataFrame, name: str, merged: dict[str, str]) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].replace(merged)}) if name in frame.columns else frame


def _moment(text: str) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(text)
    except ValueError as error:
        raise Refusal("data.bad_moment", text=text[:40]) from error
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
