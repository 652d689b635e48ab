"""Users whose sensitive value is missing: how far could they move a gap, wherever they belong?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.fairness.judge import Measure
from analysis.fairness.partition import Partition
from analysis.finding import amount
from analysis.log import UNKNOWN
from words import Phrase, phrase

Array = npt.NDArray[np.float64]
Bounds = dict[str, float]


def unknown_bounds(measure: Measure, partition: Partition, a: int, b: int) -> Bounds:
    """Smallest and largest gap a - b over every way the users of unknown value could belong to either group.

    `unknown_users`, `unknown_low` and `unknown_high`, in the figure's unit. Empty where nobody is unknown, where a
    third value is known, and for ratios of sums that are no means.
    """
    if measure.root or len(partition.known) != 2 or UNKNOWN not in partition.names:
        return {}
    counts = measure.denominator > 0
    if not (measure.denominator[counts] == 1).all():
        return {}
    first, second, unknown = (
        measure.numerator[counts & (partition.code == group)] for group in (a, b, partition.names.index(UNKNOWN))
    )
    if not unknown.size:
        return {}
    high = widest_split(first, second, unknown)
    low = -widest_split(second, first, unknown)
    return {"unknown_users": unknown.size, "unknown_low": low, "unknown_high": high}


def unknown_reason(measure: Measure, partition: Partition, bounds: Bounds) -> Phrase | None:
    """The bounds as a sentence; None where there are none."""
    if not bounds:
        return None
    low, high = (amount(bounds[end], measure.gap_unit) for end in ("unknown_low", "unknown_high"))
    return phrase("fairness.reason.unknown", attribute=partition.attribute, low=low, high=high)


def widest_split(first: Array, second: Array, unknown: Array) -> float:
    """Largest mean(first) - mean(second) when each unknown value joins either side: the highest join the first."""
    ordered = np.sort(unknown)[::-1]
    joined = np.arange(ordered.size + 1)
    head = np.concatenate([[0.0], np.cumsum(ordered)])
    one = (first.sum() + head) / (first.size + joined)
    two = (second.sum() + head[-1] - head) / (second.size + ordered.size - joined)
    return float((one - two).max())
