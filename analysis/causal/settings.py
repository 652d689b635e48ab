"""The causal question and how it is answered."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.causal.cells import Estimand


class EffectSettings(BaseModel):
    """Which effect is estimated, adjusted for what, and how surely."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    treatment: str | None = None
    """Node whose effect is asked for; None: the graph's treatment."""
    outcome: str | None = None
    """Node it acts on; None: the graph's outcome."""
    estimand: Estimand = "ATE"
    """ATE: over all rows. ATT: over the rows that were treated."""
    adjustment: Literal["auto"] | tuple[str, ...] = "auto"
    """auto: the graph's recommended set; or columns of your own (the graph then says what stays open)."""
    by: tuple[str, ...] | None = None
    """Columns in whose groups the effect is estimated too; None: every sensitive attribute."""
    reference: str | None = None
    """The treatment that others are compared with; None: 0, False or no, else the most frequent."""
    threshold: float | Literal["median"] | None = None
    """A treatment that is a number with many values counts as treated above this."""
    positive_from: float | None = None
    """An outcome at or above this counts as 1, else 0; None: the outcome as it is."""
    bins: int = Field(5, ge=2, le=20)
    """Quantile bins of a confounder that is a number with many values."""
    doubly_robust: bool = True
    """Whether the cross-fitted doubly robust estimate is shown beside (always, where a confounder is binned)."""
    replicates: int = Field(1000, ge=100, le=20_000)
    """Bootstrap samples of users behind each interval."""
    simulations: int = Field(100, ge=20, le=2000)
    """Simulations of each refutation."""
    margin: float | None = Field(None, gt=0)
    """Effects inside +- this are of no practical weight, in the outcome's unit (0.01 = one point of a share); None:
    0.01 for 0/1 outcomes (a tenth of their mean where that is less), a twentieth of the standard deviation else."""
