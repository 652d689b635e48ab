"""Two recommenders on the same users: the change of each figure, with its interval over users."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.fairness.infer import InferenceSettings, estimate, limits, smallest_detectable, welch_p
from analysis.fairness.judge import Comparison, Measure
from analysis.fairness.partition import Partition
from words import phrase

Array = npt.NDArray[np.float64]

INNER_LEVEL = 0.90


@dataclass(frozen=True)
class Changes:
    """A figure before and after by group, on the users that count in both.

    before, after, error: float64 [G]; `error` is the standard error of after - before over users.
    replicate_before, replicate_after: [B, G], from the same resampled users. n: int [G]. same: bool [G], every user
    of the group changed by the same amount (no interval).
    """

    before: Array
    after: Array
    error: Array
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
        n=found.n,
        same=same,
        replicate_before=found.replicate[:, :, 0],
        replicate_after=found.replicate[:, :, 1],
    )


def judgeable_change(blank: Comparison, found: Changes, group: int, margin: float) -> Comparison:
    """`blank` with the change (after - before) of one group, not computed where nobody or everybody alike changed."""
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
        if value == 0.0:
            return replace(blank, reason=phrase("fairness.reason.unchanged"))
        return replace(blank, reason=phrase("fairness.reason.constant"))
    return replace(
        blank,
        value=value,
        limits=limits(replicate, error, n, blank.level),
        inner=limits(replicate, error, n, INNER_LEVEL),
        p=welch_p(value, error, n),
        margin=margin,
        smallest=smallest_detectable(error, blank.level),
    )


def _influence(top: Array, bottom: Array) -> Array:
    """Each user's part in the ratio of sums, float64 [n], mean 0."""
    return np.asarray((top - top.sum() / bottom.sum() * bottom) / bottom.mean(), dtype=np.float64)
