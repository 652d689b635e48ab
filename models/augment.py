"""Histories changed at random, and the loss that tells a user's two changed histories from other users' (CL4SRec).

Xie et al. 2022. Letters in shapes: b users of a batch, t items of a history, d dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from models.config import Change
from models.histories import MASKED, PAD

KEPT = 0.6
"""Share of a history that a crop keeps."""
HIDDEN = 0.3
"""Share of a history's items that a mask hides."""
SHUFFLED = 0.6
"""Share of a history that a reordering shuffles."""
TEMPERATURE = 0.5
"""What likenesses are divided by: the smaller, the more the most like of the others count."""


def changed(history: Tensor, changes: tuple[Change, ...]) -> Tensor:
    """[b, t]: each user's history under one of the changes, drawn at random."""
    ways = torch.stack([CHANGES[name](history) for name in changes])  # [changes, b, t]
    drawn = torch.randint(len(changes), (len(history),), device=history.device)
    return ways[drawn, torch.arange(len(history), device=history.device)]


def crop(history: Tensor, share: float = KEPT) -> Tensor:
    """[b, t]: one stretch of each history, at least one item, in its order; PAD after it."""
    n, place = _lengths(history), _places(history)
    kept = (share * n).ceil().clamp(min=1)
    start = _start(n - kept)
    stretch = history.gather(1, (start + place).clamp(max=history.shape[1] - 1))
    return torch.where(place < kept, stretch, PAD)


def mask(history: Tensor, share: float = HIDDEN) -> Tensor:
    """[b, t]: a share of each history's items MASKED, the others where they were."""
    n = _lengths(history)
    noise = torch.rand(history.shape, device=history.device) + (history == PAD)  # PAD comes after all items
    rank = noise.argsort(1).argsort(1)
    return torch.where(rank < (share * n).floor(), MASKED, history)


def reorder(history: Tensor, share: float = SHUFFLED) -> Tensor:
    """[b, t]: the items of one stretch of each history in random order, the others where they were."""
    n, place = _lengths(history), _places(history)
    moved = (share * n).floor()
    start = _start(n - moved)
    inside = (place >= start) & (place < start + moved)
    noise = torch.rand(history.shape, device=history.device)
    keys = torch.where(inside, start - 0.5 + moved * noise, place)  # between the places around the stretch
    return history.gather(1, keys.argsort(1))


CHANGES = {"crop": crop, "mask": mask, "reorder": reorder}


def contrast(first: Tensor, second: Tensor) -> Tensor:
    """How badly a user's vector [b, d] is told from all others by the one from the same history, in nats; 0-d.

    Cross-entropy over the 2b - 1 other vectors of the batch, by cosine over TEMPERATURE (NT-Xent, Chen et al. 2020);
    log(2b - 1) where all are alike.
    """
    both = F.normalize(torch.cat([first, second]).float(), dim=1)  # [2b, d]
    alike = both @ both.T / TEMPERATURE
    alike = alike.masked_fill(torch.eye(len(both), dtype=torch.bool, device=both.device), -torch.inf)
    twin = torch.arange(len(both), device=both.device).roll(len(first))
    return F.cross_entropy(alike, twin)


def _lengths(history: Tensor) -> Tensor:
    """[b, 1]: items of each history, PAD not counted."""
    return (history != PAD).sum(1, keepdim=True)


def _places(history: Tensor) -> Tensor:
    return torch.arange(history.shape[1], device=history.device)


def _start(room: Tensor) -> Tensor:
    """[b, 1]: a place from 0 to `room`, each as likely."""
    return (torch.rand(room.shape, device=room.device) * (room + 1)).floor().long()
