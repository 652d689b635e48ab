"""Whether groups are shown different things at all: distances between what is recommended to each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.fairness.contrasts import Contrast, Statistic, groupings_of
from analysis.fairness.itemgroups import ITEM, grouping_label
from analysis.fairness.ranking import Ranking
from words import Phrase, phrase

Array = npt.NDArray[np.float64]

MIXED_IN = 0.01
"""Share of the group's own distribution that is mixed into that of the rest, so that the distance is finite."""


def total_variation(own: Array, rest: Array) -> Array:
    """Half the L1 distance of two distributions given as counts [..., values]; 0 = the same, 1 = nothing in common."""
    p, q = _shares(own), _shares(rest)
    return np.asarray(np.abs(p - q).sum(axis=-1) / 2)


def divergence(own: Array, rest: Array) -> Array:
    """KL(p || q~), q~ = (1 - a) q + a p, a = MIXED_IN, of counts [..., values]; nats, 0 to -log a = 4.605."""
    p, q = _shares(own), _shares(rest)
    mixed = (1 - MIXED_IN) * q + MIXED_IN * p
    ratio = np.divide(p, mixed, out=np.ones_like(p), where=p > 0)
    return np.asarray(np.maximum((p * np.log(ratio)).sum(axis=-1), 0.0))


FIGURES: dict[str, tuple[str, Statistic]] = {"tv": ("score", total_variation), "kl": ("nats", divergence)}


def distribution_contrasts(ranking: Ranking, K: int, grouping: str, figures: frozenset[str]) -> list[Contrast]:
    """``tv[GROUPING]`` and ``kl[GROUPING]`` between the places that a group's lists give to each value and the rest's.

    grouping: a column of the item groups, or ITEM. Every place counts alike.
    """
    lists = ranking.lists[:, :K]
    items = len(ranking.item_ids)
    code, values = (
        (np.arange(items), items) if grouping == ITEM else groupings_of(ranking.item_groups[grouping].to_numpy(str))
    )
    listed = lists >= 0
    rows = np.repeat(np.arange(len(lists)), listed.sum(axis=1))
    shown = sp.csr_matrix((np.ones(rows.size), (rows, code[lists[listed]])), shape=(len(lists), values))
    return [
        Contrast(
            name=f"{name}[{grouping}]",
            label=_named(f"figures.name.{name}", grouping),
            unit=unit,
            method=phrase(
                "fairness.method.protocol", what=_named(f"figures.what.{name}", grouping), protocol=ranking.protocol
            ),
            values=shown,
            statistic=statistic,
        )
        for name, (unit, statistic) in FIGURES.items()
        if name in figures
    ]


def _named(key: str, grouping: str) -> Phrase:
    return phrase(key, grouping=grouping_label(grouping))


def _shares(counts: Array) -> Array:
    total = counts.sum(axis=-1, keepdims=True)
    return np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
