"""The language-model recommender: texts read once by an encoder, users read by a small transformer."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from models.base import Tell, part, silent
from models.config import LanguageSettings
from models.data import Interactions
from models.fitted import expect
from models.reading import HistoryReader
from models.store import Arrays
from models.texts import encode
from words import Refusal

READING = 0.2
"""Usual share of a fit that goes into reading the items' texts, once."""


class LanguageRecommender(HistoryReader[LanguageSettings]):
    """A reader of histories whose items are what their texts say, plus what only the log knows."""

    kind = "language"

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        if data.item_texts is None or not any(text.strip() for text in data.item_texts):
            raise Refusal("models.no_texts")
        cache = self.cache or (None if folder is None else folder / "texts")
        texts = encode(data.item_texts, cache, part(tell, 0.0, READING), self.settings.encoder)
        return self._learn(data, texts, folder, part(tell, READING, 1.0))

    def _restore(self, arrays: Arrays) -> None:
        self.texts = expect(arrays["texts"], (len(arrays["items"]), arrays["texts"].shape[1]))
        super()._restore(arrays)
