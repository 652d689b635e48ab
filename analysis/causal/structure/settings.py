"""Settings of the structural model: what is compared, and how sure it is said."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from words import Unfit


class StructureSettings(BaseModel):
    """How the graph's mechanisms are fitted and what is asked of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    compare: Literal["groups", "periods", "none"] = "groups"
    """Whose difference in the outcome is taken apart: two groups of users, two periods, or nobody's."""
    compare_by: str | None = None
    """Attribute whose two largest groups are compared; None: the first sensitive one."""
    second_from: str | None = None
    """First day of the second period, as 2026-03-31; None: the day in the middle of the log's rows."""
    replicates: int = Field(200, ge=50, le=2000)
    """Samples of users on which everything is refitted: the intervals."""
    check: bool = True
    """Whether DoWhy's structural models, fitted by scikit-learn, answer the main question beside."""

    @field_validator("second_from")
    @classmethod
    def _a_day(cls, given: str | None) -> str | None:
        try:
            return given if given is None else date.fromisoformat(given).isoformat()
        except ValueError as error:
            raise Unfit("no_day", value=given) from error
