"""One test of conditional independence for categories and numbers alike, on rows that come in users.

`analysis.causal.independence` judges a single claim, with the strength of what is left and rows clustering by item too.
A search asks thousands of questions, each on every resample: here one pass over the rows answers a question for all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.causal.discovery.columns import Codes, Columns, Numbers
from analysis.causal.terms import closed, curves, equal_clusters, users_alike

MOST_STRATA = 5
"""Rows that a stratum must have on average for categories to be crossed; with fewer each enters on its own."""
LEAST = 20
"""Users (or items) under which a test says nothing."""
NOTHING_LEFT = 1e-9
"""Size of a term (columns have variance 1 or levels 0/1) under which the columns held fixed determine x or y."""
MOST_OUTER = 4_000_000
"""Numbers of one array of outer products; larger ones are made one resample at a time."""
MOST_KEPT = 60_000_000
"""Numbers in what is kept of the columns held fixed (half a gigabyte); a search asks for each set many times."""
ITEM_SEED = 1
"""Items are drawn apart from users, the same way in every search."""
NO_ANSWER = 0.0
"""Stands for a test that cannot be made: it never counts as independence."""


class Independence:
    """x independent of y given S, for the data and for every resample of users.

    The statistic is the covariance of what S leaves unexplained of x and of y: for categories and numbers alike the sum
    of squared correlations of their whitened terms, judged as Rao & Scott (1984) judge tables from surveys, by the mean
    and variance that users' sums give it. This is the generalised covariance measure (Shah & Peters 2020) with users as
    clusters; with categories held fixed it is of the Cochran-Mantel-Haenszel family. Numbers enter as normal scores of
    their ranks (Harris & Drton 2013). (The quadratic form in the inverse of the matrix of users' sums found links in
    24% of tables of 12 x 5 categories and 1,000 rows without any, at p < .05.) Products of columns that were freed of S
    on the same rows are too small, and the more so their squares, which the variance is told by: it is raised by that
    (`_Given.inflation`; without, 8% of logs of 300 users linked two columns of 5 and 4 categories given three numbers).

    Where x, y and S are all traits of users, each user counts once, however many rows; where all are traits of items,
    sums are by item, and items are drawn in the resamples. It sees associations that on average over S go one way;
    not those that cancel (exclusive or). Rows with a missing value in x, y or S are left out of that test alone. A
    resample weighs the same sums; as covariances are insensitive to first order to how S was accounted for, that is not
    fitted again.
    """

    def __init__(self, columns: Columns, weights: npt.NDArray[np.int64]) -> None:
        """weights [resamples, users]: how often each user was drawn; the first row, of ones, is the data itself."""
        self.columns = columns
        self.weights = weights.astype(float)
        self._units = [_Unit(columns.user, self.weights, columns)]
        if columns.item is not None:
            drawn = drawn_anew(int(columns.item.max()) + 1, len(weights) - 1, ITEM_SEED)
            self._units.append(_Unit(columns.item, drawn.astype(float), columns))
        self._blocks = [_block(column.kind, column.values, column.levels) for column in columns.columns]
        self._known = [np.isfinite(column.values) for column in columns.columns]
        self._whole = [bool(known.all()) for known in self._known]
        self._found: dict[tuple[int, int, tuple[int, ...]], Numbers] = {}
        self._kept: dict[tuple[tuple[int, ...], _Unit | None, tuple[int, ...]], _Given | None] = {}

    def p_values(self, x: int, y: int, given: tuple[int, ...]) -> Numbers:
        """p of each resample, float64 [resamples] in 0..1; 0 where no test can be made (S determines x or y, or too
        few users): such a set never separates."""
        key = (min(x, y), max(x, y), tuple(sorted(given)))
        if key not in self._found:
            self._found[key] = self._test(*key)
        return self._found[key]

    def _test(self, x: int, y: int, given: tuple[int, ...]) -> Numbers:
        unit = next((unit for unit in self._units if all(unit.traits[one] for one in (x, y, *given))), None)
        gaps = tuple(one for one in (x, y) if not self._whole[one])
        held = self._held(given, unit, gaps)
        if held is None or held.inflation is None:
            return np.full(len(self.weights), NO_ANSWER)
        left, right = (_whitened(held.unexplained(self._blocks[one][:, held.rows])) for one in (x, y))
        sums = [np.add.reduceat(one * right, held.starts, axis=1) for one in left]  # each [terms of y, units]
        if not sums:
            return np.full(len(self.weights), NO_ANSWER)
        weights = (unit or self._units[0]).weights
        return _judged(np.concatenate(sums).T, weights[:, held.member[held.starts]], held.inflation)

    def _held(self, given: tuple[int, ...], unit: _Unit | None, gaps: tuple[int, ...]) -> _Given | None:
        """What the columns held fixed explain, over rows that have all values of `given` and of `gaps`; None: none."""
        key = given, unit, gaps
        if key not in self._kept:
            self._kept[key] = self._given(given, unit, gaps)
            if sum(one.size for one in self._kept.values() if one) > MOST_KEPT:
                self._kept = {key: self._kept[key]}  # not less the oldest: a search goes round its sets
        return self._kept[key]

    def _given(self, given: tuple[int, ...], unit: _Unit | None, gaps: tuple[int, ...]) -> _Given | None:
        known = np.ones(len(self.columns.user), bool)
        for one in (*given, *gaps):
            known &= self._known[one]
        if unit is self._units[0]:  # else two traits would seem linked where both make users more active
            known &= unit.first
        if not known.any():
            return None
        rows: slice | Codes = slice(None) if known.all() else np.flatnonzero(known)
        own = unit or self._units[0]
        if own is not self._units[0]:
            rows = np.flatnonzero(known)
            rows = rows[np.argsort(own.codes[rows], kind="stable")]
        columns = self.columns.columns
        codes = [columns[one].values[rows].astype(np.int64) for one in given if columns[one].kind == "categories"]
        numbers = [self._blocks[one][0, rows] for one in given if columns[one].kind == "number"]
        return _Given(codes, numbers, rows, own.codes[rows], all(own.traits[one] for one in given))


class _Unit:
    """Users, or items: codes [rows], weights [resamples, units], first row of each, and which columns are traits."""

    def __init__(self, codes: Codes, weights: Numbers, columns: Columns) -> None:
        self.codes, self.weights = codes, weights
        self.first = np.zeros(len(codes), bool)
        one_row = np.unique(codes, return_index=True)[1]
        self.first[one_row] = True
        self.traits = [
            np.array_equal(one.values, one.values[one_row][codes], equal_nan=True) for one in columns.columns
        ]


class _Given:
    """Takes out of a block what the columns held fixed explain: means of strata, and curves in the numbers.

    Curves, not lines: what bends with a common cause would else stay linked however often that cause is held fixed.
    """

    def __init__(
        self, codes: list[Codes], numbers: list[Numbers], rows: slice | Codes, member: Codes, traits: bool
    ) -> None:
        """codes, numbers [rows]; rows: where those are; member [rows]: of which user or item each is, rising;
        traits: whether all that is held fixed is one value for each of these."""
        self.rows, self.member = rows, member
        self.starts = np.flatnonzero(np.diff(member, prepend=-1) > 0)
        self.strata = _crossed(codes) if codes else None
        terms: list[Numbers] = []
        if self.strata is not None and len(self.strata) < MOST_STRATA * (self.strata.max() + 1):
            terms = [_levels(one, int(one.max()) + 1) for one in codes]
            self.strata = None
        units = float(equal_clusters(np.bincount(member).astype(float)))
        if numbers:
            bent = curves(numbers, [closed(one) for one in codes], units)
            terms.append(np.stack(numbers) if bent is None else bent.T)  # so few users carry no more than lines
        self.terms = _whitened(self._within(np.concatenate(terms))) if terms else None
        self.inflation = self._lost(units if traits else float(len(member)))

    @property
    def size(self) -> int:
        """Numbers that are kept."""
        return len(self.member) * (3 + (0 if self.terms is None else len(self.terms)))

    def unexplained(self, block: Numbers) -> Numbers:
        """What is left of the block, [terms, rows]; next to 0 where it is determined."""
        left = self._within(block)
        if self.terms is None:
            return left
        return np.asarray(left - (left @ self.terms.T / left.shape[1]) @ self.terms)

    def _lost(self, worth: float) -> float | None:
        """By how much the products' variance is told too small: n / (n - 1) in a stratum of n users and
        worth / (worth - terms) for slopes, as `terms.Free` has it row by row; None where the terms leave nothing.

        A user alone in a stratum loses nothing to others: the own rows are one sum, whose square is what it is.
        """
        lost = 1.0
        if self.strata is not None:
            alike = users_alike(self.strata, self.member)
            kept = np.where(alike > 1, 1 - 1 / alike, 1.0)[self.strata]
            lost = float(kept.sum() / (kept @ kept))
        if self.terms is None:
            return lost
        free = worth - len(self.terms)
        return lost * worth / free if free > 0 else None

    def _within(self, block: Numbers) -> Numbers:
        if self.strata is None:
            return block - block.mean(axis=1, keepdims=True)
        size = np.bincount(self.strata)
        means = [np.bincount(self.strata, term) / size for term in block]
        return np.stack([term - mean[self.strata] for term, mean in zip(block, means, strict=True)])


def _judged(sums: Numbers, weights: Numbers, inflation: float) -> Numbers:
    """p [resamples] of the terms' squared totals together, given users' sums [users, terms] under weights
    [resamples, users]: a scaled chi-squared with the mean and variance that users' sums, whose spread is `inflation`
    times as large, give it. A user drawn twice is one user that counts twice, so that the level holds in resamples."""
    from scipy.special import gammaincc

    squared = weights**2
    lengths = (sums**2).sum(axis=1)
    mean = squared @ lengths
    if sums.shape[1] == 0 or (weights > 0).sum(axis=1).min() < LEAST or mean.min() <= 0:
        return np.full(len(weights), NO_ANSWER)
    second = (_spreads(sums, squared) ** 2).sum(axis=(1, 2)) - squared**2 @ lengths**2  # less what a user's own adds
    second = np.maximum(second, mean**2 / sums.shape[1])
    total = ((weights @ sums) ** 2).sum(axis=1)
    return np.asarray(gammaincc(mean**2 / second / 2, total * mean / second / 2 / inflation))


def _whitened(block: Numbers) -> Numbers:
    """The block's terms turned and stretched to variance 1 and no correlation; without those that are next to 0."""
    sizes, axes = np.linalg.eigh(block @ block.T / block.shape[1])
    kept = sizes > NOTHING_LEFT
    return np.asarray((axes[:, kept] / np.sqrt(sizes[kept])).T @ block)


def drawn_anew(units: int, resamples: int, seed: int) -> npt.NDArray[np.int64]:
    """How often each unit is drawn, [1 + resamples, units]; the first row is the data: everyone once."""
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(0, units, units), minlength=units) for _ in range(resamples)]
    return np.vstack([np.ones(units, np.int64), *drawn])


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
