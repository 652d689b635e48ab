"""Before and after (settings only so far; the fairness builder replaces this file)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Method = Literal["reweigh", "adversarial", "rerank", "threshold"]


class MitigationSettings(BaseModel):
    """Which methods are tried, and how strong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    methods: tuple[Method, ...] = ("reweigh", "adversarial", "rerank", "threshold")
    """Methods to try."""
