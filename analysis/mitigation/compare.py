"""Before and after: what each mitigation changed, for whom, and at what price, on the same users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, field_validator

from analysis.charts.labels import exact
from analysis.document import Section
from analysis.fairness.disclose import build_disclosed
from analysis.fairness.infer import InferenceSettings, each_once
from analysis.fairness.judge import Comparison, judged
from analysis.fairness.partition import partition
from analysis.fairness.ranking import Decisions, Ranking
from analysis.finding import Finding
from analysis.log import UNKNOWN
from analysis.mitigation.before_after import Terms, decision_changes, user_changes, who_gained
from analysis.mitigation.distance import item_changes
from analysis.mitigation.leak import leak_level
from analysis.mitigation.methods import METHODS, Goal, Method
from analysis.mitigation.naming import title_of
from analysis.mitigation.picture import mitigation_drawn
from analysis.mitigation.threshold import Constraint
from analysis.mitigation.tuning import Suggestion, Trial, suggested, trial, trial_findings
from words import Refusal, phrase

Tell = Callable[..., None]


class MitigationSettings(InferenceSettings):
    """What is to be mended, which methods are tried, how strong, and by what they are judged."""

    goal: Goal = "gap"
    """What is to be mended: it decides the disparity that is traded against accuracy, and the methods proposed."""
    methods: tuple[Method, ...] = ()
    """As in analysis.mitigation.methods; none named: those first proposed for the goal."""
    strengths: tuple[Annotated[float, Field(ge=0.0, le=1.0)], ...] = (0.25, 0.5, 1.0)
    """How strong each method is tried, in (0, 1]."""
    together: bool = False
    """Also try methods of different places together, at equal strength."""
    attribute: str | None = None
    """The sensitive attribute whose gap is to be narrowed; None: the first of two groups, else the first."""
    figure: Literal["ndcg", "recall", "hit"] = "ndcg"
    """Accuracy by which users are compared."""
    grouping: str = "tail"
    """Item grouping whose exposure re-ranking evens: tail, category, provider ..."""
    constraint: Constraint = "demographic_parity"
    """What thresholds equalise: selection rates, or both error rates."""
    most_loss: float = Field(default=0.01, ge=0.0, le=1.0)
    """The share of overall accuracy, on the validation part, that a suggested mitigation may cost."""
    top: int | None = Field(default=None, ge=1, le=100)
    """Judge the first so many places, and no more than the lists have; None: whole lists."""

    _once = field_validator("strengths")(each_once)

    @property
    def tried(self) -> tuple[Method, ...]:
        """The methods to try."""
        return self.methods or tuple(n for n, about in METHODS.items() if about.first and self.goal in about.serves)


@dataclass(frozen=True)
class Variant:
    """One mitigation at one strength: its lists, or its decisions, or both, on the users of the `before`.

    rehearsed, rehearsed_decisions: the same for the validation part, on which a choice may be tuned; None without one.
    vectors: float32 [users, d] of the recommender, None for kinds without.
    """

    method: str
    strength: float | None
    ranking: Ranking | None = None
    decisions: Decisions | None = None
    rehearsed: Ranking | None = None
    rehearsed_decisions: Decisions | None = None
    vectors: np.ndarray | None = None

    @property
    def name(self) -> str:
        """As in keys of findings: method, and strength where there is one."""
        return self.method if self.strength is None else f"{self.method}@{exact(self.strength)}"

    def among(self, users: npt.NDArray[np.bool_]) -> Variant:
        """The same mitigation of everybody, judged on some users only."""
        return replace(
            self,
            ranking=None if self.ranking is None else self.ranking.among(users),
            decisions=None if self.decisions is None else self.decisions.among(users),
            rehearsed=None if self.rehearsed is None else self.rehearsed.among(users),
            rehearsed_decisions=None if self.rehearsed_decisions is None else self.rehearsed_decisions.among(users),
            vectors=None if self.vectors is None else self.vectors[users],
        )


def mitigation_section(
    before: Variant,
    variants: Sequence[Variant],
    settings: MitigationSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *news, **figures: None,
) -> Section:
    """Every variant beside `before`, paired on the same users; step `mitigation`.

    Overall and by-group accuracy, the gap of the attribute, distance of exposure from parity, the shares of users who
    gained and lost, and for decisions selection rates, equal opportunity and accuracy; to hide an attribute, what a
    probe still reads. p-values of all changes are corrected together. The suggestion is tuned on the validation part
    alone (`tuning.suggested`). k: disclosure threshold.
    Raises Refusal where the attribute is unknown or a variant is of other users.
    """
    assert before.ranking is not None, "every recommender has lists"
    terms = terms_of(before.ranking, settings, k, seed)
    found: list[Finding] = []
    comparisons: list[Comparison] = []
    for at, variant in enumerate(variants):
        tell(at / max(1, len(variants)), "mitigation.progress.compare")
        levels, changed = compared(before, variant, terms)
        found += levels
        comparisons += changed
    if settings.goal == "hide":
        for one in (before, *(variant for variant in variants if variant.ranking is not None)):
            assert one.ranking is not None
            found += leak_level(one.ranking.top(terms.K), one.vectors, one.name, terms)
    trials = _trials(before, variants, settings.goal, terms)
    best = suggested(trials, settings.most_loss)
    found += trial_findings(trials, settings.goal, settings.most_loss, terms)
    suggestion = Suggestion(settings.goal, None if best is None else best.name, bool(trials), settings.most_loss)
    listed = [(v.name, v.ranking is not None) for v in variants]
    about = (before.ranking.protocol, *before.ranking.depth_notes(settings.top))
    section = build_disclosed(
        (*_first_of_each(found), *judged(comparisons)),
        k,
        lambda shown: mitigation_drawn(shown, listed, terms, about, suggestion),
    )
    tell(1.0, "mitigation.progress.done")
    return section


def terms_of(ranking: Ranking, settings: MitigationSettings, k: int, seed: int) -> Terms:
    """By what changes of `ranking` are judged."""
    group = partition(ranking.attributes, (chosen_attribute(ranking.attributes, settings),))
    return Terms(group, settings.figure, settings.grouping, ranking.depth(settings.top), k, settings, seed)


def _trials(before: Variant, variants: Sequence[Variant], goal: Goal, terms: Terms) -> list[Trial]:
    """What each variant does on the validation part, `before` first; none where that cannot be told of `before`."""
    tried = [trial(v.name, v.rehearsed, v.rehearsed_decisions, v.vectors, goal, terms) for v in (before, *variants)]
    return [one for one in tried if one is not None] if tried[0] is not None else []


def compared(before: Variant, variant: Variant, terms: Terms) -> tuple[list[Finding], list[Comparison]]:
    """Levels and changes of one variant. Raises Refusal where it is of other users."""
    assert before.ranking is not None
    levels: list[Finding] = []
    changed: list[Comparison] = []
    if variant.ranking is not None:
        if variant.ranking.lists.shape[0] != before.ranking.lists.shape[0]:
            raise Refusal("mitigation.refusal.users", name=title_of(variant.name))
        pair = (before.ranking.top(terms.K), variant.ranking.top(terms.K))
        for some, more in (user_changes(*pair, variant.name, terms), item_changes(*pair, variant.name, terms)):
            levels += some
            changed += more
        levels += who_gained(*pair, variant.name, terms)
    if variant.decisions is not None and before.decisions is not None:
        some, more = decision_changes(before.decisions, variant.decisions, variant.name, terms)
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
