"""Whether items reach lists alike, whoever provides them: groups of items against how much they were wanted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.fairness.exposure import shown_values
from analysis.fairness.infer import InferenceSettings, smallest_detectable, welch_freedom, welch_p
from analysis.fairness.itemgroups import grouping_label, items_label
from analysis.fairness.judge import Comparison, measured
from analysis.fairness.peruser import discounts, listed_grades
from analysis.fairness.ranking import Ranking
from analysis.finding import Finding, not_computed
from words import phrase

Array = npt.NDArray[np.float64]

FEWEST = 20
"""People that each side of a ratio rests on, in numerator and denominator; its interval is too narrow below."""
INNER_LEVEL = 0.90
"""Two one-sided tests at 5% are the 90% interval."""


def provider_ratios(
    ranking: Ranking,
    K: int,
    grouping: str,
    figures: Collection[str],
    settings: InferenceSettings,
    k: int,
    seed: int,
) -> list[Comparison]:
    """Each item group against all other items, by what users with held-out relevant items wanted; 1 is parity.

    ``GROUPING.reached.VALUE`` (figure `reo`): P(in top K | group, relevant) of the group over that of the rest.
    ``GROUPING.merit.VALUE`` (figure `merit`): attention per relevant item of the group over that of the rest, the
    disparate treatment ratio of Singh and Joachims 2018 with held-out relevant items as merit. Intervals: users are
    the unit; the error of log(a / b) - log(c / d), each a sum over users, by its influence function, Student's
    quantile. ``GROUPING.clicks.VALUE`` (figure `clicks`): attention that falls on relevant items per relevant item, the
    disparate impact ratio (CTR / U) of Singh and Joachims 2018 with held-out relevant items as clicks and as merit.
    A group of zero merit has none of the three. Not computed where one of the four sums rests on fewer than
    max(k, FEWEST) people.
    """
    if not {"reo", "merit", "clicks"} & set(figures):
        return []
    lists = ranking.lists[:, :K]
    relevant = (ranking.relevant > 0).astype(np.float64)
    total = np.asarray(relevant.sum(axis=1), dtype=np.float64).ravel()
    judged = total > 0
    hit = (listed_grades(ranking.relevant, lists) > 0).astype(np.float64)
    attention = np.where(lists >= 0, discounts(lists.shape[1]), 0.0)
    values = ranking.item_groups[grouping].to_numpy(str)
    sizes = ranking.item_groups[grouping].astype(str).value_counts()
    results = []
    for value in shown_values(ranking, grouping):
        own = (values == value).astype(np.float64)
        wanted = _sides(np.asarray(relevant @ own, dtype=np.float64), total)[judged]
        kinds = (("reo", "reached", hit), ("merit", "merit", attention), ("clicks", "clicks", attention * hit))
        for figure, name, given in kinds:
            if figure in figures:
                got = _sides((given * own[lists]).sum(axis=1), given.sum(axis=1))[judged]
                blank = Comparison(
                    key=f"{grouping}.{name}.{value}",
                    label=phrase(_named("figure", name), grouping=grouping, items=items_label(grouping, value)),
                    unit="ratio",
                    n=int(judged.sum()),
                    method=phrase(_named("method", name), protocol=ranking.protocol),
                    groups={},
                    settings={"grouping": grouping, "figure": name, "value": value, "items": int(sizes[value])},
                    seed=seed,
                    null=1.0,
                    level=settings.level,
                )
                results.append(_judgeable(blank, got, wanted, max(k, FEWEST), settings))
    return results


def _named(what: str, name: str) -> str:
    """Key of a text: those of `clicks` stand in a catalogue of their own."""
    return f"fairness.{what}.{name}" if name != "clicks" else f"figures.{'name' if what == 'figure' else what}.clicks"


def provider_levels(
    ranking: Ranking, K: int, grouping: str, figures: Collection[str], k: int, seed: int
) -> list[Finding]:
    """``items.rsp[grouping]`` and ``items.reo[grouping]``: standard deviation over mean of the groups' chances.

    rsp: chance of a candidate (an item that is not in the user's profile) of the group to be in the user's top K;
    reo: of a relevant item (Zhu and others 2020; divisor: number of groups). 0 = alike for all groups, sqrt(G - 1) =
    one group takes all. Groups without candidates, and for reo those wanted by fewer than `k` people, are left out.
    No interval: a spread is never negative, so resampled ones lie above it.
    """
    if not {"rsp", "reo"} & set(figures):
        return []
    lists = ranking.lists[:, :K]
    code, names = _codes(ranking, grouping)
    listed = lists >= 0
    relevant = (ranking.relevant > 0).astype(np.float64)
    seen = 0 if ranking.profile is None else np.asarray((ranking.profile > 0).sum(axis=0)).ravel()
    candidates = np.bincount(code, weights=len(ranking.user_ids) - seen * np.ones(len(code)), minlength=names)
    hit = listed_grades(ranking.relevant, lists) > 0
    wanted = np.bincount(code, weights=np.asarray(relevant.sum(axis=0)).ravel(), minlength=names)
    belongs = sp.csr_matrix((np.ones(len(code)), (np.arange(len(code)), code)), shape=(len(code), names))
    people = np.diff((relevant @ belongs).tocsc().indptr)  # users who wanted an item of the group
    parts = {
        "rsp": (np.bincount(code[lists[listed]], minlength=names), candidates, candidates > 0),
        "reo": (np.bincount(code[lists[hit]], minlength=names), wanted, people >= k),
    }
    results = []
    for figure in (name for name in parts if name in figures):
        top, bottom, kept = parts[figure]
        key = f"items.{figure}[{grouping}]"
        label = phrase(f"fairness.figure.{figure}", grouping=grouping_label(grouping))
        method = phrase("fairness.method.protocol", what=phrase(f"fairness.what.{figure}"), protocol=ranking.protocol)
        facts = {"seed": seed, "settings": {"K": K, "grouping": grouping, "groups": int(kept.sum()), "of": names}}
        users = len(ranking.user_ids)
        spread = relative_spread(top[kept] / bottom[kept])
        if spread is None:
            reason = phrase("fairness.reason.no_spread_of_groups")
            results.append(not_computed(key, label, "score", users, reason, method, **facts))
        else:
            reason = phrase("fairness.reason.spread_alone")
            results.append(measured(key, label, "score", spread, None, users, method, reason=reason, **facts))
    return results


def relative_spread(chance: Array) -> float | None:
    """Population standard deviation over mean; None for fewer than two chances, or where all are 0."""
    return float(chance.std() / chance.mean()) if chance.size > 1 and chance.sum() > 0 else None


def _codes(ranking: Ranking, grouping: str) -> tuple[npt.NDArray[np.intp], int]:
    """[items]: code of each item's group; and the number of groups."""
    names, code = np.unique(ranking.item_groups[grouping].to_numpy(str), return_inverse=True)
    return code.astype(np.intp), len(names)


def _sides(own: Array, total: Array) -> Array:
    """[users, 2]: the group's part of a user's sum and the others'; rounding left out."""
    rest = total - own
    return np.column_stack([own, np.where(rest > 1e-9, rest, 0.0)])


def _judgeable(blank: Comparison, got: Array, wanted: Array, fewest: int, settings: InferenceSettings) -> Comparison:
    """(got / wanted of the group) / (got / wanted of the rest), with all that judging needs."""
    people = np.hstack([got > 0, wanted > 0]).sum(axis=0)
    if people.min() < fewest:
        return replace(blank, reason=phrase("fairness.reason.few_people", fewest=fewest))
    parts = np.hstack([got, wanted])  # [users, 4]: got of the group and the rest, wanted of the group and the rest
    sums = parts.sum(axis=0)
    signs = np.array([1.0, -1.0, -1.0, 1.0])
    log = float(np.log(sums) @ signs)
    users = len(parts)
    influence = (parts / sums) @ signs
    error, n = np.array([np.sqrt(users / (users - 1) * float(influence @ influence))]), np.array([users])

    def within(level: float) -> tuple[float, float]:
        from scipy.special import stdtrit

        reach = float(stdtrit(welch_freedom(error, n), (1 + level) / 2)) * float(error[0])
        return float(np.exp(log - reach)), float(np.exp(log + reach))

    return replace(
        blank,
        value=float(np.exp(log)),
        limits=within(settings.level),
        inner=within(INNER_LEVEL),
        p=welch_p(log, error, n),
        margin=settings.margin,
        smallest=float(np.expm1(smallest_detectable(error, settings.level))),
    )
