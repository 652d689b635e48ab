"""How often the prompted audit is right where the truth is known.

    python -m benchmarks.prompted [--audits 400]

Replies are simulated: the neutral list of a prompt is K items in random order, and in a value's list each place holds
another item with a probability of the value's own, on top of a share of the prompt's own. One row a world and
similarity: the mean SNSR and floor; the share of audits whose permutation test fires at 0.05; and the shares whose
95% intervals hold the expected excess at that number of prompts, every signed pair, and every level.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.fairness.likeness import SIMILARITIES
from analysis.fairness.prompted import PromptedSettings, Replies, prompted_section
from analysis.fairness.sensitivity import snsr
from analysis.finding import Finding
from benchmarks.machine import machine

K, ITEMS = 10, 60
BASE = 0.35
TRUTH_AUDITS = 4000
SETTINGS = PromptedSettings(top=K, replicates=500, permutations=499)
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Prompts of an audit, and how much more each value's lists are changed; the floor's by `floor`."""

    name: str
    prompts: int
    effect: tuple[float, ...]
    floor: tuple[float, ...]


WORLDS = (
    World("no effect", 20, (0.0, 0.0), (0.0, 0.0)),
    World("no effect", 60, (0.0, 0.0), (0.0, 0.0)),
    World("no effect", 60, (0.0,) * 5, (0.0,) * 5),
    World("one value", 40, (0.0, 0.12), (0.0, 0.0)),
    World("one value of five", 60, (0.0, 0.0, 0.0, 0.0, 0.12), (0.0,) * 5),
    World("a slope, and a floor with one", 60, (0.0, 0.04, 0.08, 0.12), (0.0, 0.02, 0.04, 0.06)),
)


def lists(rng: np.random.Generator, world: World) -> tuple[np.ndarray, list[np.ndarray]]:
    """The neutral lists and those of the values, then of the floor: int32 [prompts, K] each."""
    order = rng.random((world.prompts, ITEMS)).argsort(axis=1).astype(np.int32)
    neutral, others = order[:, :K], order[:, K:]
    own = rng.normal(0, 0.08, (world.prompts, 1))  # some prompts are answered more firmly than others
    varied = []
    for more in (*world.effect, *world.floor):
        changed = rng.random(neutral.shape) < np.clip(BASE + own + more, 0, 1)
        fresh = rng.permuted(others, axis=1)[:, :K]
        varied.append(np.where(changed, fresh, neutral))
    return neutral, varied


def audit(rng: np.random.Generator, world: World, seed: int) -> dict[str, Finding]:
    """The findings of one simulated audit, by key."""
    neutral, varied = lists(rng, world)
    named = [(f"v{at}", one) for at, one in enumerate(varied)]
    values = len(world.effect)
    replies = Replies(neutral, {"a": dict(named[:values]), "floor": dict(named[values:])}, "floor")
    return {finding.key: finding for finding in prompted_section(replies, SETTINGS, 10, seed).findings}


def truth(world: World, kind: str) -> tuple[float, Array]:
    """The expected excess at this number of prompts, and the expected similarity of each value."""
    rng = np.random.default_rng(99)
    excess, means = [], []
    for _ in range(TRUTH_AUDITS):
        neutral, varied = lists(rng, world)
        similar = np.column_stack([SIMILARITIES[kind](neutral, one) for one in varied])
        values = len(world.effect)
        excess.append(snsr(similar[:, :values]) - snsr(similar[:, values:]))
        means.append(similar[:, :values].mean(axis=0))
    return float(np.mean(excess)), np.mean(means, axis=0)


def holds(finding: Finding, known: float) -> bool:
    """Whether the finding's interval holds the truth."""
    return finding.low is not None and finding.high is not None and finding.low <= known <= finding.high


def row(world: World, kind: str, audits: list[dict[str, Finding]]) -> str:
    """One line of the table."""
    excess, level = truth(world, kind)
    values = range(len(world.effect))
    ranged = [found[f"a.prompted.snsr[{kind}]"] for found in audits]
    floor = np.mean([found[f"a.prompted.floor[{kind}]"].value for found in audits])
    fired = np.mean([(finding.p_value or 1.0) <= 0.05 for finding in ranged])
    held = np.mean([holds(found[f"a.prompted.excess[{kind}]"], excess) for found in audits])
    pairs = np.mean(
        [
            holds(found[f"a.prompted.{kind}.gap.v{a}-v{b}"], float(level[a] - level[b]))
            for found in audits
            for a in values
            for b in values
            if a < b
        ]
    )
    levels = np.mean([holds(found[f"a.prompted.{kind}.v{a}"], float(level[a])) for found in audits for a in values])
    mean = np.mean([finding.value for finding in ranged])
    cells = (
        f"{mean:.3f}",
        f"{floor:.3f}",
        f"{excess:+.3f}",
        *(f"{share:.1%}" for share in (fired, held, pairs, levels)),
    )
    return f"| {world.name} | {world.prompts} | {len(values)} | {kind} | {' | '.join(cells)} |"


def main() -> int:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--audits", type=int, default=400)
    count = arguments.parse_args().audits
    print(f"prompted: {machine()}; {count} audits a world", flush=True)
    print("| world | prompts | values | similarity | SNSR | floor | excess | p <= .05 | excess held | pairs | levels |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for number, world in enumerate(WORLDS):
        rng = np.random.default_rng([7, number])
        audits = [audit(rng, world, seed) for seed in range(count)]
        for kind in SIMILARITIES:
            print(row(world, kind, audits), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
