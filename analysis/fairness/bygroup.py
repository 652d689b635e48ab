"""Measures by group of users: levels, gaps and pairs, each with all that its Finding needs."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from analysis.fairness.compressed import (
    COMPRESS_FROM,
    SHUFFLE_FROM,
    Compressed,
    Table,
    bootstrap,
    compress,
    moments,
    shuffled_p,
)
from analysis.fairness.infer import (
    Estimates,
    InferenceSettings,
    alike,
    by_permutation,
    estimate,
    limits,
    permutation_p,
    smallest_detectable,
    welch_p,
)
from analysis.fairness.judge import Comparison, Measure, measured
from analysis.fairness.partition import EVERYONE, Partition
from analysis.fairness.unknown import unknown_bounds, unknown_reason
from analysis.finding import JSON, Finding, joined, not_computed
from analysis.log import UNKNOWN
from words import Fact, Phrase, phrase

ALL_PAIRS_UP_TO = 6
"""Attributes with more groups than this compare each group with the largest, instead of every pair."""
INNER_LEVEL = 0.90
"""Two one-sided tests at 5% are the 90% interval."""

PermutedP = Mapping[tuple[tuple[int, ...], int], float]
"""(groups, measure's place in its batch) -> p."""


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


def gaps(
    batches: Sequence[Batch], hidden: Mapping[str, Collection[tuple[str, str]]]
) -> tuple[list[Comparison], list[Comparison]]:
    """The headline gap of every measure, and the signed pairs where an attribute has three or more groups.

    hidden: for a measure's name the cells (attribute, group) that disclosure will suppress. Gaps are taken over the
    other groups of known values, because a maximum over groups would tell of a suppressed one.
    """
    headlines: list[Comparison] = []
    pairs: list[Comparison] = []
    for batch in batches:
        compared = [
            _compared(batch, index, hidden.get(measure.name, ())) for index, measure in enumerate(batch.measures)
        ]
        p = _permuted_p(batch, compared)
        for index, groups in enumerate(compared):
            headline, signed = _gaps(batch, index, groups, p)
            headlines.append(headline)
            pairs += signed
    return headlines, pairs


@dataclass(frozen=True)
class _Compared:
    """groups: codes of the groups that a gap is taken over. hidden: names of those that disclosure hides."""

    groups: tuple[int, ...]
    hidden: frozenset[str]


def _compared(batch: Batch, index: int, cells: Collection[tuple[str, str]]) -> _Compared:
    partition = batch.partition
    hidden = frozenset(group for attribute, group in cells if attribute == partition.attribute)
    groups = (g for g in partition.known if partition.names[g] not in hidden and batch.found.n[g] >= 2)
    return _Compared(tuple(groups), hidden)


def _permuted_p(batch: Batch, compared: Sequence[_Compared]) -> PermutedP:
    """p of every gap that is tested by permutation; measures over the same groups share the shuffles."""
    sharing: dict[tuple[int, ...], list[int]] = {}
    for index, over in enumerate(compared):
        for groups in _looks(batch, index, over.groups):
            if _by_permutation(batch, index, groups):
                sharing.setdefault(groups, []).append(index)
    return {
        (groups, index): p
        for groups, indices in sharing.items()
        for index, p in zip(indices, _permuted(batch, groups, indices), strict=True)
    }


def _looks(batch: Batch, index: int, groups: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The groups of the headline gap of one measure, and of its signed pairs where there are three or more groups."""
    if len(groups) < 3:
        return [groups] if len(groups) == 2 else []
    if not batch.measures[index].pairs or len(batch.partition.parts[0]) > 1:
        return [groups]
    pairs = combinations(groups, 2) if len(groups) <= ALL_PAIRS_UP_TO else ((groups[0], g) for g in groups[1:])
    return [groups, *pairs]


def _by_permutation(batch: Batch, index: int, groups: tuple[int, ...]) -> bool:
    found, over = batch.found, list(groups)
    return not _one_value(batch, index, groups) and by_permutation(found.n[over], found.constant[over, index])


def _one_value(batch: Batch, index: int, groups: Sequence[int]) -> bool:
    """Whether all users of all `groups` have the same value. One value in each group, and not the same, is the
    starkest gap there is."""
    found, over = batch.found, list(groups)
    if not found.constant[over, index].all():
        return False
    return alike(found.value[over, index], abs(batch.measures[index].overall))


def _level(batch: Batch, index: int, group: int) -> Finding:
    measure, partition, found = batch.measures[index], batch.partition, batch.found
    name, n = partition.names[group], int(found.n[group])
    everyone = partition.attribute == EVERYONE
    key = f"{EVERYONE}.{measure.name}" if everyone else f"{partition.attribute}.{measure.name}.{name}"
    label = _level_label(batch, measure, group)
    facts = _settings(batch, measure, name, dict(partition.parts[group]))
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


def _gaps(batch: Batch, index: int, over: _Compared, p: PermutedP) -> tuple[Comparison, list[Comparison]]:
    """The headline gap of one measure, and its signed pairs where there are three or more groups."""
    partition, measure, groups = batch.partition, batch.measures[index], over.groups
    key = f"{partition.attribute}.{measure.name}.gap"
    if len(groups) < 2:
        return _absent(batch, measure, key, over), []
    if len(groups) == 2:
        return _pair(batch, index, groups, key, over.hidden, p), []
    widest = _widest(batch, index, groups, key, p.get((groups, index)))
    if widest.value is None:
        return widest, []
    names = partition.names
    signed = [
        _pair(batch, index, pair, f"{key}.{names[pair[0]]}-{names[pair[1]]}", over.hidden, p)
        for pair in _looks(batch, index, groups)[1:]
    ]
    return widest, [replace(pair, corrected=True) for pair in signed]


def _absent(batch: Batch, measure: Measure, key: str, over: _Compared) -> Comparison:
    """Fewer than two groups to compare: why."""
    partition = batch.partition
    hidden = any(partition.names[g] in over.hidden for g in partition.known)
    reason = phrase("fairness.reason.hidden_groups" if hidden else "fairness.reason.one_group")
    if int(batch.found.n.sum()) == 0:
        reason = measure.undefined
    blank = _blank(batch, measure, key, over.groups, _gap_label(batch, measure, None), "fairness.method.gap")
    return replace(blank, n=blank.n or int(partition.size.sum()), reason=reason)


def _pair(
    batch: Batch, index: int, pair: tuple[int, ...], key: str, hidden: frozenset[str], permuted: PermutedP
) -> Comparison:
    """First minus second: bootstrap interval (none without spread in either), p by permutation or by Welch's t."""
    found, measure, settings = batch.found, batch.measures[index], batch.settings
    a, b = pair
    both = np.array(pair)
    shuffled, flat = permuted.get((pair, index)), found.constant[both, index]
    method = "gap" if shuffled is None else "gap_without_spread" if flat.all() else "gap_permuted"
    blank = _blank(batch, measure, key, pair, _gap_label(batch, measure, (a, b)), f"fairness.method.{method}")
    if _one_value(batch, index, pair):
        return replace(blank, reason=phrase("fairness.reason.constant"))
    value = float(found.value[a, index] - found.value[b, index])
    replicate = found.replicate[:, a, index] - found.replicate[:, b, index]
    error, n = found.error[both, index], found.n[both]
    spread = not flat.all()
    bounds = {} if UNKNOWN in hidden else unknown_bounds(measure, batch.partition, a, b)
    return replace(
        blank,
        settings=blank.settings | dict(bounds),
        value=value,
        limits=limits(replicate, error, n, settings.level) if spread else None,
        inner=limits(replicate, error, n, INNER_LEVEL) if spread else None,
        p=welch_p(value, error, n) if shuffled is None else shuffled,
        test="welch" if shuffled is None else "permutation",
        corrected=bool(flat.any()),
        margin=margin_of(measure, settings),
        smallest=smallest_detectable(error, settings.level) or None,
        reason=joined(
            None if spread else phrase("fairness.reason.no_spread_within"),
            unknown_reason(measure, batch.partition, bounds),
        ),
    )


def _widest(batch: Batch, index: int, over: tuple[int, ...], key: str, p: float | None) -> Comparison:
    """Largest minus smallest over three or more groups: never negative, so a permutation p and no interval."""
    found, measure, groups = batch.found, batch.measures[index], list(over)
    label = _gap_label(batch, measure, None)
    blank = _blank(batch, measure, key, over, label, "fairness.method.widest")
    if _one_value(batch, index, over):
        return replace(blank, reason=phrase("fairness.reason.constant"))
    values = found.value[groups, index]
    highest, lowest = groups[int(values.argmax())], groups[int(values.argmin())]
    looks = values.size * (values.size - 1) // 2  # the widest of so many pairs: Bonferroni in what could be shown
    facts: dict[str, JSON] = {
        "highest": batch.partition.names[highest],
        "lowest": batch.partition.names[lowest],
        "mean_absolute_gap": float(np.mean([abs(x - y) for x, y in combinations(values, 2)])),
    }
    return replace(
        blank,
        settings=blank.settings | facts,
        value=float(values.max() - values.min()),
        p=p,
        test="permutation",
        margin=margin_of(measure, batch.settings),
        smallest=smallest_detectable(found.error[[highest, lowest], index], 1 - (1 - batch.settings.level) / looks)
        or None,
    )


def _permuted(batch: Batch, groups: tuple[int, ...], indices: list[int]) -> list[float]:
    settings = batch.settings
    rng = batch.rng(f"permutation {groups}")
    if batch.tables and batch.found.n[list(groups)].sum() >= SHUFFLE_FROM:
        return [shuffled_p(batch.tables[index].chosen(groups), settings.permutations, rng) for index in indices]
    code = np.full(batch.partition.code.shape, -1, np.intp)
    for place, group in enumerate(groups):
        code[batch.partition.code == group] = place
    top = np.column_stack([batch.measures[index].numerator for index in indices])
    bottom = np.column_stack([batch.measures[index].denominator for index in indices])
    return permutation_p(top, bottom, code, len(groups), settings.permutations, rng).tolist()


def _blank(batch: Batch, measure: Measure, key: str, groups: tuple[int, ...], label: Phrase, method: str) -> Comparison:
    """The comparison of `groups` before it has a value."""
    settings = batch.settings
    sizes = {batch.partition.names[g]: int(batch.found.n[g]) for g in groups}
    how = phrase(method, figure=measure.method, replicates=settings.replicates, permutations=settings.permutations)
    return Comparison(
        key=key,
        label=label,
        unit=measure.gap_unit,
        n=sum(sizes.values()),
        method=how,
        groups=sizes,
        settings=_settings(batch, measure),
        seed=batch.seed,
        level=settings.level,
    )


def margin_of(measure: Measure, settings: InferenceSettings) -> float:
    """Differences inside +- this are of no practical weight, in the figure's unit: the analyst's margin, or that share
    of the overall value where the figure is not on 0..1."""
    return settings.margin * abs(measure.overall) if measure.relative_margin else settings.margin


def _settings(
    batch: Batch, measure: Measure, group: str | None = None, parts: dict[str, str] | None = None
) -> dict[str, JSON]:
    facts: dict[str, JSON] = {"attribute": batch.partition.attribute, "figure": measure.name}
    return facts if group is None else facts | {"group": group, "parts": dict(parts or {})}


def _level_label(batch: Batch, measure: Measure, group: int) -> Phrase:
    if batch.partition.attribute == EVERYONE:
        return phrase("fairness.label.all", figure=measure.label)
    return phrase(
        "fairness.label.level",
        figure=measure.label,
        attribute=batch.partition.attribute,
        group=batch.partition.label(group),
    )


def _gap_label(batch: Batch, measure: Measure, pair: tuple[int, int] | None) -> Phrase:
    facts: dict[str, Fact] = {"figure": measure.label, "attribute": batch.partition.attribute}
    if pair is None:
        return phrase("fairness.label.widest", **facts)
    first, second = (batch.partition.label(group) for group in pair)
    return phrase("fairness.label.gap", **facts, first=first, second=second)


def _rng(seed: int, *purpose: str) -> np.random.Generator:
    """A stream of its own for each use, so that adding a figure changes no other."""
    return np.random.default_rng([seed, zlib.crc32("\n".join(purpose).encode())])
