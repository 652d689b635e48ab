"""What conditions tell of a column, taken out of it: means within strata of categories, splines of numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.causal.encoded import Encoded, constant_within
from analysis.causal.strata import Codes, Marks, Numbers, dense

PIECES = 5
"""Pieces of the cubic spline of a number, each with the same share of rows."""
POWER = 4
"""Highest power of either number in the products of two: a sum of two skewed columns, read by its rank, bends so far
(with 3, 11% of linear graphs of two such causes failed at 5%)."""
USERS_A_TERM = 10
"""Users (of equal weight) that each term of a regression needs."""
MOST_TERMS = 120
MOST_MARKS = 12
"""Categories of a condition that change the slope of a number, at most."""
TINY = 1e-8
"""Share of a unit variance under which a direction counts as none."""


@dataclass(frozen=True)
class Free:
    """Columns freed of the conditions, on rows that have others to compare with.

    kept: bool [rows]. left: one float64 [kept, d] each. inflation: float64 [kept], at least 1: by how much the
    freed columns' products are too small for having been freed with means and slopes from the same rows.
    """

    kept: Marks
    left: list[Numbers]
    inflation: Numbers


def taken_out(conditions: Sequence[Encoded], rows: Codes, cluster: Codes, left: Sequence[Numbers]) -> Free | None:
    """`left` [rows, d] freed of what the conditions tell of it; None where there are too few users for that.

    cluster: [rows] dense codes of users. Rows in a stratum of one user alone are left out.
    """
    categories = [each for each in conditions if each.scores is None]
    numbers = [each.scores[rows] for each in conditions if each.scores is not None]
    stratum = _crossed(categories, rows)
    alike = users_alike(stratum, cluster)
    kept = alike[stratum] > 1
    if not kept.any():
        return None
    stratum, cluster = closed(stratum[kept]), closed(cluster[kept])
    users = users_alike(np.zeros(len(cluster), np.int64), cluster)[0]
    freed = [_centred(each[kept], stratum) for each in left]
    shrunk = np.maximum(users_alike(stratum, cluster), 2.0)[stratum]
    inflation = np.sqrt(shrunk / (shrunk - 1))
    if numbers:
        terms = curves([each[kept] for each in numbers], [closed(each.codes[rows][kept]) for each in categories], users)
        if terms is None:
            return None
        straight = whitened(_centred(terms, stratum))
        freed = [each - straight @ (straight.T @ each) / len(each) for each in freed]
        each_user = all(constant_within(codes, cluster) for codes in _codes(conditions, rows[kept]))
        worth = users if each_user else float(len(cluster))
        inflation = inflation * np.sqrt(worth / (worth - straight.shape[1]))
    return Free(kept, freed, inflation)


def whitened(columns: Numbers) -> Numbers:
    """Directions of `columns` [n, d] that vary, each of mean square 1 and uncorrelated with the others: [n, rank]."""
    variance, turn = np.linalg.eigh(columns.T @ columns / max(1, len(columns)))
    varies = variance > TINY
    return np.asarray(columns @ (turn[:, varies] / np.sqrt(variance[varies])))


def equal_clusters(size: Numbers) -> Numbers:
    """How many clusters of equal size carry as much as clusters of these sizes [..., g]: (sum n)^2 / sum n^2."""
    squares = np.asarray((size**2).sum(axis=-1))
    return np.divide(size.sum(axis=-1) ** 2, squares, out=np.zeros(squares.shape), where=squares > 0)


def _codes(conditions: Sequence[Encoded], rows: Codes) -> list[Codes]:
    """The values of the numbers among the conditions."""
    return [each.codes[rows] for each in conditions if each.scores is not None]


def _crossed(categories: Sequence[Encoded], rows: Codes) -> Codes:
    """Dense codes of the combinations of categories that occur."""
    stratum = np.zeros(len(rows), np.int64)
    for each in categories:
        stratum = closed(stratum * each.levels + each.codes[rows])
    return stratum


def users_alike(stratum: Codes, cluster: Codes) -> Numbers:
    """Users of equal weight in each stratum; float64 [strata], 1 where one user is alone."""
    users = int(cluster.max(initial=0)) + 1
    pair, size = np.unique(stratum * users + cluster, return_counts=True)
    of, squares = pair // users, size.astype(float) ** 2
    return np.asarray(np.bincount(of, size) ** 2 / np.bincount(of, squares), dtype=float)


def _centred(columns: Numbers, stratum: Codes) -> Numbers:
    """Columns [n, d] less their means within strata."""
    size = np.bincount(stratum)
    means = np.stack([np.bincount(stratum, column) / size for column in columns.T], axis=1)
    return np.asarray(columns - means[stratum])


def curves(numbers: list[Numbers], categories: list[Codes], users: float) -> Numbers | None:
    """Regression terms [n, K] of normal scores: splines, then products of two numbers, then slopes by category.

    As many as users allow; None where they allow no spline.
    """
    most = min(MOST_TERMS, int(users / USERS_A_TERM))
    pieces = min(PIECES, most // len(numbers) - 2)
    if pieces < 2:
        return None
    terms = [_spline(each, pieces) for each in numbers]
    pairs = list(itertools.combinations(numbers, 2))
    power = min(POWER, math.isqrt((most - len(numbers) * (pieces + 2)) // max(1, len(pairs))))
    further = [_products(one, other, power) for one, other in pairs if power]
    further += [_slopes(each, codes) for codes in categories for each in numbers]
    for block in further:
        if sum(each.shape[1] for each in terms) + block.shape[1] <= most:
            terms.append(block)
    return np.hstack(terms)


def _spline(scores: Numbers, pieces: int) -> Numbers:
    """Cubic B-splines of the scores, knots at equal shares of the rows: float64 [n, pieces + 2]; fewer where rows tie.

    Of the scores, not of the ranks: against a rank every line of a column with tails runs off at the ends, where no
    cubic follows it (linear graphs of exponential or Student's columns then failed in 30% to 99% of logs).
    """
    from scipy.interpolate import BSpline

    inner = np.unique(np.quantile(scores, np.linspace(0, 1, pieces + 1)))
    if len(inner) == 1:
        return np.zeros((len(scores), 1))
    knots = np.concatenate([np.repeat(inner[0], 3), inner, np.repeat(inner[-1], 3)])
    return np.asarray(BSpline.design_matrix(scores, knots, 3).toarray()[:, 1:])


def _products(one: Numbers, other: Numbers, power: int) -> Numbers:
    left, right = (np.cumprod(np.tile(each, (power, 1)), axis=0) for each in (one, other))  # [power, n]
    return np.asarray((left[:, None] * right).reshape(power**2, len(one)).T)


def _slopes(scores: Numbers, codes: Codes) -> Numbers:
    marks = codes[:, None] == np.arange(min(int(codes.max()) + 1, MOST_MARKS))
    return np.hstack([marks * scores[:, None], marks * scores[:, None] ** 2])


def closed(codes: Codes) -> Codes:
    """The codes renumbered without gaps."""
    return dense(codes, int(codes.max(initial=0)) + 1)[1]
