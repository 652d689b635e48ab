"""What changes for a user when one sensitive attribute is changed and everything else stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.fairness.judge import Measure
from analysis.fairness.ranking import Flip, Lists
from words import phrase

Array = npt.NDArray[np.float64]

PERSISTENCE = 0.9
"""p of rank-biased overlap: how likely a reader goes on to the next rank."""


def flip_measures(flip: Flip, users: int) -> list[Measure]:
    """Overlap (Jaccard, rank-biased), rank displacement and score divergence, one number a flipped user.

    Where a user has several twins (an attribute of three or more values) they are averaged first, so that the user
    stays the unit. Users that were not flipped do not count.
    """
    rows = np.bincount(flip.user, minlength=users).astype(np.float64)
    figures = {
        "flip_jaccard": ("score", jaccard(flip.original, flip.flipped)),
        "flip_rbo": ("score", rank_biased_overlap(flip.original, flip.flipped)),
        "flip_displacement": ("ranks", displacement(flip.original, flip.flipped)),
        "flip_divergence": ("score", np.asarray(flip.divergence, dtype=np.float64)),
    }
    return [
        Measure(
            name=f"{name}[{flip.attribute}]",
            label=phrase(f"fairness.figure.{name}", attribute=flip.attribute),
            unit=unit,
            numerator=np.bincount(flip.user, weights=value, minlength=users) / np.maximum(rows, 1),
            denominator=(rows > 0).astype(np.float64),
            method=phrase(f"fairness.what.{name}"),
            relative_margin=name in ("flip_displacement", "flip_divergence"),
        )
        for name, (unit, value) in figures.items()
    ]


def jaccard(one: Lists, other: Lists) -> Array:
    """|A and B| / |A or B| of each pair of lists [rows]; in [0, 1], 1 = the same items (or both empty)."""
    both = _same(one, other).any(axis=2).sum(axis=1)
    either = (one >= 0).sum(axis=1) + (other >= 0).sum(axis=1) - both
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def rank_biased_overlap(one: Lists, other: Lists, p: float = PERSISTENCE) -> Array:
    """Extrapolated rank-biased overlap [rows] (Webber, Moffat and Zobel 2010, eq. 30); in [0, 1], 1 = same order.

    The agreement at depth d is the overlap of the first d places over the longer of the two prefixes.
    """
    same = _same(one, other)  # [rows, K, K]
    depth = same.shape[1]
    agreement = np.ones((len(one), depth))
    for d in range(1, depth + 1):
        longer = np.maximum((one[:, :d] >= 0).sum(axis=1), (other[:, :d] >= 0).sum(axis=1))
        overlap = same[:, :d, :d].any(axis=2).sum(axis=1)
        agreement[:, d - 1] = np.where(longer > 0, overlap / np.maximum(longer, 1), 1.0)
    weight = (1 - p) * p ** np.arange(depth)
    return agreement @ weight + agreement[:, -1] * p**depth


def displacement(one: Lists, other: Lists) -> Array:
    """Mean number of ranks [rows] by which the items of the first list move; an item that falls out counts as K + 1."""
    same = _same(one, other)
    depth = same.shape[1]
    new = np.where(same.any(axis=2), same.argmax(axis=2), depth)
    listed = one >= 0
    moved = np.where(listed, np.abs(new - np.arange(depth)), 0).sum(axis=1)
    return moved / np.maximum(listed.sum(axis=1), 1)


def _same(one: Lists, other: Lists) -> npt.NDArray[np.bool_]:
    """bool [rows, K, K]: place i of the first list holds the item of place j of the other."""
    return np.asarray((one[:, :, None] == other[:, None, :]) & (one[:, :, None] >= 0))
