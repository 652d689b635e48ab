"""Which mend is followed through how many rounds of its own consequences."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from analysis.mitigation.methods import Method


class FeedbackSettings(BaseModel):
    """The mitigation that is followed, and how long and how often the loop is simulated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mend: Method = "rerank"
    """The mitigation that the loop is run with, beside the loop without it."""
    mend_strength: float = Field(1.0, ge=0, le=1)
    """How strong it is."""
    rounds: int = Field(4, ge=2, le=20)
    """Times that lists are made, clicked on and learnt from."""
    repetitions: int = Field(6, ge=3, le=200)
    """Times that the whole loop is simulated; the intervals are over these."""
