"""Settings of the further analysis "How much is choice?"."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Metric = Literal["ndcg", "recall", "precision", "hit", "mrr", "map"]


class ChoiceSettings(BaseModel):
    """Whose verdict is put to the test, and what is varied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attribute: str | None = None
    """Sensitive attribute; None: the first of the data."""
    first: str | None = None
    """The group the other is compared with; None: the largest."""
    second: str | None = None
    """The group that may get less; None: the next largest."""
    metrics: tuple[Metric, ...] = ("ndcg", "recall", "hit", "mrr")
    """Figures of accuracy, any of which an analyst could have chosen."""
    tops: tuple[int, ...] = (5, 10, 20)
    """Lengths of the list that are judged."""
    permutations: int = Field(1000, ge=100, le=20_000)
    """Random re-dealings of the attribute for the joint test."""
    most: int = Field(400, ge=20, le=5000)
    """More ways than this are sampled, with the audit's own seed."""
    level: float = Field(0.95, gt=0.5, lt=1.0)
    """Confidence of the intervals."""
