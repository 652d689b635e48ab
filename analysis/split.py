"""Train, validation and test part of a log."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from words import Refusal

Flags = npt.NDArray[np.bool_]
LEAST_FOR_HOLDOUT = 3
"""Leave-one-out takes a test and a validation row only from users with this many rows."""


class Split(BaseModel):
    """How rows are held out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["rows", "time", "users", "leave-one-out", "randomised"] = "rows"
    """rows: each user's rows at random. time: the last rows of the log. users: all rows of some users.
    leave-one-out: each user's last row (by time, else by order). randomised: the rows whose exposure was random."""
    test: float = Field(0.25, gt=0, lt=1)
    """Share of rows (or users) held out for testing; not used by leave-one-out and randomised."""
    validation: float = Field(0.1, ge=0, lt=1)
    """Share of what is not test, held out for choosing among models and for early stopping."""


def parts(log: pd.DataFrame, split: Split, seed: int) -> pd.Series:
    """ "train", "validation" or "test" for each row of a log with columns user [, time, randomised].

    The same log, split and seed give the same parts. Raises Refusal(data.split_needs) where the log lacks a column.
    """
    needed = {"time": "time", "randomised": "randomised"}.get(split.kind)
    if needed is not None and needed not in log.columns:
        raise Refusal("data.split_needs", column=needed, kind=split.kind)
    rng = np.random.default_rng(seed)
    test, validation = _KINDS[split.kind](log, split, rng)
    result = np.where(test, "test", np.where(validation, "validation", "train"))
    return pd.Series(result, index=log.index, name="part")


def _by_rows(log: pd.DataFrame, split: Split, rng: np.random.Generator) -> tuple[Flags, Flags]:
    test = _share_of_each(log, np.ones(len(log), bool), split.test, rng)
    return test, _share_of_each(log, ~test, split.validation, rng)


def _by_time(log: pd.DataFrame, split: Split, rng: np.random.Generator) -> tuple[Flags, Flags]:
    """Cut at a moment, so no row of the test is older than one of the train part; equal times stay together."""
    time = log["time"].to_numpy()
    test = time > np.sort(time)[max(0, int(np.ceil(len(time) * (1 - split.test))) - 1)]
    rest = np.sort(time[~test])
    if not len(rest) or split.validation == 0:
        return test, np.zeros(len(log), bool)
    return test, ~test & (time > rest[max(0, int(np.ceil(len(rest) * (1 - split.validation))) - 1)])


def _by_users(log: pd.DataFrame, split: Split, rng: np.random.Generator) -> tuple[Flags, Flags]:
    codes, users = pd.factorize(log["user"], sort=True)
    order = rng.permutation(len(users))
    n_test = round(len(users) * split.test)
    n_validation = round((len(users) - n_test) * split.validation)
    place = np.empty(len(users), np.int64)
    place[order] = np.arange(len(users))
    return (place < n_test)[codes], ((place >= n_test) & (place < n_test + n_validation))[codes]


def _last_of_each(log: pd.DataFrame, split: Split, rng: np.random.Generator) -> tuple[Flags, Flags]:
    codes = pd.factorize(log["user"], sort=True)[0]
    when = log["time"].to_numpy() if "time" in log.columns else np.zeros(len(log), np.int64)
    order = np.lexsort((np.arange(len(log)), when, codes))
    size = np.bincount(codes)[codes]
    from_end = np.empty(len(log), np.int64)
    from_end[order] = size[order] - 1 - _place_within(codes[order])
    enough = size >= LEAST_FOR_HOLDOUT
    return enough & (from_end == 0), enough & (from_end == 1) & (split.validation > 0)


def _by_randomisation(log: pd.DataFrame, split: Split, rng: np.random.Generator) -> tuple[Flags, Flags]:
    test = log["randomised"].to_numpy(bool)
    return test, _share_of_each(log, ~test, split.validation, rng)


def _share_of_each(log: pd.DataFrame, among: Flags, share: float, rng: np.random.Generator) -> Flags:
    """A random `share` of each user's rows among those flagged, rounded to whole rows."""
    chosen = np.zeros(len(log), bool)
    rows = np.flatnonzero(among)
    codes = pd.factorize(log["user"].iloc[rows], sort=True)[0]
    order = np.lexsort((rng.random(len(rows)), codes))
    wanted = np.round(np.bincount(codes) * share)[codes] if len(rows) else np.zeros(0)
    chosen[rows[order]] = _place_within(codes[order]) < wanted[order]
    return chosen


def _place_within(sorted_codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, 2 ... within each run of equal codes."""
    if not len(sorted_codes):
        return np.zeros(0, np.int64)
    starts = np.flatnonzero(np.r_[True, sorted_codes[1:] != sorted_codes[:-1]])
    return np.arange(len(sorted_codes)) - np.repeat(starts, np.diff(np.r_[starts, len(sorted_codes)]))


_KINDS = {
    "rows": _by_rows,
    "time": _by_time,
    "users": _by_users,
    "leave-one-out": _last_of_each,
    "randomised": _by_randomisation,
}
