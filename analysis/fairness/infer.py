"""How sure a figure is: resampling users, comparing groups, correcting for many looks.

Every figure of a group is a ratio of two sums over its users, theta = sum(numerator) / sum(denominator); a plain
mean has denominator 1. So one matrix product of resampling counts with the per-user values gives all replicates of
all figures at once. The unit is the user, because the rows of one user are not independent. Arrays only: verdicts
are given in `analysis.fairness.judge`.

Letters: users n, groups G, figures F, replicates B.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import ndtr, ndtri, stdtr, stdtrit

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

BLOCK = 4_000_000
"""Resampling counts held at once (32 MB); a block's size depends on n only, so results do not depend on memory."""
COUNTED_AT_ONCE = 2**16
"""Draws counted together: what a processor's cache holds. The counts do not depend on it."""

COMPRESS_FROM = 2000
COMPRESS_BY = 8
"""Groups of at least so many users with so many times fewer distinct values are resampled by counts of those values:
the same distribution at a cost that does not grow with users."""

WELCH_FROM = 1000
"""Two groups of which the smaller counts fewer users are tested by permutation. Welch's t of a skewed figure finds too
much in a small group, most far out, where the correction for many looks reads: at .001 in .037 of groups of 8 users in
250, in .009 of 25, in .004 of 250 (`benchmarks.discoveries`)."""

FEW_EXTREME = 10
CLOSER = 5
MOST_SHUFFLED = 40_000_000
"""A p-value that fewer than FEW_EXTREME shuffles reach is counted over CLOSER times the shuffles, so that one gap among
many can stand after correction; but over no more than MOST_SHUFFLED users dealt out."""

SAME = 1e-12
"""Relative spread under which the values of a group are one value."""
ALIKE = 1e-9
"""Relative difference under which groups without spread have one value: above the rounding of sums over users."""


class InferenceSettings(BaseModel):
    """How intervals and p-values are made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    replicates: int = Field(default=1000, ge=100, le=20_000)
    """Bootstrap samples of users."""
    permutations: int = Field(default=2000, ge=100, le=100_000)
    """Random re-labellings of users for gaps over three or more groups and over small ones; where few are as extreme
    as what was observed, five times as many."""
    level: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Confidence of the intervals; 1 - level is also the largest p-value called a gap."""
    margin: float = Field(default=0.01, ge=0.0)
    """Differences inside +- this are of no practical weight: in the figure's unit for shares and NDCG, else as a
    share of the overall value."""


def each_once(values: tuple[float, ...]) -> tuple[float, ...]:
    """Without repeats: what is tried twice with one strength would be two findings of one key."""
    return tuple(dict.fromkeys(values))


@dataclass(frozen=True)
class Estimates:
    """Figures by group with their resampled twins.

    value, error: float64 [G, F]; the figure and its standard error (linearised, divisor n - 1).
    constant: bool [G, F]; every user of the group has the same value.
    n: int [G]; users that count. replicate: float64 [B, G, F].
    """

    value: Array
    error: Array
    constant: npt.NDArray[np.bool_]
    n: npt.NDArray[np.int64]
    replicate: Array


def estimate(
    numerator: Array, denominator: Array, code: Codes, groups: int, replicates: int, rng: np.random.Generator
) -> Estimates:
    """Bootstrap of ratios of sums, stratified by group.

    numerator, denominator: float64 [users, F]; a user counts where its denominators are above 0, which must be for
    all F or for none. code: [users] in 0..groups-1, or -1 for users left out. A group without users that count has
    value NaN and error NaN here; `judge` turns that into `not computed`.
    Raises ValueError where a user counts for some figures only.
    """
    counts = _counting(denominator)
    figures = numerator.shape[1]
    value, error = np.full((groups, figures), np.nan), np.full((groups, figures), np.nan)
    constant = np.ones((groups, figures), bool)
    n = np.zeros(groups, np.int64)
    replicate = np.full((replicates, groups, figures), np.nan)
    for group in range(groups):
        members = np.flatnonzero(counts & (code == group))
        n[group] = members.size
        if members.size:
            top, bottom = numerator[members], denominator[members]
            value[group], error[group], constant[group] = _moments(top, bottom)
            sums = _resampled(np.hstack([top, bottom]), replicates, rng)
            replicate[:, group] = sums[:, :figures] / sums[:, figures:]
    return Estimates(value, error, constant, n, replicate)


def limits(replicate: Array, error: Array, n: npt.NDArray, level: float, lean: float = 0.0) -> tuple[float, float]:
    """Percentile interval of one figure or of a difference, widened for small groups.

    replicate: [B] of the figure; error, n: standard error and users of each independent group in it. The plain
    percentile interval is too narrow for small n; it is taken at the tail Phi(-t sqrt(c)), where t is Student's
    quantile at Welch's degrees of freedom and c the ratio of the unbiased to the bootstrap variance (the expanded
    percentile interval of Hesterberg 2015, What Teachers Should Know About the Bootstrap, section 5.2; for two
    groups with Welch's degrees of freedom). It never leaves the range of the figure.

    lean: a sixth of the figure's skewness; both ends then move to the longer side as those of BCa (Efron 1987) do, with
    `lean` for the acceleration and, to the same order, for the bias.
    """
    reach = _inflation(error, n) * stdtrit(welch_freedom(error, n), (1 + level) / 2)
    ends = lean + np.array([-reach, reach])
    low, high = np.quantile(replicate, ndtr(lean + ends / (1 - lean * ends)))
    return float(low), float(high)


def expanded_p(tail: float, error: Array, n: npt.NDArray) -> float:
    """Two-sided p of 0 where a share `tail` of the replicates lies beyond it: that of `limits`, which end there."""
    return min(1.0, 2 * float(stdtr(welch_freedom(error, n), float(ndtri(min(tail, 0.5))) / _inflation(error, n))))


def _inflation(error: Array, n: npt.NDArray) -> float:
    """Square root of the unbiased over the bootstrap variance of a sum of independent means."""
    variance = error**2
    shrunk = float((variance * (n - 1) / n).sum())
    return float(np.sqrt(variance.sum() / shrunk)) if shrunk > 0 else 1.0


@dataclass(frozen=True)
class Pair:
    """A difference of two groups, first minus second, of whom one may have no spread.

    replicate: [B] of the difference. value, error, n, flat: [2]; flat: all its users have one value. seen: the lowest
    and the highest value of any user of the two.
    """

    replicate: Array
    value: Array
    error: Array
    n: npt.NDArray[np.int64]
    flat: npt.NDArray[np.bool_]
    seen: tuple[float, float]

    def limits(self, level: float, lean: float = 0.0) -> tuple[float, float]:
        """Interval of the difference; lean: a sixth of its skewness (`limits`).

        Resamples of a group without spread never vary, as if its figure were known: where all of 12 users were hit,
        such an interval at 95% held the truth in 46% of samples. Its own bounds are Clopper and Pearson's (1934), with
        the ends of `seen` for 0 and 1, and join those of the other group as in Newcombe (1998, method 10).
        """
        plain = limits(self.replicate, self.error, self.n, level, lean)
        if not self.flat.any():
            return plain
        (fall, rise), difference = self._reach(level), float(self.value[0] - self.value[1])
        return stretched(plain, difference, np.array([fall[0], rise[1]]), np.array([rise[0], fall[1]]))

    def smallest(self, level: float) -> float:
        """The smallest difference that these data would have shown with 80% power."""
        reach = np.maximum(*self._reach(level)) / two_sided(level)
        return smallest_detectable(np.where(self.flat, reach, self.error), level)

    def _reach(self, level: float) -> tuple[Array, Array]:
        """How far each figure may lie below and above that of its alike users; 0 for a group with spread."""
        return unseen_reach(self.flat, self.n, self.value, self.seen, level)


def unseen_reach(
    flat: npt.NDArray[np.bool_], n: npt.NDArray, value: Array, seen: tuple[float, float], level: float
) -> tuple[Array, Array]:
    """How far the figures `value` of groups of n users may lie below and above what alike users show, each [groups]; 0
    for those that are not flat. seen: the ends that a user's figure may have."""
    unseen = np.where(flat, unseen_share(n, level), 0.0)
    return unseen * (value - seen[0]), unseen * (seen[1] - value)


def stretched(plain: tuple[float, float], value: float, below: Array, above: Array) -> tuple[float, float]:
    """An interval joined with how far further independent parts of `value` may reach (Newcombe 1998, method 10)."""
    low = value - float(np.linalg.norm([value - plain[0], *below]))
    return low, value + float(np.linalg.norm([plain[1] - value, *above]))


def unseen_share(n: npt.NDArray[np.int64] | int, level: float) -> Array:
    """The largest share of others that n alike users leave possible, in an interval of that level (two tails)."""
    return np.asarray(1 - ((1 - level) / 2) ** (1 / np.asarray(n)), dtype=np.float64)


def welch_freedom(error: Array, n: npt.NDArray) -> float:
    """Welch and Satterthwaite's degrees of freedom of a sum of independent means; at least 1."""
    variance = error**2
    spread = float((variance**2 / np.maximum(n - 1, 1)).sum())
    return max(1.0, float(variance.sum()) ** 2 / spread) if spread > 0 else float(max(1, int((n - 1).sum())))


def welch_p(difference: float, error: Array, n: npt.NDArray[np.int64], correlation: float = 0.0) -> float:
    """Two-sided p of a difference against 0 by Welch's t with linearised standard errors; in (0, 1].

    correlation: of the two figures, where the groups share users.
    """
    total = float(np.sqrt(max((error**2).sum() - 2 * correlation * error.prod(), 0.0)))
    if total == 0.0:
        return 1.0 if difference == 0.0 else float(np.finfo(float).tiny)
    p = 2 * float(stdtr(welch_freedom(error, n), -abs(difference) / total))
    return max(p, float(np.finfo(float).tiny))


def by_permutation(n: npt.NDArray[np.int64], constant: npt.NDArray[np.bool_]) -> bool:
    """Whether groups of n users [G] are tested by permutation: three or more always; two where one counts fewer than
    WELCH_FROM users or has no spread (constant [G]), so that Welch's t would be wrong."""
    return len(n) > 2 or bool(constant.any()) or int(n.min()) < WELCH_FROM


def alike(value: Array, scale: float) -> bool:
    """Whether the figure of groups [G], none of which has any spread, is one and the same: then nothing varies.

    scale: size of what the values were summed from, so that rounding about 0 is no difference.
    """
    return bool(np.ptp(value) <= ALIKE * max(scale, float(np.abs(value).max())))


def permutation_p(
    numerator: Array,
    denominator: Array,
    code: Codes,
    groups: int,
    permutations: int,
    rng: np.random.Generator,
    counts: npt.NDArray[np.bool_] | None = None,
) -> Array:
    """p [F] that no two groups differ, by shuffling users among groups.

    The statistic is the largest difference between two groups in units of its own standard error, which keeps the
    test near its size when groups differ in size and spread (Chung and Romano 2013); p counts the observed
    labelling as one of the shuffles, so it is never 0. Where fewer than FEW_EXTREME are as extreme, CLOSER times the
    permutations are made; such a two-stage p is still at most a with chance a. Groups need two users that count;
    others raise ValueError. counts: bool [users], who counts; None: those with denominators above 0.
    """
    counts = (_counting(denominator) if counts is None else counts) & (code >= 0)
    top, bottom, code = numerator[counts], denominator[counts], code[counts]
    size = np.bincount(code, minlength=groups)
    if groups < 2 or size.min() < 2:
        raise ValueError("a permutation test needs two groups of two users")
    centred = top - bottom * (top.sum(0) / bottom.sum(0))
    values = np.stack([centred, bottom, centred**2, centred * bottom, bottom**2], axis=1)  # [n, 5, F]
    at_least = _as_extreme(values, code, size, permutations, rng)
    p = (1 + at_least) / (1 + permutations)
    closer = min(CLOSER * permutations, MOST_SHUFFLED // code.size)
    few = np.flatnonzero(at_least < FEW_EXTREME)
    if few.size and closer > permutations:
        more = _as_extreme(values[..., few], code, size, closer - permutations, rng)
        p[few] = (1 + at_least[few] + more) / (1 + closer)
    return p


def _as_extreme(
    values: Array, code: Codes, size: npt.NDArray[np.int64], permutations: int, rng: np.random.Generator
) -> Array:
    """[F]: how many shuffles of `code` [n] have a largest t no smaller than its own; values [n, 5, F]."""
    flat = values.reshape(len(code), -1)
    observed = _largest_t(flat, code[None], size)[0]
    at_least = np.zeros(values.shape[2])
    block = max(1, BLOCK // code.size)
    for start in range(0, permutations, block):
        shuffled = rng.permuted(np.tile(code, (min(block, permutations - start), 1)), axis=1)
        at_least += (_largest_t(flat, shuffled, size) >= observed * (1 - 1e-9)).sum(0)
    return at_least


def benjamini_hochberg(p: Array) -> Array:
    """Adjusted p-values [m] in the order given: the false discovery rate at which each would just be found."""
    if p.size == 0:
        return p.copy()
    order = np.argsort(p, kind="stable")[::-1]
    raised = np.minimum.accumulate(p[order] * p.size / np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


def inside_margin(low: float, high: float, margin: float, null: float = 0.0) -> bool:
    """Two one-sided tests at 5%: does the 90% interval lie inside null +- margin (Schuirmann 1987)?"""
    return null - margin < low and high < null + margin


def two_sided(level: float) -> float:
    """Standard errors that a normal interval of this level reaches to either side."""
    return float(ndtri((1 + level) / 2))


def smallest_detectable(error: Array, level: float = 0.95) -> float:
    """The smallest true difference that data with these standard errors [groups] would have shown with 80% power.

    (z.975 + z.80) sqrt(sum of squared errors); in the figure's unit; above 0 where any group has spread.
    """
    z = two_sided(level) + float(ndtri(0.8))
    return z * float(np.sqrt((error**2).sum()))


def resampling_counts(n: int, replicates: int, rng: np.random.Generator) -> Array:
    """float64 [replicates, n]: how often each of n users is drawn in each sample of n with replacement."""
    counts = np.empty((replicates, n))
    rows = max(1, COUNTED_AT_ONCE // n)
    offset = np.arange(rows)[:, None] * n
    for start in range(0, replicates, rows):
        block = counts[start : start + rows]
        drawn = rng.integers(0, n, size=block.shape)
        drawn += offset[: len(block)]
        block[:] = np.bincount(drawn.ravel(), minlength=block.size).reshape(block.shape)
    return counts


def _resampled(values: Array, replicates: int, rng: np.random.Generator) -> Array:
    """Sums of `values` [n, c] over each bootstrap sample: [B, c]."""
    n = values.shape[0]
    if n >= COMPRESS_FROM:
        distinct, count = np.unique(values, axis=0, return_counts=True)
        if len(distinct) * COMPRESS_BY <= n:
            return rng.multinomial(n, count / n, size=replicates).astype(np.float64) @ distinct
    block = max(1, BLOCK // n)
    sums = [resampling_counts(n, min(block, replicates - start), rng) @ values for start in range(0, replicates, block)]
    return np.vstack(sums)


def _counting(denominator: Array) -> npt.NDArray[np.bool_]:
    positive = denominator > 0
    counts: npt.NDArray[np.bool_] = np.asarray(positive.all(axis=1))
    if not np.array_equal(counts, positive.any(axis=1)):
        raise ValueError("figures resampled together must count the same users")
    return counts


def _moments(top: Array, bottom: Array) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Ratio of sums, its linearised standard error and whether nothing varies, each [F]."""
    n = top.shape[0]
    ratio = top.sum(0) / bottom.sum(0)
    residual = top - ratio * bottom
    constant = np.abs(residual).max(0) <= rounding(top, ratio, bottom)
    if n < 2:
        return ratio, np.full(ratio.shape, np.nan), constant
    error = np.sqrt((residual**2).sum(0) * n / (n - 1)) / bottom.sum(0)
    return ratio, np.where(constant, 0.0, error), constant


def rounding(top: Array, ratio: Array, bottom: Array) -> Array:
    """The largest residual top - ratio bottom that rounding alone may leave, along the users: [F] of [n, F]."""
    return np.asarray(SAME * (np.abs(top).max(0) + np.abs(ratio) * bottom.max(0)), dtype=np.float64)


def _largest_t(values: Array, codes: Codes, size: npt.NDArray[np.int64]) -> Array:
    """Largest studentised difference [P, F] of labellings `codes` [P, n], from sums of the stacked `values` [n, 5F]."""
    sums = [(codes == group).astype(np.float64) @ values for group in range(len(size) - 1)]
    sums.append(values.sum(0) - np.sum(sums, axis=0))
    figures = values.shape[1] // 5
    by_figure = np.stack(sums, axis=1).reshape(len(codes), len(size), 5, figures)
    return np.stack([largest_t(by_figure[..., figure], size) for figure in range(figures)], axis=1)


def largest_t(sums: Array, size: npt.NDArray) -> Array:
    """Largest difference between two groups in its own standard error, [P].

    sums: float64 [P, G, 5], over the users of each group the sums of top, bottom, top^2, top bottom, bottom^2, where
    top is the numerator less any fixed multiple of the denominator. size: users [G].
    """
    top, bottom, square, cross, bottom_square = np.moveaxis(sums, 2, 0)
    none = bottom <= 0  # a shuffle may leave a group without a denominator: taken for as extreme as can be
    bottom = np.where(none, 1.0, bottom)
    theta = np.where(none, np.inf, top / bottom)
    spread = square - 2 * theta * cross + theta**2 * bottom_square
    spread = np.where(spread > SAME * square, spread, 0.0)  # rounding of 0: t of two such groups is infinite
    variance = spread * size / (size - 1) / bottom**2
    largest = np.zeros(len(sums))
    for a, b in combinations(range(len(size)), 2):
        difference, error = np.abs(theta[:, a] - theta[:, b]), np.sqrt(variance[:, a] + variance[:, b])
        t = np.divide(difference, error, out=np.where(difference > 0, np.inf, 0.0), where=error > 0)
        largest = np.maximum(largest, np.where(none[:, a] | none[:, b], np.inf, t))
    return largest
