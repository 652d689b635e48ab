"""What the log itself shows of each group: who is shown what, who buys; in the chosen and in the random part.

Every figure is a ratio of sums over users, so that `analysis.fairness` resamples users.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.engine import cells
from analysis.fairness.compressed import permuted_p
from analysis.fairness.infer import (
    InferenceSettings,
    alike,
    by_permutation,
    estimate,
    limits,
    rounding,
    smallest_detectable,
    welch_p,
)
from analysis.fairness.judge import Comparison, Measure, tested
from analysis.fairness.partition import Partition
from analysis.log import Dataset
from words import Fact, Phrase, phrase

MOST_VALUES = 8
"""Categories shown: those with the most rows."""
RANDOM = ".randomised"
"""Ends the name of a figure of the rows whose exposure was random."""
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shown:
    """One value whose share of a user's rows is exposure: a category of item, or the treatment.

    column: its name in the analyst's file. cell: its column in the cells; value: as in the cells.
    """

    column: str
    value: str
    cell: str

    @property
    def name(self) -> str:
        """As in a finding's key."""
        return f"exposure[{self.column}={self.value}]"

    @property
    def flag(self) -> bool:
        """Whether it is the treatment's yes."""
        return self.cell == "treatment" and self.value == "1"


@dataclass(frozen=True)
class Logged:
    """The log in cells [user x category x treatment x randomised] and what is measured on them.

    cells: columns user (code into dataset.users), category, treatment (text), randomised (bool), n, total.
    """

    cells: pd.DataFrame
    users: int
    shown: tuple[Shown, ...]
    has_random: bool
    outcome: str | None
    binary: bool


def logged(dataset: Dataset) -> Logged:
    """One pass over the log."""
    log, roles = dataset.log, dataset.roles
    table = pd.DataFrame({"user": dataset.users.index.get_indexer(pd.Index(log["user"]))})
    by = []
    if "category" in dataset.items:
        table["category"] = log["item"].map(dataset.items["category"]).to_numpy()
        by.append("category")
    for name in ("treatment", "randomised"):
        if name in log.columns:
            table[name] = log[name].astype("str").to_numpy() if name == "treatment" else log[name].to_numpy()
            by.append(name)
    if "outcome" in log.columns:
        table["outcome"] = log["outcome"].to_numpy()
    found = cells(table, by, "outcome" if "outcome" in table else None, unit="user")
    return Logged(
        cells=found,
        users=len(dataset.users),
        shown=(*_values(found, "category", roles.category), *_values(found, "treatment", roles.treatment)),
        has_random="randomised" in found and found["randomised"].nunique() == 2,
        outcome=roles.outcome,
        binary="outcome" in table and bool(table["outcome"].isin((0.0, 1.0)).all()),
    )


def measures(data: Logged) -> list[Measure]:
    """Rows a user, outcome, and every exposure; the last two in the random rows as well where there are any."""
    everything = np.ones(len(data.cells), bool)
    found = [
        Measure(
            name="rows",
            label=phrase("data.figure.rows"),
            unit="rows",
            numerator=_sum(data, everything, "n"),
            denominator=np.ones(data.users),
            method=phrase("data.method.rows"),
        )
    ]
    random = data.cells["randomised"].to_numpy(bool) if data.has_random else ~everything
    for part, suffix in ((~random, ""), (random, RANDOM)):
        if part.any():
            found += _of_part(data, part, suffix)
    return found


def selection(data: Logged, partition: Partition, seed: int, settings: InferenceSettings) -> list[Comparison]:
    """For two groups: the exposure gap in the chosen rows minus that in the random rows, paired by user.

    What is left of a gap when exposure is random is taste of the sample and chance; the difference is what choosing
    (by the user, by the system) made. Interval by resampling users within groups; users without rows in both parts
    are left out. Key ``ATTRIBUTE.exposure[COLUMN=VALUE].selection``; unit percentage points.
    """
    if not data.has_random or len(partition.known) != 2:
        return []
    return [_selection(data, shown, partition, seed, settings) for shown in data.shown]


def _values(found: pd.DataFrame, cell: str, column: str | None) -> list[Shown]:
    """The values with the most rows; of a treatment that is 0 or 1, only 1."""
    if cell not in found.columns or column is None:
        return []
    rows = found.groupby(cell)["n"].sum()
    ordered = sorted((str(value) for value in rows.index if value != ""), key=lambda value: (-rows[value], value))
    if set(ordered) <= {"0", "1"}:
        ordered = ["1"] if "1" in ordered else []
    return [Shown(column, value, cell) for value in ordered[:MOST_VALUES]]


def _of_part(data: Logged, part: npt.NDArray[np.bool_], suffix: str) -> list[Measure]:
    where = _where(data, suffix)
    rows = _sum(data, part, "n")
    found = []
    if data.outcome is not None:
        found.append(
            Measure(
                name=f"outcome{suffix}",
                label=phrase("data.figure.outcome", column=data.outcome, where=where),
                unit="share" if data.binary else "own",
                numerator=_sum(data, part, "total"),
                denominator=rows,
                method=phrase("data.method.outcome", column=data.outcome),
                relative_margin=not data.binary,
                undefined=phrase("data.reason.no_rows_of_part"),
            )
        )
        found += [_given(data, part, suffix, shown) for shown in data.shown if shown.cell == "treatment"]
    for shown in data.shown:
        found.append(
            Measure(
                name=f"{shown.name}{suffix}",
                label=phrase("data.figure.exposure", column=shown.column, value=shown.value, where=where),
                unit="share",
                numerator=_sum(data, part & _is(data, shown), "n"),
                denominator=rows,
                method=phrase("data.method.exposure"),
                undefined=phrase("data.reason.no_rows_of_part"),
            )
        )
    return found


def _given(data: Logged, part: npt.NDArray[np.bool_], suffix: str, shown: Shown) -> Measure:
    """``outcome[COLUMN=VALUE]``: mean outcome of the rows that were exposed in this way."""
    exposed = part & _is(data, shown)
    facts: dict[str, Fact] = {"outcome": str(data.outcome), "column": shown.column, "value": shown.value}
    return Measure(
        name=f"outcome[{shown.column}={shown.value}]{suffix}",
        label=phrase("figures.log.given", **facts, where=_where(data, suffix)),
        unit="share" if data.binary else "own",
        numerator=_sum(data, exposed, "total"),
        denominator=_sum(data, exposed, "n"),
        method=phrase("figures.log.given_what", **facts),
        relative_margin=not data.binary,
        pairs=False,
        undefined=phrase("data.reason.no_rows_of_part"),
    )


def _where(data: Logged, suffix: str) -> Phrase:
    if not data.has_random:
        return phrase("data.where.all")
    return phrase("data.where.random" if suffix else "data.where.chosen")


def _is(data: Logged, shown: Shown) -> npt.NDArray[np.bool_]:
    return (data.cells[shown.cell].astype("str") == shown.value).to_numpy(bool)


def _sum(data: Logged, part: npt.NDArray[np.bool_], column: str) -> Array:
    """Sum over the cells of each user, float64 [users]."""
    rows = data.cells[part]
    sums = np.bincount(rows["user"].to_numpy(), rows[column].to_numpy(np.float64), minlength=data.users)
    return sums.astype(np.float64)


def _selection(data: Logged, shown: Shown, partition: Partition, seed: int, settings: InferenceSettings) -> Comparison:
    random = data.cells["randomised"].to_numpy(bool)
    rows = np.column_stack([_sum(data, ~random, "n"), _sum(data, random, "n")])
    both = (rows > 0).all(axis=1, keepdims=True)
    is_shown = _is(data, shown)
    top = np.column_stack([_sum(data, part & is_shown, "n") for part in (~random, random)])
    rows, top = np.where(both, rows, 0.0), np.where(both, top, 0.0)
    key = f"{partition.attribute}.{shown.name}.selection"
    rng = np.random.default_rng([seed, zlib.crc32(key.encode())])
    found = estimate(top, rows, partition.code, len(partition.names), settings.replicates, rng)
    a, b = partition.known
    blank = _blank(key, shown, partition, (a, b), found.n, seed, settings)
    if min(found.n[a], found.n[b]) < 2:
        return blank
    signed = found.value[:, 0] - found.value[:, 1]  # [groups], chosen minus random
    replicate = found.replicate[:, :, 0] - found.replicate[:, :, 1]
    error = np.array([paired_error(top, rows, partition.code == group) for group in (a, b)])
    n = found.n[[a, b]]
    difference = float(signed[a] - signed[b])
    if not error.any() and alike(signed[[a, b]], 1.0):
        return replace(blank, reason=phrase("fairness.reason.constant"))
    gap = replace(blank, value=difference, reason=phrase("fairness.reason.no_spread_within"))
    if error.all():  # resamples of a group that is all alike would show none of its doubt
        ends = limits(replicate[:, a] - replicate[:, b], error, n, settings.level)
        gap = replace(gap, limits=ends, smallest=smallest_detectable(error, settings.level), reason=None)
    if not by_permutation(n, error == 0):
        return tested(gap, welch_p(difference, error, n))
    return tested(
        gap, selection_p(top, rows, partition.code, (a, b), settings.permutations, rng), settings.permutations
    )


def selection_p(
    top: Array,
    rows: Array,
    code: npt.NDArray[np.intp],
    pair: tuple[int, int],
    permutations: int,
    rng: np.random.Generator,
) -> float:
    """p by dealing the users of two groups out: difference of means of what each adds to the paired difference of
    ratios of all (linearised there, so that any labelling is judged alike)."""
    counts = (rows[:, 0] > 0) & np.isin(code, pair)
    total, own = rows[counts].sum(0), top[counts].sum(0)
    added = ((top - own / total * rows) / total) @ np.array([1.0, -1.0])
    place = np.select([code == pair[0], code == pair[1]], [0, 1], -1).astype(np.intp)
    ones = np.ones((len(added), 1))
    return float(permuted_p(added[:, None], ones, place, permutations, rng, counts)[0])


def paired_error(top: Array, rows: Array, members: npt.NDArray[np.bool_]) -> float:
    """Linearised standard error of the difference of two ratios of sums over the same users; 0 where all add alike."""
    own_top, own_rows = top[members & (rows[:, 0] > 0)], rows[members & (rows[:, 0] > 0)]
    ratio = own_top.sum(0) / own_rows.sum(0)
    residual = ((own_top - ratio * own_rows) / own_rows.sum(0)) @ np.array([1.0, -1.0])
    n = len(residual)
    if np.abs(residual).max() <= (rounding(own_top, ratio, own_rows) / own_rows.sum(0)).sum():
        return 0.0
    return float(np.sqrt((residual**2).sum() * n / (n - 1)))


def _blank(
    key: str,
    shown: Shown,
    partition: Partition,
    pair: tuple[int, int],
    n: Sequence[int] | npt.NDArray[np.int64],
    seed: int,
    settings: InferenceSettings,
) -> Comparison:
    facts: dict[str, Fact] = {"column": shown.column, "value": shown.value, "attribute": partition.attribute}
    first, second = (partition.label(group) for group in pair)
    return Comparison(
        key=key,
        label=phrase("data.figure.selection", **facts, first=first, second=second),
        unit="points",
        n=int(n[pair[0]] + n[pair[1]]),
        method=phrase("data.method.selection", replicates=settings.replicates),
        groups={partition.names[group]: int(n[group]) for group in pair},
        settings={"attribute": partition.attribute, "figure": shown.name},
        seed=seed,
        reason=phrase("data.reason.no_rows_of_part"),
        level=settings.level,
    )
