"""Methods put to work, alone or one of each place together: what the recommender then lists and decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from analysis.charts.labels import exact
from analysis.mitigation.candidates import Candidates
from audit.kept import Scored
from audit.methods.after import DECIDE, RERANK, Part, Pool
from audit.methods.before import BEFORE
from audit.methods.during import DURING
from audit.methods.ground import Ground, unmet
from audit.recommend import trained
from words import Refusal

if TYPE_CHECKING:
    from analysis.fairness.ranking import Decisions, Ranking
    from analysis.mitigation.compare import Variant
    from analysis.mitigation.methods import Method

Dose = tuple["Method", float]
"""A method and its strength."""


def made(ground: Ground, doses: Sequence[Dose], cache: dict[tuple[Dose, ...], Scored] | None = None) -> Variant:
    """The methods in the order in which they act: rows changed, trained anew, lists chosen.

    cache: keeps what was trained, for combinations that train alike. Raises Refusal where a method lacks what it
    needs, or two act in one place.
    """
    from analysis.mitigation.compare import Variant
    from analysis.mitigation.methods import METHODS, PLACES

    for method, _ in doses:
        reason = unmet(ground.settings, METHODS[method].needs)
        if reason is not None:
            raise Refusal(reason.key, **reason.facts)
    doses = sorted(doses, key=lambda dose: PLACES.index(METHODS[dose[0]].place))
    places = [METHODS[method].place for method, _ in doses]
    if len(set(places)) < len(places):
        raise Refusal("audit.one_of_a_place")
    taught = tuple(dose for dose in doses if METHODS[dose[0]].place != "after")
    cache = {} if cache is None else cache
    if taught and taught not in cache:
        cache[taught] = _taught(ground, dict(taught))
    scored = cache[taught] if taught else ground.kept
    last = next((dose for dose in doses if METHODS[dose[0]].place == "after"), None)
    *early, (method, strength) = doses
    name = "+".join([*(f"{one}@{exact(dose)}" for one, dose in early), method])
    shown, rehearsed = (_shown(ground, scored, name, last, part) for part in ("test", "rehearsal"))
    return Variant(name, strength, *shown, *rehearsed, scored.vectors)


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
    return trained(composed, model, ground.settings.seed, taught=taught, cache=ground.cache)[1]


def as_it_is(ground: Ground) -> Variant:
    """The recommender without mitigation: lists, decisions, and the same for the validation part."""
    from analysis.mitigation.compare import Variant
    from analysis.mitigation.naming import BEFORE

    shown, rehearsed = (_shown(ground, ground.kept, BEFORE, None, part) for part in ("test", "rehearsal"))
    return Variant(BEFORE, None, *shown, *rehearsed, ground.kept.vectors)


def _shown(
    ground: Ground, scored: Scored, name: str, last: Dose | None, part: Part
) -> tuple[Ranking | None, Decisions | None]:
    """Lists and decisions for one part after the method `last`; a method for decisions leaves lists alone."""
    test = part == "test"
    composed = ground.composed if test else ground.composed.rehearsal
    codes, scores = (scored.codes, scored.scores) if test else (scored.rehearsed_codes, scored.rehearsed_scores)
    rows, row_scores = (composed.test, scored.test) if test else (ground.composed.validation(), scored.valid)
    if last is not None and last[0] in DECIDE:
        return None, DECIDE[last[0]](ground, scored, part, last[1])
    decisions = composed.decisions(rows, row_scores)
    if codes is None or scores is None:
        return None, decisions
    if last is None:
        return composed.ranking(name, codes[:, : ground.top], scores[:, : ground.top]), decisions
    pool = Pool(ground, composed, Candidates(codes, scores), scored, part)
    return composed.ranking(name, RERANK[last[0]](pool, last[1]), None), None
