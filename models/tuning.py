"""Fine-tuning a text encoder while the recommender trains: by LoRA (Hu et al. 2021, here peft's), or every weight.

The layers below the tuned ones never change, so what they make of each text is computed once and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from models.config import Tuning
from models.encoders import Encoder, load
from models.store import Arrays
from models.texts import pooled, tokens_of
from words import Phrase, Refusal, phrase

READ_AT_ONCE = 128
GIVEN = ("input_ids", "attention_mask", "token_type_ids")
"""What a tokenizer says of a text that an encoder reads."""
STEP = 0.05
"""Full fine-tuning moves a weight by this much for each unit that the optimiser moves: 1e-4 at a rate of 0.002."""


class TunedEncoder:
    """A frozen encoder and the few numbers beside it that are trained.

    moved: those numbers by name (a `/` for each `.`): the matrices of LoRA, or the change of each weight of the tuned
    layers. They alone belong to what an optimiser, a checkpoint or a saved model sees.
    """

    def __init__(self, encoder: Encoder, tuning: Tuning) -> None:
        self.encoder, self.tuning = encoder, tuning
        self.tokenizer, self.model = load(encoder)
        self.size = sum(weight.numel() for weight in self.model.parameters())
        self.model.requires_grad_(False)
        self.layers = _layers(self.model)
        self.first = 0 if tuning.layers is None else max(0, len(self.layers) - tuning.layers)
        self.upper = _Upper(self.layers[self.first :])
        trained = _adapters(self.model, self.first, tuning) if tuning.how == "lora" else _changes(self.upper)
        self.moved = nn.ParameterDict({name.replace(".", "/"): weight for name, weight in trained.items()})

    @property
    def share(self) -> float:
        """Trained numbers of the encoder, as a share of all its numbers, in (0, 1]."""
        return sum(weight.numel() for weight in self.moved.values()) / self.size

    def to(self, device: torch.device) -> None:
        self.model.to(device)

    def take(self, arrays: Arrays) -> None:
        """Put saved numbers in; raises ValueError where they do not fit."""
        if {name: weight.shape for name, weight in self.moved.items()} != {n: a.shape for n, a in arrays.items()}:
            raise ValueError("adapters do not fit the encoder")
        with torch.no_grad():
            for name, weight in self.moved.items():
                weight.copy_(torch.from_numpy(arrays[name]))

    def arrays(self) -> Arrays:
        """The numbers that were trained."""
        return {name: weight.detach().cpu().numpy().copy() for name, weight in self.moved.items()}

    def lower(self, texts: Sequence[str]) -> Lower:
        """What the layers below the tuned ones make of each text."""
        hidden, masks = [], []
        for start in range(0, len(texts), READ_AT_ONCE):
            tokens = tokens_of(list(texts[start : start + READ_AT_ONCE]), self.tokenizer, self.tuning.tokens)
            hidden.append(self.entering(tokens))
            masks.append(tokens["attention_mask"].bool())
        return Lower(hidden, masks, self.place)

    def entering(self, tokens: Any) -> Tensor:
        """[n, tokens, width]: what enters the lowest tuned layer for these tokens."""
        with torch.no_grad():
            return _entering(self.model, self.layers[self.first], tokens, self.place)

    @property
    def place(self) -> torch.device:
        return next(self.model.parameters()).device

    def read(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """[n, width], of length 1: texts as the tuned layers read them now; arguments as for `states`."""
        return pooled(self.states(hidden, mask), mask, self.encoder.first_token)

    def states(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """[n, tokens, width]: each token as the tuned layers read it now.

        hidden: [n, tokens, width] below the tuned layers; mask: bool [n, tokens], the tokens that are there.
        """
        bias = torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, torch.finfo(torch.float32).min)
        bias = bias[:, None, None, :].expand(-1, 1, mask.shape[1], -1)  # [n, 1, tokens, tokens]
        if self.tuning.how == "lora":
            return self.upper(hidden, bias)
        return functional_call(self.upper, self._changed(), (hidden, bias))

    def _changed(self) -> dict[str, Tensor]:
        start = dict(self.upper.named_parameters())
        return {name: weight + STEP * self.moved[name.replace(".", "/")] for name, weight in start.items()}

    def vectors(self, lower: Lower) -> Tensor:
        """[texts, width]: all of them, without a gradient."""
        with torch.no_grad():
            parts = [
                self.read(*lower.of(torch.arange(start, min(start + READ_AT_ONCE, len(lower)), device=self.place)))
                for start in range(0, len(lower), READ_AT_ONCE)
            ]
        return torch.cat(parts)


class Lower:
    """Hidden states of texts before the tuned layers: [texts, longest, width] and which tokens are there."""

    def __init__(self, hidden: list[Tensor], masks: list[Tensor], place: torch.device) -> None:
        texts, longest = sum(map(len, masks)), max(mask.shape[1] for mask in masks)
        self.hidden = torch.zeros(texts, longest, hidden[0].shape[2], device=place)
        self.mask = torch.zeros(texts, longest, dtype=torch.bool, device=place)
        start = 0
        for states, mask in zip(hidden, masks, strict=True):
            self.hidden[start : start + len(mask), : mask.shape[1]] = states
            self.mask[start : start + len(mask), : mask.shape[1]] = mask.to(place)
            start += len(mask)

    def __len__(self) -> int:
        return len(self.mask)

    def to(self, place: torch.device) -> None:
        self.hidden, self.mask = self.hidden.to(place), self.mask.to(place)

    def of(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states and mask of the chosen texts, as long as the longest of them."""
        mask = self.mask[chosen]
        longest = int(mask.sum(1).max())
        return self.hidden[chosen, :longest], mask[:, :longest]


class _Upper(nn.Module):
    """The tuned layers, one after the other."""

    def __init__(self, layers: nn.ModuleList) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return hidden


class _Enough(BaseException):
    """Stops a forward pass at the layer whose input is wanted."""


def _entering(model: nn.Module, layer: nn.Module, tokens: Any, place: torch.device) -> Tensor:
    """[n, tokens, width]: what enters `layer` when the model reads these tokens."""
    kept: list[Tensor] = []

    def stop(_module: nn.Module, given: tuple[Tensor, ...]) -> None:
        kept.append(given[0])
        raise _Enough

    hook = layer.register_forward_pre_hook(stop)
    try:
        with suppress(_Enough):
            model(**{name: tokens[name].to(place) for name in GIVEN if name in tokens})
    finally:
        hook.remove()
    return kept[0]


def _layers(model: Any) -> nn.ModuleList:
    """The encoder's layers, lowest first. Raises Refusal for architectures that are not built like BERT."""
    layers = getattr(getattr(model, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList) or getattr(model.config, "is_decoder", False):
        raise Refusal("encoders.no_tuning", model=str(getattr(model.config, "model_type", "")))
    return layers


def _adapters(model: nn.Module, first: int, tuning: Tuning) -> dict[str, nn.Parameter]:
    """LoRA beside the queries and values of the tuned layers, put into `model` by peft."""
    from peft import LoraConfig, inject_adapter_in_model

    layers = list(range(first, len(_layers(model))))
    config = LoraConfig(
        r=tuning.rank, lora_alpha=2 * tuning.rank, target_modules=["query", "value"], layers_to_transform=layers
    )
    try:
        inject_adapter_in_model(config, model)
    except ValueError as error:  # no such modules in this architecture
        raise Refusal("encoders.no_tuning", model=str(getattr(model.config, "model_type", ""))) from error
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def _changes(upper: nn.Module) -> dict[str, nn.Parameter]:
    """A change for every weight of the tuned layers, none at the start."""
    return {name: nn.Parameter(torch.zeros_like(weight)) for name, weight in upper.named_parameters()}


def tuned(how: str, moved: Arrays, share: float) -> Phrase:
    """How much of an encoder was trained, in words."""
    count = sum(array.size for array in moved.values())
    return phrase(f"encoders.tuned_{how}", count=count, size=round(count / share), share=f"{100 * share:.2g}%")
