"""Risks over all cells of users x items, estimated from the cells that were seen.

error e of a seen cell: its loss under the model. imputed: the loss that an imputation model expects of a cell. weight:
share of cells seen / propensity (`Exposure.inverse`). With the right propensities, `ips` and `doubly_robust` have the
mean error over *all* cells for their expectation; `doubly_robust` also with the right imputation, whatever the weights.
Schnabel et al. 2016 (IPS, SNIPS); Wang et al. 2019 (doubly robust, joint learning); Guo et al. 2021 (MRDR).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.data import Floats
from models.exposure import Exposure


def row_loss(score: Tensor, target: Tensor, loss: str) -> Tensor:
    """[rows]: log loss of the log odds `score`, or the squared error; `target` may be a share."""
    if loss == "logistic":
        return F.binary_cross_entropy_with_logits(score, target, reduction="none")
    return (score - target).square()


def ips(error: Tensor, weight: Tensor) -> Tensor:
    """Inverse propensity scoring: the mean of weight * error; 0-d."""
    return (weight * error).mean()


def snips(error: Tensor, weight: Tensor) -> Tensor:
    """Self-normalised: divided by the sum of the weights instead of their number; less variance, a little bias."""
    return (weight * error).sum() / weight.sum()


def weighted(error: Tensor, weight: Tensor, correction: str) -> Tensor:
    """`snips` where the correction is that, else `ips`; 0-d."""
    return (snips if correction == "snips" else ips)(error, weight)


def doubly_robust(error: Tensor, imputed: Tensor, weight: Tensor, imputed_anywhere: Tensor) -> Tensor:
    """Imputed loss of cells drawn anywhere, put right by what the seen cells show it to be wrong by; 0-d."""
    return (weight * (error - imputed)).mean() + imputed_anywhere.mean()


class Imputation(nn.Module):
    """What the outcome of a cell would be, by a recommender of its own; its loss against that is the imputed error."""

    def __init__(self, scorer: nn.Module, loss: str, learned: bool) -> None:
        super().__init__()
        self.scorer, self.loss, self.learned = scorer, loss, learned
        if not learned:
            scorer.requires_grad_(False)

    def outcome(self, user: Tensor, item: Tensor) -> Tensor:
        """[rows]: the imputed outcome, a share for the logistic loss or a rating."""
        score: Tensor = self.scorer(user, item)
        return torch.sigmoid(score) if self.loss == "logistic" else score

    def risk(self, seen: tuple[Tensor, ...], score: Tensor, weight: Tensor, anywhere: tuple[Tensor, ...]) -> Tensor:
        """The doubly robust risk of the model, 0-d. seen: user, item, target of seen cells, `score` the model's own
        for them; anywhere: user, item, score of cells drawn from all."""
        user, item, target = seen
        other_user, other_item, other_score = anywhere
        with torch.no_grad():
            here, there = self.outcome(user, item), self.outcome(other_user, other_item)
        error = row_loss(score, target, self.loss)
        imputed = row_loss(score, here, self.loss)
        return doubly_robust(error, imputed, weight, row_loss(other_score, there, self.loss))

    def own_risk(self, seen: tuple[Tensor, ...], score: Tensor, weight: Tensor) -> Tensor:
        """Weighted squared miss of the imputed error, 0-d; the model stands still meanwhile."""
        user, item, target = seen
        score = score.detach()
        error = row_loss(score, target, self.loss)
        imputed = row_loss(score, self.outcome(user, item), self.loss)
        return (weight * (error - imputed).square()).mean()


def imputation_weights(found: Exposure, correction: str, most: float) -> Floats:
    """float32 [rows] with mean 1: how much each seen cell counts for the imputation model.

    joint: 1/p, the miss over all cells. mrdr: (1 - p)/p^2, by which the variance of the doubly robust risk grows with
    the squared miss. Cut at `most` times their mean.
    """
    weight = 1 / found.chance
    if correction == "mrdr":
        weight = weight * (1 - found.chance) / found.chance
    if weight.sum() <= 0:  # every cell was certain to be seen: nothing varies
        weight = np.ones(len(weight))
    weight = np.minimum(weight, most * weight.mean())
    return (weight / weight.mean()).astype(np.float32)
