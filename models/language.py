"""The language-model recommender: texts read by an encoder, users by a small transformer over what they took."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models.base import Tell, part, silent
from models.config import LanguageSettings, Tuning
from models.data import Floats, Interactions
from models.encoders import find
from models.fitted import expect
from models.histories import Profiles
from models.loop import seeded
from models.reading import HistoryReader, NextItemLearner
from models.store import Arrays
from models.texts import encode
from models.tuning import TunedEncoder, tuned
from words import Phrase, Refusal

READING = 0.2
"""Usual share of a fit that goes into reading the items' texts, once."""


class TunedLearner(NextItemLearner):
    """The same rows and loss; in each step some texts of the batch are read anew, with a gradient to the encoder.

    The other texts stand as the encoder read them after the last epoch.
    """

    def __init__(
        self, data: Interactions, texts: Floats, known: Profiles, settings: LanguageSettings, tuning: Tuning, seed: int
    ) -> None:
        super().__init__(data, texts, known, settings, seed)
        assert data.item_texts is not None
        with seeded(seed):  # half of LoRA's matrices start at random
            self.encoder = TunedEncoder(find(settings.encoder), tuning)
        self.lower = self.encoder.lower(data.item_texts)
        self.written = torch.tensor([bool(text.strip()) for text in data.item_texts])
        self.module: nn.Module = nn.ModuleList([self.module, self.encoder.moved])
        self.chosen: Tensor | None = None
        self.stale = True

    def rows(self, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        self.refresh()
        return super().rows(rng)

    def validate(self) -> float | None:
        self.refresh()
        return super().validate()

    def refresh(self) -> None:
        """Read every text as the encoder stands."""
        if self.stale:
            self._follow()
            self._table().copy_(self.encoder.vectors(self.lower) * self.written[:, None])
            self.stale = False

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        history = batch[2]
        there = torch.unique(history[history >= 0])
        there = there[self.written[there]]
        self.chosen = there[torch.randperm(len(there), device=there.device)[: self.encoder.tuning.texts]]
        self.stale = True
        return super().loss(batch)

    def items(self) -> tuple[Tensor, Tensor]:
        if self.chosen is None or len(self.chosen) == 0:
            return self.reader.items()
        read = self.encoder.read(*self.lower.of(self.chosen))
        return self.reader.items(self._table().index_copy(0, self.chosen.long(), read))

    def _table(self) -> Tensor:
        return self.reader.items.get_buffer("texts")

    def _follow(self) -> None:
        """Everything frozen goes where the loop has put what is trained."""
        place = self._table().device
        self.encoder.to(place)
        self.lower.to(place)
        self.written = self.written.to(place)


class LanguageRecommender(HistoryReader[LanguageSettings]):
    """A reader of histories whose items are what their texts say, plus what only the log knows."""

    kind = "language"
    adapters: Arrays
    """What fine-tuning made, alone: the encoder itself is named by `encoder_digest` and never kept."""
    encoder_digest: str = ""
    tuned_share: float = 0.0
    """Trained numbers of the encoder, as a share of all its numbers; 0 for a frozen one."""

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        if data.item_texts is None or not any(text.strip() for text in data.item_texts):
            raise Refusal("models.no_texts")
        self.adapters, self.encoder_digest = {}, find(self.settings.encoder).digest
        cache = self.cache or (None if folder is None else folder / "texts")
        texts = encode(data.item_texts, cache, part(tell, 0.0, READING), self.settings.encoder)
        return self._learn(data, texts, folder, part(tell, READING, 1.0))

    def read_texts(self, texts: Sequence[str]) -> Floats:
        """float32 [len(texts), width]: texts, known or new, as this model's encoder reads them.

        Raises Refusal where the encoder is no longer the one of the fit.
        """
        encoder = find(self.settings.encoder)
        if encoder.digest != self.encoder_digest:
            raise Refusal("encoders.changed")
        if self.settings.tuning is None:
            return encode(texts, self.cache, encoder=self.settings.encoder)
        with seeded(self.seed):
            as_trained = TunedEncoder(encoder, self.settings.tuning)
        as_trained.take(self.adapters)
        written = np.array([bool(text.strip()) for text in texts])
        return np.asarray(as_trained.vectors(as_trained.lower(texts)).numpy() * written[:, None], np.float32)

    def _learner(self, data: Interactions, texts: Floats | None, known: Profiles) -> NextItemLearner:
        if self.settings.tuning is None or texts is None:
            return super()._learner(data, texts, known)
        return TunedLearner(data, texts.copy(), known, self.settings, self.settings.tuning, self.seed)

    def _keep(self, learner: NextItemLearner) -> None:
        if isinstance(learner, TunedLearner):
            learner.stale = True  # the weights of the best epoch were put back
            learner.refresh()
            self.adapters, self.tuned_share = learner.encoder.arrays(), learner.encoder.share

    def state(self) -> Arrays:
        return super().state() | {f"adapter.{name}": array for name, array in self.adapters.items()}

    def _restore(self, arrays: Arrays) -> None:
        self.texts = expect(arrays["texts"], (len(arrays["items"]), arrays["texts"].shape[1]))
        self.adapters = {name[8:]: array for name, array in arrays.items() if name.startswith("adapter.")}
        if {name: list(array.shape) for name, array in self.adapters.items()} != self.adapter_shapes:
            raise ValueError("adapters do not fit the settings")
        super()._restore(arrays)

    def remarks(self) -> tuple[Phrase, ...]:
        how = self.settings.tuning
        own = () if how is None else (tuned(how.how, self.adapters, self.tuned_share),)
        return (*own, *super().remarks())

    def facts(self) -> dict[str, Any]:
        shapes = {name: list(array.shape) for name, array in self.adapters.items()}
        own = {"encoder": self.encoder_digest, "tuned_share": self.tuned_share, "adapters": shapes}
        return super().facts() | own

    def _recall(self, facts: dict[str, Any]) -> None:
        super()._recall(facts)
        self.encoder_digest, self.tuned_share = str(facts["encoder"]), float(facts["tuned_share"])
        self.adapter_shapes = {str(name): [int(side) for side in shape] for name, shape in facts["adapters"].items()}
