"""Figures of the estimators that the shop does not need, in the worlds of `benchmarks.worlds`: users with one to five
rows alike, confounded by design. `benchmarks.coverage` counts what their intervals hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd

from analysis.causal import dose
from analysis.causal.cells import Estimand, compress
from analysis.causal.estimate import Estimate
from analysis.causal.estimators import ESTIMATORS
from analysis.causal.front_door import by_front_door, linear_front_door
from analysis.causal.instrument import by_instrument
from analysis.causal.strata import stratified
from analysis.causal.study import Study, contrasts, dosed, study
from benchmarks.worlds import SLOPE, chosen, moved, sloped, through

Met = Iterator[tuple[str, float, Estimate | None]]
ESTIMANDS: tuple[Estimand, ...] = ("ATE", "ATT")


def figures(seed: int) -> Met:
    """(figure, truth, estimate) of one log of every world."""
    yield from choice(seed)
    yield from slopes(seed)
    yield from ways(seed)


@cache
def effect_on_treated() -> float:
    """The true effect on the treated of `chosen`, from 400 logs of their own."""
    drawn = np.concatenate([(one := chosen(10**6 + far))["w"][one["x"] == 1].to_numpy() for far in range(400)])
    return 1 + 0.5 * float(drawn.mean())


def choice(seed: int) -> Met:
    """Weighting and matching on a number and a category."""
    rows = _cut(chosen(seed), "w", "g")
    for name in ("ipw", "matching"):
        for estimand, known in zip(ESTIMANDS, (1.0, effect_on_treated()), strict=True):
            yield f"{name}, {estimand}", known, ESTIMATORS[name].run(rows, estimand, 100, seed)


def slopes(seed: int) -> Met:
    """A number as treatment: within strata, by group, cross-fitted."""
    table = sloped(seed, 200)
    rows = dosed(table.assign(y=table["y"] - table["w"]), "x", "y", ("g",), 5)
    left = dose.within_strata(rows)
    yield "slope within strata", SLOPE, dose.estimated(rows, left, 1.0)
    yield "slope, cross-fitted", SLOPE, dose.estimated(rows, dose.cross_fitted(rows, seed), 1.0)
    groups = dose.within_groups(rows, left, 1.0, stratified(rows.table["side"], 4), [(0, 1)])
    yield "slope in a group", SLOPE, groups.effect[0]
    yield "slope, group minus group", 0.0, groups.gap[(0, 1)]


def ways(seed: int) -> Met:
    """Instruments weak and strong, and the front door; an instrument whose interval has no end gives none."""
    for name, strength in (("weak", 0.4), ("fair", 1.0), ("strong", 3.0)):
        rows = dosed(moved(seed, strength, 150), "x", "y", ("z",), 5)
        found = by_instrument(rows, rows.dose)
        yield f"instrument, {name}", SLOPE, None if found is None else found.estimate
    door = _cut(through(seed, 150), "m")
    done = by_front_door(compress(door), "ATE", 400, seed)
    yield "front door", 1.0, None if done is None else done.effect
    yield "front door, linear", 1.0, linear_front_door(door, door.treated.astype(float))


def _cut(table: pd.DataFrame, *adjustment: str) -> Study:
    return study(table, "x", "y", contrasts(table["x"], None, None)[0], adjustment, 5)
