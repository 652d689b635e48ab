"""Settings of the trial of estimators on simulated logs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TrustSettings(BaseModel):
    """How many logs are simulated, and with which effects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    logs: int = Field(400, ge=20, le=2000)
    """Simulated logs of each size of effect."""
    slow_logs: int = Field(100, ge=0, le=2000)
    """The same for estimators that fit models fold by fold, which take several times as long; 0 leaves them out."""
    resamples: int = Field(300, ge=100, le=5000)
    """Bootstrap samples of users behind each interval that comes from them."""
    size: float | None = None
    """One more size of effect to try, in the outcome's unit (0.02 = two points of a share)."""
