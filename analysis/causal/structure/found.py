"""All that the structure step computes, for its words and pictures."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.causal.estimate import Estimate
from analysis.causal.structure.change import Change
from analysis.causal.structure.crosscheck import Check
from analysis.causal.structure.model import Structure
from analysis.causal.structure.whatif import Answers
from words import Phrase


@dataclass(frozen=True)
class Found:
    """All numbers of the step. effect: of the treatment in each group of `answers.base`, or why there is none."""

    model: Structure
    answers: Answers
    effect: tuple[Estimate | None, ...] | Phrase
    change: Change | Phrase | None
    check: Check | None
    personal: Phrase | None
    people: pd.DataFrame | None
