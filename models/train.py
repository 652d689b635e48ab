"""Fit a recommender of any kind: the one door to training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from models.base import Tell, silent
from models.config import Kind, RecommenderSettings
from models.data import Interactions
from models.devices import memory_told
from models.fitted import Fitted
from words import Refusal


def fit(
    data: Interactions,
    settings: RecommenderSettings,
    seed: int,
    folder: Path | None = None,
    tell: Tell = silent,
    cache: Path | None = None,
) -> Fitted[Any]:
    """A recommender of the kind that `settings` name, fitted to `data`.

    folder: where checkpoints go; a run that was stopped resumes from it and ends with the same figures.
    tell: hears the share done, a catalogue key, and (for kinds with epochs) epoch, loss and validation.
    cache: where encoded item texts are kept, for every audit to share; None: in `folder`.
    Same data, settings and seed give the same model, bit for bit, on one machine. Raises Refusal where the
    data cannot teach that kind anything.
    """
    _refuse_hopeless(data)
    model = class_of(settings.kind)(settings, seed)
    model.cache = cache
    with memory_told():
        return model.fit(data, tell, folder)


def class_of(kind: Kind) -> type[Fitted[Any]]:
    """The class of a kind; imports torch only for the kinds that need it."""
    if kind == "popularity":
        from models.popularity import Popularity

        return Popularity
    if kind == "additive":
        from models.additive import Additive

        return Additive
    if kind == "ease":
        from models.linear import Ease

        return Ease
    if kind == "mf":
        from models.factorization import Factorization

        return Factorization
    if kind == "vae":
        from models.latent import Vae

        return Vae
    if kind == "sequence":
        from models.sequence import SequenceRecommender

        return SequenceRecommender
    if kind == "pairwise":
        from models.pairwise import Pairwise

        return Pairwise
    from models.language import LanguageRecommender

    return LanguageRecommender


def _refuse_hopeless(data: Interactions) -> None:
    if data.n_items < 2:
        raise Refusal("models.one_item")
    if not (data.label > 0).any():
        raise Refusal("models.no_positives")
    for values in (data.label, data.rating, data.weight):
        if values is not None and not np.isfinite(values).all():
            raise Refusal("models.not_numbers")
