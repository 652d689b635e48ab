"""The mitigation that the analyst chose: before and after in full, who gained and lost, and what it did to fairness
elsewhere. Equity for users, even exposure, calibration and hiding an attribute can conflict, so all stand side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from analysis.document import Section
from analysis.fairness.disclose import build_disclosed
from analysis.fairness.exposure import exposure_measures
from analysis.fairness.judge import Comparison, Measure, judged
from analysis.fairness.mix import calibration_measures
from analysis.fairness.ranking import Ranking
from analysis.fairness.utility import accuracy_measures
from analysis.finding import Finding
from analysis.mitigation.before_after import Both, Terms, decision_changes, measure_changes, who_gained
from analysis.mitigation.chosen_drawn import chosen_drawn
from analysis.mitigation.compare import MitigationSettings, Variant, terms_of
from analysis.mitigation.distance import item_changes
from analysis.mitigation.leak import leak_level
from analysis.mitigation.naming import BEFORE

Tell = Callable[..., None]
SHOWN = ("longtail", "popularity")
"""Figures of what is shown whose gap between groups of users is followed beside that of accuracy."""


class ChosenSettings(BaseModel):
    """The mitigation that goes into the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str | None = None
    """A variant of the Mitigation step, ``METHOD@STRENGTH`` (several joined by +); None: the one suggested there."""


def chosen_section(
    before: Variant,
    after: Variant,
    settings: MitigationSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *news, **figures: None,
) -> Section:
    """Section `chosen`: every figure before and after, by group, paired on the same users.

    p-values of all changes are corrected together. Raises Refusal where the variant is of other users.
    """
    assert before.ranking is not None, "every recommender has lists"
    terms = terms_of(before.ranking, settings, k, seed)
    levels: list[Finding] = []
    comparisons: list[Comparison] = []
    parts = [] if after.ranking is None else _list_parts(before.ranking, after.ranking, after.name, terms)
    if after.decisions is not None and before.decisions is not None:
        one, two = before.decisions, after.decisions
        parts.append(lambda: decision_changes(one, two, after.name, terms))
    for at, part in enumerate(parts):
        tell(at / len(parts), "mitigation.progress.compare")
        some, more = part()
        levels += some
        comparisons += more
    if after.ranking is not None:
        levels += who_gained(before.ranking.top(terms.K), after.ranking.top(terms.K), after.name, terms)
        levels += leak_level(before.ranking.top(terms.K), before.vectors, BEFORE, terms)
        levels += leak_level(after.ranking.top(terms.K), after.vectors, after.name, terms)
    name, about = after.name, (before.ranking.protocol, *before.ranking.depth_notes(settings.top))
    every = {finding.key: finding for finding in levels}
    section = build_disclosed(
        (*every.values(), *judged(comparisons)), k, lambda shown: chosen_drawn(shown, name, terms, about)
    )
    tell(1.0, "mitigation.progress.done")
    return section


def _list_parts(before: Ranking, after: Ranking, name: str, terms: Terms) -> list[Callable[[], Both]]:
    """What is compared of lists: accuracy and shown items by user group, then exposure by each grouping of items."""
    before, after = before.top(terms.K), after.top(terms.K)
    pairs = zip(_measures(before, terms), _measures(after, terms), strict=True)

    def users(one: Measure, two: Measure) -> Callable[[], Both]:
        return lambda: measure_changes(one, two, name, terms)

    def items(grouping: str) -> Callable[[], Both]:
        return lambda: item_changes(before, after, name, replace(terms, grouping=grouping))

    return [*(users(one, two) for one, two in pairs), *(items(str(one)) for one in before.item_groups.columns)]


def _measures(ranking: Ranking, terms: Terms) -> list[Measure]:
    """The figures of users: the chosen accuracy first."""
    accuracy = [
        one for one in accuracy_measures(ranking, terms.K) if one.name.split("@")[0] in ("ndcg", "recall", "hit")
    ]
    accuracy.sort(key=lambda one: one.name.split("@")[0] != terms.figure)
    shown = [one for one in exposure_measures(ranking, terms.K) if one.name in SHOWN]
    taste = "category" if "category" in ranking.item_groups else "tail"
    mix = [] if ranking.profile is None else calibration_measures(ranking, terms.K, taste)
    return [*accuracy, *shown, *mix]
