"""After scoring: other lists, or other decisions, from the same scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.methods.ground import Ground
from audit.recommend import Scored
from words import Refusal

if TYPE_CHECKING:
    from analysis.fairness.ranking import Decisions
    from analysis.mitigation.methods import Method


@dataclass(frozen=True)
class Chosen:
    """codes: int32 [users, K], the lists; decisions: on the test rows. None: left as they are."""

    codes: np.ndarray | None = None
    decisions: Decisions | None = None


Choose = Callable[[Ground, Scored, float], Chosen]
"""(ground, scores, strength 0..1) -> lists or decisions."""


def exposure_shared(ground: Ground, scored: Scored, strength: float) -> Chosen:
    """Each item group gets its share of the catalogue in attention."""
    from analysis.mitigation.rerank import exposure_constrained

    return Chosen(exposure_constrained(scored.codes, scored.scores, ground.item_group, strength, ground.top))


def thresholds(ground: Ground, scored: Scored, strength: float) -> Chosen:
    """Thresholds of each group, learnt on the validation rows."""
    from analysis.mitigation.threshold import group_thresholds

    composed, settings = ground.composed, ground.settings
    rows = composed.validation()
    if scored.valid is None:
        raise Refusal("audit.lists_without_scores")
    if rows.empty:
        raise Refusal("audit.no_validation")
    validation, test = composed.decisions(rows, scored.valid), composed.decisions(composed.test, scored.test)
    if validation is None or test is None:
        raise Refusal("audit.one_label")
    group, constraint = ground.group, settings.mitigation.constraint
    by_group = (validation, group[validation.user], test, group[test.user])
    return Chosen(decisions=group_thresholds(*by_group, constraint, settings.seed, strength))


AFTER: dict[Method, Choose] = {"rerank": exposure_shared, "threshold": thresholds}
