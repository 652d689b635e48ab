"""What would the same users get were their attribute another, everything else fixed?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from models.data import UNKNOWN, Floats, Interactions, Ints
from models.fitted import Fitted, must_know
from models.ranking import best_unseen
from words import Refusal

BLOCK = 512
Blocked = Callable[[Ints], sp.csr_matrix]
"""Users [n] -> bool [n, items]: what may not be ranked for them."""


@dataclass(frozen=True)
class Flip:
    """Lists and scores of all users under each value of one attribute (docs/metrics.md, section 6).

    own: int32 [users, k], the lists as they are. lists: value -> int32 [users, k], the lists were everyone's
    attribute that value; for users who have the value, their own list. -1 pads short lists.
    divergence: float32 [users], >= 0: L2 distance between a user's score vector (all items, on the model's own
    scale) and that under another value, mean over the other values. 0: the attribute changes nothing for them.
    """

    attribute: str
    values: tuple[str, ...]
    own: Ints
    lists: dict[str, Ints]
    divergence: Floats


def flipped_lists(
    model: Fitted[Any], data: Interactions, attribute: str, k: int = 10, blocked: Blocked | None = None
) -> Flip:
    """Score every user under every known value of `attribute`.

    blocked: what may not be ranked for given users, as the lists under audit were made; None: what they have seen.
    Raises Refusal where the model does not read the attribute, or the data know fewer than two values of it.
    """
    must_know(model, data)
    if attribute not in data.profile:
        raise Refusal("models.no_attribute", attribute=attribute)
    values = tuple(sorted({str(value) for value in data.profile[attribute]} - {UNKNOWN}))
    if len(values) < 2:
        raise Refusal("models.one_group", attribute=attribute)
    if not model.reads(attribute):
        raise Refusal("models.flip.blind", attribute=attribute)
    flip = Flip(
        attribute,
        values,
        np.empty((data.n_users, k), np.int32),
        {value: np.empty((data.n_users, k), np.int32) for value in values},
        np.empty(data.n_users, np.float32),
    )
    for start in range(0, data.n_users, BLOCK):
        users = np.arange(start, min(start + BLOCK, data.n_users), dtype=np.int32)
        _fill(flip, model, data, users, data.seen[users] if blocked is None else blocked(users))
    return flip


def _fill(flip: Flip, model: Fitted[Any], data: Interactions, users: Ints, seen: sp.csr_matrix) -> None:
    own, k = model.score(users), flip.own.shape[1]  # [block, items]
    actual = data.profile[flip.attribute][users]
    flip.own[users] = best_unseen(own, seen, k)[0]
    distance = np.zeros(len(users))
    others = np.zeros(len(users))
    for value in flip.values:
        scores = np.where((actual == value)[:, None], own, model.score_as(users, flip.attribute, value))
        flip.lists[value][users] = best_unseen(scores, seen, k)[0]
        distance += np.sqrt(np.square(scores.astype(np.float64) - own).sum(1))
        others += actual != value
    flip.divergence[users] = distance / others
