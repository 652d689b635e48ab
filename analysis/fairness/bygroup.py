"""Measures by group of users, resampled: their levels, and what the gaps between groups (`gaps`) are taken from."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.fairness.compressed import (
    COMPRESS_FROM,
    Compressed,
    Table,
    bootstrap,
    compress,
    moments,
)
from analysis.fairness.infer import (
    Estimates,
    InferenceSettings,
    estimate,
    limits,
)
from analysis.fairness.judge import Measure, measured
from analysis.fairness.partition import EVERYONE, Partition
from analysis.finding import JSON, Finding, not_computed
from words import Phrase, phrase


@dataclass(frozen=True)
class Batch:
    """Measures that count the same users, resampled over the groups of one partition.

    tables: each measure in cells, where any group is large.
    """

    measures: tuple[Measure, ...]
    partition: Partition
    found: Estimates
    settings: InferenceSettings
    seed: int
    tables: tuple[Table, ...] = ()

    def rng(self, purpose: str) -> np.random.Generator:
        return _rng(self.seed, self.partition.attribute, self.measures[0].name, purpose)

    def facts(self, measure: Measure) -> dict[str, JSON]:
        """The settings that a finding of this measure carries."""
        return {"attribute": self.partition.attribute, "figure": measure.name}


def resample(
    measures: Sequence[Measure],
    partition: Partition,
    settings: InferenceSettings,
    seed: int,
    compressed: Compressed | None = None,
) -> list[Batch]:
    """Every measure by every group of `partition`, with its replicates.

    Small groups are resampled user by user, measures of the same users with the same draws; large ones by cells
    (`analysis.fairness.compressed`), each measure by itself. compressed: these measures over these groups, where many
    partitions share one pass over the users.
    """
    together: dict[bytes, list[Measure]] = {}
    for measure in measures:
        together.setdefault((measure.denominator > 0).tobytes(), []).append(measure)
    if partition.size.max(initial=0) >= COMPRESS_FROM and (compressed is None or not compressed.holds(partition)):
        compressed = compress(measures, [partition])
    return [_resampled(tuple(some), partition, settings, seed, compressed) for some in together.values()]


def compress_shared(measures: Collection[Measure], partitions: Sequence[Partition]) -> Compressed | None:
    """What `resample` needs of many partitions, in one pass over the users; None where all groups are small."""
    large = any(group.size.max(initial=0) >= COMPRESS_FROM for group in partitions)
    return compress(measures, partitions) if large else None


def _resampled(
    measures: tuple[Measure, ...],
    partition: Partition,
    settings: InferenceSettings,
    seed: int,
    compressed: Compressed | None,
) -> Batch:
    large = partition.size >= COMPRESS_FROM
    code = np.where(large[partition.code], -1, partition.code)
    few = (code >= 0).any()
    rng = _rng(seed, partition.attribute, measures[0].name, "bootstrap")
    found = estimate(
        np.column_stack([measure.numerator for measure in measures]) if few else np.zeros((0, len(measures))),
        np.column_stack([measure.denominator for measure in measures]) if few else np.zeros((0, len(measures))),
        code if few else code[:0],
        len(partition.names),
        settings.replicates,
        rng,
    )
    tables = [compressed.table(measure, partition) for measure in measures] if compressed else []
    for index, table in enumerate(tables):
        value, error, constant, n = moments(table)
        rng = _rng(seed, partition.attribute, measures[index].name, "cells")
        for group in np.flatnonzero(large & (n > 0)).tolist():
            found.value[group, index], found.error[group, index] = value[group], error[group]
            found.constant[group, index], found.n[group] = constant[group], n[group]
            found.replicate[:, group, index] = bootstrap(table, group, settings.replicates, rng)
    for index in (index for index, measure in enumerate(measures) if measure.root):
        _take_root(found, index)
    return Batch(measures, partition, found, settings, seed, tuple(tables))


def _take_root(found: Estimates, index: int) -> None:
    """Turn a mean square into its root, with the error that goes with it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found.value[:, index] **= 0.5
        found.replicate[:, :, index] **= 0.5
        found.error[:, index] = np.where(
            found.constant[:, index], 0.0, found.error[:, index] / (2 * found.value[:, index])
        )


def levels(batches: Sequence[Batch]) -> list[Finding]:
    """The level of every measure in every group, verdict `measured` or `not computed`."""
    return [
        _level(batch, index, group)
        for batch in batches
        for index in range(len(batch.measures))
        for group in range(len(batch.partition.names))
    ]


def _level(batch: Batch, index: int, group: int) -> Finding:
    measure, partition, found = batch.measures[index], batch.partition, batch.found
    name, n = partition.names[group], int(found.n[group])
    everyone = partition.attribute == EVERYONE
    key = f"{EVERYONE}.{measure.name}" if everyone else f"{partition.attribute}.{measure.name}.{name}"
    label = _level_label(batch, measure, group)
    facts = batch.facts(measure) | {"group": name, "parts": dict(partition.parts[group])}
    if measure.counted_numerator:
        members = partition.code == group
        facts["numerator_users"] = int((measure.numerator[members] > 0).sum())
    method = phrase("fairness.method.level", figure=measure.method, replicates=batch.settings.replicates)
    rest: dict[str, object] = {
        "groups": {name: n},
        "settings": facts,
        "seed": batch.seed,
        "level": batch.settings.level,
    }
    if n < 2:
        reason = measure.undefined if n == 0 else phrase("fairness.reason.one_user")
        size = n or int(partition.size[group])  # nobody counts: the reason concerns the group as a whole
        rest["groups"] = {name: size}
        facts["counted_users"] = n
        return not_computed(key, label, measure.unit, size, reason, method, **rest)
    value = float(found.value[group, index])
    if found.constant[group, index]:
        reason = phrase("fairness.reason.no_spread")
        return measured(key, label, measure.unit, value, None, n, method, reason=reason, **rest)
    bounds = limits(
        found.replicate[:, group, index], found.error[[group], index], found.n[[group]], batch.settings.level
    )
    return measured(key, label, measure.unit, value, bounds, n, method, **rest)


def _level_label(batch: Batch, measure: Measure, group: int) -> Phrase:
    if batch.partition.attribute == EVERYONE:
        return phrase("fairness.label.all", figure=measure.label)
    return phrase(
        "fairness.label.level",
        figure=measure.label,
        attribute=batch.partition.attribute,
        group=batch.partition.label(group),
    )


def _rng(seed: int, *purpose: str) -> np.random.Generator:
    """A stream of its own for each use, so that adding a figure changes no other."""
    return np.random.default_rng([seed, zlib.crc32("\n".join(purpose).encode())])
