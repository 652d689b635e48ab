"""Gaps between groups of users: the headline of each measure, the pairs behind it, and all that their Findings need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from analysis.fairness.bygroup import Batch
from analysis.fairness.compressed import SHUFFLE_FROM, shuffled_p
from analysis.fairness.infer import (
    Codes,
    InferenceSettings,
    Pair,
    alike,
    by_permutation,
    permutation_p,
    welch_p,
)
from analysis.fairness.judge import Comparison, Measure
from analysis.fairness.unknown import unknown_bounds, unknown_reason
from analysis.finding import JSON, joined
from analysis.log import UNKNOWN
from words import Fact, Phrase, phrase

ALL_PAIRS_UP_TO = 6
"""Attributes with more groups than this compare each group with the largest, instead of every pair."""
INNER_LEVEL = 0.90
"""Two one-sided tests at 5% are the 90% interval."""

PermutedP = Mapping[tuple[tuple[int, ...], int], float]
"""(groups, measure's place in its batch) -> p."""


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
    apart, n = _apart(batch, index, both), found.n[both]
    spread = not flat.all()
    bounds = {} if UNKNOWN in hidden else unknown_bounds(measure, batch.partition, a, b)
    return replace(
        blank,
        settings=blank.settings | dict(bounds),
        value=value,
        limits=apart.limits(settings.level) if spread else None,
        inner=apart.limits(INNER_LEVEL) if spread else None,
        p=welch_p(value, apart.error, n) if shuffled is None else shuffled,
        test="welch" if shuffled is None else "permutation",
        corrected=bool(flat.any()),
        margin=margin_of(measure, settings),
        smallest=apart.smallest(settings.level) if spread else None,
        reason=joined(
            None if spread else phrase("fairness.reason.no_spread_within"),
            unknown_reason(measure, batch.partition, bounds),
        ),
    )


def _apart(batch: Batch, index: int, both: Codes) -> Pair:
    """The difference of two groups."""
    found = batch.found
    flat = found.constant[both, index]
    return Pair(
        replicate=found.replicate[:, both[0], index] - found.replicate[:, both[1], index],
        value=found.value[both, index],
        error=found.error[both, index],
        n=found.n[both],
        flat=flat,
        seen=_seen(batch, index, both) if flat.any() else (0.0, 0.0),
    )


def _seen(batch: Batch, index: int, both: Codes) -> tuple[float, float]:
    """The lowest and the highest figure of any user of two groups."""
    measure = batch.measures[index]
    members = np.isin(batch.partition.code, both) & (measure.denominator > 0)
    own = measure.numerator[members] / measure.denominator[members]
    own = np.append(own**0.5 if measure.root else own, batch.found.value[both, index])  # as rounding has it
    return float(own.min()), float(own.max())


def _widest(batch: Batch, index: int, over: tuple[int, ...], key: str, p: float | None) -> Comparison:
    """Largest minus smallest over three or more groups: never negative, so a permutation p and no interval."""
    found, measure, groups = batch.found, batch.measures[index], list(over)
    label = _gap_label(batch, measure, None)
    blank = _blank(batch, measure, key, over, label, "fairness.method.widest")
    if _one_value(batch, index, over):
        return replace(blank, reason=phrase("fairness.reason.constant"))
    values = found.value[groups, index]
    highest, lowest = groups[int(values.argmax())], groups[int(values.argmin())]
    apart = _apart(batch, index, np.array([highest, lowest]))
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
        smallest=None if apart.flat.all() else apart.smallest(1 - (1 - batch.settings.level) / looks),
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
        settings=batch.facts(measure),
        seed=batch.seed,
        level=settings.level,
    )


def margin_of(measure: Measure, settings: InferenceSettings) -> float:
    """Differences inside +- this are of no practical weight, in the figure's unit: the analyst's margin, or that share
    of the overall value where the figure is not on 0..1."""
    return settings.margin * abs(measure.overall) if measure.relative_margin else settings.margin


def _gap_label(batch: Batch, measure: Measure, pair: tuple[int, int] | None) -> Phrase:
    facts: dict[str, Fact] = {"figure": measure.label, "attribute": batch.partition.attribute}
    if pair is None:
        return phrase("fairness.label.widest", **facts)
    first, second = (batch.partition.label(group) for group in pair)
    return phrase("fairness.label.gap", **facts, first=first, second=second)
