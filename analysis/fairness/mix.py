"""How the mix of a user's list compares with the user's own past, and with the catalogue: one number a user."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.fairness.itemgroups import grouping_label
from analysis.fairness.judge import Measure
from analysis.fairness.peruser import discounts
from analysis.fairness.ranking import Ranking
from words import phrase

Array = npt.NDArray[np.float64]

MIXED_IN = 0.01
"""Share of the past that is mixed into the list's distribution, so that a value never listed has a finite distance."""
NOTHING = 1e-12
"""Distances under this are rounding of 0."""


def calibration_measures(ranking: Ranking, K: int, grouping: str) -> list[Measure]:
    """Distance of each list's mix of an item grouping from the user's past, ``calibration[grouping]``; mean over users.

    Nothing where the profile is not known. Users without a list or without a past do not count.
    """
    if ranking.profile is None:
        return []
    distance, counted = calibration(ranking.lists[:, :K], ranking.profile, _values(ranking, grouping))
    return [_measure(ranking, "calibration", grouping, distance, counted, "no_past")]


def ndkl_measures(ranking: Ranking, K: int, grouping: str) -> list[Measure]:
    """Distance of each list's mix of an item grouping from the catalogue's, ``ndkl[grouping]``; mean over users.

    Users without a list do not count.
    """
    distance, counted = ndkl(ranking.lists[:, :K], _values(ranking, grouping))
    return [_measure(ranking, "ndkl", grouping, distance, counted, "no_lists")]


def calibration(
    lists: npt.NDArray[np.int32], profile: sp.csr_matrix, value: npt.NDArray[np.intp]
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """C_KL(u) = sum_c p log(p / q~), q~ = (1 - a) q + a p, a = MIXED_IN (Steck 2018), and which users count.

    lists: [users, K], -1 padded. profile: [users, items], interactions above 0 count once each. value: [items] codes.
    p: shares of the values in the profile; q: in the list, each place counting alike. In nats, from 0 (the same mix)
    to -log a = 4.605 (no value in common). As sum_c p = 1 it is -log a - sum of p log(1 + (1 - a) q / (a p)) over the
    values that both have, so that nothing dense of users x values is needed.
    """
    past, now = past_and_list(lists, profile, value)
    inverse = past.copy()
    inverse.data = 1.0 / inverse.data
    common = now.multiply(inverse).tocsr()  # q / p where both are above 0
    common.data = np.log1p((1.0 - MIXED_IN) / MIXED_IN * common.data)
    distance = -np.log(MIXED_IN) - np.asarray(past.multiply(common).sum(axis=1), dtype=np.float64).ravel()
    counted = (np.diff(past.indptr) > 0) & (np.diff(now.indptr) > 0)
    return np.where(counted & (distance > NOTHING), distance, 0.0), counted


def past_and_list(
    lists: npt.NDArray[np.int32], profile: sp.csr_matrix, value: npt.NDArray[np.intp]
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """[users, values] each: shares of the values in what a user chose before, and in the list."""
    listed = lists >= 0
    rows = np.repeat(np.arange(len(lists)), listed.sum(axis=1))
    shown = sp.csr_matrix((np.ones(rows.size), (rows, lists[listed])), shape=profile.shape)
    return _shares((profile > 0).astype(np.float64), value), _shares(shown, value)


def ndkl(lists: npt.NDArray[np.int32], value: npt.NDArray[np.intp]) -> tuple[Array, npt.NDArray[np.bool_]]:
    """sum_r v_r KL(D_r || D) / sum_r v_r over the places of each list (Geyik 2019), and which users have a list.

    D_r: shares of the values among the first r items; D: in the catalogue; v_r = 1 / log2(1 + r). lists: [users, K],
    -1 padded. value: [items] codes. In nats, 0 = every first part has the catalogue's mix (short parts cannot, so
    0 is reached only where there is one value). With c the count of a value among the first r and s its share of the
    catalogue, KL = sum c log(c / s) / r - log r, kept up to date place by place.
    """
    share = np.bincount(value) / len(value)
    weight, total = np.zeros(len(lists)), np.zeros(len(lists))
    running = np.zeros(len(lists))
    held = np.where(lists >= 0, value[lists], -1)
    for place, discount in enumerate(discounts(lists.shape[1])):
        here = held[:, place] >= 0
        before = (held[:, :place] == held[:, [place]]).sum(axis=1)
        step = (before + 1) * np.log(before + 1) - before * np.log(np.maximum(before, 1))
        running += np.where(here, step - np.log(share[held[:, place]]), 0.0)
        total += np.where(here, discount * (running / (place + 1) - np.log(place + 1)), 0.0)
        weight += np.where(here, discount, 0.0)
    mean = np.divide(total, weight, out=np.zeros(len(lists)), where=weight > 0)
    return np.where(mean > NOTHING, mean, 0.0), weight > 0


def _shares(marks: sp.csr_matrix, value: npt.NDArray[np.intp]) -> sp.csr_matrix:
    """[users, values]: shares of the values among each row's items; rows without items stay empty."""
    items = len(value)
    belongs = sp.csr_matrix((np.ones(items), (np.arange(items), value)), shape=(items, int(value.max(initial=0)) + 1))
    counts = (marks @ belongs).tocsr()
    counts.eliminate_zeros()
    size = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    counts.data = counts.data / np.repeat(size, np.diff(counts.indptr))
    return counts


def _values(ranking: Ranking, grouping: str) -> npt.NDArray[np.intp]:
    """[items]: codes of a grouping's values, unknown among them as a value of its own."""
    return np.unique(ranking.item_groups[grouping].to_numpy(str), return_inverse=True)[1].astype(np.intp)


def _measure(
    ranking: Ranking, name: str, grouping: str, distance: Array, counted: npt.NDArray[np.bool_], undefined: str
) -> Measure:
    what = phrase(f"fairness.what.{name}", grouping=grouping_label(grouping))
    return Measure(
        name=f"{name}[{grouping}]",
        label=phrase(f"fairness.figure.{name}", grouping=grouping_label(grouping)),
        unit="nats",
        numerator=distance,
        denominator=counted.astype(np.float64),
        method=phrase("fairness.method.protocol", what=what, protocol=ranking.protocol),
        relative_margin=True,
        undefined=phrase(f"fairness.reason.{undefined}"),
    )
