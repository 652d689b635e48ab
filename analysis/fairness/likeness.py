"""How alike two lists are, one number a pair: what the prompted audit compares replies with (docs/metrics.md, 6)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.fairness.flip import jaccard
from analysis.fairness.ranking import Lists

Array = npt.NDArray[np.float64]

FEWEST_PLACES = 2
"""PRAG* compares pairs of places, so a list needs two."""


def serp(neutral: Lists, other: Lists) -> Array:
    """SERP* [rows]: the share of `other`'s weight of places that lies on items of the neutral list.

    Sum over items v of both lists of (K - r_v + 1) / (K (K + 1) / 2), r_v the rank in `other`, K the lists' width
    (Tomlein et al. 2021, as FaiRLLM uses it, with K fixed). In [0, 1]; 1 = the same items in full lists of any order,
    0 = none in common.
    """
    K = other.shape[1]
    weight = np.arange(K, 0, -1, dtype=np.float64) / (K * (K + 1) / 2)
    return np.isfinite(_ranks_in(neutral, other)) @ weight


def prag(neutral: Lists, other: Lists) -> Array:
    """PRAG* [rows]: the share of `other`'s ordered pairs that the neutral list agrees with.

    A pair (v above w in `other`) agrees where v is in the neutral list and w below it or not in it (FaiRLLM 2023).
    Divisor K (K - 1) / 2, all pairs of K places; in [0, 1]; 1 = identical full lists, 0 = nothing in common.
    """
    rank = _ranks_in(neutral, other)  # [rows, K], infinite where not in the neutral list
    K = other.shape[1]
    above, below = np.triu_indices(K, 1)
    agree = np.isfinite(rank[:, above]) & (rank[:, above] < rank[:, below]) & (other[:, below] >= 0)
    return np.asarray(agree.sum(axis=1) / (K * (K - 1) / 2), dtype=np.float64)


def paper_factor(K: int) -> float:
    """PRAG* times this has the published divisor K (K + 1), under which identical lists get (K - 1) / 2(K + 1)."""
    return (K - 1) / (2 * (K + 1))


def _ranks_in(neutral: Lists, other: Lists) -> Array:
    """float64 [rows, K]: 1-based rank in `neutral` of each item of `other`; infinite where it is not there."""
    same = (other[:, :, None] == neutral[:, None, :]) & (other[:, :, None] >= 0)
    return np.where(same.any(axis=2), same.argmax(axis=2) + 1.0, np.inf)


SIMILARITIES = {"jaccard": jaccard, "serp": serp, "prag": prag}
"""Each of (neutral, other) [rows, K] -> [rows]; 1 = identical lists."""
