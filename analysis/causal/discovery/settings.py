"""What a search for causal structure is given: columns, method, and what is known beforehand."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.causal.dag import Edge

Method = Literal["pc", "fci", "ges", "lingam"]
Level = Literal["events", "users"]


class DiscoverySettings(BaseModel):
    """Which columns are searched for causal links, how, and which links are known to be there or not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = "pc"
    """pc: independence tests, no hidden common causes. fci: the same, allowing for hidden common causes. ges: the
    best-scoring class of graphs. lingam: linear relations of numbers that are not normally distributed."""
    level: Level = "events"
    """events: one row an event (users keep their rows together in every test). users: one row a user, event columns
    as the user's mean or most frequent value."""
    columns: tuple[str, ...] | None = None
    """Columns that take part; None: every recorded column that could be a cause or a consequence."""
    tiers: Literal["auto"] | tuple[tuple[str, ...], ...] = "auto"
    """Columns in the order of time: a later tier never causes an earlier one. auto: sensitive attributes, then all
    else, then what the system did, then the outcome. Columns in no tier are free; (): no order."""
    required: tuple[Edge, ...] = ()
    """(cause, consequence) that must be in the result."""
    forbidden: tuple[Edge, ...] = ()
    """(cause, consequence) that must not be in the result; the other direction stays free."""
    significance: float = Field(0.01, gt=0, lt=0.5)
    """A test with a p-value above this counts as independence (pc, fci)."""
    conditioning: int = Field(3, ge=0, le=6)
    """Most columns that a test holds fixed at once (pc, fci); most causes of one column (ges)."""
    resamples: int = Field(100, ge=20, le=1000)
    """Resamples of users behind the share in which a link stands."""
    rows: int = Field(50_000, ge=100, le=1_000_000)
    """Most events read; of a longer log a random sample."""
