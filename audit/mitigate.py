"""Mitigations run: before training (weights), during it (adversary), after it (re-ranking, thresholds)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.document import Section
from audit.compose import Composed
from audit.recommend import Scored, kept_lists, trained, trained_model
from models.data import Interactions
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.fairness.ranking import Decisions
    from analysis.mitigation.compare import Method, Variant
    from audit.run import Run


def mitigation_section_of(run: Run) -> Section:
    """Step `mitigation`: every method at every strength beside the recommender as it is, on the same users."""
    from analysis.mitigation.compare import mitigation_section

    settings, composed = run.settings, run.composed
    if composed.attributes.empty:
        raise Refusal("audit.no_attributes")
    kept, top = kept_lists(run), settings.recommender.top
    before = composed.ranking("before", kept.codes[:, :top], kept.scores[:, :top])
    decisions = composed.decisions(composed.test, kept.test)
    variants, left_out = _variants(run, kept, decisions)
    section = mitigation_section(
        before, variants, settings.mitigation, settings.k, settings.seed, _LastTenth(run), decisions
    )
    return section.model_copy(update={"notes": (*section.notes, *left_out)})


def _variants(run: Run, kept: Scored, decisions: Decisions | None) -> tuple[list[Variant], list[Phrase]]:
    """What each method gave; a method that cannot work on these data or this kind is named with the reason."""
    plan = [(method, strength) for method in run.settings.mitigation.methods for strength in _strengths(run, method)]
    made: list[Variant] = []
    left_out: dict[str, Phrase] = {}
    for at, (method, strength) in enumerate(plan):
        if method in left_out:
            continue
        name = phrase(f"audit.method.{method}")
        run.say(0.9 * at / len(plan), phrase("audit.progress.mitigate", method=name, strength=f"{strength or 1:g}"))
        try:
            made.append(_variant(run, kept, decisions, method, strength))
        except Refusal as refusal:
            left_out[method] = phrase("audit.method_left_out", method=name, why=refusal.phrase)
    return made, list(left_out.values())


def _strengths(run: Run, method: Method) -> tuple[float | None, ...]:
    return (None,) if method == "threshold" else run.settings.mitigation.strengths


def _variant(run: Run, kept: Scored, decisions: Decisions | None, method: Method, strength: float | None) -> Variant:
    from analysis.mitigation.compare import Variant

    if method == "threshold":
        return Variant(method, None, decisions=_thresholds(run, kept, decisions))
    assert strength is not None
    if method == "rerank":
        return Variant(method, strength, ranking=run.composed.ranking(method, _reranked(run, kept, strength), None))
    retrained = _retrained(run, method, strength)
    top = run.settings.recommender.top
    composed = run.composed
    return Variant(
        method,
        strength,
        ranking=composed.ranking(method, retrained.codes[:, :top], retrained.scores[:, :top]),
        decisions=composed.decisions(composed.test, retrained.test),
    )


def _retrained(run: Run, method: Method, strength: float) -> Scored:
    """The same kind of recommender trained anew, with weights or with an adversary."""
    from models.config import Adversary, Gradient

    settings = run.settings.recommender
    if settings.lists is not None or settings.saved is not None:
        raise Refusal("audit.needs_training")
    model, composed = trained_model(run).settled(), run.composed
    if method == "adversary":
        if not isinstance(model, Gradient):
            raise Refusal("audit.needs_gradient", kind=phrase(f"models.name.{model.kind}"))
        adversary = Adversary(attribute=_attribute(run), strength=strength)
        model = model.model_copy(update={"adversary": adversary})
    else:
        if model.kind == "popularity":
            raise Refusal("audit.needs_weights", kind=phrase(f"models.name.{model.kind}"))
        composed = _weighted(composed, _attribute(run), strength)
    return trained(composed, model, run.settings.seed)[1]


def _weighted(composed: Composed, attribute: str, strength: float) -> Composed:
    """The same data with reweighed training rows."""
    return replace(
        composed,
        data=_reweighed(composed.data, attribute, strength),
        final=_reweighed(composed.final, attribute, strength),
    )


def _reweighed(data: Interactions, attribute: str, strength: float) -> Interactions:
    from analysis.mitigation.reweigh import group_balance, row_weights

    group = data.profile[attribute][data.user]
    one_label = bool((data.label > 0).all())
    weight = group_balance(group, strength) if one_label else row_weights(group, data.label, strength)
    return replace(data, weight=weight if data.weight is None else (weight * data.weight).astype(np.float32))


def _reranked(run: Run, kept: Scored, strength: float) -> np.ndarray:
    from analysis.mitigation.rerank import exposure_constrained

    grouping = run.settings.mitigation.grouping
    groups = run.composed.item_groups
    if grouping not in groups:
        raise Refusal("audit.unknown_grouping", name=grouping, known=", ".join(groups.columns))
    top = run.settings.recommender.top
    return exposure_constrained(kept.codes, kept.scores, groups[grouping].to_numpy(str), strength, top)


def _thresholds(run: Run, kept: Scored, decisions: Decisions | None) -> Decisions:
    from analysis.mitigation.threshold import group_thresholds

    if kept.valid is None:
        raise Refusal("audit.lists_without_scores")
    if decisions is None:
        raise Refusal("audit.one_label")
    composed = run.composed
    rows = composed.validation()
    if rows.empty:
        raise Refusal("audit.no_validation")
    group = composed.attributes[_attribute(run)].to_numpy(str)
    validation = composed.decisions(rows, kept.valid)
    if validation is None:
        raise Refusal("audit.one_label")
    return group_thresholds(
        validation,
        group[validation.user],
        decisions,
        group[decisions.user],
        run.settings.mitigation.constraint,
        run.settings.seed,
    )


def _attribute(run: Run) -> str:
    from analysis.mitigation.compare import chosen_attribute

    return chosen_attribute(run.composed.attributes, run.settings.mitigation)


class _LastTenth:
    """Passes a comparison's progress on as the last tenth of the step."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, fraction: float, note: str, **figures: float) -> None:
        self._run.tell(0.9 + 0.1 * fraction, note, **figures)
