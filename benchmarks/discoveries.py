"""Verdict boards on which it is known which cells truly differ: how many of the gaps that they call sure are not there.

USERS users, attributes of two to four groups (one of them of few people), METRICS figures of the shapes that per-user
figures have: accuracies with many zeros, hits, ratios of sums, skewed sizes, and figures that few users count for. All
rest on the same luck of a user, so that the cells of one log go together as those of a real one do. A board's findings
are made, corrected and judged by the product's own functions; a discovery is a cell that it marks as a sure gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.fairness.board import people_board
from analysis.fairness.bygroup import resample
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import Measure, judged
from analysis.fairness.partition import partitions
from analysis.finding import Verdict
from words import phrase

USERS, METRICS = 250, 12
ATTRIBUTES = {"gender": (0.7, 0.3), "plan": (0.9, 0.1), "region": (0.5, 0.3, 0.2), "age": (0.4, 0.3, 0.2, 0.1)}
"""Share of users in each group of each attribute."""
SETTINGS = InferenceSettings(replicates=200, permutations=1000)
Array = npt.NDArray[np.float64]
Gaps = dict[tuple[str, int], float]
"""(attribute, metric) -> how far its smallest group stands below all others, in deviations of a user's luck."""

NOTHING: Gaps = {}
SOME: Gaps = {("gender", at): 0.5 for at in range(0, METRICS, 2)} | {("age", at): 0.9 for at in range(0, METRICS, 4)}
WORLDS = {"board, nothing differs": NOTHING, "board, some cells differ": SOME}


@dataclass(frozen=True)
class Discovered:
    """What one board marks as a gap, counted in cells.

    sure: after the correction for many looks (the board's filled sign). alone: also those whose interval alone leaves
    out no difference (its hollow sign). Each as (cells without a difference, cells with one); truly: cells that differ.
    """

    sure: tuple[int, int]
    alone: tuple[int, int]
    truly: int


def false_share(found: tuple[int, int]) -> float:
    """Of the cells found, (without a difference, with one), the share without; 0 where nothing is found."""
    return found[0] / max(sum(found), 1)


def board(apart: Gaps, seed: int) -> Discovered:
    """The verdict board of one log, held against what is true of it."""
    people, figures = log(apart, seed)
    groups = partitions(people, tuple(people.columns), False, 60)
    batches = [batch for group in groups for batch in resample(figures, group, SETTINGS, seed)]
    headlines, _ = gaps(batches, {})
    cells = people_board(judged(headlines)).cells.values()
    real = {(attribute, f"figure {metric}") for attribute, metric in apart}
    marked = [(cell.first.sure, (cell.attribute, cell.row) in real) for cell in cells if cell.verdict is Verdict.GAP]
    return Discovered(
        sure=(sum(sure and not true for sure, true in marked), sum(sure and true for sure, true in marked)),
        alone=(sum(not true for _, true in marked), sum(true for _, true in marked)),
        truly=len(real),
    )


def log(apart: Gaps, seed: int) -> tuple[pd.DataFrame, list[Measure]]:
    """Attributes of the users, drawn apart from each other, and their figures."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            name: rng.choice([f"{name} {at}" for at in range(len(shares))], USERS, p=shares)
            for name, shares in ATTRIBUTES.items()
        }
    )
    last = {name: (people[name] == f"{name} {len(shares) - 1}").to_numpy() for name, shares in ATTRIBUTES.items()}
    luck = rng.normal(size=USERS)
    figures = []
    for metric in range(METRICS):
        own = 0.6 * luck + 0.8 * rng.normal(size=USERS)
        own -= sum(size * last[name] for (name, at), size in apart.items() if at == metric)
        top, bottom = SHAPES[metric % len(SHAPES)](own, rng)
        name = phrase("report.verbatim", text=f"figure {metric}")
        figures.append(Measure(f"figure {metric}", name, "share", top, bottom, name, pairs=False))
    return people, figures


def _accuracy(own: Array, rng: np.random.Generator, counted: float) -> tuple[Array, Array]:
    """As NDCG is: above 0 for some only, at most 1; a share `counted` of the users has held-out items."""
    counts = (rng.random(USERS) < counted) * 1.0
    return counts * np.clip(own / 3, 0, 1), counts


def _hit(own: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    return (own > 0.8) * 1.0, np.ones(USERS)


def _ratio(own: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    rows = 1.0 + rng.poisson(5, USERS)
    return rng.binomial(rows.astype(int), 1 / (1 + np.exp(-own))).astype(float), rows


def _size(own: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    return np.exp(own), np.ones(USERS)


SHAPES = (partial(_accuracy, counted=0.9), _hit, _ratio, _size, partial(_accuracy, counted=0.3))
"""Of what one metric in turn is made: (a user's own value, randomness) -> numerator and denominator, each [users]."""
