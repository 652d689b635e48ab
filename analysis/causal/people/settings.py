"""For whom an effect is estimated, and what a rule built on it may use."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PeopleSettings(BaseModel):
    """Who may gain more than others, and which rule is tried. The question itself is that of the effects step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: tuple[str, ...] | None = None
    """Groups in which the effect is estimated and the rule is judged; None: every sensitive attribute."""
    covariates: tuple[str, ...] | None = None
    """Columns that the effect may vary with; None: what the graph adjusts for and the sensitive attributes."""
    worth: float | None = None
    """The rule treats where the expected effect is above this, in the outcome's unit (0.01 = one point of a share;
    what a treatment costs); None: where it is above the average effect."""
    blind: bool = True
    """Whether the rule may not look at the sensitive attributes."""
    depth: int = Field(2, ge=1, le=2)
    """Questions that the rule asks about a row before it decides."""
    forest: bool = True
    """Whether EconML's LinearDML and CausalForestDML are fitted beside."""
    forest_rows: int = Field(20_000, ge=1000, le=200_000)
    """Rows that EconML is given; above this, whole users are drawn at random."""
    replicates: int = Field(500, ge=100, le=5000)
    """Bootstrap samples of users behind the band of the targeting curve."""
