"""One test of conditional independence for categories and numbers alike, on rows that come in users."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.causal.discovery.columns import Codes, Columns, Numbers

MOST_STRATA = 5
"""Rows that a stratum must have on average for categories to be crossed; with fewer each enters on its own."""
USERS_A_TERM = 5
"""Users that each term of the statistic needs; with fewer the test says nothing."""
NOTHING_LEFT = 1e-9
"""Size of a term (columns have variance 1 or levels 0/1) under which the columns held fixed determine x or y."""
MOST_OUTER = 4_000_000
"""Numbers of one array of outer products; larger ones are made one resample at a time."""
NO_ANSWER = 0.0
"""Stands for a test that cannot be made: it never counts as independence."""


class Independence:
    """x independent of y given S, for the data and for every resample of users.

    The statistic is the covariance of what S leaves unexplained of x and of y, summed by user: with one term (two
    numbers, or yes/no) its square over the sum of squares of the users' sums; else the quadratic form in the inverse
    of their matrix. Divided by the number of users it follows Beta(terms / 2, (users - terms) / 2). This is the
    generalised covariance measure (Shah & Peters 2020) with users as clusters; with categories held fixed it is the
    generalised Cochran-Mantel-Haenszel test. Numbers enter as normal scores of their ranks (Harris & Drton 2013).

    It sees associations that on average over S go one way; not those that cancel (exclusive or). Rows with a missing
    value in x, y or S are left out of that test alone. A resample weighs the same users' sums; as covariances are
    insensitive to first order to how S was accounted for, that is not fitted again.
    """

    def __init__(self, columns: Columns, weights: npt.NDArray[np.int64]) -> None:
        """weights [resamples, users]: how often each user was drawn; a row of ones is the data itself."""
        self.columns = columns
        self.weights = weights.astype(float)
        self._blocks = [_block(column.kind, column.values, column.levels) for column in columns.columns]
        self._known = [np.isfinite(column.values) for column in columns.columns]
        self._found: dict[tuple[int, int, tuple[int, ...]], Numbers] = {}

    def p_values(self, x: int, y: int, given: tuple[int, ...]) -> Numbers:
        """p of each resample, float64 [resamples] in 0..1; 0 where no test can be made (S determines x or y, or too
        few users): such a set never separates."""
        key = (min(x, y), max(x, y), tuple(sorted(given)))
        if key not in self._found:
            self._found[key] = self._test(*key)
        return self._found[key]

    def _test(self, x: int, y: int, given: tuple[int, ...]) -> Numbers:
        known = np.logical_and.reduce([self._known[one] for one in (x, y, *given)])
        rows: slice | Codes = slice(None) if known.all() else np.flatnonzero(known)
        user = self.columns.user[rows]
        if not len(user):
            return np.full(len(self.weights), NO_ANSWER)
        unexplained = self._given(given, rows)
        left, right = unexplained(self._blocks[x][:, rows]), unexplained(self._blocks[y][:, rows])
        starts = np.flatnonzero(np.r_[True, np.diff(user) > 0])
        sums = [np.add.reduceat(one * right, starts, axis=1) for one in left]  # each [terms of y, users]
        return _judged(np.concatenate(sums).T, self.weights[:, user[starts]])

    def _given(self, given: tuple[int, ...], rows: slice | Codes) -> _Given:
        columns = self.columns.columns
        codes = [columns[one].values[rows].astype(np.int64) for one in given if columns[one].kind == "categories"]
        numbers = [self._blocks[one][:, rows] for one in given if columns[one].kind == "number"]
        return _Given(codes, numbers)


class _Given:
    """Takes out of a block what the columns held fixed explain: means of strata, and a line in each number."""

    def __init__(self, codes: list[Codes], numbers: list[Numbers]) -> None:
        """codes [rows] of categories, numbers [1, rows]."""
        self.strata = _crossed(codes) if codes else None
        if self.strata is not None and len(self.strata) < MOST_STRATA * (self.strata.max() + 1):
            numbers = [*numbers, *(_levels(one, int(one.max()) + 1) for one in codes)]
            self.strata = None
        self.lines = self._within(np.concatenate(numbers)) if numbers else None

    def __call__(self, block: Numbers) -> Numbers:
        """What is left of the block, [terms, rows]; next to 0 where it is determined."""
        left = self._within(block)
        if self.lines is None:
            return left
        slopes = np.linalg.lstsq(self.lines @ self.lines.T, self.lines @ left.T, rcond=None)[0]
        return left - slopes.T @ self.lines

    def _within(self, block: Numbers) -> Numbers:
        if self.strata is None:
            return block - block.mean(axis=1, keepdims=True)
        size = np.bincount(self.strata)
        means = [np.bincount(self.strata, term) / size for term in block]
        return np.stack([term - mean[self.strata] for term, mean in zip(block, means, strict=True)])


def _judged(sums: Numbers, weights: Numbers) -> Numbers:
    """p [resamples] of users' sums [users, terms] under weights [resamples, users]; a user drawn twice is one user
    that counts twice, so that the level holds in resamples too."""
    from scipy.special import betaincc

    scale = np.sqrt((sums**2).mean(axis=0))
    sums = sums[:, scale > NOTHING_LEFT] / scale[scale > NOTHING_LEFT]
    terms = sums.shape[1]
    drawn = (weights > 0).sum(axis=1)
    if terms == 0 or drawn.min() < USERS_A_TERM * terms:
        return np.full(len(weights), NO_ANSWER)
    sizes, axes = np.linalg.eigh(_spreads(sums, weights**2))  # [resamples, terms], [resamples, terms, terms]
    kept = sizes > 1e-10 * sizes[:, -1:]
    along = np.einsum("bt,bta->ba", weights @ sums, axes)
    share = np.where(kept, along**2 / np.where(kept, sizes, 1.0), 0.0).sum(axis=1) / drawn
    rank = kept.sum(axis=1)
    return np.asarray(betaincc(rank / 2, (drawn - rank) / 2, np.minimum(share, 1.0)))


def _spreads(sums: Numbers, squared: Numbers) -> Numbers:
    """Sum over users of squared weight x outer product of the user's sums, [resamples, terms, terms]."""
    users, terms = sums.shape
    if users * terms**2 <= MOST_OUTER:
        outer = (sums[:, :, None] * sums[:, None, :]).reshape(users, -1)
        return (squared @ outer).reshape(-1, terms, terms)
    return np.stack([(sums * weight[:, None]).T @ sums for weight in squared])


def _block(kind: str, values: Numbers, levels: int) -> Numbers:
    """[terms, rows]: numbers as one row of normal scores; categories as a row for each level but the first."""
    if kind == "categories":
        return _levels(values, levels)
    from scipy.special import ndtri
    from scipy.stats import rankdata

    known = np.isfinite(values)
    scores = np.full((1, len(values)), np.nan)
    scores[0, known] = ndtri((rankdata(values[known]) - 0.5) / known.sum())
    return scores


def _levels(values: Numbers | Codes, levels: int) -> Numbers:
    return (values == np.arange(1, levels)[:, None]).astype(float)


def _crossed(codes: list[Codes]) -> Codes:
    """Dense codes of the combinations that occur."""
    mixed = np.zeros(len(codes[0]), np.int64)
    for one in codes:
        mixed = mixed * (int(one.max(initial=0)) + 1) + one
        occurs = np.bincount(mixed) > 0
        mixed = (np.cumsum(occurs) - 1)[mixed]
    return mixed
