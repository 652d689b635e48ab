"""How unevenly lists spread over the catalogue and over those who provide it."""

from __future__ import annotations

import zlib
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.fairness.contrasts import groupings_of
from analysis.fairness.infer import InferenceSettings, resampling_counts, two_sided
from analysis.fairness.judge import measured
from analysis.fairness.ranking import Ranking
from analysis.finding import Finding, not_computed
from words import Phrase, phrase

Array = npt.NDArray[np.float64]

PROVIDER = "provider"
"""The item grouping whose values are people or firms, not kinds of item."""
BLOCK = 100


def concentration(
    ranking: Ranking, K: int, settings: InferenceSettings, seed: int, figures: Collection[str] = ()
) -> list[Finding]:
    """Gini of how often items are shown and catalogue coverage; of `figures` also `entropy` and `providers`.

    ``items.gini`` (0 = all alike, towards 1 = one item takes all), ``items.coverage``, ``items.entropy`` (nats, 0 = one
    item takes all, log of the number of items = all alike), ``providers.gini`` and ``providers.effective`` (1 over the
    sum of squared shares of places: as many equal providers would be as concentrated). Over the whole catalogue, items
    and providers never shown included. Few lists look more uneven than many would, by as much as resampled lists, which
    repeat, look more uneven than these: intervals are value - (mean of resamples - value) +- z standard errors over
    resampled users, inside the range. Coverage has no interval: what was never shown cannot be resampled.
    """
    lists = ranking.lists[:, :K]
    users, items = len(ranking.user_ids), len(ranking.item_ids)
    shown = np.bincount(lists[lists >= 0], minlength=items).astype(np.float64)
    labels = {"gini": phrase("fairness.figure.gini"), "coverage": phrase("fairness.figure.coverage")}
    if shown.sum() == 0:
        reason = phrase("fairness.reason.no_lists")
        method = _method(ranking, settings.replicates)
        return [
            not_computed(f"items.{name}", label, "share", users, reason, method, seed=seed)
            for name, label in labels.items()
        ]
    drawn = resampled_shown(lists, items, settings.replicates, seed)
    drawn = drawn[drawn.sum(axis=1) > 0]  # where few have a list, some resamples hold nobody who has
    method = _method(ranking, len(drawn))
    facts: dict[str, object] = {"seed": seed, "settings": {"K": K, "items": items}}
    level = settings.level
    covered, alone = float((shown > 0).mean()), phrase("fairness.reason.coverage")
    found = [
        _spread(
            "items.gini", labels["gini"], "score", gini(shown[None]), gini(drawn), (0, 1), users, method, level, facts
        ),
        measured("items.coverage", labels["coverage"], "share", covered, None, users, method, reason=alone, **facts),
    ]
    if "entropy" in figures:
        label, most = phrase("figures.name.entropy", most=f"{np.log(items):.2f}"), float(np.log(items))
        of = entropy(shown[None]), entropy(drawn)
        found.append(_spread("items.entropy", label, "nats", *of, (0, most), users, method, level, facts))
    if "providers" in figures and PROVIDER in ranking.item_groups:
        code, owners = groupings_of(ranking.item_groups[PROVIDER].to_numpy(str))
        places, redrawn = (_joined(counts, code, owners) for counts in (shown[None], drawn))
        named = (("gini", "score", gini, (0.0, 1.0)), ("effective", "providers", effective, (1.0, owners)))
        for name, unit, figure, ends in named:
            label = phrase(f"figures.name.provider_{name}", providers=owners)
            of = figure(places), figure(redrawn)
            found.append(_spread(f"providers.{name}", label, unit, *of, ends, users, method, level, facts))
    return found


def _method(ranking: Ranking, replicates: int) -> Phrase:
    return phrase("fairness.method.concentration", replicates=replicates, protocol=ranking.protocol)


def _spread(
    key: str,
    label: Phrase,
    unit: str,
    value: Array,
    resampled: Array,
    ends: tuple[float, float],
    users: int,
    method: Phrase,
    level: float,
    facts: dict[str, object],
) -> Finding:
    """A level with value [1]: its bias, as far as resampled twins [B] show it, taken off, +- z of their deviations.

    ends: of the figure's range.
    """
    z = two_sided(level)
    centre, reach = 2 * float(value[0]) - float(resampled.mean()), z * float(resampled.std())
    bounds = (max(ends[0], centre - reach), min(ends[1], centre + reach))
    return measured(key, label, unit, float(value[0]), bounds, users, method, level=level, **facts)


def _joined(counts: Array, code: npt.NDArray[np.intp], groups: int) -> Array:
    """Counts [B, items] summed over the items of each group: [B, groups]."""
    belongs = sp.csr_matrix((np.ones(len(code)), (np.arange(len(code)), code)), shape=(len(code), groups))
    return np.asarray((belongs.T @ counts.T).T, dtype=np.float64)


def gini(shown: Array) -> Array:
    """Gini coefficient of each row of counts [B, items]: sum_i (2 i - N - 1) x_(i) / (N sum x), x ascending."""
    ordered = np.sort(shown, axis=1)
    items = ordered.shape[1]
    place = 2 * np.arange(1, items + 1) - items - 1
    return np.asarray(ordered @ place / (items * ordered.sum(axis=1)), dtype=np.float64)


def entropy(shown: Array) -> Array:
    """-sum p log p of each row of counts [B, items], in nats."""
    share = shown / shown.sum(axis=1, keepdims=True)
    return np.asarray(-(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1), dtype=np.float64)


def effective(shown: Array) -> Array:
    """1 / sum p^2 of each row of counts [B, providers] (the inverse of Herfindahl's index); 1 = one takes all."""
    share = shown / shown.sum(axis=1, keepdims=True)
    return np.asarray(1 / (share**2).sum(axis=1), dtype=np.float64)


def resampled_shown(lists: npt.NDArray[np.int32], items: int, replicates: int, seed: int) -> Array:
    """How often each item is shown to resampled users: [B, items]."""
    users = np.repeat(np.arange(len(lists)), (lists >= 0).sum(axis=1))
    marks = sp.csr_matrix((np.ones(len(users)), (users, lists[lists >= 0])), shape=(len(lists), items))
    rng = np.random.default_rng([seed, zlib.crc32(b"exposure gini")])
    blocks = []
    for start in range(0, replicates, BLOCK):
        counts = resampling_counts(len(lists), min(BLOCK, replicates - start), rng)
        blocks.append(np.asarray((marks.T @ counts.T).T))
    return np.vstack(blocks)
