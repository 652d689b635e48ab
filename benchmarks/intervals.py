"""How often the 95% intervals of the estimators beside the shop's hold a known truth.

    python -m benchmarks.intervals [--seeds 1000]

One row an interval: worlds whose users have one to five rows alike, confounded by design (`benchmarks.worlds`).
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator

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
from benchmarks.machine import machine
from benchmarks.worlds import SLOPE, chosen, moved, sloped, through

Met = Iterator[tuple[str, float, Estimate | None]]
ESTIMANDS: tuple[Estimand, ...] = ("ATE", "ATT")


def choice(seed: int, treated: float) -> Met:
    """Weighting and matching on a number and a category; treated: the true effect on the treated."""
    rows = _cut(chosen(seed), "w", "g")
    for name in ("ipw", "matching"):
        for estimand, known in zip(ESTIMANDS, (1.0, treated), strict=True):
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
    """Instruments weak and strong, and the front door; a set without end holds every truth."""
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


def main(arguments: list[str]) -> int:
    """Simulate, estimate and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intervals")
    parser.add_argument("--seeds", type=int, default=1000)
    seeds = parser.parse_args(arguments).seeds
    drawn = np.concatenate([(one := chosen(10**6 + far))["w"][one["x"] == 1].to_numpy() for far in range(400)])
    treated = 1 + 0.5 * float(drawn.mean())
    held: dict[str, list[bool]] = defaultdict(list)
    shown: dict[str, int] = defaultdict(int)
    for seed in range(seeds):
        for name, known, found in (*choice(seed, treated), *slopes(seed), *ways(seed)):
            unbounded = found is None and name.startswith("instrument")
            held[name].append(unbounded or (found is not None and found.low <= known <= found.high))
            shown[name] += found is not None
    print(f"intervals: {machine()}\n{seeds} worlds\n\n| interval | holds the truth | shown |\n|---|---|---|")
    for name, hits in held.items():
        print(f"| {name} | {np.mean(hits):.3f} | {shown[name]} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
