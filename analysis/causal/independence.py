"""Are two columns of a log unrelated among rows that are alike in others? A test for categories and numbers.

The generalised covariance measure of Shah & Peters (2020, Annals of Statistics 48): what the conditions tell of either
column is taken out (means within strata of the categories, regression on splines of the numbers), and what is left of
the two must not go together. With categories alone this is the Cochran-Mantel-Haenszel family of tests. The sum of the
squared left-over correlations is judged as Rao & Scott (1984, Annals of Statistics 12) judge tables from surveys: by
its mean and variance under rows that cluster by user and by item (Cameron, Gelbach & Miller 2011), against F.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal.encoded import MOST_LEVELS, Columns, Encoded, constant_within
from analysis.causal.strata import Codes, Numbers
from analysis.causal.terms import closed, equal_clusters, taken_out, whitened

LEAST = 20.0
"""Users (or items) of equal weight under which nothing is tested."""
POWER = 0.8
LEVEL = 0.05

Unit = Literal["users", "items", "rows"]


@dataclass(frozen=True)
class Independence:
    """What the data say of a claim that two columns are unrelated given others.

    strength   association that is left, 0 (none) to 1 (either column tells the other): the root of the mean squared
               left-over canonical correlation, less what chance alone brings (for two yes/no columns and no
               conditions, Cramer's V so corrected; for two numbers about the size of their partial correlation)
    p          that as much is left where the claim holds; in (0, 1]
    detectable strength that would have been found (p < 0.05) with 80% probability
    n, unit    rows, users or items tested: users where every column belongs to the user, items likewise
    people     users in those rows
    """

    strength: float
    p: float
    detectable: float
    n: int
    unit: Unit
    people: int


Untested = Literal["few", "constant", "unlike"]
"""few: too few users or items (or too few that are alike). constant: a column does not vary. unlike: it does not vary
among rows that are alike in the conditions."""


def independence(columns: Columns, a: str, b: str, given: Sequence[str] = ()) -> Independence | Untested:
    """Test that columns `a` and `b` are unrelated once `given` is known, on rows where all are known."""
    one, other, conditions = columns[a], columns[b], [columns[name] for name in given]
    rows, unit = _rows(columns, [one, other, *conditions])
    user = np.arange(len(rows), dtype=np.int64) if unit == "items" else closed(columns.user[rows])
    if not len(rows) or _effective(user) < LEAST:
        return "few"
    left = [_basis(each, rows) for each in (one, other)]
    if not all(each.shape[1] for each in left):
        return "constant"
    free = taken_out(conditions, rows, user, left)
    if free is None:
        return "few"
    rows = rows[free.kept]
    clusters = _clusters(columns, rows, unit)
    if min(map(_effective, clusters)) < LEAST:
        return "few"
    one_left, other_left = whitened(free.left[0]), whitened(free.left[1])
    if not (one_left.shape[1] and other_left.shape[1]):
        return "unlike"
    squared, spread, own = _left_over(one_left, other_left, free.inflation, clusters)
    most = len(rows) * min(one_left.shape[1], other_left.shape[1])
    return _judged(squared, spread, own, most, (len(rows), unit, len(np.unique(columns.user[rows]))))


def _rows(columns: Columns, encoded: Sequence[Encoded]) -> tuple[Codes, Unit]:
    """Rows where all is known; one a user (or an item) where all columns belong to the user (or the item).

    Counting a user once keeps the users' habits out: over rows, two traits of theirs would seem related where both
    make them more active.
    """
    rows = np.flatnonzero(np.logical_and.reduce([each.known for each in encoded]))
    units: tuple[tuple[Unit, Codes | None], ...] = (("users", columns.user), ("items", columns.item))
    for unit, cluster in units:
        if cluster is not None and all(constant_within(each.codes[rows], cluster[rows]) for each in encoded):
            return rows[np.unique(cluster[rows], return_index=True)[1]], unit
    return rows, "rows"


def _clusters(columns: Columns, rows: Codes, unit: Unit) -> list[Codes]:
    """Dense codes of users, and of items and of both together where rows cluster by item too."""
    if unit != "rows":
        return [np.arange(len(rows), dtype=np.int64)]
    user = closed(columns.user[rows])
    if columns.item is None or np.ptp(columns.item[rows]) == 0:
        return [user]
    item = closed(columns.item[rows])
    return [user, item, closed(user * (int(item.max()) + 1) + item)]


def _effective(cluster: Codes) -> float:
    return float(equal_clusters(np.bincount(cluster).astype(float))) if len(cluster) else 0.0


def _basis(column: Encoded, rows: Codes) -> Numbers:
    """float64 [n, d]: one mark a category but the most frequent; for a number its normal score and the square."""
    if column.scores is not None:
        scores = column.scores[rows]
        return np.stack([scores, scores**2], axis=1) if np.ptp(scores) else np.empty((len(rows), 0))
    codes, count = np.unique(column.codes[rows], return_inverse=True, return_counts=True)[1:]
    place = np.empty(len(count), np.int64)
    place[np.argsort(-count, kind="stable")] = np.minimum(np.arange(len(count)), MOST_LEVELS - 1)
    marks = place[codes]
    return np.asarray(marks[:, None] == np.arange(1, int(marks.max()) + 1), dtype=float)


def _left_over(one: Numbers, other: Numbers, inflation: Numbers, clusters: list[Codes]) -> tuple[float, Numbers, float]:
    """n times the sum of squared correlations of whitened columns [n, p], [n, q], and its spread [pq, pq].

    The spread is the covariance of the p q sums of products over root n, rows of one cluster moving together: by user,
    plus by item, less what was counted twice; or by either alone, where that is more (MacKinnon, Nielsen & Webb 2024).
    It is more where most users took the same items, each once: the sums by item then leave out what the sums by both
    hold, and a trait of users would seem to go with a trait of items that it has nothing to do with.
    """
    import scipy.sparse as sp

    n = len(one)
    spreads, owns = [], []
    for cluster in clusters:
        groups = int(cluster.max()) + 1
        member = sp.csr_matrix((inflation, (cluster, np.arange(n))), shape=(groups, n))
        sums = np.hstack([np.asarray(member @ (one[:, [i]] * other)) for i in range(one.shape[1])])  # [groups, p q]
        spreads.append(groups / (groups - 1) * (sums.T @ sums) / n)
        owns.append(float(((sums**2).sum(axis=1) ** 2).sum()) / n**2)
    if len(clusters) > 1:
        by_user, by_item, by_both = spreads
        spreads = [by_user + by_item - by_both, by_user, by_item]
        owns = [owns[0] + owns[1] - owns[2], owns[0], owns[1]]
    widest = int(np.argmax([np.trace(each) for each in spreads]))
    return float(((one.T @ other) ** 2).sum()) / n, spreads[widest], owns[widest]


def _judged(squared: float, spread: Numbers, own: float, most: int, size: tuple[int, Unit, int]) -> Independence:
    from scipy.special import chdtrc, chdtri, chndtrinc

    chance, second = float(np.trace(spread)), float((spread**2).sum())
    if chance <= 0:  # nothing is left to go together: every product is 0
        return Independence(0.0, 1.0, 0.0, *size)
    second = max(second - own, chance**2 / len(spread))
    degrees = max(1.0, chance**2 / second)
    second = chance**2 / degrees
    shift = chndtrinc(chdtri(degrees, LEVEL), degrees, 1 - POWER)  # the non-centrality that is found so often
    return Independence(
        strength=float(np.sqrt(min(1.0, max(0.0, squared - chance) / most))),
        p=max(float(chdtrc(degrees, squared * chance / second)), float(np.finfo(float).tiny)),
        detectable=float(np.sqrt(min(1.0, shift * second / chance / most))),
        n=size[0],
        unit=size[1],
        people=size[2],
    )
