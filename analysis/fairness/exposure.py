"""Who and what is shown: attention to item groups, popularity of lists, concentration over the catalogue."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from analysis.fairness.infer import (
    ALIKE,
    Estimates,
    InferenceSettings,
    estimate,
    limits,
    smallest_detectable,
    unseen_share,
    welch_p,
)
from analysis.fairness.itemgroups import items_label
from analysis.fairness.judge import Comparison, Measure
from analysis.fairness.peruser import discounts
from analysis.fairness.ranking import Ranking
from words import Phrase, phrase

Array = npt.NDArray[np.float64]

HEAD_SHARE = 0.2
"""The most popular fifth of the catalogue is the head; all else is the long tail."""
MOST_VALUES = 12
"""Item groups shown for one grouping: those with the most items."""


def exposure_measures(ranking: Ranking, K: int) -> list[Measure]:
    """Popularity, popularity lift (where the profile is known), long-tail share and list length of each user's list."""
    lists = ranking.lists[:, :K]
    listed = lists >= 0
    length = listed.sum(axis=1)
    some = (length > 0).astype(np.float64)
    popularity = np.where(listed, ranking.popularity[lists], 0).sum(axis=1) / np.maximum(length, 1)
    tail = np.where(listed, long_tail(ranking)[lists], False).sum(axis=1) / np.maximum(length, 1)
    return [
        _measure(ranking, "length", "items", length * 1.0, np.ones(len(length)), relative=True),
        _measure(ranking, "popularity", "interactions", popularity, some, relative=True),
        *_lift(ranking, popularity, some),
        _measure(ranking, "longtail", "share", tail, some),
        tail_items(ranking, tail * length),
    ]


def tail_items(ranking: Ranking, count: Array) -> Measure:
    """``aclt``: long-tail items in a user's list, counted (Abdollahpouri 2019); mean over all users."""
    what = phrase("figures.what.aclt")
    return Measure(
        name="aclt",
        label=phrase("figures.name.aclt"),
        unit="items",
        numerator=count.astype(np.float64),
        denominator=np.ones(len(count)),
        method=phrase("fairness.method.protocol", what=what, protocol=ranking.protocol),
        relative_margin=True,
    )


def attention_measures(ranking: Ranking, K: int, grouping: str) -> list[Measure]:
    """Share of the attention in a user's list that goes to each value of an item grouping, largest values first.

    Attention of rank r is 1 / log2(1 + r). Summed over users, then divided; named ``shown[grouping=value]``.
    """
    weight = np.where(ranking.lists[:, :K] >= 0, discounts(ranking.lists[:, :K].shape[1]), 0.0)  # [users, K]
    total = weight.sum(axis=1)
    values = ranking.item_groups[grouping].to_numpy(str)[ranking.lists[:, :K]]
    return [
        Measure(
            name=f"shown[{grouping}={value}]",
            label=phrase("fairness.figure.attention", items=items_label(grouping, value)),
            unit="share",
            numerator=np.where(values == value, weight, 0.0).sum(axis=1),
            denominator=total,
            method=_said(ranking, "attention"),
            pairs=False,
        )
        for value in shown_values(ranking, grouping)
    ]


def shown_values(ranking: Ranking, grouping: str) -> list[str]:
    """The values of a grouping that are shown: at most MOST_VALUES, those with the most items, ties by name."""
    counts = ranking.item_groups[grouping].astype(str).value_counts()
    return sorted(counts.index, key=lambda value: (-counts[value], value))[:MOST_VALUES]


def long_tail(ranking: Ranking) -> npt.NDArray[np.bool_]:
    """bool [items]: outside the most popular HEAD_SHARE of items (by the column `tail` where items carry one)."""
    if "tail" in ranking.item_groups:
        return np.asarray(ranking.item_groups["tail"].astype(str) == "tail", dtype=bool)
    order = np.argsort(-ranking.popularity, kind="stable")
    tail = np.ones(len(order), bool)
    tail[order[: int(HEAD_SHARE * len(order))]] = False
    return tail


def parity(ranking: Ranking, K: int, grouping: str, settings: InferenceSettings, seed: int) -> list[Comparison]:
    """Attention per item of each item group, over attention per item of all other items; 1 is parity.

    With s the group's share of attention and a its share of the catalogue, the ratio is (s / a) / ((1 - s) / (1 - a))
    (exposure parity of Singh and Joachims 2018, group against the rest). Its interval is that of s, transformed,
    because the ratio grows with s; p compares s with a.
    """
    measures = attention_measures(ranking, K, grouping)
    rng = _rng(seed, grouping)
    everyone = np.zeros(len(ranking.user_ids), np.intp)
    found = estimate(
        np.column_stack([measure.numerator for measure in measures]),
        np.column_stack([measure.denominator for measure in measures]),
        everyone,
        1,
        settings.replicates,
        rng,
    )
    sizes = ranking.item_groups[grouping].astype(str).value_counts()
    n = found.n
    results = []
    for index, value in enumerate(shown_values(ranking, grouping)):
        blank = Comparison(
            key=f"{grouping}.parity.{value}",
            label=phrase("fairness.figure.parity", grouping=grouping, items=items_label(grouping, value)),
            unit="ratio",
            n=int(n[0]),
            method=phrase("fairness.method.parity", replicates=settings.replicates, protocol=ranking.protocol),
            groups={},
            settings={"grouping": grouping, "figure": "parity", "value": value, "items": int(sizes[value])},
            seed=seed,
            null=1.0,
            level=settings.level,
        )
        area = float(sizes[value]) / len(ranking.item_ids)
        results.append(_judgeable(blank, found.value[0, index], found.error[:, index], found, index, area, settings))
    return results


def _judgeable(
    blank: Comparison,
    share: float,
    error: Array,
    found: Estimates,
    index: int,
    area: float,
    settings: InferenceSettings,
) -> Comparison:
    if found.n[0] < 2 or area >= 1:
        return replace(
            blank, reason=phrase("fairness.reason.one_item_group" if area >= 1 else "fairness.reason.no_lists")
        )
    if share >= 1:
        return replace(blank, reason=phrase("fairness.reason.all_attention"))

    def ratio(s: float) -> float:
        return (s / area) / ((1 - s) / (1 - area))

    if found.constant[0, index]:
        return _alike(blank, share, area, ratio, settings)
    outer, inner = (limits(found.replicate[:, 0, index], error, found.n, level) for level in (settings.level, 0.9))
    bounded = outer[1] < 1 - ALIKE  # resamples of lists that all show nothing else have no ratio
    slope = 1 / (area * (1 - share) ** 2) * (1 - area)
    return replace(
        blank,
        value=ratio(share),
        limits=(ratio(outer[0]), ratio(outer[1])) if bounded else None,
        inner=(ratio(inner[0]), ratio(inner[1])) if bounded else None,
        p=welch_p(share - area, error, found.n),
        margin=settings.margin,
        smallest=smallest_detectable(error, settings.level) * slope,
        reason=None if bounded else phrase("fairness.reason.unbounded"),
    )


def _alike(
    blank: Comparison, share: float, area: float, ratio: Callable[[float], float], settings: InferenceSettings
) -> Comparison:
    """All n lists give the group the same share of their attention, none of it perhaps.

    Were the true share a, no more than min((1 - a) / (1 - s), a / s) of the lists could give just s, the others being
    at the nearer end. That to the power n, twice, is p; the interval holds the shares with p above 1 - level.
    """
    likeliest = (1 - area) / (1 - share) if share < area else area / share
    ends = [
        (share * (1 - unseen), share + (1 - share) * unseen)
        for unseen in (float(unseen_share(blank.n, level)) for level in (settings.level, 0.9))
    ]
    return replace(
        blank,
        value=ratio(share),
        limits=(ratio(ends[0][0]), ratio(ends[0][1])),
        inner=(ratio(ends[1][0]), ratio(ends[1][1])),
        p=min(1.0, max(2 * likeliest**blank.n, float(np.finfo(float).tiny))),
        margin=settings.margin,
        reason=phrase("fairness.reason.constant_attention"),
    )


def _lift(ranking: Ranking, popularity: Array, some: Array) -> list[Measure]:
    """Popularity lift (GAP_list - GAP_profile) / GAP_profile (Abdollahpouri 2019) as a ratio of sums over users."""
    if ranking.profile is None:
        return []
    size = np.diff(ranking.profile.tocsr().indptr)
    marks = (ranking.profile > 0).astype(np.float64)
    profile = np.asarray(marks @ ranking.popularity) / np.maximum(size, 1)
    counted = (some > 0) & (profile > 0)
    return [
        _measure(
            ranking, "lift", "ratio", np.where(counted, popularity - profile, 0.0), np.where(counted, profile, 0.0)
        )
    ]


def _measure(
    ranking: Ranking, name: str, unit: str, numerator: Array, denominator: Array, relative: bool = False
) -> Measure:
    return Measure(
        name=name,
        label=phrase(f"fairness.figure.{name}"),
        unit=unit,
        numerator=numerator,
        denominator=denominator,
        method=_said(ranking, name),
        relative_margin=relative,
        undefined=phrase("fairness.reason.no_lists"),
    )


def _said(ranking: Ranking, name: str) -> Phrase:
    return phrase("fairness.method.protocol", what=phrase(f"fairness.what.{name}"), protocol=ranking.protocol)


def _rng(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(f"exposure {purpose}".encode())])
