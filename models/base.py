"""One protocol for every recommender."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self

import numpy as np

from models.data import Floats, Interactions, Ints

BLOCK = 256
"""Users scored at once: of 20,000 items their scores still lie in a processor's cache when the best are looked for."""


class Tell(Protocol):
    """How long work reports: the share done, a catalogue key with the news, and figures such as loss=0.31."""

    def __call__(self, fraction: float, note: str, **figures: float) -> None: ...


def silent(fraction: float, note: str, **figures: float) -> None:
    """A Tell for callers who do not watch."""


def part(tell: Tell, start: float, end: float) -> Tell:
    """A Tell for one part of the work, whose 0..1 is `start`..`end` of the whole."""

    def told(fraction: float, note: str, **figures: float) -> None:
        tell(start + (end - start) * fraction, note, **figures)

    return told


class Scorer(Protocol):
    """All that ranking needs of a model."""

    def score(self, users: Ints) -> Floats:
        """float32 [len(users), items]; higher is better."""
        ...


class Recommender(Protocol):
    """Fit, score, explain, save, load. Codes are those of the Interactions it was fitted on."""

    kind: str

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        """Learn from `data`; with a `folder`, checkpoints go there and a stopped fit resumes from it."""
        ...

    def score(self, users: Ints) -> Floats:
        """float32 [len(users), items]; higher is better; on the model's own scale."""
        ...

    def user_vectors(self) -> Floats | None:
        """float32 [users, d], or None for kinds that have none (popularity)."""
        ...

    def item_vectors(self) -> Floats | None:
        """float32 [items, d], or None."""
        ...

    def save(self, folder: Path) -> None:
        """safetensors and JSON, manifest last (models.store)."""
        ...


def top_k(model: Recommender, data: Interactions, k: int, block: int = BLOCK) -> tuple[Ints, Floats]:
    """The best `k` unseen items of every user: codes int32 [users, k] and scores float32 [users, k].

    Ties break by item code. Where a user has fewer than k unseen items the rest is -1 with score -inf.
    """
    from models.ranking import best_unseen

    codes = np.full((data.n_users, k), -1, np.int32)
    scores = np.full((data.n_users, k), -np.inf, np.float32)
    for start in range(0, data.n_users, block):
        users = np.arange(start, min(start + block, data.n_users), dtype=np.int32)
        codes[users], scores[users] = best_unseen(model.score(users), data.seen[users], k)
    return codes, scores
