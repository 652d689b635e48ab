"""The transformer that reads a user: profile tokens first, then what the user took, oldest first.

Letters in shapes: b users of a batch, a profile attributes, t items of a history, s = 1 + a + t, d dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config import SequentialSettings
from models.histories import PAD
from models.items import Items


class Attention(nn.Module):
    """Causal self-attention: each place reads itself and what came before."""

    def __init__(self, settings: SequentialSettings) -> None:
        super().__init__()
        self.heads, self.dropout = settings.heads, settings.dropout
        self.queries_keys_values = nn.Linear(settings.dimensions, 3 * settings.dimensions)
        self.out = nn.Linear(settings.dimensions, settings.dimensions)

    def forward(self, x: Tensor) -> Tensor:
        b, s, d = x.shape
        split = self.queries_keys_values(x).view(b, s, 3, self.heads, d // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)  # each [b, heads, s, d / heads]
        silenced = self.dropout if self.training else 0.0
        read = F.scaled_dot_product_attention(q, k, v, dropout_p=silenced, is_causal=True)
        return self.out(read.transpose(1, 2).reshape(b, s, d))  # [b, s, d]


class Block(nn.Module):
    """Attention, then two layers at each place; both beside a shortcut."""

    def __init__(self, settings: SequentialSettings) -> None:
        super().__init__()
        d = settings.dimensions
        self.before_attention, self.before_layers = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = Attention(settings)
        self.layers = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))
        self.silence = nn.Dropout(settings.dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.silence(self.attention(self.before_attention(x)))  # [b, s, d]
        return x + self.silence(self.layers(self.before_layers(x)))  # [b, s, d]


class Reader(nn.Module):
    """Vectors of users from their profile and the vectors of what they took."""

    def __init__(self, items: Items, groups: list[int], ordered: bool, settings: SequentialSettings) -> None:
        """items: gives the items' vectors and levels; groups: values of each attribute."""
        super().__init__()
        d = settings.dimensions
        self.items = items
        self.start = nn.Parameter(torch.zeros(d))
        self.profile = nn.ModuleList([nn.Embedding(count, d) for count in groups])
        self.place = nn.Embedding(settings.history, d) if ordered else None
        self.silence = nn.Dropout(settings.dropout)
        self.blocks = nn.ModuleList([Block(settings) for _ in range(settings.layers)])
        self.last = nn.LayerNorm(d)
        self._begin_small()

    def _begin_small(self) -> None:
        for part in (self.place, *self.profile):
            if isinstance(part, nn.Embedding):
                nn.init.normal_(part.weight, std=0.02)

    def forward(self, items: Tensor, profile: Tensor, history: Tensor) -> Tensor:
        """[b, 1 + t, d]: place 0 knows the profile alone, place n also the first n items of the history.

        items: the vectors that `items` gives; profile: int [b, a] value codes; history: int [b, t], PAD at the end,
        MASKED where an item is hidden.
        """
        b, t = history.shape
        taken = F.embedding(history.clamp(min=0), items) * (history >= 0)[..., None]  # [b, t, d]
        if self.place is not None:
            taken = taken + self.place.weight[:t]
        known = [tokens(profile[:, at]) for at, tokens in enumerate(self.profile)]  # a times [b, d]
        front = torch.stack([*known, self.start.expand(b, -1)], 1)  # [b, a + 1, d]
        x = self.silence(torch.cat([front, taken], 1))  # [b, s, d]
        for block in self.blocks:
            x = block(x)
        return self.last(x)[:, len(known) :]  # [b, 1 + t, d]

    def users(self, items: Tensor, profile: Tensor, history: Tensor) -> Tensor:
        """[b, d]: the place that has read the whole history."""
        read = self(items, profile, history)  # [b, 1 + t, d]
        end = (history != PAD).sum(1)  # [b]
        return read[torch.arange(len(end), device=end.device), end]


def scores(users: Tensor, items: Tensor, level: Tensor) -> Tensor:
    """[..., items]: product over sqrt(d), plus the items' levels."""
    return users @ items.T / users.shape[-1] ** 0.5 + level


def own_scores(users: Tensor, items: Tensor, level: Tensor) -> Tensor:
    """[n]: the same of each user [n, d] and the one item [n, d] beside it."""
    return (users * items).sum(-1) / users.shape[-1] ** 0.5 + level
