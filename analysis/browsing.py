"""A log with a hidden intent: "does browsing make people buy?", with the answer known.

Each row is an item that a user came across; whether it was browsed (looked at closely) and bought. People browse and
buy what they came for; browsing itself adds little. Which row is of the user's interest is in no column: only the
texts of items and of users tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.catalogue import PROVIDERS, SHELVES, description, title
from analysis.log import Roles

P_FROM_INTEREST = 0.35
"""Share of the rows that are of the user's interest, beside those that chance brings."""
BROWSE = (0.15, 0.60)
"""P(browsed) of rows that are not, and that are, of the user's interest."""
BUY = (0.05, 0.30)
"""P(bought | not browsed), likewise."""
EFFECT = 0.03
"""What browsing itself adds to P(bought), everywhere."""
RANKS = 20
"""Items of each of the twelve shelves."""

ROLES = Roles(user="user_id", item="item_id", outcome="bought", treatment="browsed", text="description")


@dataclass(frozen=True)
class Browsing:
    """log: user_id, item_id, browsed 0/1, bought 0/1; users: user_id, says; items: item_id, description.

    naive: E[bought | browsed] - E[bought | not browsed] in the population; the effect is EFFECT.
    """

    log: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    naive: float


def simulate_browsing(users: int, rows_each: int, seed: int) -> Browsing:
    """`users` people with `rows_each` rows each."""
    rng = np.random.default_rng(seed)
    interest = rng.integers(0, len(SHELVES), users)
    person = np.repeat(np.arange(users), rows_each)
    chance = rng.integers(0, len(SHELVES), len(person))
    shelf = np.where(rng.random(len(person)) < P_FROM_INTEREST, interest[person], chance)
    fits = (shelf == interest[person]).astype(np.int64)
    browsed = rng.random(len(person)) < np.array(BROWSE)[fits]
    bought = rng.random(len(person)) < np.array(BUY)[fits] + EFFECT * browsed
    item = shelf * RANKS + rng.integers(0, RANKS, len(person))
    log = pd.DataFrame(
        {
            "user_id": [f"u{code:05d}" for code in person],
            "item_id": [f"i{code:04d}" for code in item],
            "browsed": browsed.astype(np.int8),
            "bought": bought.astype(np.int8),
        }
    )
    provider = rng.integers(0, len(PROVIDERS), len(SHELVES) * RANKS)
    items = pd.DataFrame(
        {
            "item_id": [f"i{code:04d}" for code in range(len(provider))],
            "description": [
                f"{title(SHELVES[code // RANKS], code % RANKS)}. "
                f"{description(SHELVES[code // RANKS], code % RANKS, PROVIDERS[maker])}"
                for code, maker in enumerate(provider)
            ],
        }
    )
    noun = rng.integers(0, len(SHELVES[0].nouns), users)
    people = pd.DataFrame(
        {
            "user_id": [f"u{code:05d}" for code in range(users)],
            "says": [
                f"I am looking for a {SHELVES[own].nouns[word]}, something for {SHELVES[own].purpose}"
                for own, word in zip(interest, noun, strict=True)
            ],
        }
    )
    return Browsing(log, people, items, _naive())


def _naive() -> float:
    share = P_FROM_INTEREST + (1 - P_FROM_INTEREST) / len(SHELVES)  # of rows that fit
    weight, browse, buy = np.array([1 - share, share]), np.array(BROWSE), np.array(BUY)
    with_it = (weight * browse * (buy + EFFECT)).sum() / (weight * browse).sum()
    without = (weight * (1 - browse) * buy).sum() / (weight * (1 - browse)).sum()
    return float(with_it - without)
