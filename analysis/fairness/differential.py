"""Figures that belong to a gap already tested: differential fairness, equalised odds, mean gap, worst over best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from analysis.fairness.bygroup import Batch
from analysis.fairness.judge import Comparison, Measure, measured
from analysis.finding import Finding
from words import Fact, Phrase, phrase

Array = npt.NDArray[np.float64]

SMOOTHING = 1.0
"""Added to the sum of y and to the sum of 1 - y of each group (a Dirichlet prior, Foulds and others 2020)."""
BOUNDED = ("ndcg", "recall", "hit", "selection", "opportunity")
"""Figures of which differential fairness is given: y between 0 and 1 for each user or row."""
ACCURACY = ("ndcg", "recall", "precision", "hit", "mrr", "map")


def smallest_epsilon(total: Array, count: Array) -> float:
    """The smallest e with exp(-e) <= m_a / m_b <= exp(e) for all groups a, b, of y and of 1 - y.

    total, count: [groups] sums of y (in 0..1) and how many; m = (total + 1) / (count + 2) is never 0 nor 1. 0 = alike.
    """
    mean = (total + SMOOTHING) / (count + 2 * SMOOTHING)
    return float(max(np.ptp(np.log(mean)), np.ptp(np.log1p(-mean))))


def epsilons(batches: Sequence[Batch], headlines: Mapping[str, Comparison]) -> list[Comparison]:
    """``ATTRIBUTE.epsilon[FIGURE].gap`` over the groups of the figure's gap, with that gap's p: the same question.

    Where the gap is not computed, neither is this, with its reason.
    """
    results = []
    for batch in batches:
        for measure in (one for one in batch.measures if one.name.split("@")[0] in BOUNDED):
            gap = headlines.get(f"{batch.partition.attribute}.{measure.name}.gap")
            if gap is not None:
                results.append(_epsilon(batch, measure, gap))
    return results


def _epsilon(batch: Batch, measure: Measure, gap: Comparison) -> Comparison:
    name = f"epsilon[{measure.name}]"
    if gap.value is None:
        return _beside(gap, name, "epsilon", measure.label, None, {})
    groups = len(batch.partition.names)
    sums = (
        np.bincount(batch.partition.code, side, groups).astype(float)
        for side in (measure.numerator, measure.denominator)
    )
    total, count = (side[[batch.partition.names.index(name) for name in gap.groups]] for side in sums)
    value = smallest_epsilon(total, count)
    return _beside(gap, name, "epsilon", measure.label, value, {"ratio": float(np.exp(value))})


def equalised_odds(headlines: Mapping[str, Comparison]) -> list[Comparison]:
    """``ATTRIBUTE.odds.gap``: the larger of the gaps in true and in false positive rate (Hardt, Price and Srebro 2016).

    p: twice the smaller of the two (Bonferroni), at most 1. A largest absolute gap has no interval against 0. Where
    one of the two is not computed, neither is this, with its reason.
    """
    results = []
    for key, true in headlines.items():
        false = headlines.get(key.replace(".opportunity.", ".fpr."))
        if not key.endswith(".opportunity.gap") or false is None:
            continue
        if true.value is None or false.value is None:
            results.append(_beside(true if true.value is None else false, "odds", true.unit, None, None, {}))
            continue
        larger = max(abs(true.value), abs(false.value))
        tested = sorted((one.p, one.test) for one in (true, false) if one.p is not None)
        odds = _beside(true, "odds", true.unit, None, larger, {"true": true.value, "false": false.value})
        both = {"p": min(1.0, 2 * tested[0][0]), "test": tested[0][1]} if len(tested) == 2 else {"p": None, "test": ""}
        results.append(replace(odds, **both))
    return results


def spreads(batches: Sequence[Batch], headlines: Mapping[str, Comparison]) -> list[Finding]:
    """``ATTRIBUTE.FIGURE.mad``: mean |gap| over all pairs of groups (Deldjoo 2021); ``.worst``: lowest / highest.

    Of the accuracy figures, over the groups of the figure's own gap; levels that the gap's own test judges.
    """
    results: list[Finding] = []
    for batch in batches:
        for index, measure in enumerate(batch.measures):
            gap = headlines.get(f"{batch.partition.attribute}.{measure.name}.gap")
            if measure.name.split("@")[0] in ACCURACY and gap is not None and gap.value is not None:
                held = [batch.partition.names.index(name) for name in gap.groups]
                results += _spread(gap, measure, batch.found.value[held, index])
    return results


def mean_absolute_gap(value: Array) -> float:
    """Mean of |a - b| over all pairs of groups; 0 = alike."""
    return float(np.mean([abs(a - b) for a, b in combinations(value, 2)]))


def _spread(gap: Comparison, measure: Measure, value: Array) -> list[Finding]:
    facts: dict[str, Fact] = {"figure": measure.label, "attribute": str(gap.settings["attribute"])}
    figures = [("mad", measure.gap_unit, mean_absolute_gap(value))]
    if value.max() > 0:
        figures.append(("worst", "ratio", float(value.min() / value.max())))
    return [
        measured(
            gap.key.removesuffix("gap") + name,
            phrase(f"figures.label.{name}", **facts),
            unit,
            number,
            None,
            gap.n,
            phrase("figures.method.spread", figure=measure.method),
            reason=phrase("figures.reason.judged_by_gap"),
            groups=gap.groups,
            settings=dict(gap.settings),
            seed=gap.seed,
        )
        for name, unit, number in figures
    ]


def _beside(
    gap: Comparison, name: str, unit: str, figure: Phrase | None, value: float | None, facts: dict[str, float]
) -> Comparison:
    attribute = str(gap.settings["attribute"])
    short = name.split("[")[0]
    own = phrase(f"figures.name.{short}", figure=figure) if figure is not None else phrase(f"figures.name.{short}")
    return replace(
        gap,
        key=f"{attribute}.{name}.gap",
        label=phrase("figures.label.between", figure=own, attribute=attribute),
        unit=unit,
        method=phrase(f"figures.method.{short}", figure=gap.method),
        settings={"attribute": attribute, "figure": name} | dict(facts),
        value=value,
        limits=None,
        inner=None,
        margin=None,
        smallest=None,
        reason=gap.reason if value is None else None,
        corrected=False,
    )
