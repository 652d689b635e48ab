"""Training on a CUDA machine: speed, memory, and how much of the card's bf16 arithmetic is used.

    python -m benchmarks.gpu [--small]

Prints one table: kinds at the size of MovieLens-1M (6,040 users, 3,706 items, a million interactions, simulated) and
matrix factorisation at 100 million simulated interactions (a million users, 100,000 items). `tokens` are items read
(sequence) or rows (matrix factorisation). The peak is measured here: the best of some products of two 8,192 x 8,192
bf16 matrices. Without a CUDA device it says so and exits 0; --small runs tiny sizes wherever it is, to try the program.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.machine import machine
from models.config import FactorSettings, Gradient, SequenceSettings, VaeSettings
from models.data import Interactions
from models.factorization import FactorLearner
from models.histories import profiles
from models.latent import VaeLearner
from models.loop import Learner, learn
from models.reading import NextItemLearner

EPOCHS = 3
"""Epochs trained; the first, which warms up, is not counted."""


@dataclass(frozen=True)
class Size:
    name: str
    users: int
    items: int
    rows: int


MOVIELENS_1M = Size("MovieLens-1M size", 6040, 3706, 1_000_000)
HUGE = Size("100M interactions", 1_000_000, 100_000, 100_000_000)
SMALL = Size("small", 200, 100, 6_000)


def simulated(size: Size, seed: int = 0) -> Interactions:
    """A log of that size: activity log-normal, popularity like 1 / (rank + 10), times in row order."""
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(0, 1, size.users)
    popularity = 1 / (np.arange(size.items) + 10)
    user = np.repeat(np.arange(size.users), rng.multinomial(size.rows, activity / activity.sum())).astype(np.int32)
    where = np.searchsorted(np.cumsum(popularity / popularity.sum()), rng.random(size.rows))
    item = np.minimum(where, size.items - 1).astype(np.int32)
    first = np.searchsorted(user, np.arange(size.users + 1))
    seen = sp.csr_matrix((np.ones(size.rows, bool), item, first), shape=(size.users, size.items))
    none = np.zeros(0, np.int32)
    return Interactions(
        user=user,
        item=item,
        label=np.ones(size.rows, np.float32),
        user_ids=tuple(map(str, range(size.users))),
        item_ids=tuple(map(str, range(size.items))),
        seen=seen,
        valid_user=none,
        valid_item=none,
        valid_label=none.astype(np.float32),
        time=np.arange(size.rows, dtype=np.int64),
    )


def peak() -> float:
    """Most bf16 FLOP/s that a product of two large matrices reaches here."""
    side = 8192 if torch.cuda.is_available() else 512
    place = "cuda" if torch.cuda.is_available() else "cpu"
    a, b = (torch.randn(side, side, dtype=torch.bfloat16, device=place) for _ in range(2))
    best = 0.0
    for _ in range(10):
        began = perf_counter()
        _ = a @ b
        if place == "cuda":
            torch.cuda.synchronize()
        best = max(best, 2 * side**3 / (perf_counter() - began))
    return best


def sequence_flops(settings: SequenceSettings, items: int, length: float) -> float:
    """FLOP of training on one token: products alone, 2 a multiply-add, backward twice forward.

    A block: 4 d^2 for queries, keys, values and output, 4 d^2 for its two layers, 2 d t for attention over t places
    (counted whole, as computed); then d times the catalogue.
    """
    d = settings.dimensions
    return 6 * (settings.layers * (8 * d * d + 2 * d * length) + d * items)


def timed(learner: Learner, settings: Gradient) -> float:
    """Median seconds of an epoch after the first."""
    ends = [perf_counter()]

    def watched(fraction: float, note: str, **figures: float) -> None:
        if "loss" in figures:
            ends.append(perf_counter())

    learn(learner, settings, 0, "", None, watched)
    return float(np.median(np.diff(ends)[1:]))


def row(name: str, size: Size, learner: Any, settings: Gradient, tokens: int, flops: float, best: float) -> None:
    """Train and print one line of the table."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    seconds = timed(learner, settings)
    memory = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else float("nan")
    share = tokens * flops / seconds / best
    print(f"{size.name:20} {name:34} {seconds:10.2f} {tokens / seconds:14,.0f} {memory:8.2f} {share:8.1%}", flush=True)


def table(small: bool) -> None:
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    best = peak()
    print(f"{machine()}; {card}, torch {torch.__version__}; bf16 peak measured {best / 1e12:.1f} TFLOP/s")
    print(f"{'log':20} {'kind':34} {'s / epoch':>10} {'tokens / s':>14} {'GiB':>8} {'of peak':>8}")
    size = SMALL if small else MOVIELENS_1M
    data = simulated(size)
    for settings in (
        SequenceSettings(epochs=EPOCHS, history=200, buckets=False),
        SequenceSettings(epochs=EPOCHS, history=200),
        SequenceSettings(epochs=EPOCHS, history=200, dimensions=256, layers=4, heads=4),
    ):
        known = profiles(data, settings)
        learner = NextItemLearner(data, None, known, settings, 0)
        lengths = learner.lengths(learner.rows(np.random.default_rng(0)))
        flops = sequence_flops(settings, size.items, float(lengths.mean()))
        name = f"sequence d={settings.dimensions}, {settings.layers} blocks{', buckets' if settings.buckets else ''}"
        row(name, size, learner, settings, int(lengths.sum()), flops, best)
    vae = VaeSettings(epochs=EPOCHS)
    flops = 6 * (2 * size.items * vae.hidden + 3 * vae.hidden * vae.dimensions)
    row("Mult-VAE (users)", size, VaeLearner(data, vae, 0), vae, size.users, flops, best)
    for large, batch in ((size, 8192), (SMALL if small else HUGE, 65_536)):
        data = simulated(large)
        factors = FactorSettings(epochs=EPOCHS, batch=batch, dimensions=64)
        row("matrix factorisation, BPR", large, FactorLearner(data, factors, 0), factors, large.rows, 6 * 3 * 64, best)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="tiny sizes, also without a GPU")
    asked = parser.parse_args()
    if not torch.cuda.is_available() and not asked.small:
        print("No CUDA device here: nothing measured. Run this on a machine that has one.")
        return
    table(asked.small)


if __name__ == "__main__":
    main()
