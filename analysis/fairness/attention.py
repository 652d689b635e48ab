"""Whose items a user's list puts where they are seen, against a target: one number a user."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.fairness.contrasts import groupings_of
from analysis.fairness.itemgroups import grouping_label
from analysis.fairness.judge import Measure, measured
from analysis.fairness.peruser import discounts
from analysis.fairness.ranking import Ranking
from analysis.finding import Finding, not_computed
from words import Phrase, phrase

Array = npt.NDArray[np.float64]

MOST_GROUPS = 200
"""Groupings of more values than this (each provider of a marketplace) have no per-user figures."""


def group_attention(lists: npt.NDArray[np.int32], code: npt.NDArray[np.intp], groups: int) -> Array:
    """[users, groups]: sum of v_r = 1 / log2(1 + r) over the places that hold an item of the group; -1 is no item."""
    weight = discounts(lists.shape[1])
    found = np.zeros((len(lists), groups))
    users = np.arange(len(lists))
    for place in range(lists.shape[1]):
        held = lists[:, place] >= 0
        found[users[held], code[lists[held, place]]] += weight[place]
    return found


def attention_mix_measures(ranking: Ranking, K: int, grouping: str) -> list[Measure]:
    """``awrf[GROUPING]``: 1 - half the L1 distance of a list's shares of attention from the catalogue's shares.

    Attention-weighted rank fairness (Sapiezynski and others 2019) with the logarithmic discount; mean over users with
    a list. 0 = all attention on groups that the catalogue lacks, 1 = the catalogue's mix.
    """
    code, groups = groupings_of(ranking.item_groups[grouping].to_numpy(str))
    if groups > MOST_GROUPS:
        return []
    given = group_attention(ranking.lists[:, :K], code, groups)
    total = given.sum(axis=1, keepdims=True)
    share = np.divide(given, total, out=np.zeros_like(given), where=total > 0)
    catalogue = np.bincount(code, minlength=groups) / len(code)
    counted = (total[:, 0] > 0) * 1.0
    fair = (1 - np.abs(share - catalogue).sum(axis=1) / 2) * counted
    return [_measure(ranking, "awrf", grouping, fair, counted, "fairness.reason.no_lists")]


def expected_exposure_measures(ranking: Ranking, K: int, grouping: str) -> list[Measure]:
    """``eed``, ``eer``, ``eel[GROUPING]``: disparity, relevance and loss of expected exposure (Diaz 2020).

    With E_G the attention that a list gives to group G, and T_G what the ideal gives: places 1..m to the m held-out
    relevant items alike, the places after them to all other items alike, v_r = 0 below place K. EE-D = sum E_G^2,
    EE-R = sum E_G T_G, EE-L = sum (E_G - T_G)^2 (0 = the ideal); means over users with held-out relevant items.
    """
    code, groups = groupings_of(ranking.item_groups[grouping].to_numpy(str))
    if groups > MOST_GROUPS:
        return []
    given, ideal, counted = expected_exposure(ranking, K, code, groups)
    sums = {"eed": given**2, "eer": given * ideal, "eel": (given - ideal) ** 2}
    return [
        _measure(ranking, name, grouping, values.sum(axis=1) * counted, counted, "fairness.reason.no_held_out")
        for name, values in sums.items()
    ]


def expected_exposure(ranking: Ranking, K: int, code: npt.NDArray[np.intp], groups: int) -> tuple[Array, Array, Array]:
    """Attention given to and ideal for each item group [users, groups], and 1.0 for users with relevant items."""
    relevant = (ranking.relevant > 0).astype(np.float64)
    items = len(code)
    belongs = sp.csr_matrix((np.ones(items), (np.arange(items), code)), shape=(items, groups))
    wanted = np.asarray((relevant @ belongs).toarray())
    m = wanted.sum(axis=1)
    reached = np.concatenate([[0.0], np.cumsum(discounts(K))])
    head = reached[np.minimum(m, K).astype(int)]
    each = np.divide(head, m, out=np.zeros_like(head), where=m > 0)
    other = np.divide(reached[-1] - head, items - m, out=np.zeros_like(head), where=items > m)
    size = np.bincount(code, minlength=groups)
    ideal = wanted * each[:, None] + (size - wanted) * other[:, None]
    return group_attention(ranking.lists[:, :K], code, groups), ideal, (m > 0) * 1.0


def equity(ranking: Ranking, K: int, grouping: str, seed: int) -> Finding:
    """``items.equity[GROUPING]``: sum over item groups of |A - R| (Biega and others 2018), 0 = attention as wanted.

    A: share of all attention; R: share of all held-out relevant items; both summed over the users with such items.
    From 0 to 2. No interval: a sum of absolute differences is never below 0, so resampled ones lie above it.
    """
    key, label = f"items.equity[{grouping}]", phrase("figures.name.equity", grouping=grouping_label(grouping))
    method = phrase("fairness.method.protocol", what=phrase("figures.what.equity"), protocol=ranking.protocol)
    code, groups = groupings_of(ranking.item_groups[grouping].to_numpy(str))
    relevant = (ranking.relevant > 0).astype(np.float64)
    counted = np.asarray(relevant.sum(axis=1)).ravel() > 0
    lists = ranking.lists[counted, :K]
    listed = lists >= 0
    weight = np.broadcast_to(discounts(lists.shape[1]), lists.shape)
    given = np.bincount(code[lists[listed]], weight[listed], minlength=groups)
    wanted = np.bincount(code, np.asarray(relevant.sum(axis=0)).ravel(), minlength=groups)
    n, facts = int(counted.sum()), {"seed": seed, "settings": {"K": K, "grouping": grouping, "groups": groups}}
    if given.sum() == 0 or wanted.sum() == 0:
        reason = phrase("fairness.reason.no_held_out")
        return not_computed(key, label, "score", n or len(ranking.user_ids), reason, method, **facts)
    apart = float(np.abs(given / given.sum() - wanted / wanted.sum()).sum())
    alone = phrase("fairness.reason.spread_alone")
    return measured(key, label, "score", apart, None, n, method, reason=alone, **facts)


def _measure(ranking: Ranking, name: str, grouping: str, numerator: Array, counted: Array, undefined: str) -> Measure:
    what: Phrase = phrase(f"figures.what.{name}", grouping=grouping_label(grouping))
    return Measure(
        name=f"{name}[{grouping}]",
        label=phrase(f"figures.name.{name}", grouping=grouping_label(grouping)),
        unit="score",
        numerator=numerator,
        denominator=counted,
        method=phrase("fairness.method.protocol", what=what, protocol=ranking.protocol),
        relative_margin=name != "awrf",
        undefined=phrase(undefined),
    )
