"""Training against the worst small change of the vectors (He et al., SIGIR 2018: adversarial personalised ranking)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call

from models.config import Embedded

STEPS = 3
"""Steps of a PGD attack (Madry et al. 2018), each of `STRIDE` times the radius."""
STRIDE = 0.5


class Attackable(Protocol):
    """A learner whose vectors can be pushed: `models.loop.Learner` and `models.loop.Embeds` in one."""

    module: nn.Module

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor: ...

    def embeddings(self) -> tuple[Tensor, ...]: ...


class _Loss(nn.Module):
    """The loss as a function of the module's parameters."""

    def __init__(self, learner: Attackable) -> None:
        super().__init__()
        self.module, self.loss = learner.module, learner.loss

    def forward(self, *batch: Tensor) -> Tensor:
        return self.loss(batch)


def attacked(learner: Attackable, loss: Tensor, batch: tuple[Tensor, ...], settings: Embedded) -> Tensor:
    """`loss`, the learner's on this batch, plus `attack_weight` times the loss under the attack; 0-d."""
    return loss + settings.attack_weight * worst(learner, loss, batch, settings)


def worst(learner: Attackable, loss: Tensor, batch: tuple[Tensor, ...], settings: Embedded) -> Tensor:
    """The loss with every vector pushed by up to `attack_size` in the direction that raises it most, 0-d.

    The push counts as given: the gradient of what is returned reaches the vectors as if they stood there.
    """
    whole = _Loss(learner)
    names = {id(parameter): name for name, parameter in whole.named_parameters()}
    tables: dict[str, Tensor] = {names[id(table)]: table for table in learner.embeddings()}
    radius = settings.attack_size
    still = {name: torch.zeros_like(table) for name, table in tables.items()}
    push = _ball(still, _slopes(loss, tables), radius, radius)
    if settings.attack == "pgd":
        push = {name: STRIDE * move for name, move in push.items()}
        for _ in range(STEPS - 1):
            moved = {name: (table + push[name]).detach().requires_grad_() for name, table in tables.items()}
            slopes = _slopes(functional_call(whole, moved | _kept(whole), batch), moved)
            push = _ball(push, slopes, STRIDE * radius, radius)
    pushed = {name: table + push[name] for name, table in tables.items()}
    return functional_call(whole, pushed | _kept(whole), batch)


def _kept(whole: nn.Module) -> dict[str, Tensor]:
    """Copies of what a loss keeps of its step (the weights of groups): the attack's own passes are no steps."""
    return {name: kept.clone() for name, kept in whole.named_buffers()}


def _slopes(loss: Tensor, tables: dict[str, Tensor]) -> dict[str, Tensor]:
    """The loss's gradient at each table."""
    found = torch.autograd.grad(loss, list(tables.values()), retain_graph=True)
    return dict(zip(tables, found, strict=True))


def _ball(push: dict[str, Tensor], slopes: dict[str, Tensor], stride: float, radius: float) -> dict[str, Tensor]:
    """Each vector's push, one stride further up its slope and not beyond the radius; none where it has no slope."""
    moved = {name: push[name] + stride * _unit(slopes[name]) for name in push}
    return {name: move * (radius / _lengths(move)).clamp(max=1.0) for name, move in moved.items()}


def _unit(vectors: Tensor) -> Tensor:
    return vectors / _lengths(vectors)


def _lengths(vectors: Tensor) -> Tensor:
    """[things, 1]; never 0."""
    return vectors.norm(dim=-1, keepdim=True).clamp(min=1e-12)
