"""During training: the recommender's settings, changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from audit.methods.ground import Ground
from models.config import Adversary, Erasure, Penalty, RecommenderSettings

if TYPE_CHECKING:
    from analysis.mitigation.methods import Method

Teach = Callable[[Ground, RecommenderSettings, float], RecommenderSettings]
"""(ground, settings, strength 0..1) -> the settings to train with."""


def adversary(ground: Ground, model: RecommenderSettings, strength: float) -> RecommenderSettings:
    """Training that hides the attribute (models.fair)."""
    return model.model_copy(update={"adversary": Adversary(attribute=ground.attribute, strength=strength)})


def erasure(ground: Ground, model: RecommenderSettings, strength: float) -> RecommenderSettings:
    """Trained vectors from which the attribute is erased (models.fair.erase)."""
    return model.model_copy(update={"erasure": Erasure(attribute=ground.attribute, strength=strength)})


Figure = Literal["parity", "value", "absolute", "under", "over", "worst_group", "twins"]
FULL: dict[Figure, float] = {
    "parity": 10.0,
    "value": 10.0,
    "absolute": 10.0,
    "under": 10.0,
    "over": 10.0,
    "worst_group": 0.1,
    "twins": 10.0,
}
"""Weight of each penalty beside the loss (of worst_group: step size) at strength 1."""


def penalised(figure: Figure) -> Teach:
    """Training against a figure of unfairness (models.fair.terms)."""

    def teach(ground: Ground, model: RecommenderSettings, strength: float) -> RecommenderSettings:
        penalty = Penalty(figure=figure, attribute=ground.attribute, strength=strength * FULL[figure])
        return model.model_copy(update={"penalty": penalty})

    return teach


DURING: dict[Method, Teach] = {
    "adversary": adversary,
    "erase": erasure,
    "parity": penalised("parity"),
    "value": penalised("value"),
    "absolute": penalised("absolute"),
    "under": penalised("under"),
    "over": penalised("over"),
    "worst_group": penalised("worst_group"),
    "agreement": penalised("twins"),
}
