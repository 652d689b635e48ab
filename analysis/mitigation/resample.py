"""Before training: rows drawn anew, and features freed of an attribute (fairlearn's CorrelationRemover)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.mitigation.candidates import check_strength

Codes = npt.NDArray[np.int64]


def resampled_rows(weight: npt.NDArray[np.float32], strength: float, seed: int) -> Codes:
    """Rows to learn from, in order: uniform resampling (Kamiran and Calders 2012).

    weight: [rows], above 0, mean 1, of `reweigh`. A row comes floor(weight) times and once more with the chance of what
    is left, so that the expected counts are the weights. strength in [0, 1]: the share of rows, drawn at random, that
    are drawn anew; 0 gives every row once.
    """
    check_strength(strength)
    rng = np.random.default_rng(seed)
    wanted = np.where(rng.random(len(weight)) < strength, weight, 1.0)
    whole = np.floor(wanted)
    times = whole + (rng.random(len(weight)) < wanted - whole)
    return np.repeat(np.arange(len(weight)), times.astype(np.int64))


def decorrelated(
    features: npt.NDArray[np.float64], group: npt.NDArray, own: npt.NDArray[np.bool_], strength: float
) -> npt.NDArray[np.float64]:
    """User features without their linear relation to the group, by fairlearn's CorrelationRemover.

    features: [users, a]. group: str [users]; every value is a sensitive column. own: bool [a], the columns that are the
    attribute itself, which fade to 0. strength in [0, 1]: 0 leaves the features, 1 leaves nothing correlated.
    """
    check_strength(strength)
    from fairlearn.preprocessing import CorrelationRemover

    values = np.unique(np.asarray(group, dtype=str))
    sensitive = (np.asarray(group, dtype=str)[:, None] == values[None, 1:]).astype(np.float64)
    kept = features[:, ~own]
    found = np.array(features, dtype=np.float64)
    found[:, own] *= 1 - strength
    if kept.shape[1] and sensitive.shape[1]:
        remover = CorrelationRemover(sensitive_feature_ids=list(range(sensitive.shape[1])), alpha=strength)
        found[:, ~own] = remover.fit_transform(np.hstack([sensitive, kept]))
    return found
