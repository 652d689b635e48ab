"""Settings of the further analyses "Why is there a gap?" and "What does the effect run through?"."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal[
    "ndcg", "recall", "precision", "hit", "mrr", "popularity", "lift", "longtail", "shown", "outcome", "exposure"
]
OF_THE_LOG = frozenset({"outcome", "exposure"})
"""Outcomes that the log itself holds; the others are of the recommender's lists."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GapSettings(_Frozen):
    """Which gap is taken apart, and along which columns."""

    attribute: str | None = None
    """Sensitive attribute; None: the first of the data."""
    gap_in: Outcome = "ndcg"
    """What the groups differ in, one value a user: a figure of the user's list, or of the user's rows in the log (mean
    outcome, share treated)."""
    mediators: tuple[str, ...] | None = None
    """What lies between attribute and outcome. None: how much a user takes, how popular that is, what the system did
    to the user, and what the graph draws after the attribute, as far as their parts can be told apart."""
    confounders: tuple[str, ...] | None = None
    """What goes with the attribute without being caused by it. None: the users' columns that the graph does not draw
    after the attribute, other sensitive attributes among them."""
    item_group: str | None = None
    """For what is shown: the category whose share of the list is compared; None: the one with the most items."""
    first: str | None = None
    """The group whose treatment is taken as the yardstick; None: the largest."""
    second: str | None = None
    """The group that the parts speak of; None: the next largest."""
    bins: int = Field(5, ge=2, le=20)
    """Quantile bins, for showing numbers as categories."""
    replicates: int = Field(1000, ge=100, le=20_000)
    """Bootstrap samples of users, where cells answer."""
    margin: float | None = Field(None, gt=0)
    """Parts inside +- this are of no practical weight; None: 0.01 for shares and NDCG, else a twentieth of the
    standard deviation."""


class MediationSettings(_Frozen):
    """Whose effect on what is taken apart, and along which columns."""

    treatment: str | None = None
    """What is changed; None: the graph's treatment. A sensitive attribute may be one."""
    outcome: str | None = None
    """None: the graph's outcome."""
    mediators: tuple[str, ...] | None = None
    """What the effect may run through. None: the recorded nodes between the two whose parts can be told."""
    confounders: tuple[str, ...] | None = None
    """What is held equal. None: the smallest recorded set that the graph asks for."""
    reference: str | None = None
    """The kind of treatment that others are compared with; None: 0 or the most frequent."""
    threshold: float | Literal["median"] | None = None
    """Numbers above it count as treated; needed where the treatment has many values."""
    bins: int = Field(5, ge=2, le=20)
    """Quantile bins, for showing numbers as categories."""
    replicates: int = Field(1000, ge=100, le=20_000)
    """Bootstrap samples of users, where cells answer."""
    margin: float | None = Field(None, gt=0)
    """Parts inside +- this are of no practical weight; None: that of the Effects step for the same outcome."""
