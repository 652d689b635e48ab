"""How surprised a reader is at what was taken: by the whole catalogue, or by a part that stands for a long one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from models.reader import own_scores, scores

MOST_WHOLE = 20_000
"""Catalogues up to this size are compared whole in each step."""
HEAD, DRAWN = 2048, 2048
"""Of larger ones the items of the highest level are, and of all others so many, drawn at random."""


def surprise(users: Tensor, items: Tensor, level: Tensor, target: Tensor) -> Tensor:
    """[n]: minus the log share of the item `target` [n] that users [n, d] take, by vectors [i, d] and levels [i]."""
    if len(items) > MOST_WHOLE:
        return by_a_part(users, items, level, target)
    return F.cross_entropy(scores(users, items, level).float(), target, reduction="none")


def by_a_part(users: Tensor, items: Tensor, level: Tensor, target: Tensor) -> Tensor:
    """`surprise` from HEAD items, DRAWN of the rest and the target, which is never left to chance.

    The sum over the catalogue is estimated without bias: each drawn item stands for as many of the rest as there are
    for one drawn, the target set aside. Items that came in as the targets of others would be taken the more often for
    being popular, and popular items would be told down.
    """
    head = level.detach().topk(min(HEAD, len(level) - DRAWN)).indices
    outside = torch.ones(len(level), dtype=torch.bool, device=level.device).index_fill(0, head, False)
    rest = outside.nonzero().squeeze(1)
    drawn = rest[torch.randint(len(rest), (DRAWN,), device=rest.device).unique()]
    candidates = torch.cat([head, drawn])  # [c]
    same = candidates == target[:, None]  # [n, c]
    apart = outside[target]  # [n]
    stands = (len(rest) - apart.float()) / (len(drawn) - (same.any(1) & apart).float()).clamp(min=1)  # [n]
    logits = scores(users, items[candidates], level[candidates]).float()  # [n, c]
    logits = torch.cat([logits[:, : len(head)], logits[:, len(head) :] + stands.log()[:, None]], 1)
    own = own_scores(users, items[target], level[target]).float()  # [n]
    others = logits.masked_fill(same, -torch.inf).logsumexp(1)
    return torch.logaddexp(own, others) - own
