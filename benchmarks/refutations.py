"""How often the tests of robustness warn of what is not there, and how often they see what is.

    python -m benchmarks.refutations [--logs 1000] [--users 200] [--first 0]

Simulated logs of users with several rows each: a user's outcomes go together, and so do its treatments. Sound logs have
no effect and every cause recorded: a test at 5% should reject in 5% of them. In the others something is wrong: an
effect of 10 points for the tests of the effect, a hidden cause for the negative controls.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd

from analysis.causal.dag import Graph
from analysis.causal.effects import EffectSettings, frame_of
from analysis.causal.question import ask
from analysis.causal.robustness.findings import ALPHA
from analysis.causal.robustness.section import asked_of
from analysis.causal.robustness.settings import RobustnessSettings
from analysis.causal.robustness.shaken import Shaken, shake
from analysis.causal.study import contrasts, study
from analysis.causal.variables import variables
from analysis.log import Dataset, Roles
from benchmarks.machine import machine
from words import phrase

Kind = Literal["sound", "effect", "hidden"]
ROWS = 10
"""Rows a user, on average."""
EFFECT = 0.1
REFUTATIONS = ("placebo", "dummy_outcome", "random_cause", "subset", "bootstrap")
EDGES = (("z", "x"), ("z", "y"), ("w", "x"), ("v", "y"), ("x", "y"))
GRAPH = Graph(nodes=("x", "y", "z", "w", "v"), edges=EDGES, treatment="x", outcome="y")
EFFECTS = EffectSettings(replicates=500, simulations=20)
SETTINGS = RobustnessSettings(
    estimators=("strata", "linear", "ipw", "matching"),
    negative_outcomes=("earlier",),
    negative_exposures=("neighbour",),
    replicates=100,
    simulations=100,
    draws=500,
)
SEED = 1


def log(users: int, seed: int, kind: Kind) -> Dataset:
    """One log: z is behind treatment and outcome, w behind the treatment, v behind the outcome, each user has a lean.

    earlier: an outcome before the treatment. neighbour: a treatment that does nothing. `hidden` adds a cause of all
    four that is no column.
    """
    rng = np.random.default_rng(seed)
    user = rng.integers(0, users, users * ROWS)
    lean, taste = rng.uniform(-0.1, 0.1, (2, users))
    z, w, v, unseen = (rng.integers(0, levels, len(user)) for levels in (3, 2, 2, 2))
    own = 0.25 * (unseen - 0.5) * (kind == "hidden")

    def drawn(chance: np.ndarray) -> np.ndarray:
        return (rng.random(len(user)) < chance).astype(int)

    x = drawn(0.2 + 0.15 * z + 0.1 * w + lean[user] + own)
    neighbour = drawn(0.3 + 0.1 * z + lean[user] + own)
    earlier = drawn(0.3 + 0.1 * z + taste[user] + own)
    y = drawn(0.2 + 0.1 * z + 0.1 * v + taste[user] + own + EFFECT * x * (kind == "effect"))
    table = pd.DataFrame({"user": user, "item": "i", "part": "train", "x": x, "y": y.astype(float)})
    table = table.assign(z=z, w=w, v=v, earlier=earlier, neighbour=neighbour).astype({"user": str})
    people = pd.DataFrame(index=pd.Index(sorted(table["user"].unique()), name="user"))
    return Dataset(table, people, pd.DataFrame(index=pd.Index(["i"], name="item")), Roles(user="user", item="item"), "")


def shaken(data: Dataset, seed: int) -> Shaken:
    """What the robustness step computes about one log."""
    table = variables(data)
    question = ask(data, GRAPH, EFFECTS, table)
    contrast = contrasts(table["x"], None, None)[0]
    rows = study(table, "x", "y", contrast, question.adjustment, EFFECTS.bins)
    words = phrase("effects.arms_binary", treatment="x")
    frame = frame_of(data, question, rows, "robustness", words, EFFECTS, 5, seed)
    asked, _ = asked_of(table, contrast, frame, SETTINGS)
    return shake(asked, GRAPH, rows, frame, lambda share: None)


def warned(done: Shaken) -> Iterator[tuple[str, bool]]:
    """(test or refutation, whether it rejects or falls) of one log."""
    for way in done.ways:
        if way.estimate is not None and done.asked.sets[way.specification.adjustment].kind == "headline":
            yield f"effect: {way.specification.estimator}", not way.estimate.low <= 0 <= way.estimate.high
    if done.joint is not None:
        yield "joint test of the specification curve", done.joint[1] <= ALPHA
    for control in done.controls:
        if control.estimate is not None:
            yield f"negative {control.kind}", not control.estimate.low <= 0 <= control.estimate.high
    for one in done.refutations:
        yield one.kind, not one.stood


def rates(logs: int, users: int, kind: Kind, first: int = 0) -> dict[str, tuple[int, int]]:
    """Test -> (logs in which it rejects, logs), of the logs from the seed `first` on."""
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for seed in range(first, first + logs):
        for name, rejects in warned(shaken(log(users, seed, kind), SEED + seed)):
            counted[name][0] += rejects
            counted[name][1] += 1
    return {name: (hits, n) for name, (hits, n) in counted.items()}


def main(arguments: list[str]) -> int:
    """Simulate, test and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refutations")
    parser.add_argument("--logs", type=int, default=1000)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first log")
    chosen = parser.parse_args(arguments)
    sound = rates(chosen.logs, chosen.users, "sound", chosen.first)
    few = max(20, chosen.logs // 10)
    wrong = {kind: rates(few, chosen.users, kind, chosen.first) for kind in ("effect", "hidden")}
    spread = 1.96 * np.sqrt(ALPHA * (1 - ALPHA) / chosen.logs)
    print(f"refutations: {machine()}")
    print(f"{chosen.logs} sound logs of {chosen.users} users with {ROWS} rows each, {few} logs of each wrong kind")
    print(f"a test at 5% rejects {100 * (ALPHA - spread):.1f} to {100 * (ALPHA + spread):.1f}% of the sound ones\n")
    print("| test | sound | with an effect | with a hidden cause |\n|---|---|---|---|")
    for name in (name for name in sound if name not in REFUTATIONS):
        print(_row(name, sound, wrong))
    print("\n| refutation that fell | sound | with an effect | with a hidden cause |\n|---|---|---|---|")
    for name in REFUTATIONS:
        print(_row(name, sound, wrong))
    return 0


def _row(name: str, sound: dict[str, tuple[int, int]], wrong: dict[Kind, dict[str, tuple[int, int]]]) -> str:
    parts = [sound.get(name), *(wrong[kind].get(name) for kind in ("effect", "hidden"))]
    cells = ["" if part is None else f"{100 * part[0] / part[1]:.1f}%" for part in parts]
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
