"""The risk of a factorisation with its slopes, in one reading of a batch's vectors. Imported where used: loads numba.

Torch makes several passes over each gathered vector, forwards and back; here each is read once while it lies in the
processor's cache. The formulas are those of `models.factorization.FactorLearner.loss`, which tests hold them to.
"""

from __future__ import annotations

from math import exp, log1p
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from storage.compiled import compiled, summing


@compiled
def softplus(x):  # type: ignore[no-untyped-def]  # numba infers them
    """log(1 + exp(x)), without an overflow."""
    return max(x, 0.0) + log1p(exp(-abs(x)))


@compiled
def sigmoid(x):  # type: ignore[no-untyped-def]
    """1 / (1 + exp(-x)), without an overflow."""
    grown = exp(-abs(x))
    return (1.0 if x >= 0 else grown) / (1.0 + grown)


@summing
def pairs(user, item, item_level, users, items, others, share, l2, to_user, to_item, to_level):  # type: ignore[no-untyped-def]
    """Pairwise log loss: sum of share * softplus(-(score of item less that of the other)) + l2 * squared lengths.

    user, item: float32 [users, d], [items, d]; item_level [items]; users, items, others: codes [rows]; share float32
    [rows]; to_user, to_item, to_level: zeros like the first three, to which the slopes are added.
    """
    risk, pull = 0.0, np.float32(2 * l2)
    for row in range(len(users)):
        u, i, j = users[row], items[row], others[row]
        margin = size = np.float32(0)
        for k in range(user.shape[1]):
            margin += user[u, k] * (item[i, k] - item[j, k])
            size += user[u, k] * user[u, k] + item[i, k] * item[i, k] + item[j, k] * item[j, k]
        score = float(margin) + (item_level[i] - item_level[j])
        risk += share[row] * softplus(-score) + l2 * size
        slope = np.float32(-share[row] * sigmoid(-score))
        for k in range(user.shape[1]):
            to_user[u, k] += slope * (item[i, k] - item[j, k]) + pull * user[u, k]
        for k in range(user.shape[1]):
            to_item[i, k] += slope * user[u, k] + pull * item[i, k]
        for k in range(user.shape[1]):
            to_item[j, k] += pull * item[j, k] - slope * user[u, k]
        to_level[i] += slope
        to_level[j] -= slope
    return risk


@summing
def cells(  # type: ignore[no-untyped-def]
    user,
    item,
    user_level,
    item_level,
    level,
    squared,
    users,
    items,
    target,
    share,
    l2,
    to_user,
    to_item,
    to_own,
    to_level,
):
    """Log loss of each row's log odds (or its squared error): sum of share * loss + l2 * squared lengths.

    Arguments as for `pairs`; user_level [users]; level: of all; target float32 [rows]; to_own: zeros like user_level.
    """
    risk, pull = 0.0, np.float32(2 * l2)
    for row in range(len(users)):
        u, i = users[row], items[row]
        product = size = np.float32(0)
        for k in range(user.shape[1]):
            product += user[u, k] * item[i, k]
            size += user[u, k] * user[u, k] + item[i, k] * item[i, k]
        score = float(product) + user_level[u] + item_level[i] + level
        if squared:
            loss, each = (score - target[row]) ** 2, 2 * (score - target[row])
        else:
            loss, each = softplus(score) - score * target[row], sigmoid(score) - target[row]
        risk += share[row] * loss + l2 * size
        slope = np.float32(share[row] * each)
        for k in range(user.shape[1]):
            to_user[u, k] += slope * item[i, k] + pull * user[u, k]
        for k in range(user.shape[1]):
            to_item[i, k] += slope * user[u, k] + pull * item[i, k]
        to_own[u] += slope
        to_level[i] += slope
    return risk


class Risk(torch.autograd.Function):
    """The risk of a batch, 0-d, as torch sees it: its slopes at the four tables are made along with it."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        """given: vectors of users and items, their levels [users, 1], [items, 1]; the level of all; the loss's name;
        users, items: codes [rows]; third: others (bpr) or targets [rows]; share: what each row's loss counts; l2."""
        user, item, user_level, item_level, level, loss, users, items, third, share, l2 = given
        tables = [table.detach().numpy() for table in (user, item, user_level[:, 0], item_level[:, 0])]
        rows = [row.numpy() for row in (users, items, third, share)]
        slopes = [np.zeros_like(table) for table in tables]
        if loss == "bpr":
            (p, q, _, b), (to_p, to_q, _, to_b) = tables, slopes
            risk = pairs(p, q, b, *rows, l2 / len(users), to_p, to_q, to_b)
        else:
            risk = cells(*tables, float(level), loss == "squared", *rows, l2 / len(users), *slopes)
        ctx.slopes = [torch.from_numpy(slope) for slope in slopes]
        return torch.tensor(risk, dtype=torch.float32)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Any, ...]:
        user, item, user_level, item_level = (slope * outer for slope in ctx.slopes)
        return user, item, user_level[:, None], item_level[:, None], *[None] * 7
