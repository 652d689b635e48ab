"""Estimates beside DoWhy and EconML: the same data, the same question, alternating in one process.

    python -m benchmarks.causal [--rows 20000,100000] [--rounds 3] [--simulations 100] [--works line,strata,robust,same]

`line` and `strata`: the estimate and three refutations, beside DoWhy; `robust`: the cross-fitted estimate with its
interval, beside EconML's LinearDML with its own choice of models; `same`: with ours. Rounds may be given for each size
(`--rows 20000,1000000 --rounds 3,1`); the median of the rounds' ratios counts, because machines drift.
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
from analysis.causal.doubly_robust import FOLDS, learner, nuisances
from analysis.causal.estimate import by_models, by_strata
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
    """(processor seconds, result): what else the machine does meanwhile does not count."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def ours_robust(table: pd.DataFrame) -> tuple[float, float]:
    """(estimate, standard error) of the cross-fitted doubly robust estimate, from the raw frame."""
    rows = study(table, "x", "y", contrasts(table["x"], None, None)[0], CONFOUNDERS, 5)
    found = by_models(rows, nuisances(rows, 1), "ATE")
    assert found is not None
    return found.effect.value, found.effect.error


def theirs_robust(table: pd.DataFrame, same_models: bool) -> tuple[float, float]:
    """(estimate, standard error) by EconML's LinearDML, 5 folds; its own choice of models, or those that ours uses."""
    from econml.dml import LinearDML

    models = {"model_y": learner(True, False, 1), "model_t": learner(True, False, 1)} if same_models else {}
    design = pd.get_dummies(table[list(CONFOUNDERS)], columns=list(CONFOUNDERS), drop_first=True, dtype=float)
    dml = LinearDML(discrete_treatment=True, discrete_outcome=True, cv=FOLDS, random_state=1, **models)
    dml.fit(table["y"].to_numpy().astype(int), table["x"].to_numpy(), W=design.to_numpy())
    found = dml.const_marginal_ate_inference()
    return float(np.ravel(found.mean_point)[0]), float(np.ravel(found.stderr_mean)[0])


Work = Callable[[], tuple[float, float]]


def works(table: pd.DataFrame, simulations: int) -> dict[str, list[tuple[str, Work, Work]]]:
    """Name of a work -> (title, ours, theirs), each giving (estimate, placebo or standard error)."""
    return {
        "line": [
            (
                "linear regression, DoWhy",
                lambda: ours("line", table, simulations),
                lambda: theirs("backdoor.linear_regression", table, simulations),
            )
        ],
        "strata": [
            (
                "strata / DoWhy's propensity weighting",
                lambda: ours("strata", table, simulations),
                lambda: theirs("backdoor.propensity_score_weighting", table, simulations),
            )
        ],
        "robust": [
            ("doubly robust / LinearDML", lambda: ours_robust(table), lambda: theirs_robust(table, False)),
        ],
        "same": [
            ("doubly robust / LinearDML, our models", lambda: ours_robust(table), lambda: theirs_robust(table, True)),
        ],
    }


def main(arguments: list[str]) -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.causal")
    parser.add_argument("--rows", default="20000,100000")
    parser.add_argument("--rounds", default="3", help="one number, or one for each size")
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--works", default="line,strata,robust,same")
    chosen = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    sizes = [int(size) for size in chosen.rows.split(",")]
    rounds = [int(number) for number in chosen.rounds.split(",")]
    rounds = rounds * len(sizes) if len(rounds) == 1 else rounds
    print(f"causal: {machine()}")
    print(f"line, strata: estimate + placebo + random common cause + subset, {chosen.simulations} simulations each;")
    print(f"the true effect is {TRUE_EFFECT}, that of a placebo 0; robust: estimate and standard error\n")
    print(
        "| work | rows | rounds | ours s | theirs s | ratio | estimate ours / theirs | placebo or error ours / theirs |"
    )
    print("|---|---|---|---|---|---|---|---|")
    small = works(log(2000), 2)
    for name in chosen.works.split(","):  # imports and first calls are not counted
        for _, own, peer in small[name]:
            own(), peer()
    for rows, count in zip(sizes, rounds, strict=True):
        found = works(log(rows), chosen.simulations)
        for name in chosen.works.split(","):
            for title, own, peer in found[name]:
                print(_line(title, rows, count, own, peer), flush=True)
    return 0


def _line(title: str, rows: int, rounds: int, own: Work, peer: Work) -> str:
    mine, others = [], []
    for _ in range(rounds):
        seconds, found = timed(own)
        mine.append(seconds)
        seconds, other = timed(peer)
        others.append(seconds)
    ratio = statistics.median(b / a for a, b in zip(mine, others, strict=True))
    times = f"{statistics.median(mine):.3f} | {statistics.median(others):.2f} | {ratio:.1f}x"
    second = f"{found[1]:+.5f} / {other[1]:+.5f}"
    return f"| {title} | {rows:,} | {rounds} | {times} | {found[0]:.4f} / {other[0]:.4f} | {second} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
