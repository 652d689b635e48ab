"""During training: the recommender's settings, changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from audit.methods.ground import Ground
from models.config import Adversary, RecommenderSettings

if TYPE_CHECKING:
    from analysis.mitigation.methods import Method

Teach = Callable[[Ground, RecommenderSettings, float], RecommenderSettings]
"""(ground, settings, strength 0..1) -> the settings to train with."""


def adversary(ground: Ground, model: RecommenderSettings, strength: float) -> RecommenderSettings:
    """Training that hides the attribute (models.fair)."""
    return model.model_copy(update={"adversary": Adversary(attribute=ground.attribute, strength=strength)})


DURING: dict[Method, Teach] = {"adversary": adversary}
