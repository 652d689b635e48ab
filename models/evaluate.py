"""The one figure that training watches: NDCG@10 on the validation rows.

The audit's figures, with intervals and groups, are made in analysis.fairness.utility; this room may not
import it (models and analysis do not know each other), and training needs no more than one mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.data import Floats, Interactions, Ints
from models.ranking import gains, ideal

MOST_USERS = 4000
"""Validation users scored after each epoch; of more, every n-th by code."""


def validation_ndcg(score: Callable[[Ints], Floats], data: Interactions, k: int = 10) -> float | None:
    """Mean NDCG@k, in [0, 1], over users with unseen positive validation items, or None without any.

    score: user codes -> [users, items]. Binary gain, discount 1/log2(1 + rank), ideal list cut at
    min(k, relevant); the whole catalogue but the seen items is ranked.
    """
    wanted = data.held_out
    users = np.nonzero(np.diff(wanted.indptr))[0].astype(np.int32)
    if len(users) == 0:
        return None
    users = users[:: -(-len(users) // MOST_USERS)]
    found = np.empty(len(users))
    for start in range(0, len(users), 512):
        block = users[start : start + 512]
        gain, _ = gains(score(block), data.seen[block], wanted[block], k)
        found[start : start + 512] = gain / ideal(np.diff(wanted[block].indptr), k)
    return float(found.mean())
