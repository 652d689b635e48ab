"""Groups against all others in figures that are never below 0: what chance alone would show, and a p-value from it.

Such a figure (a distance, an absolute error) has no valid interval against 0. Users are dealt out among the groups at
random, the figure is computed anew, and the share of deals that reach the observed value is the p-value.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import Comparison
from analysis.fairness.partition import Partition
from analysis.finding import JSON, amount
from words import Fact, Phrase, phrase

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Statistic = Callable[[Array, Array], Array]
"""(sums over the group [..., c], sums over all others [..., c]) -> figure [...], at least 0."""
Hidden = Mapping[str, Collection[tuple[str, str]]]

MOST_WORK = 400_000_000
"""Values dealt out for one figure and attribute; larger logs are dealt out less often, at least FEWEST times."""
FEWEST = 200
BLOCK = 4_000_000


@dataclass(frozen=True)
class Contrast:
    """A figure of one group against the others.

    name: as in keys. label, unit, method: of the finding. values: csr float64 [users, c], what is summed over a group's
    users; users without any do not count. statistic: the figure from those sums. items: how many items it is the mean
    over, from the same sums; 0 = the figure is undefined. None: it is no mean over items.
    """

    name: str
    label: Phrase
    unit: str
    method: Phrase
    values: sp.csr_matrix
    statistic: Statistic
    items: Statistic | None = None


def contrasted(
    contrast: Contrast, partition: Partition, hidden: Hidden, settings: InferenceSettings, k: int, seed: int
) -> list[Comparison]:
    """``ATTRIBUTE.NAME.gap``: of two groups the figure, of more the largest of one against the rest, and each of these.

    Groups that disclosure hides in any figure, that are unknown or have fewer than max(k, 2) users that count take no
    part, neither as a group nor among the rest. Not computed where fewer than two are left.
    """
    counts = np.diff(contrast.values.indptr) > 0
    lost = {group for cells in hidden.values() for attribute, group in cells if attribute == partition.attribute}
    size = np.bincount(partition.code[counts], minlength=len(partition.names))
    shown = [g for g in partition.known if partition.names[g] not in lost and size[g] >= max(k, 2)]
    sizes = {partition.names[g]: int(size[g]) for g in shown}
    blank = _blank(contrast, partition, sizes, settings, seed)
    if len(shown) < 2:
        n = blank.n or int(partition.size.sum())
        return [replace(blank, n=n, reason=phrase("figures.reason.one_group"))]
    place = np.full(len(partition.names), -1, np.intp)
    place[shown] = np.arange(len(shown))
    code = place[partition.code]
    taken = counts & (code >= 0)
    rng = np.random.default_rng([seed, zlib.crc32(f"{partition.attribute} {contrast.name}".encode())])
    observed, dealt = dealt_out(contrast.values[taken], code[taken], len(shown), contrast.statistic, settings, rng)
    over = _items(contrast, contrast.values[taken], code[taken], len(shown))
    if len(shown) == 2 or not over.any():
        return [_judgeable(blank, observed[0], dealt[:, 0], over[0])]
    first = int(np.where(over > 0, observed, -np.inf).argmax())
    widest = _judgeable(blank, observed[first], dealt.max(axis=1), over[first])
    facts: dict[str, JSON] = {"highest": partition.names[shown[first]]}
    each = [
        _judgeable(_of_group(blank, contrast, partition, group), observed[at], dealt[:, at], over[at])
        for at, group in enumerate(shown)
    ]
    return [replace(widest, settings=widest.settings | facts), *each]


def dealt_out(
    values: sp.csr_matrix,
    code: Codes,
    groups: int,
    statistic: Statistic,
    settings: InferenceSettings,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """The figure of each group against the rest as observed [G], and with users dealt out at random [P, G]."""
    times = int(np.clip(MOST_WORK // max(values.nnz * groups, 1), FEWEST, settings.permutations))
    found = [_figures(values, code[None], groups, statistic)]
    found += [_figures(values, block, groups, statistic) for block in _shuffles(code, values.shape[1], times, rng)]
    whole = np.vstack(found)
    return whole[0], whole[1:]


def _shuffles(code: Codes, columns: int, times: int, rng: np.random.Generator) -> Iterator[Codes]:
    block = max(1, BLOCK // max(code.size, columns))
    for start in range(0, times, block):
        yield rng.permuted(np.tile(code, (min(block, times - start), 1)), axis=1)


def _figures(values: sp.csr_matrix, codes: Codes, groups: int, statistic: Statistic) -> Array:
    """[P, G] for labellings codes [P, users]."""
    total = np.asarray(values.sum(axis=0)).ravel()
    across = values.T.tocsr()
    found = []
    for group in range(groups):
        own = np.asarray(across @ (codes == group).T.astype(np.float64)).T  # [P, c]
        found.append(statistic(own, total - own))
    return np.stack(found, axis=1)


def _items(contrast: Contrast, values: sp.csr_matrix, code: Codes, groups: int) -> Array:
    """[G]: items that each group's figure is the mean over; infinity where it is no such mean."""
    if contrast.items is None:
        return np.full(groups, np.inf)
    return np.asarray(_figures(values, code[None], groups, contrast.items)[0])


def _judgeable(blank: Comparison, value: float, dealt: Array, items: float) -> Comparison:
    if items == 0:
        return replace(blank, reason=phrase("figures.reason.no_common_items"))
    over = {} if np.isinf(items) else {"items": int(items)}
    at_least = int((dealt >= value * (1 - 1e-9)).sum())
    chance = float(dealt.mean())
    return replace(
        blank,
        value=float(value),
        p=(1 + at_least) / (1 + dealt.size),
        test="permutation",
        settings=blank.settings | {"chance": chance, "shuffles": int(dealt.size)} | over,
        reason=phrase(f"figures.reason.chance{'_items' if over else ''}", chance=amount(chance, blank.unit), **over),
    )


def _blank(
    contrast: Contrast, partition: Partition, sizes: dict[str, int], settings: InferenceSettings, seed: int
) -> Comparison:
    return Comparison(
        key=f"{partition.attribute}.{contrast.name}.gap",
        label=phrase("figures.label.between", figure=contrast.label, attribute=partition.attribute),
        unit=contrast.unit,
        n=sum(sizes.values()),
        method=phrase("figures.method.dealt", figure=contrast.method),
        groups=sizes,
        settings={"attribute": partition.attribute, "figure": contrast.name},
        seed=seed,
        level=settings.level,
    )


def _of_group(blank: Comparison, contrast: Contrast, partition: Partition, group: int) -> Comparison:
    facts: dict[str, Fact] = {
        "figure": contrast.label,
        "attribute": partition.attribute,
        "group": partition.label(group),
    }
    label = phrase("figures.label.rest", **facts)
    return replace(blank, key=f"{blank.key}.{partition.names[group]}-rest", label=label)


def groupings_of(values: Sequence[str] | npt.NDArray) -> tuple[Codes, int]:
    """Codes of text values [items], and how many values there are."""
    names, code = np.unique(np.asarray(values, dtype=str), return_inverse=True)
    return code.astype(np.intp), len(names)
