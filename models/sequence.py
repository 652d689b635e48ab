"""The sequence transformer: the next item from the ids of those before it, as in SASRec (Kang & McAuley 2018)."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from models.base import Tell, silent
from models.config import SequenceSettings
from models.data import Interactions
from models.reading import HistoryReader


class SequenceRecommender(HistoryReader[SequenceSettings]):
    """The language model's reader without texts: an item is its vector, learnt from the log alone.

    Every place of a history is told against the whole catalogue at once (softmax), where SASRec draws one item
    that was not taken.
    """

    kind = "sequence"

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        return self._learn(data, None, folder, tell)
