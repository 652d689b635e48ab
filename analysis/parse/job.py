"""What the child is asked and what it answers."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from analysis.ingest import Limits, Source
from words import Phrase, Refusal


class Job(BaseModel):
    """One source to read into `out` (log.parquet, users.parquet, items.parquet; the last two if there are any)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    limits: Limits
    out: Path


class Answer(BaseModel):
    """Either the digest and notes of what was read, or the refusal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str = ""
    notes: tuple[Phrase, ...] = ()
    refusal: Phrase | None = None


def too_large(limits: Limits) -> Refusal:
    """The refusal of files that expand past the limits."""
    return Refusal("data.too_large", gigabytes=f"{limits.bytes / 1e9:g}", rows=f"{limits.rows / 1e6:g}")
