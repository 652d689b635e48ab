"""Vectors and levels of items: what the text says, plus what only the log knows of an item that was met."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Items(nn.Module):
    """An item's vector is a projection of its text plus an own vector, its level likewise a sum of both.

    While training, the own part of some items (`hidden`, a share) is left out in each step, so that the text alone
    has to do. Items that nobody took have no own part at all: what is learnt of hidden items holds for them.
    Without texts, the own part is all there is.
    """

    texts: Tensor | None
    met: Tensor
    usual: Tensor

    def __init__(
        self, texts: Tensor | None, met: Tensor, level: Tensor, dimensions: int, ids: bool = True, hidden: float = 0.0
    ) -> None:
        """texts: [items, width] or None; met: bool [items], taken in training; level: [items] log popularity to
        start from; ids: whether items have an own part."""
        super().__init__()
        self.hidden = hidden
        usual = level[met].mean()
        self.register_buffer("texts", texts, persistent=False)
        self.register_buffer("met", met)
        self.register_buffer("usual", usual)
        self.project = None if texts is None else nn.Linear(texts.shape[1], dimensions)
        self.appeal = None if texts is None else nn.Linear(texts.shape[1], 1, bias=False)
        self.own = nn.Embedding(len(level), dimensions) if ids else None
        self.level = nn.Parameter(level - usual) if ids else None
        if self.own is not None:
            nn.init.normal_(self.own.weight, std=0.02)
        if self.appeal is not None:
            nn.init.zeros_(self.appeal.weight)

    def forward(self, texts: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Vectors [items, d] and levels [items]; `texts` stand for those given at the start."""
        texts = self.texts if texts is None else texts
        if self.project is None or self.appeal is None or texts is None:
            assert self.own is not None and self.level is not None, "without texts items have an own part"
            return self.own.weight, self.usual + self.level
        vectors, levels = self.project(texts), self.usual + self.appeal(texts).squeeze(-1).float()
        if self.own is None or self.level is None:
            return vectors, levels
        shown = self.met
        if self.training and self.hidden:
            shown = shown & (torch.rand(len(shown), device=shown.device) >= self.hidden)
        return vectors + shown[:, None] * self.own.weight, levels + shown * self.level

    def tables(self) -> tuple[Tensor, ...]:
        """The own vectors, where items have any."""
        return () if self.own is None else (self.own.weight,)
