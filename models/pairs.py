"""Reading a user and an item as one text: "profile + history + candidate", a pass of the encoder for each pair."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models.base import Tell, silent
from models.data import Floats, Ints
from models.encoders import Encoder, load_classifier
from models.histories import PAD, Profiles
from models.tuning import TunedEncoder

Codes = npt.NDArray[np.int64]
READ_AT_ONCE = 64
START = 4.0
"""What the likeness of history and candidate weighs before training; a cosine lies in [-1, 1]."""


@dataclass(frozen=True)
class Wording:
    """How a user is put into words: attributes by name and value, then what was taken, the latest first."""

    texts: tuple[str, ...]
    profiles: Profiles

    def users(self, codes: Codes, history: Ints) -> list[str]:
        """One text a row. codes: int64 [n, attributes]; history: int32 [n, t], oldest first, PAD at the end."""
        return [
            ". ".join([*self._who(known), *(self.texts[item] for item in taken[::-1] if item != PAD)])
            for known, taken in zip(codes, history, strict=True)
        ]

    def items(self, items: Ints) -> list[str]:
        return [self.texts[item] for item in items]

    def _who(self, known: Codes) -> list[str]:
        named = zip(self.profiles.values.items(), known, strict=True)
        return [f"{name} {values[code - 1]}" for (name, values), code in named if code > 0]


class Judge(nn.Module):
    """The log odds that the user of a pair wants its item, from the encoder's states and the item's popularity."""

    def __init__(self, width: int, popularity: Tensor) -> None:
        """popularity: [items], log of each item's share less its mean."""
        super().__init__()
        self.register_buffer("popularity", popularity)
        self.meeting = nn.Parameter(torch.full((width,), START))
        self.sides = nn.Linear(2 * width, 1)
        self.fame = nn.Parameter(torch.ones(1))
        nn.init.zeros_(self.sides.weight)
        nn.init.zeros_(self.sides.bias)

    def forward(self, user: Tensor, candidate: Tensor, item: Tensor) -> Tensor:
        """[n]. user, candidate: [n, width], of length 1; item: [n] codes."""
        sides = self.sides(torch.cat([user, candidate], -1)).squeeze(-1)
        likeness = (user * candidate * self.meeting).sum(-1)
        return sides + likeness + self.fame * self.get_buffer("popularity")[item]


def read_pairs(encoder: TunedEncoder, users: Sequence[str], items: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Both halves of each pair, [n, width] of length 1: means of the tokens of each, which have read the other."""
    tokens = encoder.tokenizer(
        list(users),
        list(items),
        padding=True,
        truncation="longest_first",
        max_length=min(encoder.tuning.tokens, encoder.tokenizer.model_max_length),
        return_tensors="pt",
    )
    states = encoder.states(encoder.entering(tokens), tokens["attention_mask"].bool().to(encoder.place))
    half = halves(tokens).to(encoder.place)
    return _mean(states, half == 0), _mean(states, half == 1)


def halves(tokens: Any) -> Tensor:
    """int [n, tokens]: 0 in the first text of a pair, 1 in the second, -1 elsewhere."""
    rows = range(len(tokens["input_ids"]))
    return torch.tensor([[-1 if half is None else half for half in tokens.sequence_ids(row)] for row in rows])


def _mean(states: Tensor, there: Tensor) -> Tensor:
    weight = there[..., None].to(states.dtype)
    mean = (states * weight).sum(1) / weight.sum(1).clamp(min=1)
    return torch.nn.functional.normalize(mean.float(), dim=-1)


class Reader(ABC):
    """What gives the log odds that a user wants an item, of pairs put into words."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording

    @abstractmethod
    def odds(self, codes: Codes, history: Ints, items: Ints) -> Tensor:
        """[n]: the log odds of pairs; codes of profiles and histories a row."""

    def scores(self, codes: Codes, history: Ints, items: Ints, tell: Tell = silent) -> Floats:
        """float32 [n]: the log odds of pairs, without a gradient."""
        found = np.empty(len(items), np.float32)
        with torch.no_grad():
            for start in range(0, len(items), READ_AT_ONCE):
                block = slice(start, start + READ_AT_ONCE)
                found[block] = self.odds(codes[block], history[block], items[block]).float().cpu().numpy()
                tell(min(1.0, (start + READ_AT_ONCE) / len(items)), "encoders.pairs")
        return found


class PairReader(Reader):
    """Encoder and judge, and how pairs are worded for them."""

    def __init__(self, encoder: TunedEncoder, judge: Judge, wording: Wording) -> None:
        super().__init__(wording)
        self.encoder, self.judge = encoder, judge

    def odds(self, codes: Codes, history: Ints, items: Ints) -> Tensor:
        return self.read(codes, history, items)[1]

    def read(self, codes: Codes, history: Ints, items: Ints) -> tuple[Tensor, Tensor]:
        """The users' halves [n, width] and the log odds [n] of pairs; codes of profiles and histories a row."""
        place = self.judge.meeting.device
        self.encoder.to(place)
        known = self.wording.users(codes, history)
        user, candidate = read_pairs(self.encoder, known, self.wording.items(items))
        return user, self.judge(user, candidate, torch.from_numpy(items).long().to(place))


class FinishedReader(Reader):
    """A sequence classifier in Hugging Face form, as it came: nothing of it is trained here."""

    def __init__(self, encoder: Encoder, tokens: int, wording: Wording) -> None:
        super().__init__(wording)
        self.tokenizer, self.model = load_classifier(encoder)
        self.tokens = min(tokens, self.tokenizer.model_max_length)

    def odds(self, codes: Codes, history: Ints, items: Ints) -> Tensor:
        """[n]: the logit of the only label, or that of label 1 less that of label 0."""
        known, candidates = self.wording.users(codes, history), self.wording.items(items)
        cut = {"padding": True, "truncation": "longest_first", "max_length": self.tokens}
        logits: Tensor = self.model(
            **self.tokenizer(known, candidates, return_tensors="pt", **cut)
        ).logits  # [n, labels]
        return logits[:, -1] - logits[:, 0] if logits.shape[1] == 2 else logits[:, 0]


def as_codes(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Texts as plain arrays: every character's code point in one row, int32, and where each text ends."""
    ends = np.cumsum([len(text) for text in texts]).astype(np.int32)
    return np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.int32).copy(), ends


def as_texts(points: Ints, ends: Ints) -> tuple[str, ...]:
    """The inverse of `as_codes`; raises ValueError where it is none."""
    if len(ends) == 0 or ends[-1] != len(points) or (np.diff(ends, prepend=0) < 0).any():
        raise ValueError("texts end where there is none")
    whole = points.tobytes().decode("utf-32-le", "surrogatepass")
    return tuple(whole[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True))


def log_share(popularity: npt.NDArray[np.int64]) -> Floats:
    """float32 [items]: log of each item's share of what was taken, less its mean over items."""
    log = np.log(popularity + 1.0)
    return np.asarray(log - log.mean(), np.float32)
