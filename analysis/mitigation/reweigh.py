"""Before training: weights that make groups and labels independent in the training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.mitigation.candidates import check_strength
from words import Refusal

Weights = npt.NDArray[np.float32]


def row_weights(group: Sequence[str] | npt.NDArray, label: npt.NDArray, strength: float = 1.0) -> Weights:
    """Reweighing of Kamiran and Calders (2012): P(group) P(label) / P(group, label) for each row.

    group: [rows] of the row's user. label: [rows], 1 where above 0. strength in [0, 1]: the weight's exponent, 0 =
    all ones, 1 = group and label exactly independent under the weights. Returns float32 [rows], mean 1.
    Raises Refusal(mitigation.refusal.one_label) where all rows have one label: then there is nothing to make
    independent (`group_balance` evens the groups themselves).
    """
    check_strength(strength)
    groups, wanted = pd.factorize(np.asarray(group, dtype=str), sort=True)[0], np.asarray(label) > 0
    if wanted.all() or not wanted.any():
        raise Refusal("mitigation.refusal.one_label")
    cell = groups * 2 + wanted
    n = len(cell)
    both = np.bincount(cell, minlength=2 * (groups.max() + 1))
    expected = np.bincount(groups)[groups] / n * np.bincount(wanted)[wanted.astype(int)]
    return _mean_one((expected / both[cell]) ** strength)


def group_balance(group: Sequence[str] | npt.NDArray, strength: float = 1.0) -> Weights:
    """Every group gets the same total weight: rows / (groups x rows of the group), to the power `strength`.

    For logs of positives alone, where reweighing by label does nothing. Returns float32 [rows], mean 1.
    """
    check_strength(strength)
    groups = pd.factorize(np.asarray(group, dtype=str), sort=True)[0]
    size = np.bincount(groups)
    return _mean_one((len(groups) / (len(size) * size[groups])) ** strength)


def _mean_one(weight: npt.NDArray[np.float64]) -> Weights:
    return (weight / weight.mean()).astype(np.float32)
