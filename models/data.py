"""What every recommender learns from: coded interactions and what is known of users and items."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

UNKNOWN = "unknown"
"""Value of a sensitive attribute that is missing, as in analysis.log: a group of its own, never guessed."""


@dataclass(frozen=True)
class Interactions:
    """Training interactions with dense codes.

    user, item: int32 [rows], codes into `user_ids` / `item_ids`.
    label: float32 [rows]; 1 / 0 for clicks and purchases, or the binarised rating (see `positive_from` in the
        audit's settings). Kinds that know only positives use rows with label 1.
    rating: float32 [rows] or None; the raw outcome for squared loss.
    weight: float32 [rows], mean 1; reweighing enters here. None: all ones.
    propensity: float32 [rows] in (0, 1], the logged chance that the row's item was shown to its user, or None.
    valid_propensity: float32, that of the validation rows, or None.
    position: float32 [rows], the place in the list at which the item was shown (1 is best), or None.
    randomised: bool [rows], True where the places were drawn at random, or None.
    time: int64 [rows] seconds, or None; the order of a user's history.
    seen: csr bool [users, items]; what must never be recommended (everything in train, labels 0 included when
        the log is one of ratings).
    user_ids, item_ids: str, sorted; ties in a ranking break by item code, therefore by item id.
    user_features, item_features: csr float32 [users, a], [items, b], one-hot of the known columns, or None.
    user_feature_names, item_feature_names: ``column=value`` of each feature, or None; reasons are worded with them,
        and a flip of `column` finds its features by them.
    item_texts: one text an item ("" where missing), or None.
    profile: the sensitive attributes as strings, attribute -> array [users]; only for profile tokens, the
        adversary and the flip.
    valid_user, valid_item, valid_label: the validation rows, same codes; used for early stopping and choice.
    valid_rating: float32, the raw outcome of the validation rows, or None.
    """

    user: Ints
    item: Ints
    label: Floats
    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    seen: sp.csr_matrix
    valid_user: Ints
    valid_item: Ints
    valid_label: Floats
    rating: Floats | None = None
    valid_rating: Floats | None = None
    weight: Floats | None = None
    propensity: Floats | None = None
    valid_propensity: Floats | None = None
    position: Floats | None = None
    randomised: npt.NDArray[np.bool_] | None = None
    time: npt.NDArray[np.int64] | None = None
    user_features: sp.csr_matrix | None = None
    item_features: sp.csr_matrix | None = None
    user_feature_names: tuple[str, ...] | None = None
    item_feature_names: tuple[str, ...] | None = None
    item_texts: tuple[str, ...] | None = None
    profile: dict[str, npt.NDArray[np.str_]] = field(default_factory=dict)

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    @property
    def popularity(self) -> npt.NDArray[np.int64]:
        """Positive training interactions of each item, int64 [items]."""
        return np.bincount(self.item[self.label > 0], minlength=self.n_items).astype(np.int64)

    def shown_as_usual(self, more: int) -> dict[str, Any]:
        """propensity, position and randomised, those known, for `more` rows at the end: their medians."""
        known = {name: getattr(self, name) for name in ("propensity", "position", "randomised")}
        return {
            name: np.append(values, np.full(more, np.median(values))).astype(values.dtype)
            for name, values in known.items()
            if values is not None
        }

    @cached_property
    def held_out(self) -> sp.csr_matrix:
        """csr bool [users, items]: positive validation rows that training has not seen. Each epoch looks at them."""
        positive = self.valid_label > 0
        cells = (np.ones(positive.sum(), np.int8), (self.valid_user[positive], self.valid_item[positive]))
        wanted = sp.csr_matrix(cells, shape=(self.n_users, self.n_items)).astype(bool)
        fresh = wanted.astype(np.int8) - wanted.multiply(self.seen).astype(np.int8)
        fresh.eliminate_zeros()
        return sp.csr_matrix(fresh).astype(bool)
