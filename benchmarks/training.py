"""What makes training and reading of histories quick on the CPU: batches of like length, bf16. Ratios of one run.

    python -m benchmarks.training [--users 1500] [--rounds 3]

Simulated histories of MovieLens-1M's kind (log-normal lengths, the middle user 100 items, 200 read; 3,706 items).
The ways take turns, and the median of each is quoted. *padded*: users as they come, every history filled up to the
longest that is read; *trimmed*: filled up to the longest of its batch; *buckets*: users sorted by length first.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import perf_counter

import numpy as np
import torch

from benchmarks.gpu import Size, simulated
from benchmarks.machine import machine
from models.batches import batches
from models.config import SequenceSettings
from models.histories import PAD, profiles
from models.reading import NextItemLearner

SETTINGS = SequenceSettings(history=200, dimensions=64, layers=2)
ITEMS = 3706


def cut(learner: NextItemLearner, way: str) -> list[tuple[torch.Tensor, ...]]:
    """The batches of one epoch, each filled up as that way does."""
    rng = np.random.default_rng(0)
    rows = learner.rows(rng)
    lengths = learner.lengths(rows)
    made = []
    for chosen in batches(len(rows[0]), SETTINGS.batch, lengths if way == "buckets" else None, rng):
        longest = SETTINGS.history if way == "padded" else int(lengths[chosen].max())
        users, profile, items, weight = (row[chosen] for row in rows)
        made.append(tuple(torch.from_numpy(row) for row in (users, profile, items[:, :longest], weight[:, :longest])))
    return made


def read(learner: NextItemLearner, parts: list[tuple[torch.Tensor, ...]], short: bool) -> Callable[[], None]:
    """Vectors of all users, nothing learnt."""

    def run() -> None:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=short):
            vectors, _ = learner.items()
            for _, profile, history, _ in parts:
                learner.reader(vectors, profile, history.long())

    return run


def train(learner: NextItemLearner, parts: list[tuple[torch.Tensor, ...]], short: bool) -> Callable[[], None]:
    """One epoch of loss, gradients and steps."""
    optimiser = torch.optim.AdamW(learner.module.parameters(), lr=1e-3, fused=True)

    def run() -> None:
        for part in parts:
            optimiser.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=short):
                loss = learner.loss(part)
            loss.backward()
            optimiser.step()

    return run


def seconds(run: Callable[[], None]) -> float:
    began = perf_counter()
    run()
    return perf_counter() - began


def table(users: int, rounds: int) -> None:
    data = simulated(Size("", users, ITEMS, 165 * users))
    learner = NextItemLearner(data, None, profiles(data, SETTINGS), SETTINGS, 0)
    history = learner.histories.items
    filled = (history != PAD).sum() / history.size
    print(f"{machine()}, {torch.get_num_threads()} threads; {users} users, {filled:.0%} of the padded places filled")
    print(f"{'work':10} {'way':20} {'seconds':>8} {'times as fast':>14}")
    for work, doing in (("reading", read), ("training", train)):
        learner.module.train(work == "training")
        usual = "padded" if work == "reading" else "trimmed"  # the loss trims each batch by itself
        ways = {
            f"{way}{', bf16' if short else ''}": doing(learner, cut(learner, way), short)
            for way, short in ((usual, False), ("trimmed", False), (usual, True), ("buckets", False), ("buckets", True))
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, run in ways.items():
                took[name].append(seconds(run))
        for name, times in took.items():
            ratio = float(np.median(np.array(took[usual]) / np.array(times)))
            print(f"{work:10} {name:20} {np.median(times):8.2f} {ratio:14.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    table(asked.users, asked.rounds)


if __name__ == "__main__":
    main()
