"""The step size, and the strength of an adversary, over the course of training."""

from __future__ import annotations

from math import cos, exp, pi

from models.config import Gradient


def rate(settings: Gradient, done: float) -> float:
    """The step size after a share `done`, in [0, 1], of all epochs.

    It rises straight from 0 over `warmup`; then it stays, falls straight to 0, or falls as half a cosine wave
    (Loshchilov & Hutter 2017).
    """
    if done < settings.warmup:
        return settings.learning_rate * done / settings.warmup
    along = (done - settings.warmup) / (1 - settings.warmup)
    left = {"constant": 1.0, "linear": 1 - along, "cosine": (1 + cos(pi * along)) / 2}[settings.schedule]
    return settings.learning_rate * left


def risen(done: float, ramp: float) -> float:
    """Share of its strength that an adversary has after a share `done`, in [0, 1], of all epochs.

    2 / (1 + exp(-10 done / ramp)) - 1 while done < ramp (Ganin et al. 2016, section 5.2.2), then 1.
    """
    return 2 / (1 + exp(-10 * done / ramp)) - 1 if done < ramp else 1.0
