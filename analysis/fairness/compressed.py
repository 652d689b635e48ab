"""Large logs in a few numbers: users of like value stand in one cell, and cells are resampled and shuffled for them.

For a figure theta = sum(numerator) / sum(denominator), b is a user's denominator and r = numerator - centre * b, with
`centre` the figure over all users. The users of one group fall into CELLS cells of equal width in r. A bootstrap sample
of a group is a multinomial draw of its cells; what varies inside a cell is added as a normal draw of its covariance, so
mean, variance and, up to what is inside a cell, skewness are those of resampling users. Where each cell holds one
value (rates, counts of hits) the two are the same distribution. The cost grows with groups and cells, not with users.

Letters: strata or groups G, cells D, replicates B, permutations P.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.fairness.infer import largest_t, permutation_p
from analysis.fairness.judge import Measure
from analysis.fairness.partition import Partition

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

CELLS = 32
COMPRESS_FROM = 2000
"""Groups of at least so many users are resampled by cells; smaller ones user by user."""
SHUFFLE_FROM = 20_000
"""Attributes of at least so many users are shuffled by cells."""
EXPECTED = 50
"""A cell of which the smallest group would get fewer users than this by chance is dealt out exactly (hypergeometric);
others by their normal limit."""
MOST_STRATA = 4096
"""Attributes crossing in more ways than this are compressed one by one."""
SAME = 1e-14
"""Share of the sum of squares under which the values of a group are one value, where it has few users."""

COUNT, R, B, RR, RB, BB = range(6)
"""Places in the last axis of `Table.sums`."""


@dataclass(frozen=True)
class Table:
    """One figure's users by group and cell.

    centre: the figure over all users. sums: float64 [G, D, 6], over the users of each cell: how many, and the sums of
    r, b, r^2, r b, b^2.
    """

    centre: float
    sums: Array

    def grouped(self, of: Codes, groups: int) -> Table:
        """The table of coarser groups: row s joins group of[s]."""
        return Table(self.centre, np.stack([self.sums[of == group].sum(axis=0) for group in range(groups)]))

    def chosen(self, groups: Sequence[int]) -> Table:
        """The table of some of its groups, in the order given."""
        return Table(self.centre, self.sums[list(groups)])


@dataclass(frozen=True)
class Compressed:
    """Every figure over the strata in which all attributes cross, read from the users once.

    tables: figure -> Table [strata]. joins: attribute -> group of each stratum.
    """

    tables: Mapping[str, Table]
    joins: Mapping[str, Codes]

    def table(self, measure: Measure, partition: Partition) -> Table:
        """The figure by the groups of `partition`."""
        return self.tables[measure.name].grouped(self.joins[partition.attribute], len(partition.names))

    def holds(self, partition: Partition) -> bool:
        """Whether `partition` is one of those compressed."""
        return partition.attribute in self.joins


def compress(measures: Collection[Measure], partitions: Sequence[Partition]) -> Compressed:
    """One pass over the users for each figure, whatever the number of partitions.

    Only the partitions that together cross in at most MOST_STRATA ways are taken, in the order given.
    """
    code, joins = strata(partitions)
    groups = int(code.max(initial=-1)) + 1
    tables = {one.name: table(one.numerator, one.denominator, code, groups) for one in measures}
    return Compressed(tables, joins)


def strata(partitions: Sequence[Partition]) -> tuple[Codes, dict[str, Codes]]:
    """[users]: the stratum of each user; attribute -> group of each stratum."""
    code = np.zeros(len(partitions[0].code), np.intp)
    joins: dict[str, Codes] = {}
    for group in partitions:
        finer, first = pd.factorize(code * len(group.names) + group.code)
        if len(first) <= MOST_STRATA:
            joins = {name: of[first // len(group.names)] for name, of in joins.items()}
            joins[group.attribute] = (first % len(group.names)).astype(np.intp)
            code = finer.astype(np.intp)
    return code, joins


def table(numerator: Array, denominator: Array, code: Codes, groups: int, counts: Mask | None = None) -> Table:
    """Sums by group and cell of the users that count; numerator, denominator: float64 [users].

    counts: bool [users]; None: those whose denominator is above 0.
    """
    counts = denominator > 0 if counts is None else counts
    if not counts.all():
        numerator, denominator, code = numerator[counts], denominator[counts], code[counts]
    total = float(denominator.sum())
    centre = float(numerator.sum()) / total if total > 0 else 0.0
    r = numerator - centre * denominator
    place = code * CELLS + _cells(r)

    def summed(values: Array | None) -> Array:
        return np.bincount(place, values, minlength=groups * CELLS).reshape(groups, CELLS).astype(np.float64)

    count, by_r, squares = summed(None), summed(r), summed(r * r)
    if (denominator == 1).all():
        return Table(centre, np.stack([count, by_r, count, squares, by_r, count], axis=2))
    others = (summed(values) for values in (r * denominator, denominator * denominator))
    return Table(centre, np.stack([count, by_r, summed(denominator), squares, *others], axis=2))


def moments(of: Table) -> tuple[Array, Array, npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Value, linearised standard error (divisor n - 1), whether nothing varies, and users: each [G]."""
    count, r, b, rr, rb, bb = np.moveaxis(of.sums.sum(axis=1), 1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        beyond = r / b
        value = of.centre + beyond
        left = np.maximum(rr - 2 * beyond * rb + beyond**2 * bb, 0.0)
        rounding = np.maximum(SAME, np.finfo(float).eps * count)  # of sums over that many users
        constant = ~(left > rounding * (rr + value**2 * bb))
        error = np.where(constant, 0.0, np.sqrt(left * count / (count - 1)) / b)
    return value, np.where(count > 1, error, np.nan), constant, count.astype(np.int64)


def bootstrap(of: Table, group: int, replicates: int, rng: np.random.Generator) -> Array:
    """The figure of one group in resampled users, float64 [B]."""
    sums = of.sums[group]
    sums = sums[sums[:, COUNT] > 0]
    count = sums[:, COUNT]
    drawn = rng.multinomial(round(count.sum()), count / count.sum(), size=replicates).astype(np.float64)  # [B, D]
    mean, spread = _inside(sums)
    r, b = (drawn @ mean).T
    rr, rb, bb = (drawn @ spread).T  # covariance of what is inside the cells drawn
    beside = np.sqrt(rr) * rng.standard_normal(replicates)
    slope = np.divide(rb, rr, out=np.zeros_like(rr), where=rr > 0)
    b = b + slope * beside + np.sqrt(np.maximum(bb - slope * rb, 0.0)) * rng.standard_normal(replicates)
    return np.asarray(of.centre + (r + beside) / b, dtype=np.float64)


def shuffled_p(of: Table, permutations: int, rng: np.random.Generator) -> float:
    """p that no two groups of the table differ: `infer.permutation_p` with users dealt out cell by cell."""
    size = of.sums[:, :, COUNT].sum(axis=1)
    observed = largest_t(of.sums[:, :, 1:].sum(axis=1)[None], size)[0]
    whole = of.sums.sum(axis=0)
    whole = whole[whole[:, COUNT] > 0]  # [D, 6]
    dealt = deal(whole[:, COUNT], size, permutations, rng)  # [P, G, D]
    sums = dealt @ (whole[:, 1:] / whole[:, [COUNT]])  # [P, G, 5]
    inside = np.sqrt(dealt @ _inside(whole)[1][:, 0]) * rng.standard_normal(dealt.shape[:2])
    sums[:, :, 0] += inside - size / size.sum() * inside.sum(axis=1, keepdims=True)
    at_least = int((largest_t(sums, size) >= observed * (1 - 1e-9)).sum())
    return (1 + at_least) / (1 + permutations)


def permuted_p(
    numerator: Array,
    denominator: Array,
    code: Codes,
    permutations: int,
    rng: np.random.Generator,
    counts: Mask,
) -> Array:
    """p [F] that two groups (code 0 and 1; -1: neither) do not differ; large ones by cells, as a verdict board has it.

    numerator, denominator: float64 [users, F]; counts: bool [users], who counts in all F.
    """
    taken = counts & (code >= 0)
    if taken.sum() < SHUFFLE_FROM:
        return permutation_p(numerator, denominator, code, 2, permutations, rng, counts)
    tables = (table(top, bottom, code, 2, taken) for top, bottom in zip(numerator.T, denominator.T, strict=True))
    return np.array([shuffled_p(one, permutations, rng) for one in tables])


def deal(count: Array, size: Array, times: int, rng: np.random.Generator) -> Array:
    """[times, G, D]: users of each cell (counts [D]) that fall to each group (sizes [G]) when users are shuffled."""
    dealt = np.zeros((times, len(size), len(count)))
    room = np.tile(size.astype(np.int64), (times, 1))
    rare = count * size.min() / size.sum() < EXPECTED
    for cell in np.flatnonzero(rare):
        left = np.full(times, int(count[cell]))
        for group in range(len(size) - 1):
            taken = rng.hypergeometric(room[:, group], room[:, group + 1 :].sum(axis=1), left)
            dealt[:, group, cell] = taken
            left -= taken
        dealt[:, -1, cell] = left
        room -= dealt[:, :, cell].astype(np.int64)
    if not rare.all():
        dealt[:, :, ~rare] = _normal_deal(count[~rare], room.astype(np.float64), rng)
    return dealt


def _normal_deal(count: Array, room: Array, rng: np.random.Generator) -> Array:
    """The normal limit of dealing cells out to groups with `room` [P, G]: same means and covariances, sums kept."""
    total = count.sum()
    p, q = np.sqrt(room / total)[:, :, None], np.sqrt(count / total)  # unit vectors over groups, over cells
    z = rng.standard_normal((len(room), room.shape[1], len(count)))
    z -= p * (p * z).sum(axis=1, keepdims=True)
    z -= (z @ q)[:, :, None] * q
    return np.asarray(room[:, :, None] * (count / total) + total / np.sqrt(max(total - 1, 1)) * p * q * z)


def _cells(r: Array) -> Codes:
    """[users]: cell of each value, CELLS of equal width over their range."""
    if not r.size:
        return np.zeros(0, np.intp)
    low, high = float(r.min()), float(r.max())
    width = (high - low) / CELLS
    if not width > 0:
        return np.zeros(len(r), np.intp)
    return np.minimum((r - low) / width, CELLS - 1).astype(np.intp)


def _inside(sums: Array) -> tuple[Array, Array]:
    """Means (r, b) [D, 2] of each cell and covariances (rr, rb, bb) [D, 3] inside it; rounding of 0 is 0."""
    mean = sums[:, [R, B]] / sums[:, [COUNT]]
    square = sums[:, [RR, RB, BB]] / sums[:, [COUNT]]
    spread = square - np.column_stack([mean[:, 0] ** 2, mean[:, 0] * mean[:, 1], mean[:, 1] ** 2])
    rounding = 1e-12 * np.sqrt(
        np.abs(np.column_stack([square[:, 0] ** 2, square[:, 0] * square[:, 2], square[:, 2] ** 2]))
    )
    spread = np.where(np.abs(spread) > rounding, spread, 0.0)
    return mean, np.column_stack([np.maximum(spread[:, 0], 0), spread[:, 1], np.maximum(spread[:, 2], 0)])
