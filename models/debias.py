"""How much each training row counts: reweighing and inverse propensities."""

from __future__ import annotations

import numpy as np

from models.config import Ips
from models.data import Floats, Interactions
from words import Refusal

MOST_WEIGHT = 20.0
"""Cap of an inverse popularity propensity: rarer items count as if shown 1/20 as often as the top item."""


def row_weights(data: Interactions, ips: Ips) -> Floats:
    """float32 [rows] with mean 1, above 0.

    `Interactions.weight` (reweighing, or the inverse of logged propensities) always counts where it is
    present. ``given`` asks for it and is refused without; ``popularity`` multiplies it with 1/p where
    p = sqrt(rows of the item / rows of the top item) (Saito et al. 2020, power 0.5), capped at MOST_WEIGHT.
    """
    weight = np.ones(len(data.user), np.float64) if data.weight is None else data.weight.astype(np.float64)
    if ips == "given" and data.weight is None:
        raise Refusal("models.no_propensity")
    if not np.isfinite(weight).all() or (weight < 0).any() or weight.sum() <= 0:
        raise Refusal("models.bad_weights")
    if ips == "popularity":
        rows = np.bincount(data.item, minlength=data.n_items)
        weight = weight * np.minimum(np.sqrt(rows.max() / rows[data.item]), MOST_WEIGHT)
    return (weight / weight.mean()).astype(np.float32)
