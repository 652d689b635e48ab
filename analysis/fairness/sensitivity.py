"""How unevenly values of an attribute are treated: range and spread of their mean similarities, and what chance does.

Letters: prompts M, values A, similarities s [M, A], replicates B. The unit is the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.fairness.infer import resampling_counts

Array = npt.NDArray[np.float64]

BLOCK = 2_000_000
TIE = 1e-12


def snsr(similarity: Array) -> float:
    """Range over values of the mean similarity (SNSR, FaiRLLM 2023); >= 0, and above 0 by chance alone."""
    return float(np.ptp(similarity.mean(axis=0)))


def snsv(similarity: Array) -> float:
    """Population standard deviation over values of the mean similarity (SNSV); >= 0, and above 0 by chance alone."""
    return float(similarity.mean(axis=0).std())


def permuted_p(similarity: Array, permutations: int, rng: np.random.Generator) -> tuple[float, float]:
    """p of SNSR and of SNSV: values shuffled within each prompt, which is exact where values make no difference.

    The observed labelling counts as one of the shuffles, so p is never 0. Without any spread both are 1.
    """
    prompts, values = similarity.shape
    observed = snsr(similarity), snsv(similarity)
    reached = np.zeros(2)
    block = max(1, BLOCK // similarity.size)
    for start in range(0, permutations, block):
        tiled = np.broadcast_to(similarity, (min(block, permutations - start), prompts, values))
        means = rng.permuted(tiled, axis=2).mean(axis=1)  # [block, A]
        reached += (np.ptp(means, axis=1) >= observed[0] - TIE).sum(), (means.std(axis=1) >= observed[1] - TIE).sum()
    ranged, spread = (1 + reached) / (1 + permutations)
    return float(ranged), float(spread)


@dataclass(frozen=True)
class Resampled:
    """Mean similarities over the same resampled prompts: float64 [B, A] each; `floor` of the meaningless attribute."""

    values: Array
    floor: Array | None


def resampled(similarity: Array, floor: Array | None, replicates: int, rng: np.random.Generator) -> Resampled:
    """Paired bootstrap: one draw of prompts for the attribute and for the floor."""
    prompts = len(similarity)
    share = resampling_counts(prompts, replicates, rng) / prompts
    return Resampled(share @ similarity, None if floor is None else share @ floor)


def excess_limits(found: Resampled, excess: float, prompts: int, level: float) -> tuple[tuple[float, float], float]:
    """Interval of SNSR(attribute) - SNSR(floor), and its standard error.

    Its target is the expected excess at this number of prompts. A range is biased upwards, and its resampled twin once
    more; so the percentile interval is moved until its mean lies on the estimate (and widened by n / (n - 1)).
    """
    assert found.floor is not None
    twin = np.ptp(found.values, axis=1) - np.ptp(found.floor, axis=1)
    around = (twin - twin.mean()) * np.sqrt(prompts / (prompts - 1))
    low, high = np.quantile(around, [(1 - level) / 2, (1 + level) / 2])
    return (excess + float(low), excess + float(high)), float(around.std())
