"""Before and after: what each mitigation changed, for whom, and at what price, on the same users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pydantic import Field

from analysis.document import Section
from analysis.fairness.disclose import build_disclosed
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import Comparison, judged
from analysis.fairness.partition import partition
from analysis.fairness.ranking import Decisions, Ranking
from analysis.finding import Finding
from analysis.log import UNKNOWN
from analysis.mitigation.before_after import Terms, decision_changes, user_changes, who_gained
from analysis.mitigation.distance import item_changes
from analysis.mitigation.methods import Method
from analysis.mitigation.naming import title_of
from analysis.mitigation.picture import mitigation_drawn
from analysis.mitigation.threshold import Constraint
from words import Refusal, phrase

Tell = Callable[..., None]


class MitigationSettings(InferenceSettings):
    """Which mitigations are tried, how strong, and by what they are judged."""

    methods: tuple[Method, ...] = ("reweigh", "adversary", "rerank", "threshold")
    """As in analysis.mitigation.methods."""
    strengths: tuple[float, ...] = (0.25, 0.5, 1.0)
    """How strong each method is tried, in (0, 1]."""
    attribute: str | None = None
    """The sensitive attribute whose gap is to be narrowed; None: the first of two groups, else the first."""
    figure: Literal["ndcg", "recall", "hit"] = "ndcg"
    """Accuracy by which users are compared."""
    grouping: str = "tail"
    """Item grouping whose exposure re-ranking evens: tail, category, provider ..."""
    constraint: Constraint = "demographic_parity"
    """What thresholds equalise: selection rates, or both error rates."""
    top: int | None = Field(default=None, ge=1, le=100)
    """Judge the first so many places; None: whole lists."""


@dataclass(frozen=True)
class Variant:
    """One mitigation at one strength: its lists, or its decisions, or both, on the users of the `before`.

    rehearsed, rehearsed_decisions: the same for the validation part, on which a choice may be tuned; None without one.
    """

    method: str
    strength: float | None
    ranking: Ranking | None = None
    decisions: Decisions | None = None
    rehearsed: Ranking | None = None
    rehearsed_decisions: Decisions | None = None

    @property
    def name(self) -> str:
        """As in keys of findings: method, and strength where there is one."""
        return self.method if self.strength is None else f"{self.method}@{self.strength:g}"


def mitigation_section(
    before: Ranking,
    variants: Sequence[Variant],
    settings: MitigationSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *news, **figures: None,
    decisions: Decisions | None = None,
) -> Section:
    """Every variant beside `before` (and its `decisions`), paired on the same users; step `mitigation`.

    Overall and by-group accuracy, the gap of the attribute, distance of exposure from parity, the shares of users who
    gained and lost, and for decisions selection rates, equal opportunity and accuracy. p-values of all changes are
    corrected together. k: disclosure threshold.
    Raises Refusal where the attribute is unknown or a variant is of other users.
    """
    group = partition(before.attributes, (chosen_attribute(before.attributes, settings),))
    K = settings.top or before.lists.shape[1]
    terms = Terms(group, settings.figure, settings.grouping, K, k, settings, seed)
    found: list[Finding] = []
    comparisons: list[Comparison] = []
    for at, variant in enumerate(variants):
        tell(at / max(1, len(variants)), "mitigation.progress.compare")
        levels, changed = _compared(before, variant, decisions, terms)
        found += levels
        comparisons += changed
    section = build_disclosed(
        (*_first_of_each(found), *judged(comparisons)),
        k,
        lambda shown: mitigation_drawn(
            shown, [(v.name, v.ranking is not None) for v in variants], group, f"{settings.figure}@{K}", before.protocol
        ),
    )
    tell(1.0, "mitigation.progress.done")
    return section


def _compared(
    before: Ranking, variant: Variant, decisions: Decisions | None, terms: Terms
) -> tuple[list[Finding], list[Comparison]]:
    levels: list[Finding] = []
    changed: list[Comparison] = []
    if variant.ranking is not None:
        if variant.ranking.lists.shape[0] != before.lists.shape[0]:
            raise Refusal("mitigation.refusal.users", name=title_of(variant.name))
        pair = (before.top(terms.K), variant.ranking.top(terms.K))
        for some, more in (user_changes(*pair, variant.name, terms), item_changes(*pair, variant.name, terms)):
            levels += some
            changed += more
        levels += who_gained(*pair, variant.name, terms)
    if variant.decisions is not None and decisions is not None:
        some, more = decision_changes(decisions, variant.decisions, variant.name, terms)
        levels += some
        changed += more
    return levels, changed


def chosen_attribute(attributes: pd.DataFrame, settings: MitigationSettings) -> str:
    """The attribute whose gap is to be narrowed: as set, else the first of two known groups, else the first.

    Raises Refusal(fairness.refusal.attribute) where the data have no such attribute.
    """
    known = [str(name) for name in attributes.columns]
    of_two = [name for name in known if len(set(attributes[name]) - {UNKNOWN}) == 2]
    name = settings.attribute or next(iter([*of_two, *known]), "")
    if name not in known:
        raise Refusal("fairness.refusal.attribute", name=name or phrase("mitigation.none"), known=", ".join(known))
    return name


def _first_of_each(findings: Sequence[Finding]) -> list[Finding]:
    """The levels before mitigation come with every variant; one of each is kept."""
    return list({finding.key: finding for finding in reversed(findings)}.values())[::-1]
