"""How hard the answer is shaken."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

EstimatorName = Literal["strata", "linear", "ipw", "matching", "aipw"]


class RobustnessSettings(BaseModel):
    """Which other defensible ways are tried, and which columns should show no effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    negative_outcomes: tuple[str, ...] = ()
    """Columns that the treatment cannot have changed (what happened before it, say): an effect on them warns."""
    negative_exposures: tuple[str, ...] = ()
    """Columns that cannot have changed the outcome, but that hidden causes would touch like the treatment."""
    other_outcomes: tuple[str, ...] = ()
    """Further columns that measure what the outcome measures; each is tried in its place."""
    estimators: tuple[EstimatorName, ...] = Field(("strata", "linear", "ipw", "matching", "aipw"), min_length=1)
    """Estimators that are tried with every adjustment set and outcome."""
    replicates: int = Field(500, ge=100, le=20_000)
    """Bootstrap samples of users behind the intervals that need them."""
    simulations: int = Field(200, ge=20, le=2000)
    """Simulations of each refutation."""
    draws: int = Field(2000, ge=200, le=100_000)
    """Draws of the joint test."""
