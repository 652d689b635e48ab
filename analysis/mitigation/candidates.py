"""What re-ranking chooses from: each user's candidates with the recommender's scores, best first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from words import Refusal

Lists = npt.NDArray[np.int32]
Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Candidates:
    """codes: int32 [users, M], best first, -1 padded. scores: float32 [users, M], -inf where padded."""

    codes: Lists
    scores: npt.NDArray[np.float32]

    @cached_property
    def relevance(self) -> Array:
        """Scores scaled to 0..1 within each user's candidates; -inf where padded."""
        listed = self.codes >= 0
        value = np.asarray(self.scores, dtype=np.float64)
        high = np.where(listed, value, -np.inf).max(axis=1, keepdims=True)
        low = np.where(listed, value, np.inf).min(axis=1, keepdims=True)
        span = np.where(high > low, high - low, 1.0)
        return np.where(listed, (value - np.where(np.isfinite(low), low, 0.0)) / span, -np.inf)

    def members(
        self, item_group: npt.NDArray
    ) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Names of the item groups, the group of every item [items], and of every candidate [users, M]; -1 padded."""
        names, group = np.unique(np.asarray(item_group, dtype=str), return_inverse=True)
        return names, group, np.where(self.codes >= 0, group[self.codes], -1)

    def best(self, value: Array, K: int) -> Lists:
        """The K candidates of the highest `value` [users, M], ties in the order of the candidates."""
        order = best_places(value, K)
        return np.take_along_axis(self.codes, order, axis=1)


def best_places(value: Array, K: int) -> npt.NDArray[np.intp]:
    """Places of the K highest values of each user, ties by place."""
    return np.argsort(-value, axis=1, kind="stable")[:, : min(K, value.shape[1])]


def check_strength(strength: float) -> None:
    """Raises Refusal for a strength outside [0, 1]."""
    if not 0.0 <= strength <= 1.0:
        raise Refusal("mitigation.refusal.strength", strength=strength)
