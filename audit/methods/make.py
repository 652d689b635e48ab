"""Methods put to work, alone or one of each place together: what the recommender then lists and decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.methods.after import AFTER, Chosen
from audit.methods.before import BEFORE
from audit.methods.during import DURING
from audit.methods.ground import Ground, unmet
from audit.recommend import Scored, trained
from words import Refusal

if TYPE_CHECKING:
    from analysis.mitigation.compare import Variant
    from analysis.mitigation.methods import Method

Dose = tuple["Method", float]
"""A method and its strength."""


@dataclass(frozen=True)
class Made:
    """A variant with the scores behind it, which another method may start from."""

    variant: Variant
    scored: Scored


def made(ground: Ground, doses: Sequence[Dose]) -> Made:
    """The methods in the order in which they act: rows changed, trained anew, lists chosen.

    Raises Refusal where a method lacks what it needs, or two act in one place.
    """
    from analysis.mitigation.methods import METHODS

    for method, _ in doses:
        reason = unmet(ground.settings, METHODS[method].needs)
        if reason is not None:
            raise Refusal(reason.key, **reason.facts)
    places = [METHODS[method].place for method, _ in doses]
    if len(set(places)) < len(places):
        raise Refusal("audit.one_of_a_place")
    strengths = dict(doses)
    scored = _taught(ground, strengths) if {"before", "during"} & set(places) else ground.kept
    last = next((method for method in AFTER if method in strengths), None)
    chosen = Chosen() if last is None else AFTER[last](ground, scored, strengths[last])
    return Made(_variant(ground, doses, scored, chosen), scored)


def _taught(ground: Ground, strengths: dict[Method, float]) -> Scored:
    """The recommender trained anew on the rows and with the settings that the methods make."""
    model, composed, taught = ground.model, ground.composed, ground.composed
    assert model is not None, "methods that train need training"
    for method, prepare in BEFORE.items():
        if method in strengths:
            data, final = (prepare(ground, rows, strengths[method]) for rows in (taught.data, taught.final))
            taught = replace(taught, data=data, final=final)
    for method, teach in DURING.items():
        if method in strengths:
            model = teach(ground, model, strengths[method])
    return trained(composed, model, ground.settings.seed, taught=taught)[1]


def _variant(ground: Ground, doses: Sequence[Dose], scored: Scored, chosen: Chosen) -> Variant:
    from analysis.mitigation.compare import Variant

    composed, top = ground.composed, ground.top
    *early, (method, strength) = doses
    name = "+".join([*(f"{one}@{dose:g}" for one, dose in early), method])
    ranking, decisions = None, chosen.decisions
    if chosen.codes is not None:
        ranking = composed.ranking(name, chosen.codes, None)
    elif scored is not ground.kept:
        ranking = composed.ranking(name, scored.codes[:, :top], scored.scores[:, :top])
    if decisions is None and scored is not ground.kept:
        decisions = composed.decisions(composed.test, scored.test)
    return Variant(name, strength, ranking, decisions)
