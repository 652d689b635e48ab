"""Intervals of fairness figures: speed beside fairlearn's bootstrapped MetricFrame, a million users, coverage.

    python -m benchmarks.fairness [--rows 20000 200000] [--peer-rounds 1] [--users 1000000] [--runs 1000]

Three tables. First, selection rate, true and false positive rate by group with percentile intervals, of groups and of
the largest difference, from the same rows: fairlearn with 100 replicates, Evenhand with 1,000, in turn; rows are the
unit in both, because fairlearn knows no other. Ours is timed from the rows on (counting them included), and once more
from the counts. Second, 20 figures by 5 attributes of a million users: intervals, p-values and verdicts of every level,
gap and pair, users being the unit. Third, how often intervals of small groups hold the truth and tests find nothing.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fairness.bygroup import compress_shared, levels, resample
from analysis.fairness.compressed import bootstrap, table
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings, estimate, limits, permutation_p
from analysis.fairness.judge import Measure, judged
from analysis.fairness.partition import partitions
from benchmarks.machine import machine
from words import Phrase

REPLICATES = 1000
PEER_REPLICATES = 100
QUANTILES = [0.025, 0.975]
UNNAMED = Phrase(key="fairness.group.all")


@dataclass(frozen=True)
class Rows:
    """Decisions: group code of each row, whether it was wanted and whether it was picked."""

    group: np.ndarray
    wanted: np.ndarray
    picked: np.ndarray

    @property
    def rates(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Numerator and denominator of each rate, 0/1 [rows]."""
        return {
            "selection rate": (self.picked, np.ones_like(self.picked)),
            "true positive rate": (self.picked * self.wanted, self.wanted),
            "false positive rate": (self.picked * (1 - self.wanted), 1 - self.wanted),
        }


def rows(n: int, seed: int) -> Rows:
    """Four groups, one of them luckier."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 4, n)
    wanted = (rng.random(n) < 0.35) * 1.0
    return Rows(group, wanted, (wanted + rng.normal(0, 1, n) + 0.2 * (group == 0) > 0.8) * 1.0)


def ours(data: Rows) -> tuple[float, float, dict[str, np.ndarray]]:
    """Seconds from the rows and from the counts, and limits [groups + largest difference, 2] of each rate."""
    start = time.perf_counter()
    tables = {name: table(*sides, data.group, 4) for name, sides in data.rates.items()}
    counted = time.perf_counter()
    rng, found = np.random.default_rng(1), {}
    for name, one in tables.items():
        drawn = np.column_stack([bootstrap(one, group, REPLICATES, rng) for group in range(4)])
        both = np.column_stack([drawn, drawn.max(axis=1) - drawn.min(axis=1)])
        found[name] = np.quantile(both, QUANTILES, axis=0).T
    end = time.perf_counter()
    return end - start, end - counted, found


def fairlearns(data: Rows) -> tuple[float, dict[str, np.ndarray]]:
    """Seconds and limits of the same by fairlearn's MetricFrame."""
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    metrics = dict(zip(data.rates, (selection_rate, true_positive_rate, false_positive_rate), strict=True))
    start = time.perf_counter()
    frame = MetricFrame(
        metrics=metrics,
        y_true=data.wanted.astype(int),
        y_pred=data.picked.astype(int),
        sensitive_features=data.group,
        n_boot=PEER_REPLICATES,
        ci_quantiles=QUANTILES,
        random_state=1,
    )
    groups, difference = frame.by_group_ci, frame.difference_ci()
    seconds = time.perf_counter() - start
    return seconds, {
        name: np.array([[*end[name], far[name]] for end, far in zip(groups, difference, strict=True)]).T
        for name in metrics
    }


def race(sizes: list[int], rounds: int) -> None:
    """Alternate the two; medians, and how far the limits lie apart in widths of the interval."""
    print("| rows | fairlearn, 100 resamples, s | Evenhand, 1,000, s | from counts, s | ratio | limits apart |")
    print("|---|---|---|---|---|---|")
    ours(rows(1000, 0)), fairlearns_warm()
    for n in sizes:
        data = rows(n, 0)
        mine, theirs = [], []
        for _ in range(rounds):
            mine += [ours(data) for _ in range(5)]
            theirs.append(fairlearns(data))
        seconds, counts = (float(np.median([one[at] for one in mine])) for at in (0, 1))
        peer = float(np.median([one[0] for one in theirs]))
        print(
            f"| {n:,} | {peer:.1f} | {seconds:.4f} | {counts:.4f} | {peer / seconds:,.0f}x | "
            f"{apart(mine[0][2], theirs[0][1]):.3f} |",
            flush=True,
        )


def fairlearns_warm() -> None:
    """Import and first call, which are not what is measured."""
    from fairlearn.metrics import MetricFrame, selection_rate

    MetricFrame(
        metrics=selection_rate, y_true=[0, 1], y_pred=[0, 1], sensitive_features=[0, 1], n_boot=2, ci_quantiles=[0.5]
    )


def apart(mine: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> float:
    """Mean distance of the limits over the width of our intervals; 100 replicates alone leave about 0.06."""
    each = [np.abs(mine[name] - theirs[name]) / np.diff(mine[name], axis=1) for name in mine]
    return float(np.mean(each))


def people(n: int) -> tuple[pd.DataFrame, list[Measure]]:
    """Five attributes of two to six groups, and 20 figures: rates, accuracies, ratios of sums and skewed means."""
    rng = np.random.default_rng(0)
    attributes = pd.DataFrame(
        {
            f"attribute {g}": rng.choice([f"g{i}" for i in range(g)], n, p=rng.dirichlet(np.full(g, 8)))
            for g in range(2, 7)
        }
    )
    shapes: list[Callable[[], tuple[np.ndarray, np.ndarray]]] = [
        lambda: ((rng.random(n) < 0.3) * 1.0, np.ones(n)),
        lambda: (taste(rng, (n,)), np.ones(n)),
        lambda: _ratio(rng, n),
        lambda: (rng.lognormal(0, 1, n), np.ones(n)),
    ]
    figures = [Measure(f"figure {i}", UNNAMED, "share", *shapes[i % 4](), UNNAMED) for i in range(20)]
    return attributes, figures


def _ratio(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    own = 1 + rng.poisson(6, n)
    return rng.binomial(own, 0.4).astype(float), own.astype(float)


def board(n: int) -> None:
    """Seconds of each part of a verdict board, wall and processor."""
    attributes, figures = people(n)
    settings = InferenceSettings(replicates=REPLICATES)
    marks = [(time.perf_counter(), time.process_time())]

    def mark() -> None:
        marks.append((time.perf_counter(), time.process_time()))

    groups = partitions(attributes, tuple(attributes.columns), False, 60)
    mark()
    shared = compress_shared(figures, groups)
    mark()
    batches = [batch for group in groups for batch in resample(figures, group, settings, 1, shared)]
    found = levels(batches)
    mark()
    headlines, pairs = gaps(batches, {})
    findings = [*found, *judged(headlines), *judged(pairs)]
    mark()
    print(f"\n{n:,} users, {len(figures)} figures x {len(groups)} attributes: {len(findings):,} findings")
    print("| part | wall s | processor s |\n|---|---|---|")
    names = ("grouping users", "compressing", "1,000 resamples, levels", "gaps, pairs, 2,000 shuffles, verdicts")
    for name, one, two in zip(names, marks, marks[1:], strict=False):
        print(f"| {name} | {two[0] - one[0]:.2f} | {two[1] - one[1]:.2f} |")
    for name, begin in (("from compressed statistics", 2), ("all", 0)):
        print(
            f"| **{name}** | {marks[-1][0] - marks[begin][0]:.2f} | {marks[-1][1] - marks[begin][1]:.2f} |", flush=True
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
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, nargs="*", default=[20_000, 200_000])
    asked.add_argument("--peer-rounds", type=int, default=1)
    asked.add_argument("--users", type=int, default=1_000_000)
    asked.add_argument("--runs", type=int, default=1000)
    options = asked.parse_args()
    warnings.filterwarnings("ignore")
    print(f"fairness: {machine()}\n")
    race(options.rows, options.peer_rounds)
    board(options.users)
    print()
    for sizes in ((15, 15), (60, 25), (300, 100)) if options.runs else ():
        print(f"interval of a gap, groups of {sizes}: holds the truth in {coverage(options.runs, sizes):6.1%} (95%)")
    for sizes in ((30, 30, 30), (60, 25, 12), (40, 20, 20, 10, 10)) if options.runs else ():
        print(f"permutation test, groups of {sizes}: finds a gap that is not there in {size(options.runs, sizes):5.1%}")


if __name__ == "__main__":
    main()
