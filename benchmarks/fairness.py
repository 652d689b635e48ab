"""Intervals of rate disparities, side by side with fairlearn's bootstrapped MetricFrame; coverage and size beside it.

    python -m benchmarks.fairness [--rows 2000] [--rounds 3] [--peer-replicates 20] [--runs 1000]

Both compute selection rate and true positive rate by group with percentile intervals, in turn, on the same decisions;
the median of the rounds is quoted. fairlearn resamples rows, Evenhand users, each as often as asked for; our time
includes judging every gap and pair.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import pandas as pd

from analysis.fairness.bygroup import gaps, levels, resample
from analysis.fairness.decisions import decision_measures, selected
from analysis.fairness.infer import InferenceSettings, estimate, limits, permutation_p
from analysis.fairness.judge import judged
from analysis.fairness.partition import partition
from analysis.fairness.ranking import Decisions

REPLICATES = 1000


def shop(rows: int, seed: int) -> tuple[Decisions, pd.DataFrame]:
    """Decisions on `rows` rows, ten a user, with more luck for one of four groups."""
    rng = np.random.default_rng(seed)
    users = max(40, rows // 10)
    people = pd.DataFrame({"group": rng.choice(["a", "b", "c", "d"], users)})
    user = rng.integers(0, users, rows).astype(np.int32)
    label = (rng.random(rows) < 0.35).astype(np.int8)
    lucky = people["group"].to_numpy()[user] == "a"
    return Decisions(user, label, label + rng.normal(0, 1, rows) + 0.2 * lucky), people


def ours(decisions: Decisions, people: pd.DataFrame) -> float:
    """Seconds for levels, gaps, pairs and p-values with REPLICATES resamples."""
    start = time.perf_counter()
    settings = InferenceSettings(replicates=REPLICATES, permutations=REPLICATES)
    batches = resample(decision_measures(decisions, len(people)), partition(people, ("group",)), settings, 1)
    levels(batches)
    headlines, pairs = gaps(batches, {})
    judged([*headlines, *pairs])
    return time.perf_counter() - start


def fairlearns(decisions: Decisions, people: pd.DataFrame, replicates: int) -> float:
    """Seconds for a MetricFrame with intervals by group and of the difference."""
    from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate

    start = time.perf_counter()
    frame = MetricFrame(
        metrics={"selection": selection_rate, "opportunity": true_positive_rate},
        y_true=decisions.label,
        y_pred=selected(decisions).astype(int),
        sensitive_features=people["group"].to_numpy()[decisions.user],
        n_boot=replicates,
        ci_quantiles=[0.025, 0.975],
        random_state=1,
    )
    _ = frame.by_group_ci, frame.difference_ci()
    return time.perf_counter() - start


def race(rows: int, rounds: int, peer_replicates: int) -> None:
    """Alternate the two and print the medians."""
    decisions, people = shop(rows, 0)
    ours(decisions, people)  # both warm: imports are not what is measured
    fairlearns(decisions, people, 2)
    times = [(ours(decisions, people), fairlearns(decisions, people, peer_replicates)) for _ in range(rounds)]
    mine, theirs = (float(np.median(column)) for column in zip(*times, strict=True))
    ratio = float(np.median([b / a for a, b in times]))
    each = ratio * REPLICATES / peer_replicates
    print(
        f"{rows:>9,} rows | Evenhand {REPLICATES} replicates {mine:8.3f} s | fairlearn {peer_replicates} replicates "
        f"{theirs:8.3f} s | ratio {ratio:7.1f}x, a replicate {each:9.0f}x"
    )


def taste(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A third zeros, else between 0 and 1: the shape of per-user NDCG, mean 4/15."""
    return np.where(rng.random(shape) < 1 / 3, 0.0, rng.beta(2, 3, shape))


def coverage(runs: int, sizes: tuple[int, int]) -> float:
    """Share of runs whose 95% interval of the gap of two like groups holds 0."""
    rng, hits = np.random.default_rng(1), 0
    code = np.repeat([0, 1], sizes)
    for _ in range(runs):
        values = taste(rng, (sum(sizes), 1))
        found = estimate(values, np.ones_like(values), code, 2, 500, rng)
        low, high = limits(found.replicate[:, 0, 0] - found.replicate[:, 1, 0], found.error[:, 0], found.n, 0.95)
        hits += low <= 0 <= high
    return hits / runs


def size(runs: int, sizes: tuple[int, ...]) -> float:
    """Share of runs in which the permutation test finds a difference at 5% between like groups."""
    rng, code = np.random.default_rng(2), np.repeat(np.arange(len(sizes)), sizes)
    ones = np.ones((len(code), 1))
    p = [permutation_p(taste(rng, ones.shape), ones, code, len(sizes), 199, rng)[0] for _ in range(runs)]
    return float(np.mean(np.array(p) <= 0.05))


def main() -> None:
    """Print both tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, nargs="*", default=[2000, 20_000])
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--peer-replicates", type=int, default=20)
    asked.add_argument("--runs", type=int, default=1000)
    options = asked.parse_args()
    warnings.filterwarnings("ignore")
    for rows in options.rows:
        race(rows, options.rounds, options.peer_replicates)
    for sizes in ((15, 15), (60, 25), (300, 100)):
        print(f"interval of a gap, groups of {sizes}: covers the truth in {coverage(options.runs, sizes):6.1%} (95%)")
    for sizes in ((30, 30, 30), (60, 25, 12), (40, 20, 20, 10, 10)):
        print(f"permutation test, groups of {sizes}: finds a gap that is not there in {size(options.runs, sizes):5.1%}")


if __name__ == "__main__":
    main()
