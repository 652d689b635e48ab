"""Two recommenders on the same users: the change of each figure, with its interval over users."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from analysis.fairness.infer import ALIKE, InferenceSettings, estimate, limits, smallest_detectable, welch_p
from analysis.fairness.judge import Comparison, Measure
from analysis.fairness.partition import Partition
from words import phrase

Array = npt.NDArray[np.float64]

INNER_LEVEL = 0.90


@dataclass(frozen=True)
class Changes:
    """A figure before and after by group, on the users that count in both.

    before, after, error: float64 [G]; `error` is the standard error of after - before over users, error_before and
    error_after [G] those of each by itself.
    replicate_before, replicate_after: [B, G], from the same resampled users. n: int [G]. same: bool [G], every user
    of the group changed by the same amount (no interval; p from counting signs or labellings).
    """

    before: Array
    after: Array
    error: Array
    error_before: Array
    error_after: Array
    n: npt.NDArray[np.int64]
    same: npt.NDArray[np.bool_]
    replicate_before: Array
    replicate_after: Array


def changes(
    before: Measure, after: Measure, partition: Partition, settings: InferenceSettings, rng: np.random.Generator
) -> Changes:
    """Bootstrap of users with the same draw for both recommenders, stratified by group."""
    both = (before.denominator > 0) & (after.denominator > 0)
    top = np.column_stack([before.numerator, after.numerator]) * both[:, None]
    bottom = np.column_stack([before.denominator, after.denominator]) * both[:, None]
    groups = len(partition.names)
    found = estimate(top, bottom, partition.code, groups, settings.replicates, rng)
    error, same = np.full(groups, np.nan), np.ones(groups, bool)
    for group in range(groups):
        members = both & (partition.code == group)
        if members.sum() > 1:
            moved = _influence(top[members, 1], bottom[members, 1]) - _influence(top[members, 0], bottom[members, 0])
            n = members.sum()
            error[group] = np.sqrt((moved**2).sum() / (n * (n - 1)))
            same[group] = np.ptp(moved) <= 1e-12
    return Changes(
        before=found.value[:, 0],
        after=found.value[:, 1],
        error=np.where(same, 0.0, error),
        error_before=found.error[:, 0],
        error_after=found.error[:, 1],
        n=found.n,
        same=same,
        replicate_before=found.replicate[:, :, 0],
        replicate_after=found.replicate[:, :, 1],
    )


def judgeable_change(blank: Comparison, found: Changes, group: int, margin: float) -> Comparison:
    """`blank` with the change (after - before) of one group, not computed where nobody changed."""
    change = found.replicate_after[:, group] - found.replicate_before[:, group]
    value = float(found.after[group] - found.before[group])
    return _filled(blank, value, change, found, [group], margin)


def judgeable_gap_change(blank: Comparison, found: Changes, a: int, b: int, margin: float) -> Comparison:
    """`blank` with the change of the signed gap of groups a and b: (a - b) after, less (a - b) before."""
    moved = found.replicate_after - found.replicate_before
    value = float((found.after[a] - found.before[a]) - (found.after[b] - found.before[b]))
    return _filled(blank, value, moved[:, a] - moved[:, b], found, [a, b], margin)


def _filled(
    blank: Comparison, value: float, replicate: Array, found: Changes, groups: list[int], margin: float
) -> Comparison:
    n, error = found.n[groups], found.error[groups]
    if n.min() < 2:
        return replace(blank, reason=phrase("fairness.reason.one_user" if n.min() else "fairness.reason.nobody"))
    if found.same[groups].all():
        return _without_spread(replace(blank, margin=margin), value, found, groups)
    return replace(
        blank,
        value=value,
        limits=limits(replicate, error, n, blank.level),
        inner=limits(replicate, error, n, INNER_LEVEL),
        p=welch_p(value, error, n),
        margin=margin,
        smallest=smallest_detectable(error, blank.level),
    )


def _without_spread(blank: Comparison, value: float, found: Changes, groups: list[int]) -> Comparison:
    """Everybody (of each group) changed by one amount: the value with an exact p and no interval; none where nobody
    changed, or both groups alike."""
    scale = float(max(np.abs(found.before[groups]).max(), np.abs(found.after[groups]).max()))
    if abs(value) <= ALIKE * scale:
        moved = np.abs(found.after[groups] - found.before[groups]).max() > ALIKE * scale
        return replace(blank, reason=phrase(f"fairness.reason.{'moved_alike' if moved else 'unchanged'}"))
    n = found.n[groups]
    p, how = (sign_flip_p(int(n[0])), "sign_flip") if len(n) == 1 else (separated_p(int(n[0]), int(n[1])), "dealt_out")
    method = phrase(f"fairness.method.{how}", figure=blank.method)
    return replace(blank, value=value, p=p, method=method, reason=phrase("fairness.reason.same_change"))


def sign_flip_p(n: int) -> float:
    """Two-sided p of n equal changes: the chance that all point one way were each as likely up as down; in (0, 1]."""
    return float(max(2.0 ** (1 - n), np.finfo(float).tiny))


def separated_p(a: int, b: int) -> float:
    """p that a users who all changed by one amount and b by another were dealt out so by chance; in (0, 1].

    1 over the ways to choose a of a + b; twice that for groups of one size, whose mirror image is as extreme.
    """
    ways = gammaln(a + b + 1) - gammaln(a + 1) - gammaln(b + 1)
    return float(max((2.0 if a == b else 1.0) * np.exp(-ways), np.finfo(float).tiny))


def _influence(top: Array, bottom: Array) -> Array:
    """Each user's part in the ratio of sums, float64 [n], mean 0."""
    return np.asarray((top - top.sum() / bottom.sum() * bottom) / bottom.mean(), dtype=np.float64)
