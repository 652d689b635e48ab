"""Training that hides a sensitive attribute: an adversary behind a reversed gradient (Ganin et al. 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.config import Adversary
from models.data import Interactions
from models.fair.groups import group_codes

RIDGE = 1e-2
"""Share of the mean variance that is added to every direction, so that none of no variance is followed."""


class Reverse(torch.autograd.Function):
    """The identity, whose gradient comes back times -strength."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


class Critic(nn.Module):
    """Guesses the attribute from the user's vector; what it finds is taken out of the vector.

    A critic that is trained by steps of its own lags behind the recommender, and the reversed gradient then
    writes the opposite of the attribute into the vector, which tells as much (seen: the AUC of a fresh probe
    *rose* from .75 to .94). So this one is the best linear guess, solved at each step for the
    vectors of the batch; its error is descended by nobody and ascended by the recommender. Groups
    weigh the same, whatever their size, so that guessing the larger group is worth nothing.
    """

    codes: Tensor
    balance: Tensor

    def __init__(self, data: Interactions, adversary: Adversary) -> None:
        super().__init__()
        codes = group_codes(data, adversary.attribute)
        counts = np.bincount(codes[codes >= 0])
        self.strength, self.ramp = adversary.strength, adversary.ramp
        self.risen = 1.0
        """Share of the strength that is at work now; the loop sets it."""
        self.register_buffer("codes", torch.from_numpy(codes), persistent=False)  # [users]
        self.register_buffer("balance", torch.from_numpy(1 / counts).float(), persistent=False)  # [groups]

    @torch.autocast("cuda", enabled=False)  # bf16 has too few digits to solve in
    @torch.autocast("cpu", enabled=False)
    def loss(self, vectors: Tensor, users: Tensor) -> Tensor:
        """Share of the groups' variance that the best linear guess leaves, 1 when nothing is known; 0-d.

        Its gradient reaches `vectors` reversed. 0 where fewer than two users of the batch have a known group.
        """
        codes = self.codes[users]
        known = codes >= 0
        if int(known.sum()) < 2:
            return vectors.sum() * 0.0
        x, codes = Reverse.apply(vectors.float()[known], self.strength * self.risen), codes[known]  # [n, d]
        weight = self.balance[codes]
        weight = (weight / weight.sum())[:, None]  # [n, 1]
        y = nn.functional.one_hot(codes, len(self.balance)).float()  # [n, groups]
        x, y = x - (weight * x).sum(0), y - (weight * y).sum(0)
        variance = (weight * y.square()).sum()
        left = (weight * (y - x @ _best(x.detach(), y, weight)).square()).sum()
        return left / variance.clamp(min=1e-9)


def _best(x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """[d, groups]: the weighted ridge solution for y [n, groups] from x [n, d]."""
    gram = x.T @ (weight * x)
    ridge = RIDGE * gram.diagonal().mean() + 1e-12
    eye = torch.eye(len(gram), device=x.device)
    return torch.linalg.solve(gram + ridge * eye, x.T @ (weight * y))
