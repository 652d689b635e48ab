"""How much each training row counts: reweighing and inverse propensities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.config import Weighting
from models.data import Floats, Interactions
from models.exposure import Exposure, exposure
from words import Refusal

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Correction:
    """Inverse propensity weights of the training rows, before they meet any other weight.

    weight: float64 [rows], after cutting; clipped: bool [rows], where it was cut; valid: float64, weights of the
    validation rows, cut alike; exposure: what they were made of.
    """

    weight: Numbers
    clipped: npt.NDArray[np.bool_]
    valid: Numbers
    exposure: Exposure


def correction(data: Interactions, settings: Weighting, seed: int) -> Correction:
    """The weights that `settings` ask for: `Exposure.inverse`, cut at `most_weight` times its mean.

    For `ips` as they are, else (`snips`) scaled to mean 1; corrections with an imputation model take them as `ips`.
    """
    found = exposure(data, settings, seed)
    most = settings.most_weight * found.inverse.mean()
    clipped = found.inverse > most
    weight = np.minimum(found.inverse, most)
    if settings.correction == "snips":
        weight = weight / weight.mean()
    return Correction(weight, clipped, np.minimum(found.valid, most), found)


def row_weights(data: Interactions, settings: Weighting, seed: int) -> Floats:
    """float32 [rows], above 0: `Interactions.weight` (reweighing, mean 1) times the inverse propensities asked for."""
    weight = own_weights(data)
    if settings.correction == "none":
        return weight
    return (weight * correction(data, settings, seed).weight).astype(np.float32)


def own_weights(data: Interactions) -> Floats:
    """float32 [rows] with mean 1: the weights that the data bring along, or ones."""
    weight = np.ones(len(data.user), np.float64) if data.weight is None else data.weight.astype(np.float64)
    if not np.isfinite(weight).all() or (weight < 0).any() or weight.sum() <= 0:
        raise Refusal("models.bad_weights")
    return (weight / weight.mean()).astype(np.float32)
