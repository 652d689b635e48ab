"""After scoring: other lists, or other decisions, from the same scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.compose import Composed
from audit.kept import Scored
from audit.methods.ground import Ground
from words import Refusal

if TYPE_CHECKING:
    from analysis.fairness.ranking import Decisions
    from analysis.mitigation.candidates import Candidates
    from analysis.mitigation.methods import Method


@dataclass(frozen=True)
class Pool:
    """What lists are chosen from, for the test part or for the validation part.

    No method reads the held-out items of `composed`; what may be learnt comes from the rehearsal.
    """

    ground: Ground
    composed: Composed
    candidates: Candidates
    scored: Scored
    part: Part

    @cached_property
    def chance(self) -> np.ndarray:
        """float64 [users, M]: how likely each candidate is to be wanted, learnt from the validation part.

        There, for each half of the users from the other half: what is tuned on it must not have seen their answers.
        """
        from analysis.fairness.peruser import listed_grades
        from analysis.mitigation.candidates import Candidates
        from analysis.mitigation.foreseen import Rehearsal, crossed, foreseen

        scored, past = self.scored, self.ground.composed.rehearsal
        if scored.rehearsed_codes is None or scored.rehearsed_scores is None:
            raise Refusal("audit.no_rehearsal")
        candidates = Candidates(scored.rehearsed_codes, scored.rehearsed_scores)
        wanted = listed_grades(past.relevant, candidates.codes) > 0
        rehearsal, group = Rehearsal(candidates, wanted, past.final.popularity), self.ground.group
        if self.part == "rehearsal":
            return crossed(rehearsal, group, self.ground.settings.seed)
        return foreseen(rehearsal, self.candidates, group)


Part = Literal["test", "rehearsal"]
"""The part for which lists or decisions are made: the test part, or the validation part, where a choice is tuned."""
Rerank = Callable[[Pool, float], np.ndarray]
"""(pool, strength 0..1) -> lists int32 [users, K]."""
Decide = Callable[[Ground, Scored, Part, float], "Decisions | None"]
"""(ground, scores, part, strength 0..1) -> decisions; None where the part cannot tell what they would be."""


def exposure_shared(pool: Pool, strength: float) -> np.ndarray:
    """Each item group gets its share of the catalogue in attention."""
    from analysis.mitigation.rerank import exposure_constrained

    return exposure_constrained(pool.candidates, pool.ground.item_group, strength, pool.ground.top)


def exposure_by_merit(pool: Pool, strength: float) -> np.ndarray:
    """Each item group gets its share of what is foreseen to be wanted in attention."""
    from analysis.mitigation.rerank import exposure_constrained, merit_shares

    target = merit_shares(pool.candidates, pool.chance, pool.ground.item_group)
    return exposure_constrained(pool.candidates, pool.ground.item_group, strength, pool.ground.top, target)


def quotas(pool: Pool, strength: float) -> np.ndarray:
    """Every first part of a list holds each item group's share (DetGreedy)."""
    from analysis.mitigation.quota import det_greedy

    return det_greedy(pool.candidates, pool.ground.item_group, strength, pool.ground.top)


def fair_tests(pool: Pool, strength: float) -> np.ndarray:
    """Every first part of a list passes the test of FA*IR for the item groups that get less than their share."""
    from analysis.mitigation.quota import fair_top
    from analysis.mitigation.rerank import short_changed

    protected = short_changed(pool.candidates, pool.ground.item_group, pool.ground.top)
    return fair_top(pool.candidates, protected, strength, pool.ground.top)


def tastes(pool: Pool, strength: float) -> np.ndarray:
    """The mix of item groups follows what the user took before."""
    from analysis.mitigation.taste import calibrated

    return calibrated(pool.candidates, pool.ground.item_group, pool.composed.profile, strength, pool.ground.top)


def levelled(pool: Pool, strength: float) -> np.ndarray:
    """The foreseen usefulness of the lists differs less between the best- and the worst-served group."""
    from analysis.log import UNKNOWN
    from analysis.mitigation.utility import utility_levelled

    group = pool.ground.group
    code = np.where(group == UNKNOWN, -1, np.unique(group, return_inverse=True)[1])
    taken = np.diff(pool.composed.profile.indptr)
    rehearsal = pool.ground.composed.rehearsal
    wanted = taken * (rehearsal.relevant.nnz / max(1, rehearsal.profile.nnz))
    return utility_levelled(pool.candidates, pool.chance, wanted, code, strength, pool.ground.top)


def thresholds(ground: Ground, scored: Scored, part: Part, strength: float) -> Decisions | None:
    """Thresholds of each group, learnt on the validation rows; on these themselves by halves of the users."""
    from analysis.mitigation.threshold import group_thresholds, rehearsed_thresholds

    composed, settings, group = ground.composed, ground.settings, ground.group
    if scored.valid is None:
        raise Refusal("audit.lists_without_scores")
    if composed.validation().empty:
        raise Refusal("audit.no_validation")
    validation, decided = (
        composed.decisions(composed.validation(), scored.valid),
        composed.decisions(composed.test, scored.test),
    )
    if validation is None or decided is None:
        raise Refusal("audit.one_label")
    constraint = settings.mitigation.constraint
    if part == "rehearsal":
        return rehearsed_thresholds(validation, group, constraint, settings.seed, strength)
    by_group = (validation, group[validation.user], decided, group[decided.user])
    return group_thresholds(*by_group, constraint, settings.seed, strength)


RERANK: dict[Method, Rerank] = {
    "rerank": exposure_shared,
    "merit": exposure_by_merit,
    "quota": quotas,
    "fair_test": fair_tests,
    "calibrate": tastes,
    "utility": levelled,
}
DECIDE: dict[Method, Decide] = {"threshold": thresholds}
