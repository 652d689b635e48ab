"""What fairness adds to a learner's loss: one object that every kind trained by gradient steps asks.

Figures between groups are differences in size, as in docs/metrics.md, so that at a strength that is high enough the
difference goes to 0 and not only towards it. With more than two groups each is set against the rest; the mean counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models.config import Gradient, Penalty
from models.data import Interactions
from models.fair.critic import Critic
from models.fair.groups import group_codes
from words import Refusal, phrase

Codes = npt.NDArray[np.integer[Any]]

RATES = frozenset({"value", "absolute", "under", "over"})
"""Yao and Huang's (2017) figures of the errors by item."""


KEPT = "erasure"
"""In `defined`: the kind keeps vectors of users, from which an attribute can be erased."""


def fair_term(
    data: Interactions, settings: Gradient, defined: frozenset[str], taught: Codes | None = None
) -> FairTerm | None:
    """The term that the settings ask for; None where they ask for none, or for one of no strength.

    defined: what this kind can do: figures of `Penalty`, KEPT. Raises Refusal where more is asked of it. taught: the
    user of each row (or item) that the kind's loss is a mean over; None: of each row of the data.
    """
    adversary, penalty = settings.adversary, settings.penalty
    asked = [] if penalty is None else [str(penalty.figure)]
    asked += [KEPT] if settings.erasure is not None and settings.erasure.strength > 0 else []
    for one in asked:
        if one not in defined:
            kind = phrase(f"models.name.{settings.kind}")  # type: ignore[attr-defined]
            raise Refusal("fair.undefined", figure=phrase(f"fair.figure.{one}"), kind=kind)
    critic = Critic(data, adversary) if adversary is not None and adversary.strength > 0 else None
    if penalty is not None and penalty.strength == 0:
        penalty = None
    return None if critic is None and penalty is None else FairTerm(data, critic, penalty, taught)


class FairTerm(nn.Module):
    """Each method gives its share of the loss, 0-d, and 0 where another penalty (or none) is asked for."""

    codes: Tensor
    share: Tensor
    weight: Tensor

    def __init__(
        self, data: Interactions, critic: Critic | None, penalty: Penalty | None, taught: Codes | None
    ) -> None:
        super().__init__()
        self.critic, self.figure = critic, None if penalty is None else penalty.figure
        self.strength = 0.0 if penalty is None else penalty.strength
        codes = np.full(data.n_users, -1, np.int64) if penalty is None else group_codes(data, penalty.attribute)
        rows = codes[data.user if taught is None else taught]
        sizes = np.bincount(rows + 1, minlength=int(codes.max()) + 2).astype(np.float32)
        share = torch.from_numpy(sizes / sizes.sum())  # [1 + groups], of rows; first those of unknown group
        self.register_buffer("codes", torch.from_numpy(codes), persistent=False)  # [users]
        self.register_buffer("share", share, persistent=False)
        self.register_buffer("weight", share.clone())  # what worst_group has made of it, kept in checkpoints

    @property
    def leans(self) -> bool:
        """Whether groups are weighted: then `worst` is the loss of the rows."""
        return self.figure == "worst_group"

    def worst(self, each: Tensor, users: Tensor, weight: Tensor | None = None) -> Tensor:
        """The groups' (weighted) mean losses of rows `each` [n], by the groups' weights as they are now.

        Sagawa et al. (2020), algorithm 1: before each step a group's weight is multiplied by exp(strength * its loss)
        and all are scaled to their sum; here they start at the groups' shares of the rows, where the loss is the plain
        mean. Rows of unknown group keep their share, and so do groups that are not in the batch.
        """
        weight = torch.ones_like(each) if weight is None else weight
        member = nn.functional.one_hot(self.codes[users] + 1, len(self.share)).to(each.dtype)  # [n, 1 + groups]
        # Sums, no products of matrices: these are bf16 where training is, too coarse to tell two losses apart.
        there = (weight[:, None] * member).sum(0)  # [1 + groups]
        loss = ((weight * each)[:, None] * member).sum(0) / there.clamp(min=1e-12)
        if self.training:
            self._lean(loss.detach().float(), there.detach())
        now = self.weight * (there > 0)
        return (now * loss).sum() / now.sum()

    def _lean(self, loss: Tensor, there: Tensor) -> None:
        """Multiply the weights of the known groups in the batch, keeping their sum; who is not in it keeps its own.

        Algorithm 1 draws every group as often; were one that is seldom drawn to fall behind for it, a small group would
        be forgotten however badly it is served.
        """
        there = there > 0
        there[0] = False
        leaned = self.weight[there] * (self.strength * (loss[there] - loss.max())).exp()
        self.weight[there] = leaned * (self.weight[there].sum() / leaned.sum())

    def hides(self, vectors: Tensor, users: Tensor) -> Tensor:
        """What the critic reads of the vectors [n, d]; its gradient comes back reversed."""
        return _nothing(vectors) if self.critic is None else self.critic.loss(vectors, users)

    def parity(self, predicted: Tensor, users: Tensor) -> Tensor:
        """|mean of `predicted` [n] in one group - mean over the others|."""
        if self.figure != "parity":
            return _nothing(predicted)
        return self.strength * torch.stack([_apart(predicted, side) for side in self._sides(users)]).mean()

    def rates(self, predicted: Tensor, truth: Tensor, users: Tensor, items: Tensor) -> Tensor:
        """Yao and Huang's figure over the items that both sides have in this batch; each argument [n].

        e = mean predicted - mean true, of one side and item. value |e - e'|, absolute ||e| - |e'||, under
        |max(0, -e) - max(0, -e')|, over |max(0, e) - max(0, e')|; mean over items.
        """
        if self.figure not in RATES:
            return _nothing(predicted)
        each = [self._rate(predicted - truth, side, items) for side in self._sides(users)]
        return self.strength * torch.stack(each).mean()

    def _rate(self, error: Tensor, side: Tensor, items: Tensor) -> Tensor:
        kept = side >= 0
        width = int(items.max()) + 1
        at = side[kept] * width + items[kept].long()
        empty = torch.zeros(2 * width, device=error.device, dtype=error.dtype)
        count = empty.index_add(0, at, torch.ones_like(error[kept]))
        total = empty.index_add(0, at, error[kept])
        both = (count[:width] > 0) & (count[width:] > 0)
        if not bool(both.any()):
            return _nothing(error)
        one, other = (total[half][both] / count[half][both] for half in (slice(0, width), slice(width, None)))
        shaped = _SHAPES[str(self.figure)]
        return (shaped(one) - shaped(other)).abs().mean()

    def twins(self, own: Tensor, twin: Tensor) -> Tensor:
        """Mean squared difference between users' scores and their twins', each [n, items]."""
        return self.strength * (own - twin).square().mean() if own.numel() else _nothing(own)

    def _sides(self, users: Tensor) -> list[Tensor]:
        """For each group int [n]: 1 inside, 0 in another group, -1 unknown; two groups are one pair."""
        codes = self.codes[users]
        groups = len(self.share) - 1
        inside = [(codes == group).long() for group in range(1 if groups == 2 else groups)]
        return [torch.where(codes < 0, -1, side) for side in inside]


_SHAPES = {
    "value": lambda e: e,
    "absolute": torch.abs,
    "under": lambda e: (-e).clamp(min=0),
    "over": lambda e: e.clamp(min=0),
}


def _apart(values: Tensor, side: Tensor) -> Tensor:
    inside, outside = values[side == 1], values[side == 0]
    return (inside.mean() - outside.mean()).abs() if len(inside) and len(outside) else _nothing(values)


def _nothing(values: Tensor) -> Tensor:
    return values.sum() * 0.0
