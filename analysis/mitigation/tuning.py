"""What each variant does on the validation part, and the one that a stated rule picks there; the test part judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.fairness.decisions import decision_measures
from analysis.fairness.judge import Measure, measured
from analysis.fairness.ranking import Decisions, Ranking
from analysis.finding import JSON, Finding
from analysis.mitigation.before_after import Terms, accuracy_measure, decision_accuracy
from analysis.mitigation.distance import far_from_parity
from analysis.mitigation.leak import TUNING, leak_of
from analysis.mitigation.methods import Goal
from analysis.mitigation.naming import BEFORE, title_of
from words import Phrase, phrase


@dataclass(frozen=True)
class Trial:
    """One variant on the validation part.

    use: accuracy of lists over all users (of decisions, where the goal is about these); more is better. gap: the size
    of the goal's disparity, at least 0; less is better.
    """

    name: str
    use: float
    gap: float


@dataclass(frozen=True)
class Suggestion:
    """name: of the variant that the rule picked; None where none is better. tuned: whether it could be tried at all."""

    goal: Goal
    name: str | None
    tuned: bool
    most_loss: float


def trial(
    name: str,
    ranking: Ranking | None,
    decisions: Decisions | None,
    vectors: np.ndarray | None,
    goal: Goal,
    terms: Terms,
) -> Trial | None:
    """The trial of one variant; None where the validation part cannot tell (no rows, one group, no such lists)."""
    if goal == "selection":
        if decisions is None:
            return None
        users = len(terms.group.code)
        selection = next(one for one in decision_measures(decisions, users) if one.name == "selection")
        return _known(name, decision_accuracy(decisions, users).overall, _spread(selection, terms))
    if ranking is None:
        return None
    ranking = ranking.top(terms.K)
    use = accuracy_measure(ranking, terms)
    if goal == "exposure":
        return _known(name, use.overall, _far(ranking, terms))
    if goal == "hide":
        found = leak_of(ranking, vectors, terms, TUNING)
        return None if found is None else _known(name, use.overall, abs(found[0].auc - 0.5))
    return _known(name, use.overall, _spread(use, terms))


def suggested(trials: Sequence[Trial], most_loss: float) -> Trial | None:
    """Of the variants that lose at most the share `most_loss` of the use before, the one with the smallest gap.

    trials: BEFORE first. Ties go to the more useful. None where no variant has a smaller gap than before.
    """
    if not trials or trials[0].name != BEFORE:
        return None
    start = trials[0]
    able = [one for one in trials[1:] if one.use >= (1 - most_loss) * start.use and one.gap < start.gap]
    return min(able, key=lambda one: (one.gap, -one.use), default=None)


def trial_findings(trials: Sequence[Trial], goal: Goal, most_loss: float, terms: Terms) -> list[Finding]:
    """Use and gap of each trial as findings; without interval, since they were looked at to choose."""
    found = []
    for one in trials:
        for part, value in (("use", one.use), ("gap", one.gap)):
            facts: dict[str, JSON] = {"variant": one.name, "goal": goal, "part": "validation"}
            found.append(
                measured(
                    f"mitigation.{one.name}.tuning.{part}",
                    phrase(f"mitigation.label.tuning_{part}", goal=goal_title(goal), name=title_of(one.name)),
                    "score",
                    value,
                    None,
                    len(terms.group.code),
                    phrase("mitigation.method.tuning", most=f"{100 * most_loss:.12g}"),
                    reason=phrase("mitigation.reason.tuning"),
                    settings=facts,
                    seed=terms.seed,
                )
            )
    return found


def goal_title(goal: str) -> Phrase:
    """A goal in words."""
    return phrase(f"mitigation.goal.{goal}")


def _known(name: str, use: float, gap: float | None) -> Trial | None:
    return None if gap is None or not np.isfinite([use, gap]).all() else Trial(name, float(use), float(gap))


def _spread(measure: Measure, terms: Terms) -> float | None:
    """Highest minus lowest mean of the known groups of at least k users that count."""
    group, counts = terms.group, measure.denominator > 0
    means = []
    for code in group.known:
        members = counts & (group.code == code)
        if members.sum() >= max(2, terms.k):
            means.append(measure.numerator[members].sum() / measure.denominator[members].sum())
    return float(np.ptp(means)) if len(means) > 1 else None


def _far(ranking: Ranking, terms: Terms) -> float | None:
    """Distance of the exposure of item groups from parity, as analysis.mitigation.distance."""
    if terms.grouping not in ranking.item_groups or ranking.item_groups[terms.grouping].nunique() < 2:
        return None
    return far_from_parity(ranking, terms.grouping)
