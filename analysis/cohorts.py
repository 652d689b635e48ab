"""Cohorts: people named by conditions on themselves, on items and on time; compared, asked about, or reported on alone.

A cohort is data (column, operator, values), never an expression that is run. It picks rows of the log, and people:
conditions on users alone pick users; with a condition on rows (items, time, what happened) those users who have such
a row before the test part, so that nobody is grouped by what is to be predicted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from analysis.document import canonical, digest
from analysis.log import COHORT, Dataset
from words import Phrase, Refusal, Unfit, listed, phrase

Mask = npt.NDArray[np.bool_]
Operator = Literal["is", "is_not", "at_least", "below", "since", "before"]
NUMERIC: tuple[Operator, ...] = ("at_least", "below")
TIMED: tuple[Operator, ...] = ("since", "before")
OTHERS = "others"
"""Everybody outside a cohort."""
LONGEST_NAME = 40
"""Characters."""
NAME = re.compile(rf"[^\W_][\w -]{{0,{LONGEST_NAME - 1}}}")
MOST_VALUES = 60
"""A column of text with more distinct values is no condition to choose from a list."""
NOT_CONDITIONS = frozenset({"user", "item", "part", "text"})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Frozen):
    """One condition: the column's value is (not) one of `values`, or lies to one side of the only one."""

    column: str
    """A column of the log, the users or the items."""
    operator: Operator = "is"
    values: tuple[str, ...] = Field(min_length=1, max_length=MOST_VALUES)
    """As text; `at_least` and `below` read one number, `since` and `before` one date."""

    @model_validator(mode="after")
    def _readable(self) -> Condition:
        if self.operator in (*NUMERIC, *TIMED) and len(self.values) != 1:
            raise Unfit("one_value", operator=self.operator)
        if self.operator in NUMERIC and not _is_number(self.values[0]):
            raise Unfit("no_number", value=self.values[0])
        if self.operator in TIMED and not _is_moment(self.values[0]):
            raise Unfit("no_date", value=self.values[0])
        return self


class Cohort(_Frozen):
    """People and rows that meet conditions."""

    name: str
    """Letters, digits, blanks and hyphens, the first a letter or a digit; at most LONGEST_NAME."""
    match: Literal["all", "any"] = "all"
    """Whether all conditions must hold, or one is enough."""
    where: tuple[Condition, ...] = Field(min_length=1, max_length=8)
    compared: bool = True
    """Whether Disparity compares it with everybody else."""

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if NAME.fullmatch(name) is None:
            raise Unfit("cohort_name", most=LONGEST_NAME)
        return name

    @property
    def attribute(self) -> str:
        """Its name among the attributes that are compared."""
        return f"{COHORT}{self.name}"


@dataclass(frozen=True)
class Choice:
    """What a column can be asked: its kind, the operators that fit, and its values where they are few."""

    kind: Literal["category", "number", "time"]
    operators: tuple[Operator, ...]
    values: tuple[str, ...]


def choices(dataset: Dataset) -> dict[str, Choice]:
    """Every column that conditions may name: users' first, then items', then the log's own."""
    found: dict[str, Choice] = {}
    for frame in (dataset.users, dataset.items, dataset.log):
        for name in frame.columns:
            if name not in NOT_CONDITIONS and name not in found and (choice := _choice(frame[name])) is not None:
                found[str(name)] = choice
    return found


def _choice(column: pd.Series) -> Choice | None:
    if pd.api.types.is_datetime64_any_dtype(column):
        return Choice("time", TIMED, ())
    distinct = column.dropna().unique()
    few = len(distinct) <= MOST_VALUES
    if pd.api.types.is_numeric_dtype(column) and len(distinct) > 2:
        return Choice("number", NUMERIC, ())
    return Choice("category", ("is", "is_not"), tuple(sorted(map(_text, distinct)))) if few else None


def rows_of(dataset: Dataset, cohort: Cohort) -> Mask:
    """bool [rows of the log]: those that the cohort picks. Raises Refusal(cohort.no_column | cohort.unfit)."""
    return _joined(cohort, [_on_rows(dataset, condition) for condition in cohort.where])


def people_of(dataset: Dataset, cohort: Cohort) -> Mask:
    """bool [users]: those that the cohort picks, by themselves or by rows before the test part."""
    if all(condition.column in dataset.users for condition in cohort.where):
        return _joined(cohort, [_holds(dataset.users[one.column], one) for one in cohort.where])
    early = (dataset.log["part"] != "test").to_numpy()
    picked = dataset.log.loc[rows_of(dataset, cohort) & early, "user"]
    return np.asarray(dataset.users.index.isin(picked.unique()))


def restricted(dataset: Dataset, cohort: Cohort, k: int) -> Dataset:
    """The data of the cohort's rows alone. Raises Refusal(cohort.too_few) under `k` people in it, or just outside."""
    return _of_rows(dataset, cohort, rows_of(dataset, cohort), k)


def of_people(dataset: Dataset, cohort: Cohort, k: int) -> Dataset:
    """The data of the cohort's people alone, all their rows. Raises Refusal(cohort.too_few) as `restricted` does."""
    people = dataset.users.index[people_of(dataset, cohort)]
    return _of_rows(dataset, cohort, dataset.log["user"].isin(people).to_numpy(bool), k)


def _of_rows(dataset: Dataset, cohort: Cohort, rows: Mask, k: int) -> Dataset:
    log = dataset.log[rows]
    inside, outside = log["user"].nunique(), dataset.log.loc[~rows, "user"].nunique()
    if inside < k or 0 < outside < k:
        raise Refusal("cohort.too_few", name=cohort.name, k=k)
    return replace(
        dataset,
        log=log,
        users=dataset.users.loc[dataset.users.index.isin(log["user"].unique())],
        items=dataset.items.loc[dataset.items.index.isin(log["item"].unique())],
        digest=digest(dataset.digest, canonical(cohort)),
    )


def compared_attributes(
    dataset: Dataset, cohorts: Sequence[Cohort], k: int, counted: Sequence[Mask] = ()
) -> tuple[dict[str, npt.NDArray[np.str_]], list[Phrase]]:
    """A two-valued attribute [users] for each cohort that may be compared, and why the others may not.

    counted: bool [users], the users that figures count where these are not all. Beside the groups of other attributes
    a cohort may give few people away: women and "women under 60" differ by the women of 60 and over. So a cohort is
    left out where fewer than `k` people, or a group that is hidden, follow from it and what is shown.
    """
    asked = [np.ones(len(dataset.users), bool), *counted]
    known = [_indicators(dataset, k, users) for users in asked]
    kept: dict[str, npt.NDArray[np.str_]] = {}
    notes: list[Phrase] = []
    for cohort in (one for one in cohorts if one.compared):
        members = people_of(dataset, cohort)
        inside = [members[users] for users in asked]
        if any(min(one.sum(), (~one).sum()) < k for one in inside):
            notes.append(phrase("cohort.left_out_small", name=cohort.name, k=k))
        elif any(gives_away(*sets, one, k) for sets, one in zip(known, inside, strict=True)):
            notes.append(phrase("cohort.left_out_near", name=cohort.name, k=k))
        else:
            known = [
                (np.column_stack([shown, one]), hidden) for (shown, hidden), one in zip(known, inside, strict=True)
            ]
            kept[cohort.attribute] = np.where(members, cohort.name, OTHERS)
    return kept, notes


def gives_away(shown: Mask, hidden: Mask, members: Mask, k: int) -> bool:
    """Whether sums over the shown sets and `members` tell of a hidden set, or of few people of a shown one.

    shown, hidden: bool [users, sets]. A set can be computed exactly where its indicator over the users lies in the
    span of all shown indicators; users alike in all of them count as one. Few: a part of a shown set inside or
    outside `members` with fewer than `k` people.
    """
    everybody = np.ones((len(members), 1), bool)
    sets = np.column_stack([everybody, shown, members, hidden])
    alike, size = np.unique(sets, axis=0, return_counts=True)
    known, secret = np.split(alike.T, [shown.shape[1] + 2])  # [sets, kinds of users]
    parts = [part for one in known[:-1] for part in (one & known[-1], one & ~known[-1])]
    wanted = np.array([*(part for part in parts if 0 < size[part].sum() < k), *secret], dtype=np.float64)
    if not wanted.size:
        return False
    span = known.astype(np.float64)
    return bool((np.abs(wanted @ np.linalg.pinv(span) @ span - wanted).max(axis=1) < 1e-9).any())


def words_of(cohort: Cohort) -> Phrase:
    """The cohort's conditions as one phrase."""
    from analysis.fairness.partition import group_label

    said: list[Phrase] = [
        phrase(
            f"cohort.says.{one.operator}",
            column=one.column,
            values=listed(group_label(value) for value in one.values),
        )
        for one in cohort.where
    ]
    joined = said[0]
    for more in said[1:]:
        joined = phrase(f"cohort.join.{cohort.match}", first=joined, second=more)
    return joined


def _indicators(dataset: Dataset, k: int, users: Mask) -> tuple[Mask, Mask]:
    """Groups of each sensitive attribute and of each pair, among `users`: bool [users, sets] shown, and hidden.

    Small groups of whom nobody is among `users` are there, empty; of large ones the figure says so itself.
    """
    from analysis.fairness.disclose import hidden_cells

    columns = {name: dataset.users[name].astype(str).to_numpy() for name in dataset.sensitive}
    sets: dict[tuple[str, str], Mask] = {}
    parts: dict[tuple[str, str], dict[str, str]] = {}
    for name, values in columns.items():
        for value in np.unique(values):
            sets[name, str(value)], parts[name, str(value)] = values == value, {name: str(value)}
    single = list(sets.items())
    for at, ((name, value), one) in enumerate(single):
        for (other, its), two in single[at + 1 :]:
            if other != name and (one & two).any():
                cell = f"{name}*{other}", f"{value} & {its}"
                sets[cell], parts[cell] = one & two, {name: value, other: its}
    sets = {cell: one[users] for cell, one in sets.items() if one[users].any() or one.sum() < k}
    hidden = hidden_cells({cell: int(one.sum()) for cell, one in sets.items()}, parts, k)
    none = np.zeros((int(users.sum()), 0), bool)
    sides = [[one for cell, one in sets.items() if one.any() and (cell in hidden) is side] for side in (False, True)]
    return (np.column_stack(sides[0]) if sides[0] else none), (np.column_stack(sides[1]) if sides[1] else none)


def _joined(cohort: Cohort, masks: Sequence[Mask]) -> Mask:
    return np.logical_and.reduce(masks) if cohort.match == "all" else np.logical_or.reduce(masks)


def _on_rows(dataset: Dataset, condition: Condition) -> Mask:
    """bool [rows of the log], whichever table the column is in."""
    name, log = condition.column, dataset.log
    if name in NOT_CONDITIONS:
        raise Refusal("cohort.no_column", column=name)
    for frame, key in ((dataset.users, "user"), (dataset.items, "item")):
        if name in frame and name not in log:
            held = pd.Series(_holds(frame[name], condition), index=frame.index)
            return np.asarray(log[key].map(held), dtype=bool)
    if name not in log:
        raise Refusal("cohort.no_column", column=name)
    return _holds(log[name], condition)


def _holds(column: pd.Series, condition: Condition) -> Mask:
    """bool, one a value; a missing value meets no condition but `is_not`. Raises Refusal(cohort.unfit)."""
    operator, value = condition.operator, condition.values[0]
    if operator in ("is", "is_not"):
        inside = column.map(_text, na_action="ignore").isin(condition.values).to_numpy(bool)
        return inside if operator == "is" else ~inside
    timed = pd.api.types.is_datetime64_any_dtype(column)
    if timed != (operator in TIMED) or not (timed or pd.api.types.is_numeric_dtype(column)):
        raise Refusal("cohort.unfit", column=condition.column, operator=phrase(f"cohort.operator.{operator}"))
    bound = _moment(value) if timed else float(value)
    return np.asarray(_SIDES[operator](column, bound), dtype=bool)


_SIDES: Mapping[str, Callable[[pd.Series, object], pd.Series]] = {
    "at_least": lambda column, bound: column >= bound,
    "since": lambda column, bound: column >= bound,
    "below": lambda column, bound: column < bound,
    "before": lambda column, bound: column < bound,
}


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    try:
        return not pd.isna(pd.Timestamp(text))
    except ValueError:
        return False


def _moment(text: str) -> pd.Timestamp:
    moment = pd.Timestamp(text)
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")


def _text(value: object) -> str:
    """A value as conditions write it: whole numbers without a point."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
