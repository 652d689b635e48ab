"""Which recommender an audit is about, and what counts as a good recommendation."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.config import EaseSettings, RecommenderSettings
from models.prompted.settings import Prompted


class Recommending(BaseModel):
    """The recommender under audit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: RecommenderSettings = Field(default_factory=EaseSettings)
    """Kind and settings of the recommender to train."""
    trials: int = Field(0, ge=0, le=500)
    """Settings of that kind that are tried first, the given ones among them; the best by NDCG@10 on the validation
    rows are trained (models.tune). 0: the given ones."""
    saved: str | None = None
    """Folder of a finished model to audit instead of training one: a saved one of ours, or a sequence classifier in
    Hugging Face form that reads pairs (`model` says of how many candidates and how much text, if it is pairwise)."""
    lists: str | None = None
    """File of recommendation lists (user, item, rank or score) to audit instead of a model."""
    prompted: Prompted | None = None
    """A language model that is asked for lists, in place of a trained one; a sample of users is asked about."""
    positive_from: float | None = None
    """An outcome at or above this is a positive. None: 1 for 0/1 outcomes, the middle of the scale for ratings."""
    candidates: Literal["auto", "all", "rated"] = "auto"
    """Items ranked for a user: the whole catalogue less what was seen, or only the held-out rated items.
    auto: `rated` where the test part was randomised (its unrated items say nothing), else `all`."""
    top: int = Field(10, ge=1, le=100)
    """Length of the recommendation lists (the K of NDCG@K)."""

    @property
    def lists_alone(self) -> bool:
        """Whether there are lists and no model of ours: read from a file, or asked for."""
        return self.lists is not None or self.prompted is not None
