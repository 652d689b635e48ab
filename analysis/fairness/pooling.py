"""Sparse groups borrow strength: empirical Bayes estimates beside the raw ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.fairness.bygroup import Batch
from analysis.fairness.infer import two_sided
from analysis.fairness.judge import Measure, measured
from analysis.finding import Finding
from words import phrase

Array = npt.NDArray[np.float64]

ROUNDS = 100
SPARSE = 100
"""Groups of fewer users than this get a pooled estimate beside the raw one."""


@dataclass(frozen=True)
class Pooled:
    """value, spread: float64 [G], posterior mean and standard deviation; between: variance between groups (>= 0)."""

    value: Array
    spread: Array
    centre: float
    between: float


def partial_pooling(value: Array, error: Array) -> Pooled:
    """Normal-normal empirical Bayes: each group's raw value drawn towards the mean of the groups.

    value, error: float64 [G], G >= 4, errors above 0. The variance between groups is Paule and Mandel's (1982): the
    one at which the weighted squares add up to G - 1 (0 where the groups differ by no more than chance). Shrinkage
    and `spread` are corrected for that variance being estimated (Morris 1983, Parametric Empirical Bayes Inference,
    sections 4 and 5), without which intervals are too narrow.
    Raises ValueError for fewer than four groups or errors that are not above 0.
    """
    groups = value.size
    if groups < 4 or not (error > 0).all():
        raise ValueError("partial pooling needs four groups with errors above 0")
    variance = error**2
    between = _paule_mandel(value, variance)
    weight = 1 / (variance + between)
    centre = float((weight * value).sum() / weight.sum())
    drawn = (groups - 3) / (groups - 1) * variance * weight  # how far towards the common mean
    pooled = value - drawn * (value - centre)
    mean_variance = float((weight * variance).sum() / weight.sum())
    doubt = 2 / (groups - 3) * (mean_variance + between) * weight * (drawn * (value - centre)) ** 2
    own = variance * (1 - drawn * (1 - weight / weight.sum()))
    return Pooled(pooled, np.sqrt(own + doubt), centre, between)


def _paule_mandel(value: Array, variance: Array) -> float:
    def excess(between: float) -> float:
        weight = 1 / (variance + between)
        centre = (weight * value).sum() / weight.sum()
        return float((weight * (value - centre) ** 2).sum()) - (value.size - 1)

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.ptp(value) ** 2 + variance.max())
    while excess(high) > 0:
        high *= 2
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2


def pooled_findings(batches: Sequence[Batch], hidden: Mapping[str, Collection[tuple[str, str]]]) -> list[Finding]:
    """Partial-pooling estimates of the first figure beside the raw ones, for the sparse groups of intersections.

    Only groups that disclosure shows take part, so the common mean tells of no hidden one; a group's error comes
    from the spread within all groups, since a sparse group's own spread is unreliable.
    """
    results: list[Finding] = []
    for batch in batches:
        if len(batch.partition.parts[0]) < 2:
            continue
        for index, measure in enumerate(batch.measures[:1]):
            cells = hidden.get(measure.name, ())
            lost = {group for attribute, group in cells if attribute == batch.partition.attribute}
            results += _pooled(batch, index, [g for g, name in enumerate(batch.partition.names) if name not in lost])
    return results


def _pooled(batch: Batch, index: int, groups: list[int]) -> list[Finding]:
    found, measure = batch.found, batch.measures[index]
    groups = [g for g in groups if found.n[g] >= 2]
    if len(groups) < 4:
        return []
    n = found.n[groups]
    within = float((found.error[groups, index] ** 2 * n * (n - 1)).sum() / (n - 1).sum())
    if within == 0.0:
        return []
    pooled = partial_pooling(found.value[groups, index], np.sqrt(within / n))
    return [
        _finding(batch, measure, group, float(pooled.value[at]), float(pooled.spread[at]), pooled.between)
        for at, group in enumerate(groups)
        if n[at] < SPARSE
    ]


def _finding(batch: Batch, measure: Measure, group: int, value: float, spread: float, between: float) -> Finding:
    partition, n = batch.partition, int(batch.found.n[group])
    name = partition.names[group]
    label = phrase(
        "fairness.label.pooled", figure=measure.label, attribute=partition.attribute, group=partition.label(group)
    )
    level = batch.settings.level
    reach = two_sided(level) * spread
    method = phrase("fairness.method.pooled", figure=measure.method)
    facts = {"attribute": partition.attribute, "figure": measure.name, "between": between}
    key = f"{partition.attribute}.{measure.name}.{name}.pooled"
    rest = {"groups": {name: n}, "settings": facts, "seed": batch.seed, "level": level}
    return measured(key, label, measure.unit, value, (value - reach, value + reach), n, method, **rest)
