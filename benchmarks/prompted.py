"""How often the prompted audit's tests and intervals are right where the truth is known.

    python -m benchmarks.prompted [--audits 400]

Similarities are simulated: each prompt has a level of its own, each value a shift, and what is left is noise; in tenths
between 0 and 1, as Jaccard of ten items is. One row a world: the mean SNSR and floor, the expected excess at that
number of prompts, the share of audits whose permutation test fires at 0.05, and the shares whose 95% intervals hold
the expected excess and the signed pair of the first and the last value.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.fairness.infer import limits
from analysis.fairness.sensitivity import excess_limits, permuted_p, resampled, snsr
from benchmarks.machine import machine

LEVEL = 0.95
REPLICATES, PERMUTATIONS = 500, 199
TRUTH_AUDITS = 20_000
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Prompts of an audit, and how much less alike each value's lists are; the floor's by `floor`."""

    name: str
    prompts: int
    effect: tuple[float, ...]
    floor: tuple[float, ...]


WORLDS = (
    World("no effect", 20, (0.0, 0.0), (0.0, 0.0)),
    World("no effect", 60, (0.0, 0.0), (0.0, 0.0)),
    World("no effect", 60, (0.0,) * 5, (0.0,) * 5),
    World("one value", 40, (0.0, 0.1), (0.0, 0.0)),
    World("one value of five", 60, (0.0, 0.0, 0.0, 0.0, 0.1), (0.0,) * 5),
    World("a slope, the floor's gentler", 60, (0.0, 0.03, 0.06, 0.1), (0.0, 0.01, 0.02, 0.03)),
)


def similarities(rng: np.random.Generator, prompts: int, less: tuple[float, ...]) -> Array:
    """float64 [prompts, values], in tenths."""
    own = rng.beta(4, 3, (prompts, 1))
    noise = 0.15 * rng.standard_normal((prompts, len(less)))
    return np.round(np.clip(own + noise - np.array(less), 0, 1) * 10) / 10


def truth(world: World) -> tuple[float, float]:
    """The expected excess at this number of prompts, and the expected difference of the first and the last value."""
    rng = np.random.default_rng(99)
    excess, pair = [], []
    for _ in range(TRUTH_AUDITS):
        values, floor = (similarities(rng, world.prompts, less) for less in (world.effect, world.floor))
        excess.append(snsr(values) - snsr(floor))
        pair.append(values[:, 0].mean() - values[:, -1].mean())
    return float(np.mean(excess)), float(np.mean(pair))


def audit(rng: np.random.Generator, world: World, known: tuple[float, float]) -> tuple[float, float, bool, bool, bool]:
    """SNSR, floor, whether the test fires, and whether the excess and the pair are held, in one simulated audit."""
    values, floor = (similarities(rng, world.prompts, less) for less in (world.effect, world.floor))
    draws = resampled(values, floor, REPLICATES, rng)
    (low, high), _ = excess_limits(draws, snsr(values) - snsr(floor), world.prompts, LEVEL)
    apart = values[:, 0] - values[:, -1]
    error = np.array([apart.std(ddof=1) / np.sqrt(world.prompts)])
    least, most = limits(draws.values[:, 0] - draws.values[:, -1], error, np.array([world.prompts]), LEVEL)
    fired = permuted_p(values, PERMUTATIONS, rng)[0] <= 1 - LEVEL
    return snsr(values), snsr(floor), fired, low <= known[0] <= high, least <= known[1] <= most


def main() -> int:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--audits", type=int, default=400)
    count = arguments.parse_args().audits
    print(f"prompted: {machine()}; {count} audits a world")
    print("| world | prompts | values | SNSR | floor | expected excess | test fires | excess held | pair held |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for number, world in enumerate(WORLDS):
        rng, known = np.random.default_rng([7, number]), truth(world)
        ranged, floor, *shares = np.mean([audit(rng, world, known) for _ in range(count)], axis=0)
        cells = (f"{ranged:.3f}", f"{floor:.3f}", f"{known[0]:+.3f}", *(f"{share:.1%}" for share in shares))
        print(f"| {world.name} | {world.prompts} | {len(world.effect)} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
