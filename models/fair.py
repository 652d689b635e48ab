"""Training that hides a sensitive attribute: an adversary behind a reversed gradient (Ganin et al. 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config import Adversary
from models.data import UNKNOWN, Interactions
from words import Refusal


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
    """Guesses the attribute from the user's vector; what it learns is taken out of the vector.

    Its own weights descend the cross entropy, the recommender's ascend it, `strength` times as hard.
    Groups weigh the same, whatever their size, so that guessing the larger group is worth nothing.
    """

    def __init__(self, dimensions: int, data: Interactions, adversary: Adversary) -> None:
        super().__init__()
        codes = group_codes(data, adversary.attribute)
        counts = np.bincount(codes[codes >= 0])
        self.strength = adversary.strength
        self.register_buffer("codes", torch.from_numpy(codes), persistent=False)  # [users]
        balance = torch.from_numpy(counts.sum() / (len(counts) * counts)).float()
        self.register_buffer("balance", balance, persistent=False)  # [groups]
        self.guess = nn.Sequential(
            nn.LayerNorm(dimensions, elementwise_affine=False),  # a short vector hides nothing
            nn.Linear(dimensions, adversary.width),
            nn.GELU(),
            nn.Linear(adversary.width, len(counts)),
        )

    def loss(self, vectors: Tensor, users: Tensor) -> Tensor:
        """Mean cross entropy over these users; 0 where the attribute of all is unknown."""
        guesses = self.guess(Reverse.apply(vectors, self.strength))  # [batch, groups]
        codes, balance = self.get_buffer("codes")[users], self.get_buffer("balance")
        known = (codes >= 0).float()
        each = F.cross_entropy(guesses.float(), codes.clamp(min=0), reduction="none")
        weight = known * balance[codes.clamp(min=0)]
        return (weight * each).sum() / weight.sum().clamp(min=1e-9)


def group_codes(data: Interactions, attribute: str) -> npt.NDArray[np.int64]:
    """int64 [users]: the group of each user, -1 where unknown (the adversary learns nothing there).

    Refuses an attribute with fewer than two groups.
    """
    if attribute not in data.profile:
        raise Refusal("models.no_attribute", attribute=attribute)
    values = data.profile[attribute]
    groups = sorted({str(value) for value in values} - {UNKNOWN})
    if len(groups) < 2:
        raise Refusal("models.one_group", attribute=attribute)
    number = {group: code for code, group in enumerate(groups)}
    return np.array([number.get(str(value), -1) for value in values], np.int64)
