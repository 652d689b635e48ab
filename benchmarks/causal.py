"""Estimate and three refutations, side by side with DoWhy.

    python -m benchmarks.causal [--rows 20000,100000] [--rounds 3] [--simulations 100] [--million]

The same data, the same question, 100 simulations a refutation, alternating in one process; the median of the
rounds' ratios counts, because machines drift.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.causal import refute
from analysis.causal.cells import compress
from analysis.causal.estimate import by_strata
from analysis.causal.regression import linear_adjustment
from analysis.causal.study import Study, contrasts, study
from benchmarks.machine import machine

CONFOUNDERS = ("a", "b", "c")
TRUE_EFFECT = 0.1


def log(rows: int, seed: int = 1) -> pd.DataFrame:
    """Three discrete confounders behind a 0/1 treatment x and a 0/1 outcome y; the effect is 0.1."""
    rng = np.random.default_rng(seed)
    causes = {name: rng.integers(0, levels, rows) for name, levels in zip(CONFOUNDERS, (2, 3, 4), strict=True)}
    lean = causes["a"] * 0.2 + causes["b"] * 0.1 + causes["c"] * 0.05
    x = (rng.random(rows) < 0.15 + lean).astype(int)
    y = (rng.random(rows) < 0.1 + 0.6 * lean + TRUE_EFFECT * x).astype(float)
    return pd.DataFrame({"user": rng.integers(0, rows // 30, rows).astype(str), **causes, "x": x, "y": y})


def ours(kind: refute.Kind, table: pd.DataFrame, simulations: int) -> tuple[float, float]:
    """(estimate, mean placebo): from the raw frame, compression and interval included."""
    rows: Study = study(table, "x", "y", contrasts(table["x"], None, None)[0], CONFOUNDERS, 5)
    if kind == "line":
        estimate = linear_adjustment(rows).effect
    else:
        done = by_strata(compress(rows), "ATE", 1000, 1)
        estimate = float("nan") if done is None else done.effect.value
    found = refute.placebo(rows, "ATE", kind, simulations, 1)
    refute.random_cause(rows, "ATE", kind, simulations, 1, 1.0)
    refute.subset(rows, "ATE", kind, simulations, 1)
    return estimate, found.mean


def theirs(method: str, table: pd.DataFrame, simulations: int) -> tuple[float, float]:
    """(estimate, placebo) by DoWhy 0.14, the same three refuters."""
    from dowhy import CausalModel

    design = pd.get_dummies(table[["x", "y", *CONFOUNDERS]], columns=list(CONFOUNDERS), drop_first=True, dtype=float)
    causes = [name for name in design if name not in ("x", "y")]
    design["x"] = design["x"].astype(bool) if "propensity" in method else design["x"]
    model = CausalModel(design, "x", "y", common_causes=causes)
    estimand = model.identify_effect(proceed_when_unidentifiable=True)
    estimate = model.estimate_effect(estimand, method_name=method, test_significance=False)
    effects = []
    for refuter in ("placebo_treatment_refuter", "random_common_cause", "data_subset_refuter"):
        more = {"placebo_type": "permute"} if refuter.startswith("placebo") else {}
        found = model.refute_estimate(
            estimand, estimate, method_name=refuter, num_simulations=simulations, random_state=1, **more
        )
        effects.append(float(found.new_effect))
    return float(estimate.value), effects[0]


def timed(work: Callable[[], tuple[float, float]]) -> tuple[float, tuple[float, float]]:
    """(seconds, result)."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


PAIRS: tuple[tuple[str, refute.Kind, str], ...] = (
    ("linear regression", "line", "backdoor.linear_regression"),
    ("strata / propensity weighting", "strata", "backdoor.propensity_score_weighting"),
)


def main(arguments: list[str]) -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.causal")
    parser.add_argument("--rows", default="20000,100000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--million", action="store_true", help="also a million rows")
    chosen = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    sizes = [int(size) for size in chosen.rows.split(",")] + ([1_000_000] if chosen.million else [])
    print(f"causal: {machine()}")
    print(f"estimate + placebo + random common cause + subset, {chosen.simulations} simulations each;")
    print(f"the true effect is {TRUE_EFFECT}, that of a placebo 0\n")
    print("| work | rows | ours s | DoWhy s | ratio | estimate ours / DoWhy | placebo ours / DoWhy |")
    print("|---|---|---|---|---|---|---|")
    theirs(PAIRS[0][2], log(2000), 2)  # imports and first calls are not counted
    for rows in sizes:
        for name, kind, method in PAIRS:
            print(_line(name, kind, method, rows, chosen), flush=True)
    return 0


def _line(name: str, kind: refute.Kind, method: str, rows: int, chosen: argparse.Namespace) -> str:
    table = log(rows)
    own, peer = [], []
    for _ in range(chosen.rounds):
        seconds, mine = timed(lambda: ours(kind, table, chosen.simulations))
        own.append(seconds)
        seconds, other = timed(lambda: theirs(method, table, chosen.simulations))
        peer.append(seconds)
    ratio = statistics.median(b / a for a, b in zip(own, peer, strict=True))
    times = f"{statistics.median(own):.3f} | {statistics.median(peer):.2f} | {ratio:.0f}x"
    return f"| {name} | {rows:,} | {times} | {mine[0]:.4f} / {other[0]:.4f} | {mine[1]:+.4f} / {other[1]:+.4f} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
