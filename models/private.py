"""Training with differential privacy (Abadi et al. 2016): each user's gradient clipped, noise added, by Opacus.

The unit is a user: a row of the learner is one user's whole history, so adding or removing all that one user did
changes what the weights may be by at most a factor of exp(epsilon), but for a chance of delta. That holds for
the weights alone, not for the histories and lists that a model keeps beside them, and only for those who do not know
the seed: who knows it can draw the same noise and take it off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models.config import Gradient, Private
from words import Phrase, Refusal, phrase

DELTA = 1e-5
"""Chance that the bound does not hold, where none is given: this, or less than this with many users (`delta_of`)."""
CLIP = 1.0
"""Longest gradient of one user, where the settings' `clip` is 0."""


@dataclass(frozen=True)
class Plan:
    """What privacy costs: users are drawn each by itself with a chance of `share`, `steps` times.

    noise: standard deviation of the noise, in units of `clip`, the longest gradient of a user.
    """

    share: float
    steps: int
    noise: float
    clip: float


@dataclass(frozen=True)
class Spent:
    """What the weights tell of any one user: at most `epsilon`, but for a chance of `delta`."""

    epsilon: float
    delta: float


class Separable(Protocol):
    """A learner whose rows are users, and whose loss of one row needs no other."""

    module: nn.Module

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor: ...


def wanted(settings: Gradient) -> bool:
    return isinstance(settings, Private) and settings.epsilon > 0


def delta_of(settings: Private, users: int) -> float:
    """The chance that the bound does not hold: as it is given, or well below one over the users."""
    return min(DELTA, 0.1 / users) if settings.delta is None else settings.delta


@cache
def plan(settings: Private, users: int, batch: int) -> Plan:
    """The least noise with which all epochs together stay within `epsilon` at `delta`.

    Raises Refusal where `delta` is no less than one over the users: to publish one of them, drawn by lot, would do.
    """
    from opacus.accountants.utils import get_noise_multiplier

    delta = delta_of(settings, users)
    if delta * users >= 1:
        raise Refusal("models.private.delta", delta=delta, users=users)
    share, steps = min(1.0, batch / users), settings.epochs * -(-users // batch)
    noise = get_noise_multiplier(
        target_epsilon=settings.epsilon, target_delta=delta, sample_rate=share, steps=steps, accountant="rdp"
    )
    return Plan(share, steps, noise, settings.clip or CLIP)


def spent(made: Plan, delta: float) -> float:
    """The epsilon, at `delta`, of all steps of a plan."""
    from opacus.accountants import RDPAccountant

    accountant = RDPAccountant()
    accountant.history = [(made.noise, made.share, made.steps)]
    return float(accountant.get_epsilon(delta))


def spent_by(settings: Private, users: int) -> Spent | None:
    """What training on so many users has spent, None without privacy."""
    if not wanted(settings):
        return None
    delta = delta_of(settings, users)
    return Spent(spent(plan(settings, users, settings.batch), delta), delta)


def remarks(spent: Spent | None) -> tuple[Phrase, ...]:
    """What was spent and on what unit, in words; nothing without privacy."""
    return () if spent is None else (phrase("training.private", epsilon=spent.epsilon, delta=spent.delta),)


def facts_of(spent: Spent | None) -> dict[str, Any]:
    """What a saved model keeps of it."""
    return {"epsilon": None, "delta": None} if spent is None else {"epsilon": spent.epsilon, "delta": spent.delta}


def told(facts: Mapping[str, Any], settings: Private) -> Spent | None:
    """What a saved model spent; one that was saved before `delta` could be left out has it among its settings."""
    epsilon, delta = facts.get("epsilon"), facts.get("delta") or settings.delta
    return None if epsilon is None or delta is None else Spent(float(epsilon), float(delta))


def draws(users: int, share: float, steps: int, rng: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    """The users of each step: every one by itself with the same chance, as the accounting supposes; maybe none."""
    return [np.nonzero(rng.random(users) < share)[0] for _ in range(steps)]


def private_step(
    learner: Separable, optimiser: torch.optim.Optimizer, made: Plan, users: int, rows: list[Tensor]
) -> Tensor:
    """One step on these users' rows; the mean loss (0 where no user was drawn).

    users: how many are drawn on average, what the sum of gradients is divided by.
    """
    from opacus.optimizers import DPOptimizer

    noisy = DPOptimizer(optimiser, noise_multiplier=made.noise, max_grad_norm=made.clip, expected_batch_size=users)
    total, drawn = torch.zeros((), device=rows[0].device), len(rows[0])
    for one in range(drawn):
        loss = learner.loss(tuple(row[one : one + 1] for row in rows))
        slopes = torch.autograd.grad(loss, noisy.params, allow_unused=True)
        for weight, slope in zip(noisy.params, slopes, strict=True):
            weight.grad_sample = (torch.zeros_like(weight) if slope is None else slope)[None]
        noisy.clip_and_accumulate()
        total += loss.detach()
    if drawn == 0:
        for weight in noisy.params:
            weight.grad_sample = weight.new_zeros((0, *weight.shape))
        noisy.clip_and_accumulate()
    noisy.add_noise()
    noisy.scale_grad()
    optimiser.step()
    for weight in noisy.params:
        weight.grad_sample = weight.summed_grad = None
    return total / max(drawn, 1)
