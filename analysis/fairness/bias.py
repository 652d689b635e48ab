"""Whether lists amplify what a group chose before: bias disparity of a group of users in a group of items."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from analysis.fairness.compressed import permuted_p
from analysis.fairness.contrasts import Hidden
from analysis.fairness.exposure import shown_values
from analysis.fairness.infer import (
    InferenceSettings,
    alike,
    by_permutation,
    rounding,
    smallest_detectable,
    welch_freedom,
    welch_p,
)
from analysis.fairness.itemgroups import items_label
from analysis.fairness.judge import Comparison, measured, tested
from analysis.fairness.mix import past_and_list
from analysis.fairness.partition import Partition
from analysis.fairness.providers import FEWEST, INNER_LEVEL
from analysis.fairness.ranking import Ranking
from analysis.finding import Finding, not_computed
from words import Fact, phrase

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Amplified:
    """Bias disparity of one group: value, standard error (linearised over users), and users with a list and a past."""

    value: float
    error: float
    n: int


def amplified(before: Array, after: Array, fewest: int = 2) -> Amplified | None:
    """(B_list - B_past) / B_past (Tsintzou and others 2018) of users with shares `before`, `after` [users] of a value.

    B, a share over the value's share of the catalogue, is taken as the mean over users, so each user counts alike (the
    paper pools interactions); the catalogue's share cancels. 0 = as much as chosen before, 1 = twice as much, -1 =
    none. None where fewer than `fewest` users chose the value before, or are shown it.
    """
    n = len(before)
    if n < 2 or min((before > 0).sum(), (after > 0).sum()) < fewest:
        return None
    ratio = after.sum() / before.sum()
    residual = after - ratio * before
    same = np.abs(residual).max() <= rounding(after, ratio, before)
    error = 0.0 if same else float(np.sqrt((residual**2).sum() * n / (n - 1)) / before.sum())
    return Amplified(float(ratio - 1), error, n)


def bias_disparity(
    ranking: Ranking,
    K: int,
    grouping: str,
    partition: Partition,
    hidden: Hidden,
    settings: InferenceSettings,
    k: int,
    seed: int,
) -> tuple[list[Finding], list[Comparison]]:
    """``ATTRIBUTE.bias[GROUPING=VALUE].GROUP`` levels and ``...gap`` (two groups) or ``...gap.A-B`` (pairs of more).

    Nothing where the profile is not known. Groups that disclosure hides take no part. A level whose value is chosen
    before, or shown, by fewer than max(k, FEWEST) users of the group is not computed: the error is too rough.
    """
    if ranking.profile is None:
        return [], []
    lost = {group for cells in hidden.values() for attribute, group in cells if attribute == partition.attribute}
    names, code = np.unique(ranking.item_groups[grouping].to_numpy(str), return_inverse=True)
    past, now = past_and_list(ranking.lists[:, :K], ranking.profile, code.astype(np.intp))
    counted = (np.diff(past.indptr) > 0) & (np.diff(now.indptr) > 0)
    members = {g: counted & (partition.code == g) for g in partition.known if partition.names[g] not in lost}
    levels: list[Finding] = []
    gaps: list[Comparison] = []
    for value in shown_values(ranking, grouping):
        at = int(np.searchsorted(names, value))
        before, after = (side[:, [at]].toarray().ravel() for side in (past, now))
        found = {g: amplified(before[one], after[one], max(k, FEWEST)) for g, one in members.items()}
        blank = _blank(ranking, grouping, value, partition, settings, seed)
        levels += [_level(blank, partition, g, one, int(members[g].sum())) for g, one in found.items()]
        shares = _Shares(before, after, members)
        gaps += _gaps(blank, partition, {g: one for g, one in found.items() if one is not None}, shares, settings)
    return levels, gaps


@dataclass(frozen=True)
class _Shares:
    """before, after: float64 [users], a value's share of the past and of the list. members: bool [users] of groups."""

    before: Array
    after: Array
    members: Mapping[int, npt.NDArray[np.bool_]]

    def p(self, pair: tuple[int, int], permutations: int, rng: np.random.Generator) -> float:
        """p that the two groups' sum(after) / sum(before) is one, by dealing their users out."""
        a, b = (self.members[group] for group in pair)
        code = np.select([a, b], [0, 1], -1).astype(np.intp)
        return float(permuted_p(self.after[:, None], self.before[:, None], code, permutations, rng, a | b)[0])


def _blank(
    ranking: Ranking, grouping: str, value: str, partition: Partition, settings: InferenceSettings, seed: int
) -> Comparison:
    items = items_label(grouping, value)
    name = f"bias[{grouping}={value}]"
    return Comparison(
        key=f"{partition.attribute}.{name}.gap",
        label=phrase("figures.name.bias", items=items),
        unit="ratio",
        n=0,
        method=phrase("figures.method.bias", items=items, protocol=ranking.protocol),
        groups={},
        settings={"attribute": partition.attribute, "figure": name},
        seed=seed,
        level=settings.level,
        margin=settings.margin,
    )


def _level(blank: Comparison, partition: Partition, group: int, found: Amplified | None, n: int) -> Finding:
    name = partition.names[group]
    key = f"{blank.key.removesuffix('gap')}{name}"
    label = phrase(
        "fairness.label.level", figure=blank.label, attribute=partition.attribute, group=partition.label(group)
    )
    settings = blank.settings | {"group": name, "parts": dict(partition.parts[group])}
    if found is None:
        rest = {"groups": {name: n}, "settings": settings, "seed": blank.seed}
        return not_computed(key, label, "ratio", n, phrase("figures.reason.few_chose"), blank.method, **rest)
    reach = float(stdtrit(found.n - 1, (1 + blank.level) / 2)) * found.error
    bounds = (found.value - reach, found.value + reach)
    facts = {"groups": {name: n}, "settings": settings, "seed": blank.seed, "level": blank.level}
    return measured(key, label, "ratio", found.value, bounds, n, blank.method, **facts)


def _gaps(
    blank: Comparison,
    partition: Partition,
    found: Mapping[int, Amplified],
    shares: _Shares,
    settings: InferenceSettings,
) -> list[Comparison]:
    names, results = partition.names, []
    for a, b in combinations(found, 2):
        key = blank.key if len(found) == 2 else f"{blank.key}.{names[a]}-{names[b]}"
        one = replace(_gap(blank, partition, (a, b), found), key=key, corrected=len(found) > 2)
        results.append(_tested(one, (a, b), found, shares, settings))
    return results


def _tested(
    gap: Comparison,
    pair: tuple[int, int],
    found: Mapping[int, Amplified],
    shares: _Shares,
    settings: InferenceSettings,
) -> Comparison:
    """The gap with its p-value, from the test that its groups allow."""
    if gap.value is None:
        return gap
    error, n = np.array([found[group].error for group in pair]), np.array([found[group].n for group in pair])
    if not by_permutation(n, error == 0):
        return tested(gap, welch_p(gap.value, error, n))
    rng = np.random.default_rng([gap.seed, zlib.crc32(gap.key.encode())])
    return tested(gap, shares.p(pair, settings.permutations, rng), settings.permutations)


def _gap(blank: Comparison, partition: Partition, pair: tuple[int, int], found: Mapping[int, Amplified]) -> Comparison:
    a, b = (found[group] for group in pair)
    error, n = np.array([a.error, b.error]), np.array([a.n, b.n])
    first, second = (partition.label(group) for group in pair)
    facts: dict[str, Fact] = {"figure": blank.label, "attribute": partition.attribute}
    named = replace(
        blank,
        label=phrase("fairness.label.gap", **facts, first=first, second=second),
        n=a.n + b.n,
        groups={partition.names[group]: found[group].n for group in pair},
    )
    value, total = a.value - b.value, float(np.sqrt((error**2).sum()))
    if total == 0 and alike(np.array([a.value, b.value]), 1.0):
        return replace(named, reason=phrase("fairness.reason.constant"))
    if not error.all():
        return replace(named, value=value, reason=phrase("fairness.reason.no_spread_within"))
    freedom = welch_freedom(error, n)

    def within(level: float) -> tuple[float, float]:
        reach = float(stdtrit(freedom, (1 + level) / 2)) * total
        return value - reach, value + reach

    return replace(
        named,
        value=value,
        limits=within(blank.level),
        inner=within(INNER_LEVEL),
        smallest=smallest_detectable(error, blank.level),
    )
